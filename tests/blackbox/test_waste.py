"""What an answer that a cap cut short costs: nothing lost while it is used, waste once the same is asked again."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.blackbox.proxy import Proxy, providers
from tests.simulator import Simulator

# The cap holds for first attempts only, so that a second one can be answered in full.
RULES: dict[str, Any] = {"output_caps": [{"match": {"workflow": "summaries", "tag.attempt": "1"}, "max": 20, "on_exceed": "clamp"}]}
WASTED = re.compile(r'^tokenweir_wasted_cost_usd_total\{workflow="summaries",cause="(\w+)"\} (\S+)$', re.MULTILINE)


@pytest.fixture
def proxy(simulator: Simulator, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path / "proxy", providers(simulator.origin), RULES) as running:
        yield running


def ask(proxy: Proxy, question: str, limit: int | None, attempt: int = 1, **more: Any) -> str:
    """The id of the record."""
    headers = {"Authorization": "Bearer sk-test", "Content-Type": "application/json", "X-LLM-Workflow": "summaries",
               "X-LLM-Tags": f"attempt={attempt}", "x-sim-script": "output=50"}
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}], **more}
    if limit is not None:
        body["max_tokens"] = limit
    answer = requests.post(f"{proxy.url}/p/openai/v1/chat/completions", data=json.dumps(body), headers=headers, timeout=30,
                           proxies={"http": ""})
    assert answer.status_code == 200, answer.text
    return answer.headers["X-LLM-Request-Id"]


def row(proxy: Proxy, record: str) -> dict[str, Any]:
    (found,) = proxy.records(1, where=f"id = '{record}'")
    return found


def dollars(picodollars: int) -> Decimal:
    return Decimal(picodollars) / 10**12


def wasted_by_metrics(proxy: Proxy) -> dict[str, Decimal]:
    return {cause: Decimal(value) for cause, value in WASTED.findall(proxy.get("/metrics")) if Decimal(value)}


def wasted_by_report(proxy: Proxy) -> dict[str, Decimal]:
    done = proxy.cli("report", "--ledger", str(proxy.ledger), "--by", "waste", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    return {line["waste"]: Decimal(line["cost_usd"]) for line in rows if line["waste"]}


def test_a_cut_answer_is_no_waste_before_it_is_asked_for_again(proxy: Proxy) -> None:
    cut = ask(proxy, "one", 100)
    ask(proxy, "something else", 100, attempt=2)
    proxy.records(2)
    found = row(proxy, cut)
    assert (found["end_state"], found["cap_source"], found["cap_applied"]) == ("truncated", "rule", 20)
    assert found["waste"] is None and wasted_by_metrics(proxy) == wasted_by_report(proxy) == {}


def test_a_cut_answer_that_is_asked_for_again_is_the_waste(proxy: Proxy) -> None:
    cut = ask(proxy, "one", 100)
    again = ask(proxy, "one", 400, attempt=2)
    proxy.records(2)
    first, second = row(proxy, cut), row(proxy, again)
    assert (first["waste"], first["revision"], first["cost_picodollars"] > 0) == ("truncated", 1, True)
    assert (second["waste"], second["retry_of"], second["end_state"]) == (None, cut, "complete")
    (original,) = proxy.query("select * from corrections")
    assert original.pop("reason") == f"asked again by {again}" and original.pop("corrected_at")
    assert original == {**first, "waste": None, "revision": 0}
    assert json.loads(proxy.get(f"/api/v1/records/{cut}"))["waste"] == "truncated"

    # The same money in every book, and no cent more than before.
    expected = {"truncated": dollars(first["cost_picodollars"])}
    assert wasted_by_metrics(proxy) == wasted_by_report(proxy) == expected
    spent = sum(Decimal(value) for value in re.findall(r"^tokenweir_cost_usd_total\{.*\} (\S+)$", proxy.get("/metrics"), re.MULTILINE))
    assert spent == dollars(first["cost_picodollars"] + second["cost_picodollars"])

    # After an orderly restart, and after one that leaves no time to store anything.
    before = WASTED.findall(proxy.get("/metrics"))
    proxy.stop()
    assert WASTED.findall(proxy.start().get("/metrics")) == before
    third, fourth = ask(proxy, "two", 100), ask(proxy, "two", 300, attempt=2)
    proxy.records(4)
    assert (row(proxy, third)["waste"], row(proxy, fourth)["waste"]) == ("truncated", None)
    expected["truncated"] += dollars(row(proxy, third)["cost_picodollars"])
    proxy.kill()
    proxy.start()
    assert wasted_by_metrics(proxy) == wasted_by_report(proxy) == expected


def test_the_same_body_again_is_a_duplicate_only_after_an_answer_that_was_whole(proxy: Proxy) -> None:
    ids = [ask(proxy, "one", 100, attempt=attempt) for attempt in (1, 2, 2)]
    proxy.records(3)
    rows = [row(proxy, record) for record in ids]
    assert [found["waste"] for found in rows] == ["truncated", None, "duplicate"]
    assert [found["retry_of"] for found in rows] == [None, ids[0], ids[1]]
    expected = {"truncated": dollars(rows[0]["cost_picodollars"]), "duplicate": dollars(rows[2]["cost_picodollars"])}
    assert wasted_by_metrics(proxy) == wasted_by_report(proxy) == expected


def test_an_answer_cut_again_is_waste_again_and_the_last_one_is_not(proxy: Proxy) -> None:
    ids = [ask(proxy, "one", limit, attempt=attempt) for limit, attempt in ((100, 1), (200, 1), (300, 2))]
    proxy.records(3)
    assert [row(proxy, record)["waste"] for record in ids] == ["truncated", "truncated", None]


def test_what_the_clients_own_limit_cut_is_no_waste(proxy: Proxy) -> None:
    cut = ask(proxy, "one", 10)
    ask(proxy, "one", 400, attempt=2)
    proxy.records(2)
    found = row(proxy, cut)
    assert (found["end_state"], found["waste"], found["revision"]) == ("truncated", None, 0)
    assert wasted_by_metrics(proxy) == {}


def test_a_stream_that_was_cut_is_found_as_well(proxy: Proxy) -> None:
    cut, again = ask(proxy, "one", 100, stream=True), ask(proxy, "one", 400, attempt=2, stream=True)
    proxy.records(2)
    assert (row(proxy, cut)["waste"], row(proxy, again)["retry_of"]) == ("truncated", cut)
