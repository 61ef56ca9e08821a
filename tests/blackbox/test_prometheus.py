"""A real Prometheus reads what the proxy exposes: its money is the ledger's, also after restarts."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.blackbox.proxy import ROOT, Proxy, free_port

RULES = ROOT / "deploy" / "prometheus" / "tokenweir.rules.yml"
WORKFLOWS = ["support-triage", "search", "nightly \"report\" \\ ü"]
# Path, body: one of every dialect, priced and unpriced, plain and streamed.
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("/p/openai/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "a"}]}),
    ("/p/openai/v1/chat/completions", {"model": "gpt-5.4", "stream": True,
                                       "messages": [{"role": "user", "content": "b " * 900}]}),
    ("/p/openai/v1/responses", {"model": "gpt-5.4", "input": "c"}),
    ("/p/openai/v1/embeddings", {"model": "text-embedding-3-small", "input": ["d", "e"]}),
    ("/p/openai/v1/chat/completions", {"model": "nobody-knows-it", "messages": [{"role": "user", "content": "f"}]}),
    ("/p/anthropic/v1/messages", {"model": "claude-sonnet-4-5", "max_tokens": 200, "stream": True,
                                  "messages": [{"role": "user", "content": "g " * 2000}]}),
    ("/p/anthropic/v1/messages", {"model": "claude-sonnet-4-5", "max_tokens": 99,
                                  "messages": [{"role": "user", "content": "g " * 2000}]}),
    ("/p/gemini/v1beta/models/gemini-2.5-flash:generateContent", {"contents": [{"parts": [{"text": "h"}]}]}),
    ("/p/gemini/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
     {"contents": [{"parts": [{"text": "i"}]}]}),
    ("/p/cohere/v2/chat", {"model": "command-r7b-12-2024", "messages": [{"role": "user", "content": "j"}]}),
    ("/p/ollama/api/chat", {"model": "llama3.2", "messages": [{"role": "user", "content": "k"}]}),
    ("/nowhere/v1/messages", {"model": "claude-sonnet-4-5", "messages": []}),
]
Series = tuple[str, str, str, str]  # workflow, provider, model, kind


class Prometheus:
    """Debian's prometheus, scraping one proxy every second."""

    def __init__(self, directory: Path, target: str) -> None:
        directory.mkdir()
        self.port = free_port()
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "tokenweir", "static_configs": [{"targets": [target]}]}],
        }
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.log = directory / "log.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={directory / 'prometheus.yml'}",
                 f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=log)

    def api(self, path: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        return list(self.api("query", query=expression)["result"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[Proxy], Prometheus]]:
    running: list[Prometheus] = []

    def begin(proxy: Proxy) -> Prometheus:
        running.append(Prometheus(tmp_path / f"prometheus{len(running)}", f"127.0.0.1:{proxy.admin_port}"))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


def until(what: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if what():
                return True
        except (OSError, LookupError):
            pass  # not listening yet, or nothing scraped yet
        time.sleep(0.1)
    return False


def drive(proxy: Proxy, rounds: int) -> int:
    """Sends every question `rounds` times from several clients at once; returns how many there were."""
    work = [(WORKFLOWS[(i + r) % 3], path, body) for r in range(rounds)
            for i, (path, body) in enumerate(QUESTIONS)]

    def client(share: list[tuple[str, str, dict[str, Any]]]) -> None:
        for workflow, path, body in share:
            request = urllib.request.Request(
                proxy.url + path, json.dumps(body).encode(),
                {"Content-Type": "application/json", "X-LLM-Workflow": workflow.encode().decode("latin-1")})
            try:
                urllib.request.urlopen(request, timeout=30).read()
            except urllib.error.HTTPError as refused:
                assert refused.code == 404

    clients = [threading.Thread(target=client, args=(work[n::4],)) for n in range(4)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return len(work)


def ledger_costs(proxy: Proxy) -> dict[Series, int]:
    sums: Counter[Series] = Counter()
    for row in proxy.records():
        for kind, picodollars in json.loads(row["cost_by_kind"] or "{}").items():
            series = (row["workflow"] or "_unset", row["provider_label"] or row["provider"] or "_none",
                      row["price_model"] or "_unpriced", kind)
            sums[series] += picodollars
    return {series: cost for series, cost in sums.items() if cost}


def exposed(proxy: Proxy, name: str) -> dict[str, Decimal]:
    """Series of one family as they are written, digit by digit."""
    lines = (line.rpartition(" ") for line in proxy.get("/metrics").splitlines() if line.startswith(name + "{"))
    return {labels: Decimal(value) for labels, _, value in lines}


def seen(result: list[dict[str, Any]]) -> dict[Series, float]:
    return {(s["metric"]["workflow"], s["metric"]["provider"], s["metric"]["model"], s["metric"]["kind"]):
            float(s["value"][1]) for s in result}


def check(proxy: Proxy, server: Prometheus, requests: int) -> None:
    """Ledger, exposition, Prometheus and report say the same."""
    assert len(proxy.records(requests)) == requests
    ledger = ledger_costs(proxy)
    assert len(ledger) > 20
    total = Decimal(sum(ledger.values())).scaleb(-12)
    assert until(lambda: sum(exposed(proxy, "tokenweir_cost_usd_total").values()) == total)

    # Prometheus keeps doubles: the one that is nearest to the exact quotient.
    wanted = {series: float(Decimal(cost).scaleb(-12)) for series, cost in ledger.items()}
    assert until(lambda: seen(server.query("tokenweir_cost_usd_total > 0")) == wanted), \
        (seen(server.query("tokenweir_cost_usd_total > 0")), wanted)
    assert until(lambda: sum(float(s["value"][1]) for s in server.query("tokenweir_requests_total")) == requests)
    assert server.query("sum(resets(tokenweir_cost_usd_total[10m]))")[0]["value"][1] == "0"

    done = proxy.cli("report", "-c", str(proxy.config_file), "--by", "workflow,provider,model", "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    lines = report["rows"]
    assert sum(int(line["cost_picodollars"]) for line in lines) == sum(ledger.values())
    assert sum(int(line["requests"]) for line in lines) == requests


def test_prometheus_ledger_and_report_agree_to_the_last_digit_also_after_restarts(
        start: Callable[..., Proxy], prometheus: Callable[[Proxy], Prometheus]) -> None:
    proxy = start()
    server = prometheus(proxy)
    assert until(lambda: server.query("up{job='tokenweir'}")[0]["value"][1] == "1"), server.log.read_text()
    requests = drive(proxy, 6)
    check(proxy, server, requests)

    proxy.stop()
    proxy.start()
    check(proxy, server, requests)  # nothing was forgotten, nothing counted twice
    requests += drive(proxy, 2)
    check(proxy, server, requests)

    proxy.kill()
    proxy.start()
    requests += drive(proxy, 1)
    check(proxy, server, requests)

    rules = [rule for group in server.api("rules")["groups"] for rule in group["rules"]]
    assert rules and [r["name"] for r in rules if r["health"] == "err"] == []


def test_promtool_has_no_remark(start: Callable[..., Proxy]) -> None:
    proxy = start({"workflows": [{"name": "support-triage", "team": "support", "cost_center": "4711"}]})
    requests = drive(proxy, 2)
    proxy.records(requests)
    for text in (proxy.get("/metrics"), start().get("/metrics")):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
