"""`metrics: {disable, drop_labels}`: what an operator does not want to see is not there, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable

from tests.blackbox.proxy import Proxy
from tests.blackbox.security import ask, wait_for


BODY = {"model": "gpt-4o-mini", "max_tokens": 4000, "messages": [{"role": "user", "content": "hello"}]}


def samples(text: str, name: str) -> list[str]:
    return [line for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name]


def test_disabled_families_and_dropped_labels_are_gone(start: Callable[..., Proxy]) -> None:
    proxy = start({"metrics": {"disable": ["tokenweir_build_info", "request_duration_seconds"], "drop_labels": ["workflow"]}})
    assert "not acted on" not in proxy.log()
    for workflow in ("a", "b", "b"):
        assert ask(proxy, body=BODY, X_LLM_Workflow=workflow).status_code == 200
    wait_for(lambda: 'outcome="ok"} 3' in proxy.get("/metrics"))
    text = proxy.get("/metrics")
    assert "tokenweir_build_info" not in text and "tokenweir_request_duration_seconds" not in text
    assert 'workflow="' not in text
    ok = [line for line in samples(text, "tokenweir_requests_total") if 'outcome="ok"' in line and not line.endswith(" 0")]
    assert len(ok) == 1 and ok[0].endswith(" 3"), ok
    cost = sum(int(row["cost_picodollars"]) for row in proxy.records(3))
    shown = sum(round(float(line.rsplit(" ", 1)[1]) * 1e12) for line in samples(text, "tokenweir_cost_usd_total"))
    assert shown == cost
    # The ledger tells them apart as before.
    assert {row["workflow"] for row in proxy.records(3)} == {"a", "b"}
