"""Streamed answers: CPU per event, and how much later than directly an event arrives."""

from . import figures, machine, systems
from .load import Bench, rounds
from .relay import makers


def run(options):
    count = options.rounds or (5 if options.quick else 15)
    seconds = options.seconds or 1.0
    proxy_core, load_core = machine.cores()[:2]
    with Bench(load_core) as bench:
        before = bench.mock.statistics()
        chosen = [bench.start(make(), proxy_core) for name, make in makers(bench, streaming=True).items()
                  if name != "tokenweir bare"]
        print(f"CPU: 200 streams of 50 events/s; delay: 50 streams of 20 events/s; one event of 290 bytes per "
              f"provider write; {seconds:g} s a round")
        busy = rounds(count, chosen, lambda system: bench.load(
            "sse", system, load_core, connections=200, rate=50, seconds=seconds, warmup=0.2))
        calm = rounds(count, [systems.Direct(bench), *chosen], lambda system: bench.load(
            "sse", system, load_core, connections=50, rate=20, seconds=seconds, warmup=0.2))
        bench.check_count(before, sum(result["total"] for part in (busy, calm) for list_ in part.values()
                                      for result in list_), "events")
        errors = sum(bench.errors.values())

    def delay(name, key="p50", of=calm):
        return [result["latency_ns"][key] / 1e3 for result in of[name]]

    def added(name):
        return [mine - theirs for mine, theirs in zip(delay(name), delay("direct"))]

    rows = []
    for name in calm:
        cpu = figures.column(busy[name], "cpu_us") if name in busy else None
        peer = figures.column(busy["nginx"], "cpu_us")
        rows.append([name, figures.interval(cpu) if cpu else "-",
                     figures.interval(figures.paired(cpu, peer), 2) if cpu else "-",
                     f"{100 * figures.median(figures.column(busy[name], 'system_use')):.0f}" if cpu else "-",
                     figures.interval(delay(name, of=busy), 0) if cpu else "-",
                     figures.interval(delay(name), 0),
                     figures.interval(added(name), 0) if name != "direct" else "-",
                     figures.interval(delay(name, "p99"), 0)])
    figures.table(["system", "CPU us/event", "CPU vs nginx", "system %", "p50 us at 10k/s", "p50 us at 1k/s",
                   "added p50 us", "p99 us at 1k/s"], rows)
    if "tokenweir" not in calm:
        figures.figure(skipped="tokenweir_is_not_built")
        return 0
    figures.figure(
        cpu_per_event_vs_nginx=figures.median(figures.paired(figures.column(busy["tokenweir"], "cpu_us"),
                                                             figures.column(busy["nginx"], "cpu_us"))),
        delay_vs_nginx=figures.median(figures.paired(added("tokenweir"), added("nginx"))), errors=errors)
    return 1 if errors else 0
