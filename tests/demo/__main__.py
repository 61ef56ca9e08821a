"""./dev demo [--keep]: see tests/demo/__init__.py."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.simulator import Simulator
from tests.support.proxy import Proxy, free_ports, ledger_rows

from . import agreement
from .live import Board, remarkable

CONFIG = Path("config/demo/tokenweir.yaml")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description="Meter simulated traffic and print its bill.")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tokenweir-demo-") as scratch:
        return run(Path(scratch), arguments.keep)


def run(directory: Path, keep: bool) -> int:
    began = time.monotonic()
    with Simulator(directory / "certificates") as simulator:
        port, admin_port = free_ports(2)
        ledger = directory / "ledger.db"
        certificates = simulator.ca_file.parent
        environment = {
            "DEMO_PORT": str(port),
            "DEMO_ADMIN_PORT": str(admin_port),
            "DEMO_CERTIFICATE": str(certificates / "simulator.pem"),
            "DEMO_KEY": str(certificates / "simulator-key.pem"),
            "DEMO_CA": str(simulator.ca_file),
            "DEMO_ORIGIN": simulator.tls_origin,
            "DEMO_PRICES": str(Path("config/prices").resolve()),
            "DEMO_LEDGER": str(ledger),
        }
        proxy = Proxy(directory, CONFIG, admin_port, environment)
        proxy.start()
        try:
            return _show(proxy, simulator, f"https://localhost:{port}", ledger, began, keep)
        finally:
            proxy.stop()


def _show(proxy: Proxy, simulator: Simulator, base: str, ledger: Path, began: float, keep: bool) -> int:
    from . import workflows

    print(f"tokenweir listens on {base}; the simulated providers on {simulator.tls_origin}")
    print("seven applications are sending through the official SDKs, only their base URL changed:\n")
    board = Board(ledger)

    async def drive() -> list[BaseException]:
        clients = workflows.connect(base, str(simulator.ca_file))
        task = asyncio.create_task(workflows.drive(clients))
        while not task.done():
            board.draw()
            await asyncio.wait([task], timeout=0.5)
        return task.result()

    errors = asyncio.run(drive())
    rows = _settled(ledger, len(simulator.bill.entries))
    board.draw()
    for error in errors:
        print(f"  an application failed: {type(error).__name__}: {error}")
    print("\nthe bill by workflow:\n" + proxy.run("report", "--ledger", str(ledger), "--by", "workflow"))
    print("the bill by model:\n" + proxy.run("report", "--ledger", str(ledger), "--by", "model"))
    print("what stands out:\n" + "\n".join(remarkable(rows)) + "\n")
    print("do the provider, the ledger and the metrics agree?")
    lines, tokens_equal = agreement.provider_and_ledger(simulator.bill, rows)
    line, cost_equal = agreement.metrics_and_ledger(proxy.get("/metrics"), rows)
    print("\n".join([*lines, line]))
    print(f"\n{len(rows)} requests, {time.monotonic() - began:.0f} s")
    print(_next(proxy, base, simulator, ledger, keep))
    if keep:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            signal.pause()
        except (KeyboardInterrupt, SystemExit):
            print("stopping")
    return 0 if tokens_equal and cost_equal and not errors else 1


def _settled(ledger: Path, expected: int) -> list[dict[str, object]]:
    """The ledger's rows, once the last group commit has landed."""
    until = time.monotonic() + 5
    rows = ledger_rows(ledger)
    while len(rows) < expected and time.monotonic() < until:
        time.sleep(0.05)
        rows = ledger_rows(ledger)
    return rows


def _next(proxy: Proxy, base: str, simulator: Simulator, ledger: Path, keep: bool) -> str:
    if not keep:
        return (
            f"metrics were at {proxy.admin}/metrics\n"
            "what to try next:\n"
            "  ./dev demo --keep      leaves it all running, to send requests of your own and to look around\n"
            "  config/demo/tokenweir.yaml   is the configuration that ran; put real origins in it\n"
            "  build/tokenweir report --help"
        )
    return (
        f"metrics: {proxy.admin}/metrics   records: {proxy.admin}/api/v1/records\n"
        "what to try next, in another terminal:\n"
        f"  export SSL_CERT_FILE={simulator.ca_file} OPENAI_BASE_URL={base}/p/openai/v1 OPENAI_API_KEY=demo\n"
        f"  curl --cacert $SSL_CERT_FILE $OPENAI_BASE_URL/chat/completions -H 'content-type: application/json' \\\n"
        "    -H 'X-LLM-Workflow: mine' -d '{\"model\":\"gpt-5.4-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}'\n"
        f"  sqlite3 {ledger} 'select workflow, model_served, input_tokens, cost_picodollars from records'\n"
        "Ctrl-C ends it."
    )


if __name__ == "__main__":
    sys.exit(main())
