"""Who hangs up is billed for what the provider bills, wherever in the stream it happens."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from loadtest.overshoot import setting
from tests.blackbox.proxy import Proxy
from tests.simulator import Simulator
from tests.support.client import Answer, Client

POSITIONS = 50
OUTPUT, RATE = 400, 120
CASES = {
    # Generation stops when the connection is closed.
    "openai": ("/p/openai/v1/chat/completions", "keeps_going=no"),
    "responses": ("/p/openai/v1/responses", "keeps_going=no"),
    "anthropic": ("/p/anthropic/v1/messages", "keeps_going=no"),
    # It runs on and is billed in full: known of Google, said by a rule of the other one.
    "gemini": ("/p/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", "keeps_going=yes"),
    "runs-on": ("/p/runs-on/v1/chat/completions", "keeps_going=yes"),
}


def body_of(case: str, prompt: str) -> bytes:
    messages = [{"role": "user", "content": prompt}]
    bodies: dict[str, dict[str, Any]] = {
        "responses": {"model": setting.MODEL, "input": prompt, "stream": True, "max_output_tokens": OUTPUT},
        "anthropic": {"model": "claude-sonnet-4-5", "messages": messages, "stream": True, "max_tokens": OUTPUT},
        "gemini": {"contents": [{"role": "user", "parts": [{"text": prompt}]}], "generationConfig": {"maxOutputTokens": OUTPUT}},
    }
    usual = {"model": setting.MODEL, "messages": messages, "stream": True, "max_tokens": OUTPUT}
    return json.dumps(bodies.get(case, usual)).encode()


async def hang_up_everywhere(proxy: Proxy, case: str) -> list[str]:
    """One whole answer, then one hang-up at each of the positions; the names of the latter."""
    path, script = CASES[case]
    source = random.Random(case)

    async def one(name: str, position: int | None) -> Answer:
        client = Client(proxy.port)
        headers = {"X-LLM-Workflow": f"hang-up-{case}", "X-LLM-Tags": f"id={name}", "x-sim-id": name, "x-api-key": "k",
                   "x-sim-script": f"input={setting.INPUT_TOKENS};output={OUTPUT};rate={RATE};{script}"}
        answer = await client.ask(path, body_of(case, setting.prompt(source)), headers, leave_after=position,
                                  reset=position is not None and position % 2 == 0)
        client.close()
        return answer

    whole = await one(f"{case}-whole", None)
    assert whole.status == 200, whole.body[:500]
    length = len(whole.body)
    names = [f"{case}-{number}" for number in range(POSITIONS)]
    positions = [max(1, length * number // POSITIONS) for number in range(POSITIONS)]
    answers = await asyncio.gather(*(one(name, position) for name, position in zip(names, positions)))
    assert all(answer.status == 200 and not answer.whole for answer in answers)
    return names


@pytest.mark.parametrize("case", CASES)
def test_a_hang_up_at_fifty_positions_is_settled_like_the_bill(
        simulator: Simulator, start: Callable[..., Proxy], case: str) -> None:
    rows = [
        {"name": name, "origin": simulator.origin, "dialect": dialect, "prices": prices, "match": {"path_prefix": f"/p/{name}"}}
        for name, dialect, prices in (("openai", "openai", "openai"), ("anthropic", "anthropic", "anthropic"),
                                      ("gemini", "gemini", "google"), ("runs-on", "openai", "openai"))]
    proxy = start({"budgets": [{"name": "all", "match": {}, "limit": {"usd": "1000"}, "window": "total"}],
                   "abort_policy": {"rules": [{"match": {"provider": "runs-on"}, "drain": {"max_seconds": 60}}]}}, rows=rows)
    simulator.bill.clear()
    names = asyncio.run(hang_up_everywhere(proxy, case))
    found = {json.loads(row["tags"])["id"]: row for row in proxy.records(POSITIONS + 1, seconds=20)}
    assert len(found) == POSITIONS + 1
    time.sleep(0.1)
    bill = {entry.tag: entry for entry in simulator.bill.entries}
    wrong = []
    for name in names:
        row, owed = found[name], bill[name].usage
        billed = owed.all_input + owed.all_output
        settled = sum(int(row[key] or 0) for key in (
            "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"))
        if not billed <= settled <= billed + max(billed * 2 // 100, 32):
            wrong.append(f"{name}: settled {settled} for a bill of {billed} ({row['end_state']}, {row['usage_source']})")
    assert not wrong, "\n".join([f"{len(wrong)} of {POSITIONS} are wrong", *wrong])
    budgets = json.loads(proxy.get("/api/v1/budgets"))["budgets"]
    spent = sum(int(row["cost_picodollars"]) for row in found.values())
    assert [(int(b["spent"]["usd_picodollars"]), int(b["held"]["usd_picodollars"])) for b in budgets] == [(spent, 0)]
