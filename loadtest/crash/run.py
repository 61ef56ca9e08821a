"""Kills the proxy and compares the books.

    ./dev bench crash [--kills N] [--requests N] [--rows N] [--quick]

Once or more at every named point of the product (environment TOKENWEIR_CRASH_AT=point:n, n-th passage) and at N random
instants under load the process gets SIGKILL. After each restart every request the provider has billed, or a client has
seen answered, must be in the ledger once, for no less than the bill and no more than it could cost; the sums of
ledger, budgets and metrics must be the same integer, and nothing may stay held. Then come 100,000 requests of which a
fifth of the clients hang up or reset, and a start with ten million rows.

Ends with `figure: kills= lost= doubled= leaked=`, followed by the number of points reached, books that differed, the
slowest restart and the start with the large ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from loadtest.overshoot import setting
from tests.blackbox.proxy import Proxy
from tests.simulator import certificates
from tests.support.client import Client

from . import big_ledger, books
from .books import Findings
from .load import Load

POINTS = ("admitted held_written sent_marked body_half_sent body_sent answer_head mid_stream last_bytes settled posted "
          "queued committed freed grown").split()
KINDS = {"grown": "long", "body_half_sent": "large"}
PASSAGES = {"grown": (1, 2), "body_half_sent": (1, 3)}
USUAL_PASSAGES = (1, 9, 60)


class Bench:
    def __init__(self, folder: Path, simulator: setting.SimulatorProcess) -> None:
        self.folder, self.simulator = folder, simulator
        certificates.issue(folder / "proxy" / "tls", "proxy")
        self.total = Findings()
        self.kills = 0
        self.reached: set[str] = set()
        self.restarts: list[float] = []
        self._number = 0

    def proxy(self, crash_at: str = "") -> Proxy:
        changes: dict[str, Any] = {
            "prices": {"files": [str(self.folder / "fixed-price.yaml")]},
            "budgets": [{"name": "everything", "match": {}, "limit": {"usd": "100000"}, "window": "total"},
                        {"name": "workflow", "match": {}, "per": ["workflow"], "limit": {"usd": "100000"}, "window": "day"}],
            "log": {"level": "warn", "access": "off"},
        }
        rows = [{"name": "openai", "origin": self.simulator.origin, "dialect": "openai", "prices": "fixed",
                 "match": {"path_prefix": "/p/openai"}}]
        environment = {"TOKENWEIR_CRASH_AT": crash_at} if crash_at else {}
        return Proxy(self.folder / "proxy", rows, changes, environment)

    def kill(self, label: str, crash_at: str = "", after: float | None = None, kind: str = "mixed") -> bool:
        """One process killed under load, restarted, and its books compared. False: the point was not reached."""
        self._number += 1
        prefix = f"k{self._number:04d}"
        self.simulator.reset()
        proxy = self.proxy(crash_at)
        try:
            proxy.start()
        except RuntimeError:
            if proxy.process is None or proxy.process.poll() != -signal.SIGKILL:
                raise
        load = Load(proxy.port, prefix, kind)
        died = asyncio.run(self._until_dead(proxy, load, after))
        if not died:
            proxy.stop()
        else:
            proxy.process = None
            self.kills += 1
        again = self.proxy()
        began = time.monotonic()
        again.start()
        self.restarts.append(time.monotonic() - began)
        try:
            check = Load(again.port, prefix + "after", clients=1)
            if not asyncio.run(check.one(Client(again.port))):
                self.total.lost.append(f"{prefix}: no answer after the restart")
            books.quiet(again)
            found = books.compare(again, load.sent, self.simulator.entries(), prefix)
        finally:
            again.stop()
        self.total.add(found)
        wrong = [*found.lost, *found.doubled, *found.differ]
        print(f"{label:<24} {'killed' if died else 'not reached':<12} {len(load.sent):>6} requests  {found.from_hold:>3} recovered"
              f"  charged {self._share(found):>8}  held {found.leaked}"
              f"  restart {self.restarts[-1]:.2f} s" + (f"  {len(wrong)} WRONG: {wrong[:3]}" if wrong else ""), flush=True)
        return died

    @staticmethod
    def _share(found: Findings) -> str:
        return f"{100 * found.charged / found.billed:.2f}%" if found.billed else "-"

    @staticmethod
    async def _until_dead(proxy: Proxy, load: Load, after: float | None) -> bool:
        """Runs the load until the process is gone: by itself (5 s at most), or killed `after` seconds."""
        process = proxy.process
        assert process is not None
        task = asyncio.create_task(load.run())
        end = time.monotonic() + (5.0 if after is None else after)
        while process.poll() is None and time.monotonic() < end:
            await asyncio.sleep(0.01)
        if after is not None and process.poll() is None:
            process.send_signal(signal.SIGKILL)
        load.stop()
        await task
        if after is not None:
            process.wait(10)
        await asyncio.sleep(0.05)  # the simulator notices that the proxy has gone
        return process.poll() is not None

    def hang_ups(self, requests: int) -> None:
        """Nothing may stay held although a fifth of the clients hang up or reset."""
        self.simulator.reset()
        proxy = self.proxy().start()
        try:
            load = Load(proxy.port, "h", "fast", clients=32)
            began = time.monotonic()
            asyncio.run(load.run(requests))
            seconds = time.monotonic() - began
            books.quiet(proxy, 60)
            found = books.compare(proxy, load.sent, self.simulator.entries(), "h")
        finally:
            proxy.stop()
        self.total.add(found)
        left = sum(one.left for one in load.sent)
        wrong = [*found.lost, *found.doubled, *found.differ]
        print(f"{len(load.sent)} requests, {left} hung up or reset, {len(load.sent) / seconds:.0f} requests/s: held {found.leaked}, "
              f"charged {self._share(found)} of the bill"
              + (f"  {len(wrong)} WRONG: {wrong[:5]}" if wrong else ""), flush=True)

    def large_start(self, rows: int) -> float:
        """Seconds from the start of the process to the first answer, after a kill -9 with a large ledger."""
        big_ledger.multiply(self.folder / "proxy" / "ledger.db", rows)
        proxy = self.proxy().start()
        load = Load(proxy.port, "b")
        asyncio.run(self._until_dead(proxy, load, 0.5))
        proxy.process = None
        again = self.proxy()
        began = time.monotonic()
        again.start()
        asyncio.run(Load(again.port, "bafter").one(Client(again.port)))
        seconds = time.monotonic() - began
        again.stop()
        print(f"with {rows} rows the first answer comes {seconds:.2f} s after the start", flush=True)
        return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, help="random instants (100)")
    parser.add_argument("--requests", type=int, help="of the run with hang-ups (100,000)")
    parser.add_argument("--rows", type=int, help="of the large ledger (10,000,000; 0: leave it out)")
    parser.add_argument("--quick", action="store_true", help="10 random instants, 5,000 requests, no large ledger")
    parser.add_argument("--point", action="append", choices=POINTS, help="only this named point; may be repeated")
    options = parser.parse_args()
    usual = (10, 5_000, 0) if options.quick else (100, 100_000, 10_000_000)
    for name, value in zip(("kills", "requests", "rows"), usual):
        if getattr(options, name) is None:
            setattr(options, name, value)
    with tempfile.TemporaryDirectory(prefix="crash-") as scratch:
        folder = Path(scratch)
        setting.price_file(folder)
        with setting.SimulatorProcess(folder / "simulator") as simulator:
            return run(Bench(folder, simulator), options)


def run(bench: Bench, options: argparse.Namespace) -> int:
    for point in options.point or POINTS:
        for passage in PASSAGES.get(point, USUAL_PASSAGES):
            if bench.kill(f"{point}:{passage}", f"{point}:{passage}", kind=KINDS.get(point, "mixed")):
                bench.reached.add(point)
            elif passage == 1:
                break
    source = random.Random(1)
    for number in range(options.kills):
        bench.kill(f"random {number + 1}", after=source.uniform(0.03, 0.8), kind=source.choice(["mixed", "mixed", "fast", "long"]))
    if options.requests:
        bench.hang_ups(options.requests)
    started = ""
    if options.rows and shutil.disk_usage(bench.folder).free > options.rows * 1_500:
        started = f" large_start_s={bench.large_start(options.rows):.2f}"
    total = bench.total
    for what in (total.lost, total.doubled, total.differ):
        for line in what[:10]:
            print(line)
    print(f"figure: kills={bench.kills} lost={len(total.lost)} doubled={len(total.doubled)} leaked={total.leaked} "
          f"points={len(bench.reached)} differing={len(total.differ)} restart_max_s={max(bench.restarts, default=0):.2f}{started}")
    return 0 if not (total.lost or total.doubled or total.leaked or total.differ) else 1


if __name__ == "__main__":
    raise SystemExit(main())
