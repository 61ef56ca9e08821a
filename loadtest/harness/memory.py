"""Memory of open streams, and whether a million requests leave anything behind."""

import json
import subprocess
import time

from . import figures, machine
from .load import Bench
from .relay import makers


def held_streams(bench, system, streams):
    """Opens the streams through the system, lets it settle, and returns KiB a stream."""
    bench.load("closed", system, connections=64, seconds=1.0)
    time.sleep(1)
    empty = machine.resident_kib(system.processes())
    # Each stream gets an event every ten seconds: alive, but waiting almost always.
    command = bench.arguments("idle", system, connections=streams, rate=0.1)
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ready = json.loads(holder.stdout.readline() or '{"ready": 0, "lost": 0}')
    time.sleep(12)  # until every stream has had an event after its first
    full = machine.resident_kib(system.processes())
    out, _ = holder.communicate("", 60)
    result = json.loads(out)
    lost = ready["lost"] + result["errors"]
    bench.errors[system.name] = bench.errors.get(system.name, 0) + lost
    return {"streams": ready["ready"], "lost": lost, "empty": empty, "full": full,
            "each": (full - empty) / max(ready["ready"], 1)}


def growth(bench, system, requests):
    """Resident memory over many requests, after a warm-up that fills pools and caches."""
    parts, samples = 10, []
    bench.load("closed", system, connections=64, requests=50_000)
    samples.append((0, machine.resident_kib(system.processes())))
    for part in range(1, parts + 1):
        bench.load("closed", system, connections=64, requests=requests // parts)
        samples.append((requests // parts * part, machine.resident_kib(system.processes())))
    return samples


def run(options):
    streams = min(options.streams or 5000, (machine.open_files() - 500) // 2)
    rounds_of_each = options.rounds or 1
    requests = 200_000 if options.quick else 1_000_000
    rows, each = [], {}
    with Bench() as bench:
        for name, make in makers(bench, streaming=True).items():
            if name == "tokenweir bare":
                continue
            for _ in range(rounds_of_each):
                system = bench.start(make())
                found = held_streams(bench, system, streams)
                system.stop()
                each.setdefault(name, []).append(found["each"])
                rows.append([name, found["streams"], found["lost"], found["empty"], found["full"],
                             f"{found['each']:.1f}"])
        print(f"Resident memory of {streams} open streams, TLS on both sides, one thread")
        figures.table(["system", "streams", "lost", "KiB before", "KiB with streams", "KiB/stream"], rows)
        if "tokenweir" not in each:
            figures.figure(skipped="tokenweir_is_not_built")
            return 0
        system = bench.start(makers(bench)["tokenweir"]())
        samples = growth(bench, system, requests)
        print("Resident memory of tokenweir over requests, ledger and metrics on")
        figures.table(["requests", "KiB"], samples)
        grown = (samples[-1][1] - samples[0][1]) / requests * 1e6
        errors = sum(bench.errors.values())
    figures.figure(kib_per_stream=figures.median(each["tokenweir"]),
                   vs_nginx=figures.median(each["tokenweir"]) / figures.median(each["nginx"]),
                   growth_kib_per_million=grown, errors=errors)
    return 1 if errors else 0
