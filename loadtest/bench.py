#!/usr/bin/env python3
"""Benchmarks beside nginx and HAProxy: ./dev bench relay|latency|sse|memory|attack.

Each prints its tables and ends with one line `figure: key=value ...`. With the default number of rounds each takes
about three to five minutes on two cores; --quick is for a look, not for publishing."""

import argparse
import sys

from attack import attack
from harness import figures, latency, machine, memory, relay, sse

BENCHES = {"relay": relay.run, "latency": latency.run, "sse": sse.run, "memory": memory.run, "attack": attack.run}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=BENCHES)
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 15; memory 1)")
    parser.add_argument("--seconds", type=float, help="measured seconds of a round")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and requests")
    parser.add_argument("--rate", type=int, help="latency: requests/s (default 1000)")
    parser.add_argument("--streams", type=int, help="memory: open streams (default 5000)")
    parser.add_argument("--connections", type=int, default=1000, help="attack: connections of each attack")
    parser.add_argument("--system", default="tokenweir", choices=["tokenweir", "nginx", "HAProxy"],
                        help="attack: whom")
    parser.add_argument("--no-callgrind", dest="callgrind", action="store_false",
                        help="relay: leave the instruction counts out")
    options = parser.parse_args()
    print(f"{options.name}: {machine.describe()}", flush=True)
    try:
        return BENCHES[options.name](options)
    except machine.Missing as missing:
        figures.figure(skipped=missing)
        return 0


if __name__ == "__main__":
    sys.exit(main())
