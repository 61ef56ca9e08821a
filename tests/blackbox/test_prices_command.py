"""`tokenweir prices`: verify, explain, compare with catalogues, take over what two of them agree on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.blackbox.proxy import BINARY

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "prices"
LIST = """schema: 1
list: openai
provider: openai
checked: 2026-11-20
sources: [a page]
models:
# Comments and order stay as they are.
- id: gpt-a
  match: [gpt-a-latest]
  periods:
  - from: 2026-01-01
    rates: {input: "2", output: "8", web_search: {per: 1000, usd: "10"}}
- id: gpt-b
  periods:
  - rates: {input: "1", output: "4"}
- id: gpt-c
  periods:
  - rates: {input: "1", output: "4"}
    tiers:
    - {min_input_tokens: 200001, rates: {input: "2"}}
"""


def prices(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BINARY), "prices", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)


def litellm(path: Path, models: dict[str, tuple[float, float]]) -> Path:
    path.write_text(json.dumps({
        name: {"litellm_provider": "openai", "input_cost_per_token": i / 1e6, "output_cost_per_token": o / 1e6}
        for name, (i, o) in models.items()}))
    return path


def models_dev(path: Path, models: dict[str, tuple[float, float]]) -> Path:
    path.write_text(json.dumps({"openai": {"models": {
        name: {"cost": {"input": i, "output": o}} for name, (i, o) in models.items()}}}))
    return path


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "openai.yaml"
    path.write_text(LIST)
    return path


def test_the_shipped_prices_are_valid() -> None:
    done = prices("check", SHIPPED, "--json")
    assert done.returncode == 0, done.stderr
    lists = {row["list"]: row["models"] for row in json.loads(done.stdout)["lists"]}
    for name in ("openai", "anthropic", "google", "mistral", "deepseek", "xai", "groq", "cohere"):
        assert lists[name] > 0


def test_mistakes_are_told_with_their_places(ours: Path) -> None:
    ours.write_text(LIST.replace('output: "8"', 'output: "8.0000001"').replace("periods:", "period:", 1))
    done = prices("check", ours)
    assert done.returncode == 78
    assert done.stdout == ""
    assert f"{ours}:10:3: error: unknown key \"period\"" in done.stderr


def test_explain_shows_row_tier_modifier_and_arithmetic() -> None:
    done = prices("explain", "claude-opus-4-6", "--prices", "anthropic", "--files", SHIPPED, "--at", "2026-03-12",
                  "--input", "10000", "--cache-read", "250000", "--output", "90", "--region", "us",
                  "--web-search", "2")
    assert done.returncode == 0, done.stderr
    assert "tier      from 200001 input tokens" in done.stdout
    assert "modifier  us x 1.1" in done.stdout
    # (10000 x 10 + 250000 x 1 + 90 x 37.5) millionths x 1.1 + 2 x 0.01
    assert "total     0.4087125 USD" in done.stdout


def test_explain_as_json_has_exact_picodollars() -> None:
    done = prices("explain", "gpt-4o", "--prices", "openai", "--files", SHIPPED, "--input", "1000", "--output", "100",
                  "--json")
    answer = json.loads(done.stdout)
    assert answer["cost_picodollars"] == 3_500_000_000
    assert answer["pricing"] == "priced"


def test_an_unlisted_model_is_explained_as_an_estimate() -> None:
    done = prices("explain", "no-such-model", "--prices", "openai", "--files", SHIPPED, "--input", "10")
    assert "dearest" in done.stdout


def test_diff_is_quiet_where_catalogues_agree(ours: Path, tmp_path: Path) -> None:
    same = litellm(tmp_path / "l.json", {"gpt-a": (2, 8), "gpt-b": (1, 4)})
    done = prices("diff", "--files", ours, "--from", "litellm", same)
    assert (done.returncode, done.stdout) == (0, "")


def test_diff_compares_several_catalogues_and_binary_noise_is_no_difference(ours: Path, tmp_path: Path) -> None:
    one = litellm(tmp_path / "l.json", {"gpt-a": (2.0000000000000004, 9), "gpt-b": (1, 4)})
    two = models_dev(tmp_path / "m.json", {"gpt-a-latest": (2, 10)})
    done = prices("diff", "--files", ours, "--from", "litellm", one, "--from", "models.dev", two, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["differences"] == [
        {"list": "openai", "model": "gpt-a", "kind": "output", "ours": "8",
         "theirs": {"litellm": "9", "models.dev": "10"}}]


def test_update_takes_over_what_two_agree_on_and_keeps_the_rest_of_the_file(ours: Path, tmp_path: Path) -> None:
    one = litellm(tmp_path / "l.json", {"gpt-a": (2.5, 8), "gpt-b": (1, 4)})
    two = models_dev(tmp_path / "m.json", {"gpt-a": (2.5, 8), "gpt-b": (1, 4)})
    done = prices("update", "--files", ours, "--from", "litellm", one, "--from", "models.dev", two,
                  "--since", "2026-11-21")
    assert done.returncode == 2, done.stderr
    assert done.stdout == "accept   openai gpt-a input: 2 -> 2.5, from 2026-11-21\n"
    added = """  - from: 2026-11-21
    rates: {input: "2.5", output: "8", web_search: {per: 1, usd: "0.01"}}
"""
    assert ours.read_text() == LIST.replace("- id: gpt-b", added + "- id: gpt-b")
    again = prices("update", "--files", ours, "--from", "litellm", one, "--from", "models.dev", two)
    assert (again.returncode, again.stdout) == (0, "")


def test_update_leaves_doubtful_changes_to_a_person(ours: Path, tmp_path: Path) -> None:
    one = litellm(tmp_path / "l.json", {"gpt-a": (4, 9), "gpt-b": (1.1, 4), "gpt-c": (1.2, 4)})
    two = models_dev(tmp_path / "m.json", {"gpt-a": (4, 10), "gpt-c": (1.2, 4)})
    done = prices("update", "--files", ours, "--from", "litellm", one, "--from", "models.dev", two)
    assert done.returncode == 3
    assert ours.read_text() == LIST
    for line in ("look     openai gpt-a input: ours 2, litellm 4 models.dev 4 (changes by more than half)",
                 "look     openai gpt-a output: ours 8, litellm 9 models.dev 10 (the catalogues disagree)",
                 "look     openai gpt-b input: ours 1, litellm 1.1 models.dev - (only one catalogue says so)",
                 "(the row has tiers, windows, service tiers or a successor)"):
        assert line in done.stdout


def test_files_that_are_no_catalogue_are_refused(ours: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[{")
    for source, file in (("litellm", broken), ("elsewhere", broken), ("litellm", tmp_path / "missing.json")):
        done = prices("diff", "--files", ours, "--from", source, file)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr
