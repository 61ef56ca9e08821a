"""./dev corpus [FILE] [--ledger OUT.db] [--tokens] [--direct] [--seconds N]

Sends every recorded exchange through the real proxy between a client and a provider that know the
recording, and compares request, answer and ledger row with it. The first round fills the ledger that
`--ledger` names, one row an exchange; further rounds repeat with other cuts, other TLS sides and
compressed answers, as time allows.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import multiprocessing.connection
import os
import shutil
import sys
import tempfile
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulator import fragments
from tests.simulator.http import Header
from tests.support.proxy import Proxy, binary, free_ports, ledger_rows

from . import exchanges as recorded
from . import report, tokens
from .client_side import Outcome, Way, send_all
from .exchanges import Exchange
from .provider_side import Arrival, ProviderSide, expected_answer
from .usage_request import tells_unasked, without_usage_only_chunks

PROCESSES = 2  # of either end
CONNECTIONS = 24  # of each client process

_fork = multiprocessing.get_context("fork")


@dataclass
class Round:
    """What both ends saw in one round."""

    number: int
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    arrivals: dict[int, Arrival] = field(default_factory=dict)
    rows: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    seconds: float = 0.0


def _serve(ca_dir: Path, exchanges: list[Exchange], through_proxy: bool, ports: tuple[int, int],
           control: multiprocessing.connection.Connection) -> None:
    """A provider process: answers until told to stop, then hands over what arrived."""

    async def run() -> None:
        side = ProviderSide(ca_dir, exchanges, through_proxy, port=ports[0], tls_port=ports[1])
        await side.start()
        control.send("ready")
        await asyncio.get_running_loop().run_in_executor(None, control.recv)
        await side.stop()
        control.send(side.arrivals)

    asyncio.run(run())


def _send(exchanges: list[Exchange], number: int, way: Way, expected: object,
          control: multiprocessing.connection.Connection) -> None:
    control.send(asyncio.run(send_all(exchanges, number, way, CONNECTIONS, expected)))  # type: ignore[arg-type]


def run_round(number: int, exchanges: list[Exchange], directory: Path, ledger: Path, direct: bool,
              silent: set[str]) -> Round:
    """One pass over all exchanges with its own providers and its own proxy."""
    result = Round(number)
    began = time.monotonic()
    ports = free_ports(5)
    ca_dir = directory / "certificates"
    providers = []
    for process in range(PROCESSES):
        ours, theirs = _fork.Pipe()
        arguments = (ca_dir / f"side{process}" if process else ca_dir, exchanges, not direct,
                     (ports[0], ports[1]), theirs)
        child = _fork.Process(target=_serve, args=_shared_authority(arguments, ca_dir))
        child.start()
        assert ours.recv() == "ready"
        providers.append((child, ours))
    proxy = None
    try:
        way = Way(ports[0], ports[1], str(ca_dir / "ca.pem"), not direct)
        if not direct:
            proxy = Proxy(directory / f"round{number}",
                          proxy_config(number, exchanges, ports, ca_dir, ledger, silent), ports[4])
            proxy.start()
            way = Way(ports[2], ports[3], str(ca_dir / "ca.pem"), True)
        expected = Expectation(silent, direct)
        clients = []
        for process in range(PROCESSES):
            ours, theirs = _fork.Pipe()
            share = exchanges[process::PROCESSES]
            child = _fork.Process(target=_send, args=(share, number, way, expected, theirs))
            child.start()
            theirs.close()
            clients.append((child, ours))
        for child, ours in clients:
            result.outcomes.update({outcome.index: outcome for outcome in ours.recv()})
            child.join()
        if proxy is not None:
            alive = proxy.running()
            code = proxy.stop()
            if not alive or code != 0:
                print(f"the proxy ended with {code}:\n{proxy.last_log()}")
    finally:
        if proxy is not None:
            proxy.stop()
        for child, ours in providers:
            ours.send("stop")
            for index, arrival in ours.recv().items():
                _merge(result.arrivals, index, arrival)
            child.join()
    if not direct:
        for row in ledger_rows(ledger):
            tags = row.get("tags")
            if isinstance(tags, dict) and "exchange" in tags:
                result.rows.setdefault(str(tags["exchange"]), []).append(row)
    result.seconds = time.monotonic() - began
    return result


def _shared_authority(arguments: tuple, ca_dir: Path) -> tuple:
    """Every provider process issues its own certificate, all by the authority of `ca_dir`."""
    folder = arguments[0]
    if folder != ca_dir:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("ca.pem", "ca-key.pem"):
            shutil.copy(ca_dir / name, folder / name)
    return arguments


def _merge(arrivals: dict[int, Arrival], index: int, arrival: Arrival) -> None:
    known = arrivals.setdefault(index, Arrival())
    known.times += arrival.times
    known.problems += arrival.problems
    known.asked_for_usage |= arrival.asked_for_usage
    known.added_usage = known.added_usage or arrival.added_usage


class Expectation:
    """The answer the client must receive.

    A recording that holds a usage-only chunk its request never asked for, at a provider whose other
    recordings show that it does not send one unasked, contradicts itself: the chunk is what the proxy
    asks for and takes out, so the client is right not to see it.
    """

    def __init__(self, silent: set[str], direct: bool) -> None:
        self._silent, self._direct = silent, direct

    def __call__(self, exchange: Exchange, round_number: int) -> tuple[list[bytes], list[Header]]:
        body, headers = expected_answer(exchange, round_number)
        bodies = [body]
        if not self._direct and self.contradicts_itself(exchange):
            bodies.append(without_usage_only_chunks(body))
        return bodies, headers

    def contradicts_itself(self, exchange: Exchange) -> bool:
        return exchange.provider_name in self._silent and tells_unasked(exchange) is True


def silent_providers(exchanges: list[Exchange]) -> set[str]:
    """Providers that mostly send no usage-only chunk unless asked; all without evidence are."""
    told: dict[str, Counter[bool]] = {exchange.provider_name: Counter() for exchange in exchanges}
    for exchange in exchanges:
        unasked = tells_unasked(exchange)
        if unasked is not None:
            told[exchange.provider_name][unasked] += 1
    return {name for name, seen in told.items() if seen[True] <= seen[False]}


def proxy_config(number: int, exchanges: list[Exchange], ports: list[int], ca_dir: Path, ledger: Path,
                 silent: set[str]) -> dict[str, object]:
    """The configuration an operator of these providers would write."""
    providers = []
    families = {exchange.provider_name: exchange for exchange in exchanges}
    price_lists = {path.stem for path in Path("config/prices").glob("*.y*ml")}
    for name, exchange in sorted(families.items()):
        secure = (zlib.crc32(name.encode()) + number) % 3 == 0
        provider: dict[str, object] = {
            "name": name,
            "origin": f"https://localhost:{ports[1]}" if secure else f"http://127.0.0.1:{ports[0]}",
            "dialect": exchange.family,
            "match": {"path_prefix": f"/p/{name}"},
        }
        if secure:
            provider["ca"] = str(ca_dir / "ca.pem")
        if name not in silent:
            provider["edits"] = {"stream_usage": False}  # it tells unasked; asking only hides it
        price_list = "google" if name == "gemini" else name
        if price_list in price_lists:
            provider["prices"] = price_list
        providers.append(provider)
    certificate = {"certificate": str(ca_dir / "simulator.pem"), "key": str(ca_dir / "simulator-key.pem")}
    return {
        "schema": 1,
        "listen": [
            {"address": f"127.0.0.1:{ports[2]}"},
            {"address": f"127.0.0.1:{ports[3]}", "tls": certificate},
        ],
        "admin": {"address": f"127.0.0.1:{ports[4]}"},
        "providers": providers,
        "prices": {"files": [str(Path("config/prices").resolve())] if price_lists else []},
        "ledger": {"path": str(ledger)},
        "drain": {"delay": "0s", "timeout": "20s"},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev corpus", description=__doc__.split("\n\n")[1])
    parser.add_argument("file", nargs="?", help="exchanges as .jsonl or .jsonl.gz")
    parser.add_argument("--ledger", type=Path, metavar="OUT.db", help="keep the first round's ledger")
    parser.add_argument("--tokens", action="store_true", help="also print the token counting errors")
    parser.add_argument("--direct", action="store_true", help="without the proxy: tests this harness")
    parser.add_argument("--seconds", type=float, default=600.0, help="when no further round begins")
    parser.add_argument("--rounds", type=int, default=4, help="at most so many")
    parser.add_argument("--only", default="", help="exchanges whose id contains this text")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it behind")
    arguments = parser.parse_args()
    file = recorded.corpus_file(arguments.file)
    if not file.exists():
        print(f"no corpus at {file}: name a file or set TOKENWEIR_CORPUS", file=sys.stderr)
        print("figure: skipped=no-corpus")
        return 2
    if not arguments.direct and not binary().exists():
        print(f"{binary()} is missing: ./dev build", file=sys.stderr)
        return 2
    if arguments.ledger and arguments.ledger.exists() and arguments.ledger.stat().st_size > 0:
        print(f"{arguments.ledger} exists already", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="corpus-") as scratch:
        return _run(arguments, file, arguments.keep or Path(scratch))


def _run(arguments: argparse.Namespace, file: Path, directory: Path) -> int:
    began = time.monotonic()
    lines, left_out = [], Counter()
    for record in recorded.read(file):
        reason = recorded.left_out(record)
        if reason is not None:
            left_out[reason] += 1
        elif arguments.only in str(record["id"]):
            lines.append(record)
    exchanges = [recorded.make(index, record) for index, record in enumerate(lines)]
    silent = silent_providers(exchanges)
    gc.freeze()
    print(f"{len(exchanges)} exchanges of {file.name}; left out: {dict(left_out) or 'none'}", flush=True)
    summary = report.Summary(lines, exchanges, arguments.direct)
    longest = 0.0
    for number in range(min(arguments.rounds, len(fragments.MODES))):
        if number and time.monotonic() - began + longest > arguments.seconds:
            print(f"round {number + 1} left out: {arguments.seconds:.0f} s would be exceeded")
            break
        kept = arguments.ledger if number == 0 and arguments.ledger else directory / f"round{number}.db"
        done = run_round(number, exchanges, directory, Path(os.path.abspath(kept)), arguments.direct, silent)
        longest = max(longest, done.seconds)
        summary.add(done)
        print(f"round {number + 1}: {done.seconds:.1f} s, {summary.line(done)}", flush=True)
    code = summary.finish(arguments.tokens)
    if arguments.tokens:
        print(tokens.report(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
