"""The real proxy process, started with a configuration and stopped again. Used by the black-box tests."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from tests.simulator import certificates

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TOKENWEIR_BINARY", ROOT / "build" / "tokenweir"))
# Sanitizers make a start slower.
START_SECONDS = 30

# Each worker of a parallel run has ports of its own, below those the kernel gives to clients: the proxy shares
# its port among its own listeners, so two proxies on one port would share each other's traffic.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = 2_000
port_numbers = itertools.count(random.randrange(PORTS))


def free_ports(count: int) -> list[int]:
    ports: list[int] = []
    while len(ports) < count:
        port = 12_000 + WORKER * PORTS + next(port_numbers) % PORTS
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
    return ports


def free_port() -> int:
    return free_ports(1)[0]


def providers(origin: str, ca: Path | None = None) -> list[dict[str, Any]]:
    """The usual providers, all at one simulator."""
    rows = [
        ("openai", "openai", "openai"),
        ("anthropic", "anthropic", "anthropic"),
        ("gemini", "gemini", "google"),
        ("cohere", "cohere", "cohere"),
        ("ollama", "ollama", None),
    ]
    result = []
    for name, dialect, prices in rows:
        row: dict[str, Any] = {
            "name": name, "origin": origin, "dialect": dialect, "match": {"path_prefix": f"/p/{name}"}
        }
        if prices:
            row["prices"] = prices
        if name == "openai":
            row["edits"] = {"hide_null_usage": True}  # as it is for api.openai.com
        if ca:
            row["ca"] = str(ca)
        result.append(row)
    return result


class Proxy:
    """A running tokenweir with a plain and a TLS listener. `changes` are laid over the configuration."""

    def __init__(self, directory: Path, provider_rows: list[dict[str, Any]],
                 changes: dict[str, Any] | None = None, environment: dict[str, str] | None = None) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.issued = certificates.issue(directory / "tls", "proxy")
        self.ca = directory / "tls" / "ca.pem"
        self.port, self.tls_port, self.admin_port = free_ports(3)
        self.ledger = directory / "ledger.db"
        self.config_file = directory / "tokenweir.yaml"
        self.log_file = directory / "log.txt"
        self.environment = environment or {}
        self.settings: dict[str, Any] = {
            "schema": 1,
            "listen": [
                {"address": f"127.0.0.1:{self.port}"},
                {"address": f"127.0.0.1:{self.tls_port}",
                 "tls": {"certificate": str(self.issued.certificate), "key": str(self.issued.key)}},
            ],
            "admin": {"address": f"127.0.0.1:{self.admin_port}"},
            "providers": provider_rows,
            "prices": {"files": [str(ROOT / "config" / "prices")]},
            "ledger": {"path": str(self.ledger)},
            "drain": {"delay": "0s", "timeout": "20s"},
            **(changes or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"https://localhost:{self.tls_port}"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def write_config(self) -> None:
        self.config_file.write_text(yaml.safe_dump(self.settings, sort_keys=False))

    def start(self) -> "Proxy":
        self.write_config()
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "serve", "-c", str(self.config_file)],
                stdout=log, stderr=log, cwd=self.directory, env={**os.environ, **self.environment},
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"tokenweir ended with {self.process.returncode}:\n{self.log()}")
            try:
                with urllib.request.urlopen(f"{self.admin_url}/readyz", timeout=1):
                    return self
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise RuntimeError(f"tokenweir is not ready:\n{self.log()}")

    def stop(self, sig: int = signal.SIGTERM, seconds: float = 40) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(sig)
        code = self.process.wait(seconds)
        self.process = None
        return code

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def __enter__(self) -> "Proxy":
        return self.start()

    def __exit__(self, kind: Any, *_: object) -> None:
        if self.process is None:
            return
        code = self.stop()
        if kind is None and code != 0:
            raise RuntimeError(f"tokenweir ended with {code}:\n{self.log()[-20000:]}")

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.admin_url}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def records(self, count: int = 0, where: str = "1", seconds: float = 10) -> list[dict[str, Any]]:
        """Rows of the `records` view, oldest first; waits until there are at least `count`."""
        end = time.monotonic() + seconds
        while True:
            rows = self.query(f"select * from records where {where} order by started_at, id")
            if len(rows) >= count or time.monotonic() > end:
                return rows
            time.sleep(0.02)

    def query(self, sql: str) -> list[dict[str, Any]]:
        connection = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True, timeout=10)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]
        finally:
            connection.close()

    def resident_kib(self) -> int:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))

    def connect(self, tls: bool = False) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.tls_port if tls else self.port), timeout=30)
        if tls:
            context = ssl.create_default_context(cafile=str(self.ca))
            return context.wrap_socket(sock, server_hostname="localhost")
        return sock

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, timeout=60)


def chat(**fields: Any) -> bytes:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}], **fields}
    return json.dumps(body).encode()
