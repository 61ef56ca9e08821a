"""User-space instructions per request, free of the machine's noise.

Two processes of each system answer a different number of requests; the difference of their instruction counts is
what requests cost alone, because start-up, handshakes and shutdown cancel."""

import concurrent.futures
import re

from . import machine

FEW, MANY = 500, 2500
CONNECTIONS = 16


def instructions(make_system, bench, requests, keep=None):
    output = bench.folder / f"callgrind-{requests}-{machine.free_port()}"
    wrapper = [machine.tool("valgrind"), "--tool=callgrind", f"--callgrind-out-file={output}",
               "--dump-instr=no", "-q"]
    system = make_system()
    system.start(wrapper=wrapper, alone=True)
    try:
        bench.load("closed", system, connections=CONNECTIONS, requests=requests)
    finally:
        system.stop()
    text = output.read_text()
    if keep is not None:
        keep.write_text(text)
    found = re.findall(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)
    if not found:
        raise RuntimeError(f"callgrind of {system.name} left no total")
    return int(found[-1])


def per_request(makers, bench):
    """{name: instructions per request} of each maker in `makers`; two run at a time, as counts do not
    depend on what else the cores do."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = {(name, requests): pool.submit(instructions, maker, bench, requests)
                   for name, maker in makers.items() for requests in (FEW, MANY)}
        counts = {key: future.result() for key, future in waiting.items()}
    return {name: (counts[name, MANY] - counts[name, FEW]) / (MANY - FEW) for name in makers}
