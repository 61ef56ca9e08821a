"""Checks L of docs/security.md: what somebody does who wants to spend more than a budget allows."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.blackbox.proxy import ROOT, Proxy, providers
from tests.blackbox.raw import post
from tests.blackbox.security import CHAT, PATHS, Provider, ask, new_key, raw, status, wait_for
from tests.simulator import Simulator

Start = Callable[..., Proxy]
BODY: dict[str, Any] = {"model": "gpt-4o-mini", "max_tokens": 200, "messages": [{"role": "user", "content": "hello"}]}


def budget(**limit: Any) -> dict[str, Any]:
    return {"budgets": [{"name": "hard", "match": {}, "limit": limit, "window": "total"}]}


def spent(proxy: Proxy) -> dict[str, Any]:
    row = next(row for row in json.loads(proxy.get("/api/v1/budgets"))["budgets"] if row["budget"] == "hard")
    assert isinstance(row, dict)
    return row


def test_l1_of_many_at_the_edge_only_as_many_pass_as_fit(start: Start) -> None:
    proxy = start(budget(requests=10))
    with ThreadPoolExecutor(max_workers=50) as pool:
        codes = list(pool.map(lambda n: ask(proxy, body={**BODY, "seed": n}).status_code, range(200)))
    assert codes.count(200) == 10 and set(codes) <= {200, 402, 429}
    assert spent(proxy)["spent"]["requests"] == 10


def test_l1_money_is_not_overspent_by_any_number_at_once(simulator: Simulator, start: Start) -> None:
    limit = 0.003
    proxy = start(budget(usd=str(limit)))
    with ThreadPoolExecutor(max_workers=32) as pool:
        list(pool.map(lambda n: ask(proxy, body={**BODY, "max_tokens": 400, "stream": bool(n % 2)}, x_sim_script="output=300").status_code, range(120)))
    wait_for(lambda: spent(proxy)["held"]["usd_picodollars"] == 0)
    total = proxy.query("select coalesce(sum(cost_picodollars), 0) as c from records")[0]["c"]
    assert spent(proxy)["spent"]["usd_picodollars"] == total <= limit * 1e12
    assert total > 0.9 * limit * 1e12


VARIANTS: list[tuple[str, str, dict[str, Any]]] = [
    ("openai", "/v1/chat/completions", BODY), ("openai", "/v1/chat/completions", {**BODY, "stream": True}),
    ("openai", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "x", "max_tokens": 5}),
    ("openai", "/v1/responses", {"model": "gpt-4o-mini", "input": "x"}), ("openai", "/v1/responses", {"model": "gpt-4o-mini", "input": "x", "stream": True}),
    ("openai", "/v1/responses", {"model": "gpt-4o-mini", "input": "x", "background": True}),
    ("openai", "/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"}), ("openai", "/v1/images/generations", {"model": "gpt-image-1", "prompt": "x"}),
    ("openai", "/v1/audio/speech", {"model": "tts-1", "input": "x", "voice": "a"}), ("openai", "/v1/batches", {"input_file_id": "f"}),
    ("openai", "/v1/threads/runs", {"assistant_id": "a"}), ("openai", "/v1/conversations", {"model": "m", "inputs": "x"}), ("openai", "/v1/videos", {"model": "sora-2", "prompt": "x"}),
    ("openai", "/v1/fine_tuning/jobs", {"model": "m"}), ("openai", "/v1/Chat/Completions", BODY), ("openai", "/v1/chat%2fcompletions", BODY), ("openai", "/v1/unknown", {"a": 1}),
    ("openai", "/v1/fim/completions", {"model": "m", "prompt": "x"}), ("openai", "/generate", {"inputs": "x"}), ("openai", "/completion", {"prompt": "x"}),
    ("anthropic", "/v1/messages", {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}), ("anthropic", "/v1/messages", {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [], "stream": True}),
    ("anthropic", "/v1/messages/batches", {"requests": []}), ("anthropic", "/v1/complete", {"model": "claude-2.1", "prompt": "x", "max_tokens_to_sample": 5}),
    ("gemini", "/v1beta/models/gemini-2.5-flash:generateContent", {"contents": []}), ("gemini", "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", {"contents": []}),
    ("gemini", "/v1beta/models/gemini-embedding-001:embedContent", {"content": {}}), ("gemini", "/v1beta/models/gemini-2.5-flash:batchGenerateContent", {"batch": {}}),
    ("gemini", "/v1beta/models/veo-3:predictLongRunning", {"instances": []}), ("gemini", "/v1beta/interactions", {"model": "gemini-2.5-flash", "input": "x"}),
    ("cohere", "/v2/chat", {"model": "command-a-03-2025", "messages": []}), ("cohere", "/v1/chat", {"model": "command-a-03-2025", "message": "x"}), ("cohere", "/v2/embed", {"model": "embed-v4.0", "texts": ["x"]}),
]


def test_l2_every_way_to_spend_passes_the_same_reserve(start: Start) -> None:
    with Provider() as provider:
        proxy = start(budget(usd="0.000000001"), rows=providers(provider.origin))
        codes = {}
        for family, path, body in VARIANTS:
            for method in ("POST", "PUT", "post"):
                message = post(f"/p/{family}{path}", json.dumps(body).encode(), "Authorization: Bearer sk-x\r\n", close=True)
                codes[f"{method} {family} {path} {sorted(body)}"] = status(raw(proxy, message.replace(b"POST", method.encode(), 1)))
        passed = {name: code for name, code in codes.items() if not 400 <= code < 500}
        assert not passed and not provider.received, passed
        # What costs nothing passes.
        assert status(raw(proxy, b"GET /p/openai/v1/models HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n")) == 200


@pytest.mark.parametrize("stream", [True, False])
def test_l3_who_hangs_up_pays_for_what_was_generated(simulator: Simulator, start: Start, stream: bool) -> None:
    # At fifty positions of every dialect's stream: tests/blackbox/test_hang_up.py.
    proxy = start(budget(usd="1"))
    tags = [f"l3-{stream}-{number}" for number in range(8)]
    for number, tag in enumerate(tags):
        with proxy.connect() as sock:
            fields = f"x-sim-id: {tag}\r\nx-sim-script: output=60;rate=2000;ttft=0.02;keeps_going={'no' if stream else 'yes'}\r\n"
            sock.sendall(post(CHAT, json.dumps({**BODY, "stream": stream}).encode(), fields))
            if stream:
                sock.recv(1 + 300 * number)
            else:
                time.sleep(0.01 * number)
    wait_for(lambda: spent(proxy)["held"]["usd_picodollars"] == 0)
    rows = proxy.records(len(tags))
    bills = [entry for entry in simulator.bill.entries if entry.tag in tags]
    assert len(rows) == len(tags)
    assert sum((row["output_tokens"] or 0) + (row["reasoning_tokens"] or 0) for row in rows) >= sum(entry.usage.all_output for entry in bills)
    assert spent(proxy)["spent"]["usd_picodollars"] == sum(row["cost_picodollars"] or 0 for row in rows)


def test_l4_an_idempotency_key_buys_nothing_twice_and_saves_nothing(simulator: Simulator, start: Start) -> None:
    proxy = start(budget(requests=15))
    before = len(simulator.bill.entries)
    with ThreadPoolExecutor(max_workers=20) as pool:
        codes = list(pool.map(lambda _: ask(proxy, body=BODY, Idempotency_Key="the-same", x_stainless_retry_count="3").status_code, range(60)))
    assert codes.count(200) == 15 and len(simulator.bill.entries) - before == 15
    rows = proxy.records(60)
    assert len(rows) == 60 and sum(row["http_status"] == 200 for row in rows) == 15
    assert spent(proxy)["spent"]["requests"] == 15


def test_l5_the_edge_of_a_window_opens_once(start: Start) -> None:
    # Steps of the clock, summer time and every zone: tests/budget/window_test.cpp and book_test.cpp, and the
    # simulation by seed. Here the edge of a real minute: never more than one window's worth in one window.
    settings = {"budgets": [{"name": "hard", "match": {}, "limit": {"requests": 5}, "window": "minute"}]}
    proxy = start(settings)
    end = time.time() + 8 if time.time() % 60 < 50 else (time.time() // 60 + 1) * 60 + 3
    while time.time() < end:
        ask(proxy, body=BODY)
        time.sleep(0.05)
    minutes: dict[str, int] = {}
    for row in proxy.records(1, "http_status = 200"):
        minutes[row["started_at"][:16]] = minutes.get(row["started_at"][:16], 0) + 1
    assert minutes and all(count <= 5 for count in minutes.values()), minutes


@pytest.mark.parametrize("script", ["error_at=40;output=80", "truncate_at=40;output=80", "reset_at=40;output=80", "usage=false;output=80", "terminator=false;output=80"])
def test_l6_an_error_after_generation_refunds_nothing(simulator: Simulator, start: Start, script: str) -> None:
    proxy = start(budget(usd="1"))
    tag = f"l6-{script}"
    for stream in (True, False):
        try:
            ask(proxy, body={**BODY, "stream": stream}, x_sim_script=script, x_sim_id=tag)
        except OSError:
            pass  # a cut answer is seen as cut
    rows = proxy.records(2)
    # What was counted, or where nothing was told the whole hold; 0.60 dollars a million tokens.
    billed = sum(entry.usage.all_output * 600_000 for entry in simulator.bill.entries if entry.tag == tag)
    assert sum(row["cost_picodollars"] or 0 for row in rows) >= billed > 0, (billed, rows)
    wait_for(lambda: spent(proxy)["held"]["usd_picodollars"] == 0)
    assert spent(proxy)["spent"]["usd_picodollars"] == sum(row["cost_picodollars"] or 0 for row in rows) > 0


def test_l7_the_model_that_is_judged_is_the_model_in_the_body(start: Start) -> None:
    key, row = new_key("app")
    with Provider() as provider:
        proxy = start({"credentials": [{**row, "models": {"allow": ["gpt-4o-mini"]}, "provider_keys": {name: "k" for name in ("openai", "anthropic", "gemini")}}]},
                      rows=providers(provider.origin))
        for headers in ({"X_LLM_Model": "gpt-4o-mini"}, {"x_model": "gpt-4o-mini"}, {"openai_model": "gpt-4o-mini"}):
            assert ask(proxy, key, body={**BODY, "model": "gpt-5-pro"}, **headers).status_code == 403, headers
        for body in ({**BODY, "models": ["gpt-5-pro"]}, {**BODY, "model": ["gpt-4o-mini"]}, {**BODY, "model": None}, {"messages": []}, {**BODY, "model": "gpt-4o-mini "},
                     {**BODY, "model": "GPT-4o"}, {**BODY, "model": {"id": "gpt-4o-mini"}}):
            assert ask(proxy, key, body=body).status_code in (400, 403), body
        assert ask(proxy, key, path=f"{CHAT}?model=gpt-4o-mini", body={**BODY, "model": "gpt-5-pro"}).status_code == 403
        assert ask(proxy, key, path="/p/openai/openai/deployments/gpt-5-pro/chat/completions", body=BODY).status_code == 403
        assert ask(proxy, key, path=PATHS["gemini"], body={"model": "gpt-4o-mini", "contents": []}).status_code == 403
        assert not provider.received
        assert ask(proxy, key, body=BODY).status_code == 200


@pytest.mark.parametrize("policy", ["estimate", "reject", "allow"])
def test_l8_a_model_without_a_price_is_never_free_under_a_hard_budget(start: Start, policy: str) -> None:
    proxy = start({**budget(usd="1"), "prices": {"files": [str(ROOT / "config" / "prices")], "unknown_model": policy}})
    answer = ask(proxy, body={**BODY, "model": "a-model-nobody-has-heard-of"})
    unlisted = ask(proxy, path=PATHS["ollama"], body={"model": "llama3", "messages": [], "stream": False, "options": {"num_predict": 9}})
    assert unlisted.status_code in (402, 403)  # a provider without any prices
    if policy == "estimate":
        assert answer.status_code == 200
        row = proxy.records(2, "http_status = 200")[0]
        assert row["pricing"] == "fallback" and row["cost_picodollars"] > 0
        assert spent(proxy)["spent"]["usd_picodollars"] == row["cost_picodollars"]
    else:
        assert answer.status_code in (402, 403), answer.text
        # Nor as one that may answer instead.
        beside = ask(proxy, body={**BODY, "models": ["a-model-nobody-has-heard-of"]})
        assert beside.status_code in (402, 403), beside.text


def test_l8_a_fallback_without_a_price_is_refused_without_a_budget_too(start: Start) -> None:
    proxy = start({"prices": {"files": [str(ROOT / "config" / "prices")], "unknown_model": "reject"}})
    assert ask(proxy, body={**BODY, "models": ["a-model-nobody-has-heard-of"]}).status_code == 403
    assert proxy.records(1)[0]["refusal"] == "unpriced_model"
    assert ask(proxy, body={**BODY, "models": ["gpt-4o"]}).status_code == 200


@pytest.mark.parametrize("rate", ['"-1"', '"1e30"', '"99999999999999999999"', '"NaN"', '"0x10"', '"1,5"', '"inf"', '""', '"0.00000001"'])
def test_l9_a_price_that_is_no_price_is_refused(start: Start, tmp_path: Path, rate: str) -> None:
    proxy = start({})
    prices = tmp_path / "prices"
    prices.mkdir()
    text = 'schema: 1\nlist: openai\nprovider: openai\nchecked: 2026-11-21\nsources: ["x"]\nmodels:\n- id: gpt-4o-mini\n  periods:\n  - rates: {input: %s, output: "1"}\n'
    for value, code in ((rate, 78), ('"0.15"', 0)):
        (prices / "p.yaml").write_text(text % value)
        settings = {**proxy.settings, "prices": {"files": [str(prices)]}}
        settings["providers"] = [row for row in settings["providers"] if row["name"] == "openai"]
        file = tmp_path / "c.yaml"
        file.write_text(yaml.safe_dump(settings))
        done = proxy.cli("check", "-c", str(file))
        assert done.returncode == code, (value, done.stdout + done.stderr)


def test_the_ledger_is_whole_after_all_this(start: Start) -> None:
    proxy = start(budget(requests=3))
    for _ in range(5):
        ask(proxy, body=BODY)
    proxy.kill()
    connection = sqlite3.connect(proxy.ledger)
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()
    proxy.start()
    assert ask(proxy, body=BODY).status_code == 402
