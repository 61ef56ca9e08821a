"""`tokenweir estimate` as a user and as CI runs it: from another folder, by pipe, with exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.proxy import BINARY
from tests.tokenizer import oracles

ASKED = "Summarise the minutes of the meeting: 12 items, 3 decisions, no objections."


def estimate(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run where neither prices nor the map of models lie."""
    return subprocess.run([str(BINARY), "estimate", *words], input=given, cwd=folder, capture_output=True, text=True,
                          timeout=60, check=False)


def as_json(folder: Path, *words: str, given: str = "") -> dict[str, Any]:
    done = estimate(folder, *words, "--format", "json", given=given)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_prompt_by_pipe_and_by_file_are_the_same_and_equal_tiktoken(tmp_path: Path) -> None:
    expected = 3 + 3 + 1 + oracles.Tiktoken("o200k_base").count_many([ASKED])[0]
    (tmp_path / "prompt.txt").write_text(ASKED)
    piped = as_json(tmp_path, "-m", "gpt-4o", "-", given=ASKED)
    assert piped == as_json(tmp_path, "-m", "gpt-4o", "prompt.txt")
    assert piped["input_tokens"] == expected and piped["input_parts"]["new"] == expected - 3
    assert expected <= piped["upper_bound"] <= expected + 5
    assert (piped["vocabulary"], piped["grade"]) == ("o200k_base", "exact")
    # gpt-4o: $2.50 a million tokens of input, or 2,500,000 picodollars each.
    assert piped["cost_picodollars"] == expected * 2_500_000


def test_the_table_says_parts_bound_and_cost(tmp_path: Path) -> None:
    body = {"model": "gpt-4o-mini", "max_tokens": 300, "messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": ASKED}, {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Go on."}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]}
    done = estimate(tmp_path, "-", given=json.dumps(body))
    assert done.returncode == 0, done.stderr
    for word in ("system", "tools", "history", "new", "input", "upper bound", "300 tokens", "USD", "gpt-4o-mini"):
        assert word in done.stdout, done.stdout


@pytest.mark.parametrize(("body", "model"), [
    ({"system": "s", "messages": [{"role": "user", "content": [{"type": "text", "text": ASKED}]}], "max_tokens": 9}, "claude-sonnet-4-5"),
    ({"contents": [{"parts": [{"text": ASKED}]}], "generationConfig": {"maxOutputTokens": 9}}, "gemini-2.5-flash"),
    ({"input": [{"role": "user", "content": ASKED}], "max_output_tokens": 9}, "gpt-5-mini"),
    ({"messages": [{"role": "user", "content": ASKED}], "max_tokens": 9}, "deepseek-chat"),
    ({"messages": [{"role": "user", "content": ASKED}], "max_tokens": 9}, "mistral-large-latest"),
])
def test_bodies_of_every_dialect_are_counted_and_priced(tmp_path: Path, body: dict[str, Any], model: str) -> None:
    got = as_json(tmp_path, "-m", model, "-", given=json.dumps(body))
    assert 15 <= got["input_tokens"] <= 40 and got["upper_bound"] >= got["input_tokens"]
    assert got["output_tokens"] == 9 and got["cost_picodollars"] > 0
    assert got["cost_at_most_picodollars"] >= got["cost_picodollars"]


def test_in_ci_a_dearer_prompt_fails_the_build(tmp_path: Path) -> None:
    for name, text in (("main", ASKED), ("branch", ASKED * 2)):
        (tmp_path / name / "support").mkdir(parents=True)
        (tmp_path / name / "support" / "triage.json").write_text(json.dumps({
            "model": "gpt-4o", "max_tokens": 10, "messages": [{"role": "user", "content": text}]}))
        (tmp_path / name / "greeting.txt").write_text("Hello!")
    often = ("-m", "gpt-4o", "--requests-per-day", "20000", "--days", "30", "--output-tokens", "10")
    same = estimate(tmp_path, "main", *often, "--baseline", "main", "--fail-above", "0%")
    assert same.returncode == 0, same.stderr
    assert "+0.00 %" in same.stdout
    dearer = estimate(tmp_path, "branch", *often, "--baseline", "main", "--fail-above", "5%")
    assert dearer.returncode == 1 and "increase" in dearer.stderr, dearer.stdout + dearer.stderr
    assert estimate(tmp_path, "branch", *often, "--baseline", "main", "--fail-above", "100%").returncode == 0
    # By hand: 600,000 requests, half of each file; $2.50 and $10 a million tokens.
    encoder = oracles.Tiktoken("o200k_base")
    sizes = [7 + encoder.count_many([text])[0] for text in (ASKED * 2, "Hello!")]
    usd = sum(300_000 * (size * 2.5e-6 + 10 * 10e-6) for size in sizes)
    period = as_json(tmp_path, "branch", *often)
    assert float(period["usd"]) == pytest.approx(usd, rel=1e-9) and period["requests"] == 600_000 and period["files"] == 2
    assert estimate(tmp_path, "branch", *often, "--fail-above", f"{usd * 1.01:.6f}").returncode == 0
    assert estimate(tmp_path, "branch", *often, "--fail-above", f"${usd * 0.99:.6f}").returncode == 1
    csv = estimate(tmp_path, "branch", *often, "--baseline", "main", "--format", "csv").stdout
    assert csv.splitlines()[0] == "request,model,input,output,usd_each,usd_before" and "support/triage.json" in csv


def test_what_cannot_be_estimated_is_named(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "cut.json").write_text('{"model":"gpt-4o","messages":[{"ro')
    (tmp_path / "d" / "odd.json").write_text('{"model":"nobody-knows-1","messages":[]}')
    done = estimate(tmp_path, "d", "--requests-per-day", "5")
    assert done.returncode == 1 and "cut.json: broken JSON" in done.stderr and "nobody-knows-1 has no price" in done.stderr
    assert estimate(tmp_path, "missing.txt", "-m", "gpt-4o").returncode == 1
    assert estimate(tmp_path, "-", given="hello").returncode == 1
    assert estimate(tmp_path, "d").returncode == 2
    assert estimate(tmp_path, "d", "--requests-per-day", "0").returncode == 2
    unknown = estimate(tmp_path, "-m", "nobody-knows-1", "-", given="hello")
    assert unknown.returncode == 0 and "no price list knows the model" in unknown.stdout
