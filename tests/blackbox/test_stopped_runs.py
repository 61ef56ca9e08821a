"""A run that the loop guard has stopped: with evidence everywhere, for good, until it is let go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.blackbox.proxy import Proxy, providers
from tests.simulator import Simulator

TOKEN = "the-operators-token"
RULES: dict[str, Any] = {
    "runs": {"repeated_tool_call": {"times": 3, "mode": "stop"}, "error_loop": {"times": 3}},
    "workflows": [{"name": "w", "contact": "#agents"}],
}


@pytest.fixture
def proxy(simulator: Simulator, tmp_path: Path) -> Iterator[Proxy]:
    running = Proxy(tmp_path / "proxy", providers(simulator.origin), RULES)
    running.settings["admin"]["token"] = TOKEN
    with running:
        yield running


def ask(proxy: Proxy, messages: list[dict[str, Any]], run: str = "r", parent: str = "") -> requests.Response:
    headers = {"Authorization": "Bearer sk-test", "Content-Type": "application/json", "X-LLM-Workflow": "w", "X-LLM-Run": run}
    if parent:
        headers["X-LLM-Parent-Run"] = parent
    body = {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 20}
    return requests.post(f"{proxy.url}/p/openai/v1/chat/completions", data=json.dumps(body), headers=headers, timeout=30,
                         proxies={"http": ""})


def with_calls(count: int, arguments: str = '{"q": "private words"}') -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "find it"}]
    for number in range(count):
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": f"c{number}", "type": "function", "function": {"name": "search", "arguments": arguments}}]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": "nothing"},
        ]
    return messages


def stop(proxy: Proxy) -> requests.Response:
    assert [ask(proxy, with_calls(count)).status_code for count in (1, 2)] == [200, 200]
    return ask(proxy, with_calls(3))


def cli(proxy: Proxy, *words: str) -> str:
    done = proxy.cli(*words, "-c", str(proxy.config_file), "--as", "maria")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


NEW = [{"role": "user", "content": "something else altogether"}]


def test_the_evidence_is_in_the_refusal_the_ledger_and_the_api(proxy: Proxy) -> None:
    refused = stop(proxy)
    assert refused.status_code == 402 and refused.headers["x-should-retry"] == "false"
    details = refused.json()["error"]["details"]
    assert details["reason"] == "loop" and details["detector"] == "repeated_tool_call"
    assert (details["tool"], details["seen"], details["limit"], details["run"]) == ("search", 3, 3, "r")
    assert details["contact"] == "#agents"
    row = proxy.records(3)[-1]
    assert row["refusal"] == "loop"
    (found,) = [item for item in json.loads(row["evidence"]) if item["detector"] == "repeated_tool_call"]
    assert (found["mode"], found["tool"], found["seen"], found["hash"]) == ("stop", "search", 3, details["hash"])
    shown = json.loads(cli(proxy, "runs", "--json"))["runs"][0]
    assert shown["state"] == "stopped" and "search" in shown["evidence"]
    assert "private words" not in refused.text + row["evidence"] + shown["evidence"]


def test_what_is_only_observed_is_in_the_ledger_too(proxy: Proxy) -> None:
    messages = [{"role": "user", "content": "go"}]
    for number in range(3):
        messages += with_calls(1, json.dumps({"q": number}))[1:]
        messages[-1]["content"] = f"Error: {number}"
    assert ask(proxy, messages).status_code == 200
    (found,) = json.loads(proxy.records(1)[0]["evidence"])
    assert (found["detector"], found["mode"]) == ("error_loop", "observe")


def test_a_stopped_run_stays_stopped_until_it_is_released(proxy: Proxy) -> None:
    evidence = stop(proxy).json()["error"]["details"]["evidence"]
    again = ask(proxy, NEW)
    assert again.status_code == 402 and again.json()["error"]["details"]["evidence"] == evidence
    below = ask(proxy, NEW, "child", "r")
    assert below.status_code == 402 and "r above it" in below.json()["error"]["details"]["evidence"]
    assert ask(proxy, NEW, "other").status_code == 200
    proxy.records(6)
    proxy.kill()
    proxy.start()
    again = ask(proxy, NEW)
    assert again.status_code == 402 and again.json()["error"]["details"]["evidence"] == evidence
    cli(proxy, "release", "--run", "r", "--reason", "a false alarm")
    assert ask(proxy, NEW).status_code == 200
    assert "maria  release" in cli(proxy, "audit")
    proxy.records(8)
    proxy.kill()
    proxy.start()
    assert ask(proxy, NEW).status_code == 200


def test_the_evidence_of_a_request_is_kept_when_the_process_dies_under_it(simulator: Simulator, tmp_path: Path) -> None:
    rules = {**RULES, "runs": {"repeated_tool_call": {"times": 3, "mode": "observe"}}}
    proxy = Proxy(tmp_path / "dying", providers(simulator.origin), rules, {"TOKENWEIR_CRASH_AT": "sent_marked:1"}).start()
    with pytest.raises(requests.ConnectionError):
        ask(proxy, with_calls(4))
    proxy.kill()
    proxy.environment = {}
    with proxy:
        (row,) = proxy.records(1)
        assert (row["end_state"], row["sent"]) == ("proxy_abort", 1)
        (found,) = [item for item in json.loads(row["evidence"]) if item["detector"] == "repeated_tool_call"]
        assert (found["mode"], found["tool"], found["seen"]) == ("observe", "search", 4)
