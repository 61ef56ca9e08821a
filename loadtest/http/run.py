#!/usr/bin/env python3
"""HTTP conformance and desync cases: ./dev bench http [--cases FILE] [--only tokenweir|nginx|haproxy|apache]

Sends raw bytes through each proxy to a strict echo provider, and raw answers back, and judges what arrives. Ends with
one line `figure: fail=N smuggle=N truncations_visible=N/10 ...` for tokenweir. Case files: see case.py."""

import argparse
import asyncio
import collections
import os
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

import case as case_file
import proxies
import reference_proxies
import request_cases
import response_cases
from echo import Echo
from judge import Judge

GRADES = ("PASS", "WARN", "FAIL", "SMUGGLE")
PROCESSES = {"tokenweir": proxies.Tokenweir, "nginx": proxies.Nginx, "haproxy": proxies.HAProxy, "apache": proxies.Apache}
REFERENCES = {"strict": reference_proxies.Strict, "naive": reference_proxies.Naive}


async def work(name, number, folder, queue, verdicts, metered):
    """One worker: its own provider and its own proxy, so that cases never see each other."""
    echo = Echo()
    await echo.start()
    if name in REFERENCES:
        proxy = REFERENCES[name](echo.port)
    else:
        proxy = PROCESSES[name](folder / f"{name}-{number}", echo.port)
    try:
        await proxy.start()
        judge = Judge(proxy, echo, metered)
        while queue:
            case = queue.popleft()
            verdict = await judge.judge(case)
            verdicts.append(verdict)
            if not proxy.alive():
                verdict.grade, verdict.why = "FAIL", "the proxy ended"
            if verdict.grade == "SMUGGLE" or not proxy.alive():
                # A poisoned connection pool would be blamed on the cases after this one.
                await proxy.stop()
                await proxy.start()
    finally:
        await proxy.stop()
        await echo.stop()


async def run_proxy(name, cases, folder, workers, metered):
    queue, verdicts = collections.deque(cases), []
    results = await asyncio.gather(*(work(name, number, folder, queue, verdicts, metered) for number in range(workers)),
                                   return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    order = {case.id: position for position, case in enumerate(cases)}
    return sorted(verdicts, key=lambda verdict: order[verdict.case.id])


def hosts_of(cases):
    """Host names that a proxy routing by Host has to know; malformed ones are of no use to it."""
    found = {"api.test"}
    for case in cases:
        if case.kind == "request":
            for name in re.findall(rb"(?i)\nhost:[ \t]*([a-z0-9]+(?:[.-][a-z0-9]+)*)(?::[0-9]*)?[ \t]*\r", case.raw):
                found.add(name.decode().lower())
    return set(sorted(found)[:200]) | {"api.test"}


def show_classes(name, verdicts):
    by_class = collections.defaultdict(collections.Counter)
    for verdict in verdicts:
        by_class[(verdict.case.kind, verdict.case.klass)][verdict.grade] += 1
    print(f"\n{name:<34}{'cases':>7}" + "".join(f"{grade:>9}" for grade in GRADES))
    for kind in ("request", "response"):
        total = collections.Counter()
        for (its_kind, klass), counts in by_class.items():
            if its_kind == kind:
                total += counts
                print(f"  {kind + ' ' + klass:<32}{counts.total():>7}" + "".join(f"{counts[g] or '.':>9}" for g in GRADES))
        if total:
            print(f"  {'all ' + kind + 's':<32}{total.total():>7}" + "".join(f"{total[g] or '.':>9}" for g in GRADES))


def show_findings(verdicts, verbose, grades=("FAIL", "SMUGGLE")):
    for verdict in verdicts:
        if verdict.grade in grades:
            print(f"  {verdict.grade:<8}{verdict.case.id}: {verdict.why}")
            if verbose:
                print(f"            sent: {verdict.case.raw[:300]!r}")
                for line in verdict.evidence:
                    print(f"            {line[:400]}")


def summary(verdicts):
    counts = collections.Counter(verdict.grade for verdict in verdicts)
    truncations = [verdict for verdict in verdicts if verdict.case.klass == "truncation"]
    return counts, sum(verdict.visible for verdict in truncations), len(truncations)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", help="JSON lines file of cases, in place of our own (schema: case.py)")
    parser.add_argument("--only", action="append", choices=[*PROCESSES, *REFERENCES],
                        help="just this proxy; strict and naive are references that judge the judge")
    parser.add_argument("--case", action="append", help="just the case with this id, with all evidence")
    parser.add_argument("--write", metavar="FILE", help="write the cases as JSON lines and stop")
    parser.add_argument("--tokenweir", default=os.environ.get("TOKENWEIR_BINARY", str(proxies.ROOT / "build" / "tokenweir")),
                        help="the binary under test")
    parser.add_argument("--metered", action="store_true",
                        help="all cases at a chat endpoint, whose bodies tokenweir reads; for tokenweir only")
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--verbose", action="store_true", help="evidence of every finding")
    parser.add_argument("--warnings", action="store_true", help="list WARN too")
    options = parser.parse_args()

    proxies.Tokenweir.binary = Path(options.tokenweir).resolve()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cases = case_file.load(options.cases) if options.cases else request_cases.all_cases() + response_cases.all_cases()
    if options.case:
        cases = [case for case in cases if case.id in options.case]
        options.verbose = True
    if options.write:
        Path(options.write).write_text("".join(case_file.to_json(case) + "\n" for case in cases))
        return 0
    print(f"http: {sum(c.kind == 'request' for c in cases)} requests, {sum(c.kind == 'response' for c in cases)} responses")

    proxies.Tokenweir.hosts, proxies.Tokenweir.metered = hosts_of(cases), options.metered
    if options.metered:
        options.only = ["tokenweir"]

    results = {}
    with tempfile.TemporaryDirectory(prefix="tokenweir-http-") as folder:
        os.chmod(folder, 0o755)
        for name in options.only or PROCESSES:
            started = time.monotonic()
            try:
                results[name] = asyncio.run(run_proxy(name, cases, Path(folder), min(options.workers, len(cases)),
                                                      options.metered))
            except proxies.Missing as missing:
                print(f"\n{name}: skipped: {missing}")
                continue
            show_classes(name, results[name])
            grades = ("WARN", "FAIL", "SMUGGLE") if options.warnings or options.case else ("FAIL", "SMUGGLE")
            show_findings(results[name], options.verbose, GRADES if options.case else grades)
            print(f"  {time.monotonic() - started:.0f} s", flush=True)

    print(f"\n{'proxy':<12}" + "".join(f"{grade:>9}" for grade in GRADES) + f"{'truncations visible':>22}")
    for name, verdicts in results.items():
        counts, visible, truncations = summary(verdicts)
        print(f"{name:<12}" + "".join(f"{counts[grade]:>9}" for grade in GRADES) + f"{f'{visible}/{truncations}':>22}")
    shown = "tokenweir" if "tokenweir" in results else next(iter(options.only or []), None)
    if shown not in results:
        print("figure: skipped=tokenweir_is_not_built")
        return 1
    counts, visible, truncations = summary(results[shown])
    requests = sum(verdict.case.kind == "request" for verdict in results[shown])
    system = "" if shown == "tokenweir" else f" system={shown}"
    print(f"figure: fail={counts['FAIL']} smuggle={counts['SMUGGLE']} truncations_visible={visible}/{truncations} "
          f"pass={counts['PASS']} warn={counts['WARN']} requests={requests} responses={len(results[shown]) - requests}{system}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
