"""The official SDKs raise a refusal once, do not take a cut stream for success, and wait out what passes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.proxy import ROOT, Proxy, providers
from tests.simulator import Simulator

pytestmark = pytest.mark.sdk
NODE = Path(__file__).parent / "node"
TOKEN = "the-operators-token"
NODE_IS_THERE = shutil.which("node") is not None and (NODE / "node_modules").exists()

# Streams below hold a part of their 6,000 tokens; 4,000 or 5,000 more leave them no room to grow.
CUT = {"chat": "0.004", "responses": "0.0107", "anthropic": "0.1"}
RULES: dict[str, Any] = {
    "budgets": [
        {"name": "poor", "match": {"workflow": "poor-*"}, "per": ["workflow"], "limit": {"usd": "0.000001"},
         "window": "day", "contact": "#the-owner"},
        *({"name": f"cut-{kind}", "match": {"workflow": f"cut-*{kind}"}, "per": ["workflow"], "limit": {"usd": usd},
           "window": "total"} for kind, usd in CUT.items()),
    ],
    "rates": [{"match": {"workflow": "busy-*"}, "per": ["workflow"], "concurrent": 1}],
}


class Seen:
    """What the SDKs of one language saw, and the ledger behind it."""

    def __init__(self, results: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        self.results = results
        self.rows: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            self.rows.setdefault(str(row["workflow"]), []).append(row)


def run(command: list[str], folder: Path, work: Path) -> Seen:
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    with Simulator(work / "simulator") as simulator:
        proxy = Proxy(work / "proxy", providers(simulator.origin), RULES)
        proxy.settings["admin"]["token"] = TOKEN
        with proxy:
            return drive(proxy, command, folder, environment)


def drive(proxy: Proxy, command: list[str], folder: Path, environment: dict[str, str]) -> Seen:
    done = subprocess.run([*command, proxy.url, proxy.admin_url, TOKEN], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    results = json.loads(done.stdout)
    return Seen(results, proxy.records(len(results)))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    yield run([sys.executable, "-m", "tests.blackbox.refusals_python"], ROOT, tmp_path_factory.mktemp("python"))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    yield run(["node", "refusals.mjs"], NODE, tmp_path_factory.mktemp("node"))


def refused_once(seen: Seen, workflow: str) -> None:
    rows = seen.rows.get(workflow, [])
    assert [(row["refusal"], row["http_status"], row["end_state"]) for row in rows] == [("budget_exhausted", 402, "refused")]


PYTHON_REFUSED = {
    "openai_chat": "APIStatusError", "openai_responses": "APIStatusError", "anthropic": "APIStatusError", "google": "ClientError",
}


@pytest.mark.parametrize("kind", ["plain", "stream"])
@pytest.mark.parametrize("sdk", PYTHON_REFUSED)
def test_python_raises_a_used_up_budget_after_one_request(python: Seen, sdk: str, kind: str) -> None:
    error = python.results[f"{sdk}_{kind}"]
    assert PYTHON_REFUSED[sdk] in error.get("bases", []), error
    assert error["status"] == 402
    assert "#the-owner" in json.dumps(error["body"]) and "poor" in error["text"]
    refused_once(python, f"poor-{sdk}_{kind}")


def test_python_raises_from_anthropics_stream_helper(python: Seen) -> None:
    assert "APIStatusError" in python.results["anthropic_helper"].get("bases", []), python.results["anthropic_helper"]
    refused_once(python, "poor-anthropic_helper")


def cut_in_the_middle(seen: Seen, workflow: str) -> None:
    # The other request ends at its own cap where the simulator has more to say, or just so.
    rows = {("complete" if row["end_state"] == "truncated" else row["end_state"], row["refusal"], row["http_status"])
            for row in seen.rows[workflow]}
    assert rows == {("complete", None, 200), ("proxy_abort", "budget_exhausted", 200)}, rows


@pytest.mark.parametrize("sdk, base", [
    ("openai_chat", "APIError"), ("openai_responses", "APIError"), ("anthropic", "APIError")])
def test_python_raises_when_a_stream_is_cut(python: Seen, sdk: str, base: str) -> None:
    error = python.results[f"cut_{sdk}"]
    assert base in error.get("bases", []), error
    assert "budget" in error["text"]
    cut_in_the_middle(python, f"cut-{sdk}")


def stopped_by_an_operator(seen: Seen, workflow: str) -> None:
    assert [(row["refusal"], row["end_state"]) for row in seen.rows[workflow]] == [("killed", "proxy_abort")]


@pytest.mark.parametrize("sdk, base", [("openai_chat", "APIError"), ("anthropic", "APIError"), ("google", "APIError")])
def test_python_raises_when_an_operator_stops_a_stream(python: Seen, sdk: str, base: str) -> None:
    error = python.results[f"kill_{sdk}"]
    assert base in error.get("bases", []), error
    stopped_by_an_operator(python, f"kill-{sdk}")


@pytest.mark.parametrize("sdk", ["openai_chat", "anthropic", "google"])
def test_python_waits_for_a_place_and_succeeds(python: Seen, sdk: str) -> None:
    assert python.results[f"busy_{sdk}"]["class"] is None, python.results[f"busy_{sdk}"]
    refusals = Counter(row["refusal"] for row in python.rows[f"busy-{sdk}"])
    assert refusals[None] == 2 and refusals["concurrency"] >= 1, refusals


needs_node = pytest.mark.skipif(not NODE_IS_THERE, reason="Node packages are not installed: ./dev setup")
NODE_REFUSED = {
    "openai_chat": "APIError", "openai_responses": "APIError", "anthropic": "PaymentRequiredError", "google": "ApiError",
    "vercel_chat": "APICallError", "vercel_responses": "APICallError", "vercel_anthropic": "APICallError",
    "vercel_google": "APICallError",
}


@needs_node
@pytest.mark.parametrize("kind", ["plain", "stream"])
@pytest.mark.parametrize("sdk", NODE_REFUSED)
def test_node_raises_a_used_up_budget_after_one_request(node: Seen, sdk: str, kind: str) -> None:
    error = node.results[f"{sdk}_{kind}"]
    assert error["class"] is not None, error
    assert error["cause"].lstrip("_") == NODE_REFUSED[sdk] and error["status"] == 402, error
    refused_once(node, f"poor-node-{sdk}_{kind}")


@needs_node
@pytest.mark.parametrize("sdk", ["openai_chat", "openai_responses", "anthropic", "vercel_chat", "vercel_responses", "vercel_anthropic"])
def test_node_raises_when_a_stream_is_cut(node: Seen, sdk: str) -> None:
    error = node.results[f"cut_{sdk}"]
    assert error["class"] is not None, error
    cut_in_the_middle(node, f"cut-node-{sdk}")


@needs_node
@pytest.mark.parametrize("sdk", ["openai_chat", "anthropic", "google", "vercel_google"])
def test_node_raises_when_an_operator_stops_a_stream(node: Seen, sdk: str) -> None:
    error = node.results[f"kill_{sdk}"]
    assert error["class"] is not None, error
    stopped_by_an_operator(node, f"kill-node-{sdk}")


@needs_node
@pytest.mark.parametrize("sdk", ["openai_chat", "anthropic", "google", "vercel_chat"])
def test_node_waits_for_a_place_and_succeeds(node: Seen, sdk: str) -> None:
    assert node.results[f"busy_{sdk}"]["class"] is None, node.results[f"busy_{sdk}"]
    refusals = Counter(row["refusal"] for row in node.rows[f"busy-node-{sdk}"])
    assert refusals[None] == 2 and refusals["concurrency"] >= 1, refusals
