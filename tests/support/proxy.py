"""Runs the real proxy as a process, with a configuration made for the occasion."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path


def binary() -> Path:
    """The program under test: TOKENWEIR_BINARY or the release build."""
    return Path(os.environ.get("TOKENWEIR_BINARY", "build/tokenweir"))


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


class Proxy:
    """One tokenweir process. A `config` given as values is written as JSON, which is YAML too."""

    def __init__(
        self,
        directory: Path,
        config: dict[str, object] | Path,
        admin_port: int,
        environment: dict[str, str] | None = None,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory, self.admin_port = directory, admin_port
        self.output_file = directory / "tokenweir.out"
        self.log_file = directory / "tokenweir.log"
        self._environment = os.environ | (environment or {})
        if isinstance(config, Path):
            self.config_file = config
        else:
            self.config_file = directory / "tokenweir.yaml"
            self.config_file.write_text(json.dumps(config, indent=1))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, wait: float = 20.0) -> None:
        """Starts and waits until /readyz says yes. Raises RuntimeError with the log otherwise."""
        with open(self.output_file, "ab") as output, open(self.log_file, "ab") as log:
            self._process = subprocess.Popen(
                [str(binary()), "serve", "-c", str(self.config_file)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=log, env=self._environment,
            )
        until = time.monotonic() + wait
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"tokenweir ended with {self._process.returncode}:\n{self.last_log()}")
            try:
                with urllib.request.urlopen(f"{self.admin}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"tokenweir was not ready after {wait} s:\n{self.last_log()}")

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.admin + path, timeout=10) as answer:
            return answer.read().decode()

    def run(self, *arguments: str) -> str:
        """Runs another command of the same binary and returns what it prints."""
        done = subprocess.run(
            [str(binary()), *arguments], capture_output=True, text=True, env=self._environment
        )
        if done.returncode != 0:
            raise RuntimeError(f"tokenweir {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def stop(self, wait: float = 60.0) -> int | None:
        """SIGTERM, so that it drains and writes everything; returns the exit code."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(wait)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode

    def last_log(self, lines: int = 40) -> str:
        parts = []
        for file in (self.log_file, self.output_file):
            if file.exists():
                parts += file.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(parts)


def ledger_rows(path: Path) -> list[dict[str, object]]:
    """Every row of the view `records`, its JSON columns parsed."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    rows = []
    for row in connection.execute("SELECT * FROM records"):
        value = dict(row)
        for column in ("tags", "edits", "calls", "inferences", "input_parts"):
            if isinstance(value.get(column), str) and value[column]:
                value[column] = json.loads(value[column])
        rows.append(value)
    connection.close()
    return rows
