"""./dev agents [DIR] [--no-corpus] [--only NAME]

Plays agent scripts (DIR, default tests/agents/scripts) and the multi-step groups of the recorded traffic through
the real proxy under one configuration, config/examples/agents.yaml. Runaways must be stopped, at the request the
script names at the latest; nobody else may be refused. Ends with `figure: stopped= missed= false_stops=`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from tests.blackbox.proxy import ROOT, Proxy, providers
from tests.corpus.exchanges import corpus_file
from tests.simulator import Simulator

from . import groups as recorded_groups
from .play import Player, Verdict
from .script import Script, ScriptError, find, read

CONFIG = ROOT / "config" / "examples" / "agents.yaml"
SCRIPTS = ROOT / "tests" / "agents" / "scripts"
# What an installation sets up for itself; everything else is taken from the shipped file.
_OWN = {"schema", "listen", "admin", "providers", "prices", "ledger", "log", "credentials"}


def rules() -> dict[str, Any]:
    shipped = yaml.safe_load(CONFIG.read_text())
    return {key: value for key, value in shipped.items() if key not in _OWN}


async def play_all(scripts: list[Script], port: int) -> list[Verdict]:
    """All side by side: a script that waits holds nobody up."""
    return list(await asyncio.gather(*(Player(script, port).play() for script in scripts)))


def unique(scripts: list[Script]) -> None:
    names: dict[str, Path] = {}
    for script in scripts:
        if script.name in names:
            raise ScriptError(f"{script.file} and {names[script.name]} have the same name")
        names[script.name] = script.file


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./dev agents", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=SCRIPTS, metavar="DIR")
    parser.add_argument("--no-corpus", dest="corpus", action="store_false", help="scripts only")
    parser.add_argument("--only", help="scripts whose name contains this")
    options = parser.parse_args(arguments)
    try:
        scripts = [read(file) for file in find(options.folder)]
        unique(scripts)
    except (ScriptError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    scripts = [script for script in scripts if not options.only or options.only in script.name]
    file = corpus_file(None) if options.corpus else None
    groups = recorded_groups.load(file) if file is not None and file.exists() else None
    if options.corpus and groups is None:
        print("the recorded traffic is not there: its groups are left out")
    with tempfile.TemporaryDirectory(prefix="agents-") as scratch, Simulator(Path(scratch) / "provider") as simulator:
        rows = providers(simulator.origin)
        if groups is not None:
            recorded_groups.record_all(groups, simulator)
            rows += recorded_groups.providers(groups, simulator.origin)
        with Proxy(Path(scratch) / "proxy", rows, {**rules(), "log": {"level": "warn", "access": "off"}}) as proxy:
            return judge(scripts, groups, proxy)


def judge(scripts: list[Script], groups: recorded_groups.Groups | None, proxy: Proxy) -> int:
    verdicts = asyncio.run(play_all(scripts, proxy.port))
    stopped = missed = false_stops = 0
    print(f"{'script':<44} {'expected':<8} {'requests':>8}  outcome")
    for verdict in sorted(verdicts, key=lambda one: (one.script.expect, one.script.name)):
        if verdict.script.expect == "stopped":
            good = not verdict.missed
            stopped, missed = stopped + good, missed + (not good)
            note = (f"stopped at request {verdict.stopped_at} ({verdict.status}) by {verdict.by}" if good
                    else f"MISSED: {verdict.missed}")
        else:
            good = verdict.stopped_at is None and not verdict.problem
            false_stops += not good
            note = ("passed" if good else
                    f"STOPPED at request {verdict.stopped_at}: {verdict.status} {verdict.by} {verdict.problem} "
                    f"{verdict.evidence.get('message', '')}")
        waits = f", {verdict.waits} waits" if verdict.waits else ""
        print(f"{verdict.script.name:<44} {verdict.script.expect:<8} {verdict.requests:>8}  {note}{waits}")
    if groups is not None:
        wrong, sent = corpus(groups, proxy)
        false_stops += len(wrong)
        print(f"recorded groups: {len(groups.runs)} runs of several steps, {sent} requests, {len(wrong)} stopped")
        for run, reason in wrong[:20]:
            print(f"  STOPPED ({reason}): {groups.names.get(run, run)}")
    print(f"figure: stopped={stopped} missed={missed} false_stops={false_stops}")
    return 0 if missed == 0 and false_stops == 0 else 1


def corpus(groups: recorded_groups.Groups, proxy: Proxy) -> tuple[list[tuple[str, str]], int]:
    """Runs with a refusal in the ledger, and the number of requests."""
    sent = asyncio.run(recorded_groups.replay(groups, proxy.port))
    sql = f"select count(*) as n from records where workflow = '{recorded_groups.WORKFLOW}'"
    end = time.monotonic() + 30
    while proxy.query(sql)[0]["n"] < sent and time.monotonic() < end:
        time.sleep(0.1)
    rows = proxy.query(
        f"select run, min(refusal) as reason from records where workflow = '{recorded_groups.WORKFLOW}' "
        "and refusal is not null group by run")
    if proxy.query(sql)[0]["n"] < sent:
        rows.append({"run": "", "reason": f"only {proxy.query(sql)[0]['n']} of {sent} requests are in the ledger"})
    return [(str(row["run"]), str(row["reason"])) for row in rows], sent


if __name__ == "__main__":
    raise SystemExit(main())
