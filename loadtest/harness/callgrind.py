"""User-space instructions per request, free of the machine's noise.

A process under callgrind answers a warm-up, then two loads of different length; each load's instructions are dumped
apart. Their difference is what requests cost alone: handshakes of clients are the same in both, those with the provider
fall into the warm-up, start-up and shutdown into neither."""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import time

from . import machine

WARM, FEW, MANY = 1000, 500, 2500
CONNECTIONS = 16


def dump(system, output):
    """Writes and zeroes the counters; returns (file, total)."""
    known = set(output.parent.glob(output.name + ".*"))
    subprocess.run([machine.tool("callgrind_control"), "-d", str(system.process.pid)], check=True,
                   capture_output=True)
    written = set(output.parent.glob(output.name + ".*")) - known
    found = [(path, re.findall(r"^(?:summary|totals): (\d+)", path.read_text(), re.MULTILINE))
             for path in sorted(written)]
    if not found or not any(totals for _, totals in found):
        raise RuntimeError(f"callgrind of {system.name} left no total")
    # A process with several threads writes one file of each; the largest holds their sum.
    path, totals = max((entry for entry in found if entry[1]), key=lambda entry: int(entry[1][-1]))
    return path, int(totals[-1])


def settle(process, patience=600):
    """Waits until the process rests: what it reads in behind its start must not count as requests."""
    def spent():
        fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    until, before = time.monotonic() + patience, -100
    while time.monotonic() < until:
        now = spent()
        if now - before < 10:  # a tenth of a core
            return
        before = now
        time.sleep(1)


def instructions(make_system, bench, keep=None):
    """Instructions per request of one system; the profile of the longer load is copied to `keep`."""
    system = make_system()
    output = system.folder / "callgrind"
    wrapper = [machine.tool("valgrind"), "--tool=callgrind", f"--callgrind-out-file={output}", "-q"]
    system.start(wrapper=wrapper, alone=True)
    try:
        settle(system.process)
        totals = {}
        for requests in (WARM, FEW, MANY):
            bench.load("closed", system, connections=CONNECTIONS, requests=requests)
            path, totals[requests] = dump(system, output)
        if keep is not None:
            shutil.copy(path, keep)
    finally:
        system.stop()
    return (totals[MANY] - totals[FEW]) / (MANY - FEW)


def per_request(makers, bench, keep=None):
    """{name: instructions per request} of each maker in `makers`; two run at a time, as counts do not
    depend on what else the cores do. Profiles go to the folder `keep` when one is given."""
    def one(name, maker):
        return instructions(maker, bench, keep / f"callgrind-{name.replace(' ', '-')}.out" if keep else None)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = {name: pool.submit(one, name, maker) for name, maker in makers.items()}
        return {name: future.result() for name, future in waiting.items()}
