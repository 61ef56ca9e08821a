"""Operators' orders through the command line, on the real process: in force at once, and after kill -9."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.blackbox.proxy import Proxy, chat, providers
from tests.simulator import Simulator

TOKEN = "the-operators-token"
RULES: dict[str, Any] = {
    "budgets": [
        {"name": "daily", "match": {"workflow": "w"}, "limit": {"usd": "1"}, "window": "day"},
        {"name": "each-user", "match": {"workflow": "u"}, "per": ["user"], "limit": {"requests": 1}, "window": "total"},
    ],
}


@pytest.fixture
def proxy(simulator: Simulator, tmp_path: Path) -> Iterator[Proxy]:
    running = Proxy(tmp_path / "proxy", providers(simulator.origin), RULES)
    running.settings["admin"]["token"] = TOKEN
    with running:
        yield running


def order(proxy: Proxy, *words: str, code: int = 0) -> str:
    done = proxy.cli(*words, "-c", str(proxy.config_file), "--as", "maria")
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def ask(proxy: Proxy, workflow: str = "w", **headers: str) -> requests.Response:
    return requests.post(
        f"{proxy.url}/p/openai/v1/chat/completions", data=chat(max_tokens=50), timeout=30, proxies={"http": ""},
        headers={"Authorization": "Bearer sk-test", "Content-Type": "application/json", "X-LLM-Workflow": workflow,
                 **headers},
    )


def spent(proxy: Proxy, budget: str) -> int:
    answer = json.loads(order(proxy, "budget", "show", budget, "--json"))
    return int(answer["budgets"][0]["spent"]["usd_picodollars"])


def restart_hard(proxy: Proxy) -> None:
    proxy.kill()
    proxy.start()


def test_a_kill_is_in_force_at_once_and_after_kill_9(proxy: Proxy) -> None:
    assert ask(proxy).status_code == 200
    out = order(proxy, "kill", "--workflow", "w", "--reason", "it loops", "--for", "1h")
    assert "killed workflow w until" in out
    refused = ask(proxy)
    assert refused.status_code == 403 and "it loops" in refused.text
    assert refused.headers["x-should-retry"] == "false"
    assert ask(proxy, "other").status_code == 200
    proxy.records(3)
    restart_hard(proxy)
    assert ask(proxy).status_code == 403
    assert "it loops" in order(proxy, "kill", "--list")
    order(proxy, "release", "--workflow", "w", "--reason", "fixed")
    assert ask(proxy).status_code == 200
    restart_hard(proxy)
    assert ask(proxy).status_code == 200
    audit = order(proxy, "audit")
    assert "maria  kill" in audit and "maria  release" in audit
    assert [row["refusal"] for row in proxy.records(7) if row["refusal"]] == ["killed", "killed"]


def test_everything_stops_and_goes_again(proxy: Proxy) -> None:
    order(proxy, "kill", "--all", "--reason", "fire")
    assert {ask(proxy, name).status_code for name in ("w", "x")} == {403}
    order(proxy, "release", "1")
    assert {ask(proxy, name).status_code for name in ("w", "x")} == {200}


def test_spend_in_the_budget_is_the_ledgers_and_a_limit_can_be_changed(proxy: Proxy) -> None:
    for _ in range(3):
        assert ask(proxy).status_code == 200
    billed = sum(int(row["cost_picodollars"]) for row in proxy.records(3))
    assert billed > 0 and spent(proxy, "daily") == billed
    order(proxy, "budget", "set", "daily", "--limit", "usd=0", "--reason", "stop")
    assert ask(proxy).status_code == 402
    proxy.records(4)
    restart_hard(proxy)
    assert ask(proxy).status_code == 402 and spent(proxy, "daily") == billed
    order(proxy, "budget", "clear", "daily")
    assert ask(proxy).status_code == 200


def test_a_correction_of_what_was_spent_survives_kill_9(proxy: Proxy) -> None:
    assert ask(proxy).status_code == 200
    proxy.records(1)
    order(proxy, "budget", "spent", "daily", "--usd", "1", "--reason", "the invoice says so")
    assert spent(proxy, "daily") == 10**12 and ask(proxy).status_code == 402
    restart_hard(proxy)
    assert spent(proxy, "daily") == 10**12 and ask(proxy).status_code == 402
    order(proxy, "budget", "spent", "daily", "--usd", "0.25", "--reason", "credit")
    assert ask(proxy).status_code == 200
    row = proxy.records(2, where="refusal is null")[-1]
    restart_hard(proxy)
    assert spent(proxy, "daily") == 25 * 10**10 + int(row["cost_picodollars"])


def test_one_user_gets_more(proxy: Proxy) -> None:
    for user in ("ann", "bob"):
        assert ask(proxy, "u", **{"X-LLM-User": user}).status_code == 200
        assert ask(proxy, "u", **{"X-LLM-User": user}).status_code == 402
    order(proxy, "budget", "set", "each-user", "--account", "ann", "--limit", "requests=2", "--reason", "launch")
    assert ask(proxy, "u", **{"X-LLM-User": "ann"}).status_code == 200
    assert ask(proxy, "u", **{"X-LLM-User": "ann"}).status_code == 402
    assert ask(proxy, "u", **{"X-LLM-User": "bob"}).status_code == 402
    assert "no such account" in order(proxy, "budget", "set", "each-user", "--account", "eve", "--limit", "requests=2",
                                      "--reason", "typo", code=1)


def test_broken_glass_lets_pass_and_says_what_would_have_been(proxy: Proxy) -> None:
    order(proxy, "budget", "set", "daily", "--limit", "usd=0", "--reason", "stop")
    assert ask(proxy).status_code == 402
    order(proxy, "enforce", "off", "--for", "1h", "--reason", "false alarm")
    assert ask(proxy).status_code == 200
    proxy.records(2)
    restart_hard(proxy)
    assert ask(proxy).status_code == 200
    assert "enforcement is OFF" in order(proxy, "enforce", "status")
    order(proxy, "enforce", "on")
    assert ask(proxy).status_code == 402
    proxy.records(4)
    would = json.loads(proxy.cli("report", "--would", "--format", "json", "--ledger", str(proxy.ledger)).stdout)
    assert {(line["verdict"], line["rule"], line["requests"]) for line in would} >= {
        ("would refuse", "budget_exhausted", 2), ("refused", "budget_exhausted", 2)}


def test_a_lost_ledger_is_unknown_until_somebody_says_what_was_spent(proxy: Proxy) -> None:
    assert ask(proxy).status_code == 200
    proxy.stop()
    for file in proxy.directory.glob("ledger.db*"):
        if not file.name.endswith(".holds"):
            file.unlink()
    proxy.start()
    assert ask(proxy).status_code != 200
    assert "UNKNOWN" in order(proxy, "budget", "show", "daily")
    assert ask(proxy, "no-budget").status_code == 200
    order(proxy, "budget", "spent", "daily", "--usd", "0.5", "--reason", "from the invoice")
    assert ask(proxy).status_code == 200
    restart_hard(proxy)
    assert ask(proxy).status_code == 200
    assert ask(proxy, "u", **{"X-LLM-User": "ann"}).status_code != 200
    order(proxy, "budget", "trust", "--reason", "nothing was lost")
    assert ask(proxy, "u", **{"X-LLM-User": "ann"}).status_code == 200


def test_a_stream_under_way_ends_when_its_run_is_killed(proxy: Proxy) -> None:
    seen: list[bytes] = []
    failed: list[Exception] = []

    def stream() -> None:
        try:
            answer = requests.post(
                f"{proxy.url}/p/openai/v1/chat/completions", data=chat(stream=True, max_tokens=4000), stream=True,
                timeout=60, proxies={"http": ""},
                headers={"Authorization": "Bearer sk-test", "Content-Type": "application/json",
                         "X-LLM-Workflow": "x", "X-LLM-Run": "r-7", "X-Sim-Script": "rate=20;output=2000"})
            seen.extend(answer.iter_content(None))
        except requests.RequestException as problem:
            failed.append(problem)

    thread = threading.Thread(target=stream)
    thread.start()
    end = time.monotonic() + 20
    while not seen and time.monotonic() < end:
        time.sleep(0.01)
    assert "working" in order(proxy, "runs", "--run", "r-7")
    order(proxy, "runs", "end", "r-7", "--reason", "done")
    thread.join(20)
    assert not thread.is_alive()
    text = b"".join(seen).decode()
    assert not failed and "[DONE]" not in text and '"error"' in text[-2000:]
    proxy.records(1, "run = 'r-7'")  # top reads what is durable
    assert "r-7" in order(proxy, "top", "--once")
    assert "killed" in order(proxy, "runs", "--run", "r-7")


def test_orders_need_the_token_and_say_where_to_get_it(proxy: Proxy, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-token-at-all")
    done = proxy.cli("kill", "--all", "--reason", "x", "--admin", proxy.admin_url, "--token-file", str(wrong))
    assert done.returncode == 1 and "--token-file" in done.stderr
    assert ask(proxy).status_code == 200
    proxy.stop()
    done = proxy.cli("top", "--once", "-c", str(proxy.config_file))
    assert done.returncode == 69 and "is the server running" in done.stderr
    proxy.start()


def test_orders_are_in_the_metrics(proxy: Proxy) -> None:
    assert ask(proxy).status_code == 200
    billed = sum(int(row["cost_picodollars"]) for row in proxy.records(1))
    order(proxy, "kill", "--workflow", "other", "--reason", "x")
    metrics = proxy.get("/metrics")
    lines = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert lines['tokenweir_budget_limit_usd{budget="daily",window="day"}'] == "1"
    assert round(float(lines['tokenweir_budget_spent_usd{budget="daily",window="day"}']) * 1e12) == billed
    assert round(float(lines['tokenweir_budget_cost_usd_total{budget="daily",window="day"}']) * 1e12) == billed
    assert lines['tokenweir_budget_state{budget="daily",window="day",state="ok"}'] == "1"
    assert lines['tokenweir_kill_switches_active{scope="workflow"}'] == "1"
    assert lines['tokenweir_admin_actions_total{action="kill"}'] == "1"
    promtool = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True, timeout=30)
    assert promtool.returncode == 0 and not promtool.stderr, promtool.stderr


@pytest.mark.parametrize("words", [("--limit", "usd=2"), ("--spent", "usd=0.5")])
def test_after_a_lost_ledger_a_hard_budget_refuses_until_it_is_set(proxy: Proxy, words: tuple[str, str]) -> None:
    assert ask(proxy).status_code == 200
    proxy.records(1)
    proxy.kill()
    for file in proxy.directory.glob("ledger.db*"):
        if not file.name.endswith(".holds"):
            file.unlink()
    proxy.start()
    refused = ask(proxy)
    assert refused.status_code == 402 and "not known" in refused.text
    assert ask(proxy, "no-budget").status_code == 200
    order(proxy, "budget", "set", "daily", *words, "--reason", "the provider's dashboard says so")
    assert ask(proxy).status_code == 200
    proxy.records(4)
    restart_hard(proxy)
    assert ask(proxy).status_code == 200
