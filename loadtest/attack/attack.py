"""Slowloris, slow body, slow read: a thousand connections for a minute each, while a good client asks twenty times a
second on connections it opens anew."""

import json
import subprocess
import threading
import time

from harness import figures, machine, systems
from harness.load import Bench

from . import slow_clients


class Watch(threading.Thread):
    """Samples memory and descriptors of the system twice a second."""

    def __init__(self, system):
        super().__init__(daemon=True)
        self.processes = system.processes()
        self.began = time.monotonic()
        self.samples = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            self.samples.append((time.monotonic() - self.began, machine.resident_kib(self.processes),
                                 machine.open_descriptors(self.processes)))
            self.ended.wait(0.5)

    def stop(self):
        self.ended.set()
        self.join()


def probe(bench, system, seconds):
    # A request is due every 50 ms whatever happens; four connections, each replaced after one request.
    return subprocess.Popen(bench.arguments("open", system, connections=4, rate=20, fresh="yes", warmup=0.5,
                                            seconds=seconds), stdout=subprocess.PIPE, text=True)


def one_kind(bench, system, name, behaviour, connections, seconds):
    watch = Watch(system)
    watch.start()
    good = probe(bench, system, seconds)
    if behaviour is None:
        cut, survivors = slow_read(bench, system, watch, connections, seconds)
    else:
        attack = slow_clients.Attack(system.port, behaviour, connections, seconds)
        attack.run()
        # Who connected less than the longest allowed time before the end could not have been cut yet.
        cut = max(attack.lifetimes, default=float("inf"))
        survivors = max(attack.survivors, default=0.0)
        cut = max(cut, survivors) if survivors > cut else cut
    out, _ = good.communicate(timeout=seconds + 60)
    watch.stop()
    result = json.loads(out)
    due = round(20 * result["seconds"])
    memory = [sample[1] for sample in watch.samples]
    return {"name": name, "good": 100 * min(result["completed"] / due, 1) if not result["errors"] else
            100 * max(result["total"] - result["errors"], 0) / max(result["total"], 1),
            "p99": result["latency_ns"]["p99"] / 1e6, "max": result["latency_ns"]["max"] / 1e6,
            "rss": (max(memory) - memory[0]) / 1024, "cut": cut, "problems": result["problems"],
            "descriptors": max(sample[2] for sample in watch.samples)}


def slow_read(bench, system, watch, connections, seconds):
    """Nobody reads; when the proxy gives up is seen in its descriptors, as the peers' sockets stay silent."""
    readers = slow_clients.SlowReaders(system.port, connections)
    baseline = watch.samples[0][2] if watch.samples else 0
    readers.open()
    opened = time.monotonic() - watch.began
    # Each is cut a minute after its last byte by default, and opening all of them may take half of that.
    limit = time.monotonic() + seconds + 15
    cut = float("inf")
    while time.monotonic() < limit:
        time.sleep(0.5)
        now, _, descriptors = watch.samples[-1]
        if now > opened and descriptors < baseline + connections // 10:
            cut = now - opened
            break
    while time.monotonic() < limit - 15:
        time.sleep(0.5)
    readers.close()
    return cut, 0.0


def run(options):
    seconds = options.seconds or (15 if options.quick else 60)
    maker = {"tokenweir": systems.Tokenweir, "nginx": systems.Nginx, "HAProxy": systems.Haproxy}[options.system]
    kinds = [("slowloris", slow_clients.slow_head), ("slow body", slow_clients.slow_body), ("slow read", None)]
    results = []
    with Bench() as bench:
        for name, behaviour in kinds:
            system = bench.start(maker(bench, threads=2))
            bench.load("closed", system, connections=64, seconds=1.0)
            time.sleep(1)
            results.append(one_kind(bench, system, name, behaviour, options.connections, seconds))
            print(f"  {name}: {results[-1]}", flush=True)
            system.stop()
    figures.table(["attack", "good %", "p99 ms", "max ms", "RSS growth MiB", "cut after s", "descriptors"],
                  [[r["name"], f"{r['good']:.2f}", f"{r['p99']:.1f}", f"{r['max']:.1f}", f"{r['rss']:.1f}",
                    f"{r['cut']:.1f}", r["descriptors"]] for r in results])
    figures.figure(good_percent=min(r["good"] for r in results), p99_ms=max(r["p99"] for r in results),
                   rss_growth_mib=max(r["rss"] for r in results),
                   cut_after_s=max(r["cut"] for r in results[:2]), slow_read_cut_after_s=results[2]["cut"])
    return 0
