"""Multi-step groups of the recorded traffic, sent as runs: real agents, none of which may be stopped."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.corpus import exchanges as recorded
from tests.corpus.exchanges import Exchange
from tests.support.client import Client
from tests.simulator import Recording, Simulator

WORKFLOW = "recorded"
PARALLEL = 16


@dataclass
class Groups:
    runs: dict[str, list[Exchange]]  # run id: exchanges in the order of the file
    names: dict[str, str]  # run id: what the corpus calls it

    @property
    def families(self) -> set[str]:
        return {one.family for steps in self.runs.values() for one in steps}


def load(file: Path) -> Groups:
    """Two views, both as runs: the corpus' own groups, and single recordings of several steps."""
    steps: dict[str, list[Exchange]] = defaultdict(list)
    names: dict[str, str] = {}
    for index, record in enumerate(recorded.read(file)):
        if recorded.left_out(record) is not None:
            continue
        exchange = recorded.make(index, record)
        if exchange.method != "POST":
            continue
        for name in {str(record.get("group") or ""), exchange.id.rpartition("#")[0]}:
            if name:
                run = hashlib.sha256(name.encode()).hexdigest()[:24]
                names[run] = name
                steps[run].append(exchange)
    return Groups({run: group for run, group in steps.items() if len(group) > 1}, names)


# Money caps refuse what has no price; a model that a list does not know is priced as its dearest.
_PRICES = {"anthropic": "anthropic", "azure": "azure", "cohere": "cohere", "gemini": "google", "vertex": "vertex"}


def providers(groups: Groups, origin: str) -> list[dict[str, Any]]:
    return [{"name": f"recorded-{family}", "origin": origin, "dialect": family,
             "prices": _PRICES.get(family, "openai"), "match": {"path_prefix": f"/r/{family}"}}
            for family in sorted(groups.families)]


def record_all(groups: Groups, simulator: Simulator) -> None:
    for steps in groups.runs.values():
        for one in steps:
            headers = [(name, value) for name, value in one.response_headers if name.lower() != "content-encoding"]
            framing = "none" if one.status in (204, 304) else "length"
            simulator.recordings[str(one.index)] = Recording(
                one.status, headers, one.response_body, one.kind, "whole", framing, 0)


async def replay(groups: Groups, port: int) -> int:
    """Sends every run's steps one after the other, some runs side by side; how many requests there were."""
    waiting = list(groups.runs.items())
    sent = 0

    async def work() -> None:
        nonlocal sent
        client = Client(port)
        while waiting:
            run, steps = waiting.pop()
            for one in steps:
                headers = {"X-LLM-Workflow": WORKFLOW, "X-LLM-Run": run, "x-sim-exchange": str(one.index)}
                await client.ask(f"/r/{one.family}{one.target}", one.request_body, headers)
                sent += 1
        client.close()

    await asyncio.gather(*(work() for _ in range(PARALLEL)))
    return sent
