"""What observing says would be refused is what enforcing then refuses, request by request."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.blackbox.proxy import Proxy, providers
from tests.simulator import Simulator

RULES: dict[str, Any] = {
    "budgets": [{"name": "u", "match": {"workflow": "w"}, "limit": {"usd": "0.0008", "requests": 14, "output_tokens": 900},
                 "window": "month"}],
    "runs": {"max_steps": {"limit": 5}, "repeated_request": {"times": 4, "mode": "stop"}},
    "workflows": [{"name": "w", "models": {"deny": ["gpt-4o"]}}],
}


def verdicts(simulator: Simulator, directory: Path, enforcement: str, seed: int) -> list[str | None]:
    choose = random.Random(seed)
    with Proxy(directory, providers(simulator.origin), {**RULES, "enforcement": enforcement}) as proxy:
        for _ in range(30):
            cap, output, run = choose.choice([20, 60, 200]), choose.choice([10, 50, 150]), choose.randint(1, 5)
            model, words = choose.choice(["gpt-4o-mini"] * 6 + ["gpt-4o"]), choose.choice("abc")
            body = {"model": model, "max_tokens": cap, "messages": [{"role": "user", "content": words}]}
            answer = requests.post(
                f"{proxy.url}/p/openai/v1/chat/completions", data=json.dumps(body), timeout=30, proxies={"http": ""},
                headers={"Authorization": "Bearer x", "Content-Type": "application/json", "X-LLM-Workflow": "w",
                         "X-LLM-Run": f"r{run}", "x-sim-script": f"output={output}"})
            assert enforcement == "enforce" or answer.status_code == 200
        return [row["refusal"] or row["would_refuse"] for row in proxy.records(30)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_enforcing_refuses_what_observing_predicted(simulator: Simulator, tmp_path: Path, seed: int) -> None:
    observed = verdicts(simulator, tmp_path / "observe", "observe", seed)
    enforced = verdicts(simulator, tmp_path / "enforce", "enforce", seed)
    assert [bool(one) for one in observed] == [bool(one) for one in enforced]
    assert len({one for one in enforced if one}) >= 2
