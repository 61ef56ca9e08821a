"""A budget that is nearly spent has the cheaper model asked: what is held, sent, billed and told is that model's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.blackbox.proxy import Proxy, providers
from tests.simulator import Simulator

LADDER = [{"at": 0.5, "downgrade": {"gpt-4o": "gpt-4o-mini"}}, {"at": 1, "reject": True}]
RULES: dict[str, Any] = {"budgets": [{"name": "daily", "match": {}, "limit": {"usd": "1"}, "window": "day", "ladder": LADDER}]}
LIMIT = 1000
# Picodollars a token of output, of the models in config/prices.
DEAR, CHEAP = 10_000_000, 600_000


@pytest.fixture
def proxy(simulator: Simulator, tmp_path: Path) -> Iterator[Proxy]:
    running = Proxy(tmp_path / "proxy", providers(simulator.origin), RULES)
    running.settings["admin"]["token"] = "the-operators-token"
    with running:
        done = running.cli("budget", "spent", "daily", "--usd", "0.6", "--reason", "a test", "-c", str(running.config_file))
        assert done.returncode == 0, done.stdout + done.stderr
        yield running


def held(proxy: Proxy) -> int:
    done = proxy.cli("budget", "show", "daily", "--json", "-c", str(proxy.config_file))
    return int(json.loads(done.stdout)["budgets"][0]["held"]["usd_picodollars"])


def ask(proxy: Proxy, **more: Any) -> tuple[requests.Response, int]:
    """The answer, and the most that was held while it was waited for."""
    body = {"model": "gpt-4o", "service_tier": "default", "max_tokens": LIMIT, "messages": [{"role": "user", "content": "hello"}], **more}
    headers = {"Authorization": "Bearer sk-test", "Content-Type": "application/json", "x-sim-script": "ttft=2;output=30"}
    answers: list[requests.Response] = []

    def post() -> None:
        answers.append(requests.post(f"{proxy.url}/p/openai/v1/chat/completions", data=json.dumps(body), headers=headers,
                                     timeout=30, proxies={"http": ""}))

    thread = threading.Thread(target=post)
    thread.start()
    most = 0
    while thread.is_alive():
        most = max(most, held(proxy))
        time.sleep(0.05)
    return answers[0], most


def test_the_cheaper_model_is_asked_held_for_and_billed(proxy: Proxy) -> None:
    answer, most = ask(proxy)
    assert answer.status_code == 200 and "model" in answer.headers["X-LLM-Edits"].split(", ")
    (row,) = proxy.records(1)
    assert row["model_requested"] == "gpt-4o" and row["model_served"].startswith("gpt-4o-mini")
    assert row["price_model"] == "gpt-4o-mini" and "model" in json.loads(row["edits"])
    assert row["output_tokens"] == 30 and 30 * CHEAP <= row["cost_picodollars"] < 30 * DEAR
    # Output at the cheap price and little else: the prompt is a few tokens.
    assert LIMIT * CHEAP <= most < 2 * LIMIT * CHEAP


def test_a_dear_model_that_may_still_answer_is_held_for(proxy: Proxy) -> None:
    """The edit of `model` leaves the other names in the body, so the provider may still turn to them."""
    answer, most = ask(proxy, models=["gpt-4o"])
    assert answer.status_code == 200
    assert LIMIT * DEAR <= most < 2 * LIMIT * DEAR
