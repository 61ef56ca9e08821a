"""The mock provider and the load generator, and what holds one benchmark run together."""

import http.client
import json
import shutil
import ssl
import subprocess
import time

from . import machine, systems


class Mock:
    def __init__(self, bench, core=None):
        self.port = machine.free_port()
        self.program = machine.built("mock_provider", "loadtest/generator")
        self.command = [self.program, "127.0.0.1", str(self.port), str(bench.certificate), str(bench.key)]
        self.process = subprocess.Popen(machine.pinned(self.command, core))
        systems.wait_for_tls(self.port, self.process, bench.folder / "none", 10)

    def statistics(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        connection.request("GET", "/mock/stats")
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Bench:
    """One run: a folder, certificates, a mock provider, started systems; all of it gone at the end."""

    def __init__(self, mock_core=None):
        self.files = machine.open_files()
        self.folder = machine.work_folder()
        self.certificate, self.key = machine.certificate(self.folder)
        self.generator = machine.built("load_generator", "loadtest/generator")
        self.mock = Mock(self, mock_core)
        self.started = []
        self.errors = {}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for system in self.started:
            system.stop()
        self.mock.stop()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, system, core=None):
        self.started.append(system.start(core))
        return system

    def arguments(self, mode, system, **options):
        command = [self.generator, mode, "--port", str(system.port), "--mock", str(self.mock.process.pid)]
        if system.processes():
            command += ["--watch", ",".join(map(str, system.processes()))]
        if system.path:
            command += ["--path", system.path]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        return command

    def load(self, mode, system, core=None, **options):
        """One run of the load generator; its JSON, with what went wrong added to `errors`."""
        command = machine.pinned(self.arguments(mode, system, **options), core)
        limit = 60 + 3 * float(options.get("seconds", 1)) + options.get("requests", 0) / 500
        finished = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        if finished.returncode != 0:
            raise RuntimeError(f"load on {system.name}: {finished.stderr.strip()}")
        result = json.loads(finished.stdout)
        self.errors.setdefault(system.name, 0)
        if result["errors"]:
            self.errors[system.name] += result["errors"]
            print(f"  {system.name}: {result['problems']}", flush=True)
        result["cpu_us"] = result["system_cpu_ns"] / 1e3 / max(result["completed"], 1)
        result["per_second"] = result["completed"] / max(result["seconds"], 1e-9)
        result["system_use"] = result["system_cpu_ns"] / 1e9 / max(result["seconds"], 1e-9)
        result["load_use"] = ((result["load_cpu_ns"] + result["mock_cpu_ns"]) / 1e9
                              / max(result["seconds"], 1e-9))
        return result

    def check_count(self, before, sent, key="requests"):
        """Says whether the provider saw exactly what the clients sent: no retry, no loss."""
        seen = self.mock.statistics()[key] - before[key]
        verdict = "equal" if seen == sent else "DIFFERENT"
        print(f"{key} the clients completed: {sent}, the provider served: {seen} ({verdict})")
        return seen == sent


def rounds(count, systems_under_test, measure):
    """Interleaves: every round measures each system once, starting with another one each time.
    Returns {name: [result per round]}."""
    results = {system.name: [] for system in systems_under_test}
    began = time.monotonic()
    for number in range(count):
        shift = number % len(systems_under_test)
        for system in systems_under_test[shift:] + systems_under_test[:shift]:
            results[system.name].append(measure(system))
    print(f"  {count} rounds of {len(systems_under_test)} systems in {time.monotonic() - began:.0f} s",
          flush=True)
    return results
