"""python -m tests.simulator --port P --tls-port P2 --ca-dir DIR [--script TEXT]

Prints one JSON line when it listens: {"port", "tls_port", "ca", "bill"}. Ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import tempfile
from pathlib import Path

from .script import parse
from .server import Simulator


async def serve(arguments: argparse.Namespace, directory: Path) -> None:
    simulator = Simulator(directory, arguments.port, arguments.tls_port, parse(arguments.script))
    await simulator.start()
    ready = {
        "port": simulator.port,
        "tls_port": simulator.tls_port,
        "ca": str(simulator.ca_file),
        "bill": f"{simulator.origin}/_sim/bill",
    }
    print(json.dumps(ready), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await simulator.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.simulator", description="A scripted LLM provider.")
    parser.add_argument("--port", type=int, default=0, help="plain HTTP; 0: any free port")
    parser.add_argument("--tls-port", type=int, default=0, help="TLS; 0: any free port")
    parser.add_argument("--ca-dir", type=Path, help="where the certificates are written")
    parser.add_argument("--script", default="", help="default script, e.g. 'ttft=0.2;rate=80'")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simulator-") as scratch:
        asyncio.run(serve(arguments, arguments.ca_dir or Path(scratch)))


if __name__ == "__main__":
    main()
