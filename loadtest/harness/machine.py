"""The machine a benchmark runs on: folders, ports, cores, certificates, processes."""

import os
import platform
import resource
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TOKENWEIR_BUILD", ROOT / "build"))
PEERS = ROOT / "loadtest" / "peers"


class Missing(Exception):
    """Something a benchmark cannot do without is not on this machine; the text has no spaces."""


def tool(name):
    # Debian keeps servers in sbin, which is not in everybody's PATH.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        raise Missing(f"{name}_is_not_installed")
    return found


def built(name, folder="."):
    path = BUILD / folder / name
    if not path.exists():
        raise Missing(f"{name}_is_not_built")
    return str(path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cores():
    """The cores the harness may use; at least two entries, the same one twice on a single-core machine."""
    usable = sorted(os.sched_getaffinity(0))
    return usable if len(usable) > 1 else usable * 2


def pinned(command, core):
    return command if core is None else ["taskset", "-c", str(core), *command]


def open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(hard, 1_000_000)


def certificate(folder):
    """A self-signed ECDSA P-256 certificate for localhost, made anew for each run."""
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key_file, "-out", certificate_file, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True)
    (folder / "both.pem").write_text(certificate_file.read_text() + key_file.read_text())
    return certificate_file, key_file


def family(process):
    """A process and all its descendants that live now."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [process]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += parents.get(current, [])
    return found


def resident_kib(processes):
    total = 0
    for process in processes:
        try:
            for line in Path(f"/proc/{process}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total


def open_descriptors(processes):
    total = 0
    for process in processes:
        try:
            total += len(os.listdir(f"/proc/{process}/fd"))
        except OSError:
            pass
    return total


def work_folder():
    return Path(tempfile.mkdtemp(prefix="tokenweir-bench-"))


def describe():
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    load = os.getloadavg()[0]
    return (f"{model}, {len(os.sched_getaffinity(0))} cores usable, Linux {platform.release()}, "
            f"load average {load:.1f} at the start")
