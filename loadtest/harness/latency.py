"""What a proxy adds to the time of a request at a fixed moderate rate."""

from . import figures, machine, systems
from .load import Bench, rounds
from .relay import makers


def run(options):
    count = options.rounds or (5 if options.quick else 15)
    seconds = options.seconds or 1.5
    rate = options.rate or 1000
    proxy_core, load_core = machine.cores()[:2]
    with Bench(load_core) as bench:
        before = bench.mock.statistics()
        chosen = [bench.start(make(), proxy_core) for name, make in makers(bench).items()
                  if name != "tokenweir bare"]
        measured = [systems.Direct(bench), *chosen]
        print(f"open loop, {rate} requests/s on 64 keep-alive connections, {seconds:g} s a round, "
              f"latency from the moment a request was due")
        results = rounds(count, measured, lambda system: bench.load(
            "open", system, load_core, seconds=seconds, warmup=0.25, rate=rate))
        bench.check_count(before, sum(result["total"] for list_ in results.values() for result in list_))
        errors = sum(bench.errors.values())

    def percentile(name, key):
        return [result["latency_ns"][key] / 1e3 for result in results[name]]

    direct99 = percentile("direct", "p99")
    # A round whose direct p99 is a millisecond or more says something about the machine, not about a proxy.
    calm = [number for number, value in enumerate(direct99) if value < 1000]
    judged = calm or list(range(count))

    def added(name, key):
        return [mine - theirs for mine, theirs in zip(percentile(name, key), percentile("direct", key))]

    rows = []
    for name in results:
        tail = [added(name, "p99")[number] for number in judged]
        rows.append([name, figures.interval(percentile(name, "p50"), 0),
                     figures.interval(added(name, "p50"), 0) if name != "direct" else "-",
                     figures.interval(percentile(name, "p99"), 0),
                     figures.interval(tail, 0) if name != "direct" else "-",
                     f"{100 * figures.median(figures.column(results[name], 'load_use')):.0f}"])
    figures.table(["system", "p50 us", "added p50 us", "p99 us", "added p99 us*", "load+mock %"], rows)
    print(f"* over the {len(judged)} rounds "
          f"{'whose direct p99 is under 1 ms' if calm else '(all: no round had a direct p99 under 1 ms)'}")
    if "tokenweir" not in results:
        figures.figure(skipped="tokenweir_is_not_built")
        return 0
    mine99 = figures.median([added("tokenweir", "p99")[number] for number in judged])
    peer99 = figures.median([added("nginx", "p99")[number] for number in judged])
    figures.figure(
        added_p50_vs_nginx=figures.median(figures.paired(added("tokenweir", "p50"), added("nginx", "p50"))),
        added_p99_vs_nginx=mine99 / peer99 if peer99 > 0 else "undefined",
        direct_p99_us=figures.median(direct99), calm_rounds=len(calm), errors=errors)
    return 1 if errors else 0
