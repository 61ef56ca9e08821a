"""CPU per request and requests per second of a TLS-to-TLS relay, one core and two."""

from . import callgrind, figures, machine, systems
from .load import Bench, rounds


def makers(bench, **options):
    """Constructors of what can be measured here; the peers must be there, tokenweir may be missing."""
    found = {"nginx": lambda **more: systems.Nginx(bench, **options, **more),
             "HAProxy": lambda **more: systems.Haproxy(bench, **options, **more)}
    try:
        machine.built("tokenweir")
        found["tokenweir"] = lambda **more: systems.Tokenweir(bench, **options, **more)
        found["tokenweir bare"] = lambda **more: systems.Tokenweir(bench, bare=True, **options, **more)
    except machine.Missing as missing:
        print(f"tokenweir left out: {missing}")
    return found


def summary(results, extra=None):
    """Rows of one table: every system's figures beside nginx's of the same round."""
    rows = []
    for name, rounds_of_it in results.items():
        cpu = figures.column(rounds_of_it, "cpu_us")
        rate = figures.column(rounds_of_it, "per_second")
        peer_cpu = figures.column(results["nginx"], "cpu_us")
        peer_rate = figures.column(results["nginx"], "per_second")
        rows.append([name, figures.interval(cpu), f"{min(cpu):.1f}",
                     figures.interval(figures.paired(cpu, peer_cpu), 2),
                     f"{figures.median(rate):.0f}",
                     figures.interval(figures.paired(rate, peer_rate), 2),
                     f"{100 * figures.median(figures.column(rounds_of_it, 'system_use')):.0f}",
                     f"{100 * figures.median(figures.column(rounds_of_it, 'load_use')):.0f}",
                     *((extra or {}).get(name, []))])
    return rows


HEAD = ["system", "CPU us/request", "best", "CPU vs nginx", "requests/s", "rate vs nginx", "system %",
        "load+mock %"]


def run(options):
    count = options.rounds or (5 if options.quick else 15)
    seconds = options.seconds or 1.0
    proxy_core, load_core = machine.cores()[:2]
    with Bench(load_core) as bench:
        before, sent = bench.mock.statistics(), 0
        print(f"one core: proxy on core {proxy_core}, load generator and mock provider on core {load_core}; "
              f"64 keep-alive connections, {seconds:g} s a round")
        one = [bench.start(make(), proxy_core) for make in makers(bench).values()]
        results = rounds(count, one, lambda system: bench.load(
            "closed", system, load_core, seconds=seconds, warmup=0.25))
        fresh = rounds(max(count // 3, 1), one, lambda system: bench.load(
            "connect", system, load_core, seconds=seconds, warmup=0.25, connections=8))
        sent += sum(result["total"] for part in (results, fresh) for list_ in part.values() for result in list_)
        bench.check_count(before, sent)
        counted = {}
        if options.callgrind:
            counted = callgrind.per_request(makers(bench), bench)
        print("\nOne core, keep-alive")
        extra = {name: [f"{counted[name] / 1000:.1f}k" if name in counted else "-"] for name in results}
        figures.table([*HEAD, "instructions"], summary(results, extra))
        print("One core, a new TLS connection for every request")
        figures.table(HEAD, summary(fresh))
        for system in one:
            system.stop()
        errors = sum(bench.errors.values())

    with Bench() as bench:
        two = [bench.start(make()) for name, make in makers(bench, threads=2).items()
               if name != "tokenweir bare"]
        shared = rounds(count, two, lambda system: bench.load(
            "closed", system, seconds=seconds, warmup=0.25))
        print("Two cores, shared by proxy (2 threads), load generator and mock provider")
        figures.table(HEAD, summary(shared))
        errors += sum(bench.errors.values())

    if "tokenweir" not in results:
        figures.figure(skipped="tokenweir_is_not_built")
        return 0

    def ratio(mine, theirs, key="cpu_us", of=results):
        return figures.median(figures.paired(figures.column(of[mine], key), figures.column(of[theirs], key)))

    figures.figure(cpu_vs_nginx=ratio("tokenweir", "nginx"), bare_cpu_vs_nginx=ratio("tokenweir bare", "nginx"),
                   rps2_vs_nginx=ratio("tokenweir", "nginx", "per_second", shared),
                   cpu_vs_haproxy=ratio("tokenweir", "HAProxy"),
                   instructions_vs_nginx=(counted["tokenweir"] / counted["nginx"]) if counted else "skipped",
                   bare_instructions_vs_nginx=(counted["tokenweir bare"] / counted["nginx"]) if counted
                   else "skipped", errors=errors)
    return 1 if errors else 0
