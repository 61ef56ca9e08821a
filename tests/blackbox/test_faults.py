"""What must hold when things go wrong: silence, slowness, full disks, signals, leaks of secrets."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.proxy import BINARY, Proxy, chat
from tests.blackbox.raw import RawProvider, answer, post, read_message, read_to_end
from tests.blackbox.test_relay import ANSWER, PATH, always, row

Start = Callable[..., Proxy]


def exchange(proxy: Proxy, tls: bool = False) -> bytes:
    with proxy.connect(tls) as sock:
        sock.sendall(post(PATH, chat()))
        return read_message(sock)


def silent_provider(seconds: float, done: threading.Event) -> RawProvider:
    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: thinking\n\n")
        done.wait(seconds)
        sock.sendall(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n')

    provider = RawProvider(serve)
    return provider


@pytest.mark.slow
def test_ten_silent_minutes_pass(start: Start) -> None:
    with silent_provider(600, threading.Event()) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect(tls=True) as sock:
            sock.settimeout(700)
            sock.sendall(post(PATH, chat(stream=True)))
            began = time.monotonic()
            data = b""
            while b"0\r\n\r\n" not in data:
                piece = sock.recv(65536)
                assert piece, "the stream was cut while the provider was silent"
                data += piece
        assert b"[DONE]" in data and time.monotonic() - began >= 599
        assert proxy.records(1)[0]["end_state"] == "complete"


def test_a_slow_head_is_cut_and_others_are_served(start: Start) -> None:
    with always() as provider:
        proxy = start({"timeouts": {"request_head": "1s"}}, rows=row(provider.origin))
        with proxy.connect() as slow:
            slow.sendall(b"POST / HT")
            assert exchange(proxy).startswith(b"HTTP/1.1 200 ")
            data, _ = read_to_end(slow)
        assert data.startswith(b"HTTP/1.1 408 ")


def test_a_slow_body_is_cut(start: Start) -> None:
    with always() as provider:
        proxy = start({"timeouts": {"request_idle": "1s"}}, rows=row(provider.origin))
        with proxy.connect() as slow:
            slow.sendall(post(PATH, b"{" * 100)[:-50])
            data, _ = read_to_end(slow)
        assert data.startswith(b"HTTP/1.1 408 ")
        assert provider.connections == 0


@pytest.mark.native
def test_a_client_that_does_not_read_is_cut_and_holds_no_memory(start: Start) -> None:
    """The provider has 200 MB to give; the proxy must not take them for a client that does not read."""
    taken = [0]

    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while taken[0] < 200_000_000:
            sock.sendall(b"data: " + b"x" * 9993 + b"\n")
            taken[0] += 10_000

    with RawProvider(serve) as provider:
        proxy = start({"timeouts": {"client_write": "2s"}}, rows=row(provider.origin))
        before = proxy.resident_kib()
        with proxy.connect() as sock:
            sock.sendall(post(PATH, chat(stream=True)))
            record = proxy.records(1, seconds=30)[0]
        assert record["end_state"] == "client_abort"
        assert taken[0] < 50_000_000
        assert proxy.resident_kib() - before < 8 * 1024


def test_sigterm_lets_streams_finish(start: Start) -> None:
    done = threading.Event()
    with silent_provider(60, done) as provider:
        proxy = start(rows=row(provider.origin))
        socks = []
        for _ in range(20):
            sock = proxy.connect(tls=True)
            sock.sendall(post(PATH, chat(stream=True)))
            socks.append(sock)
        idle = proxy.connect()
        for sock in socks:
            while b"thinking" not in sock.recv(65536):
                pass
        assert proxy.process is not None
        process = proxy.process
        process.send_signal(signal.SIGTERM)
        assert idle.recv(10) == b""  # idle connections are closed
        with pytest.raises(OSError):
            while True:  # the listener closes
                proxy.connect().close()
                time.sleep(0.05)
        assert process.poll() is None
        done.set()
        for sock in socks:
            data = b""
            while b"0\r\n\r\n" not in data:
                piece = sock.recv(65536)
                assert piece
                data += piece
        assert process.wait(20) == 0
        rows = proxy.query("select end_state, count(*) as n from records group by 1")
        assert rows == [{"end_state": "complete", "n": 20}]


def test_a_second_sigterm_cuts_and_still_records(start: Start) -> None:
    with silent_provider(60, threading.Event()) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(post(PATH, chat(stream=True)))
            while b"thinking" not in sock.recv(65536):
                pass
            assert proxy.process is not None
            proxy.process.send_signal(signal.SIGTERM)
            with pytest.raises(OSError):
                while True:
                    proxy.connect().close()
                    time.sleep(0.05)
            assert proxy.stop() == 0
        assert len(proxy.records(1)) == 1


def test_the_drain_limit_ends_an_exchange_that_waits_for_its_provider(start: Start) -> None:
    asked = threading.Event()

    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        asked.set()
        sock.recv(1)  # silent until the proxy leaves

    with RawProvider(serve) as provider:
        proxy = start({"drain": {"delay": "0s", "timeout": "1s"}}, rows=row(provider.origin))
        with proxy.connect() as plain, proxy.connect(tls=True) as upload:
            plain.sendall(post(PATH, chat()))
            upload.sendall(b"POST /p/raw/v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
            assert asked.wait(20)
            assert proxy.stop(seconds=20) == 0
        assert {r["end_state"] for r in proxy.records(2)} == {"proxy_abort"}


def test_a_second_owner_of_the_ledger_exits_75(start: Start, tmp_path: Path) -> None:
    with always() as provider:
        proxy = start(rows=row(provider.origin))
        other = tmp_path / "other.yaml"
        other.write_text(proxy.config_file.read_text()
                         .replace(f":{proxy.port}", ":0").replace(f":{proxy.tls_port}", ":0")
                         .replace(f":{proxy.admin_port}", ":0"))
        done = subprocess.run([BINARY, "serve", "-c", other], capture_output=True, text=True, timeout=30)
        assert done.returncode == 75 and "ledger" in done.stderr


def test_invalid_configuration_names_every_mistake_and_binds_nothing(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("schema: 1\nlisten:\n  - {addres: 127.0.0.1:1}\nproviders:\n"
                    "  - {name: a, origin: nonsense, dialect: openai}\nprovidrs: []\n")
    done = subprocess.run([BINARY, "serve", "-c", file], capture_output=True, text=True, timeout=30)
    assert done.returncode == 78
    lines = done.stderr.splitlines()
    assert any(line.startswith(f"{file}:3:") and "addres" in line for line in lines), done.stderr
    assert any(line.startswith(f"{file}:5:") for line in lines), done.stderr
    assert any(line.startswith(f"{file}:6:1: error:") and "providrs" in line for line in lines), done.stderr


def test_reload_swaps_all_or_nothing(start: Start) -> None:
    with always() as provider:
        proxy = start(rows=row(provider.origin))
        proxy_config = proxy.config_file.read_text()
        proxy.config_file.write_text(proxy_config.replace("/p/raw", "/p/new"))
        assert proxy.process is not None
        proxy.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with proxy.connect() as sock:
                sock.sendall(post("/p/new/v1/chat/completions", chat()))
                if read_message(sock).startswith(b"HTTP/1.1 200 "):
                    break
            time.sleep(0.05)
        else:
            pytest.fail("the new route was not taken over\n" + proxy.log())
        proxy.config_file.write_text("schema: 1\nnonsense: true\n")
        proxy.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while "nonsense" not in proxy.log() and time.monotonic() < end:
            time.sleep(0.05)
        with proxy.connect() as sock:
            sock.sendall(post("/p/new/v1/chat/completions", chat()))
            assert read_message(sock).startswith(b"HTTP/1.1 200 ")


CANARIES = ["canary-key-7f3a", "canary-prompt-91bd", "canary-answer-c44e", "canary-cookie-5d20", "canary-query-a1b2"]


def test_secrets_and_prompts_appear_nowhere(start: Start) -> None:
    key, prompt, told, cookie, query = CANARIES

    def serve(sock: socket.socket, number: int) -> None:
        while message := provider.take(sock):
            if number % 3 == 0:
                sock.sendall(answer(json.dumps({"error": {"message": f"bad key {key}"}}).encode(), "401 Unauthorized"))
            else:
                sock.sendall(answer(json.dumps({"model": "gpt-4o", "choices": [{"message": {"content": told}}],
                                                "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()))

    with RawProvider(serve) as provider:
        proxy = start({"log": {"level": "debug"}}, rows=row(provider.origin))
        for number in range(6):
            with proxy.connect() as sock:
                sock.sendall(post(f"{PATH}?key={query}", chat(
                    messages=[{"role": "user", "content": prompt}], user=prompt,
                    tools=[{"type": "function", "function": {"name": prompt}}]),
                    f"Authorization: Bearer {key}\r\nx-api-key: {key}\r\nCookie: s={cookie}\r\n"))
                assert told.encode() in read_message(sock) or number
        proxy.records(6)
        with proxy.connect() as sock:  # broken requests, whose bytes must not come back either
            sock.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nBad Header: 1\r\n\r\n".encode())
            broken, _ = read_to_end(sock)
        outputs = {"metrics": proxy.get("/metrics"), "records": proxy.get("/api/v1/records"),
                   "report": proxy.cli("report", "--ledger", str(proxy.ledger), "--by", "workflow,user").stdout,
                   "error": broken.decode(errors="replace")}
        assert proxy.stop() == 0
        outputs["log"] = proxy.log()
        for file in proxy.directory.glob("ledger.db*"):
            outputs[file.name] = file.read_bytes().decode("latin-1")
        for name, text in outputs.items():
            for canary in CANARIES:
                assert canary not in text, f"{canary} in {name}"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_is_told_and_recovered_from(start: Start, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this sandbox cannot mount a tmpfs")
    try:
        with always() as provider:
            limits = {"connections": 64, "ledger_queue": 256}  # the journal of holds takes room for each
            proxy = start({"ledger": {"path": str(small / "ledger.db")}, "limits": limits}, rows=row(provider.origin))
            proxy.ledger = small / "ledger.db"
            answered = 0
            filler = small / "filler"
            filler.write_bytes(b"x" * (shutil.disk_usage(small).free - 40_000))
            end = time.monotonic() + 60
            ready = True
            while ready and time.monotonic() < end:
                for _ in range(50):
                    answered += exchange(proxy).startswith(b"HTTP/1.1 200 ")
                try:
                    proxy.get("/readyz")
                except OSError:
                    ready = False
            assert not ready, "the full disk was not noticed"
            assert "ledger" in proxy.log()
            filler.unlink()
            end = time.monotonic() + 30
            while not ready and time.monotonic() < end:
                time.sleep(0.1)
                try:
                    proxy.get("/readyz")
                    ready = True
                except OSError:
                    pass
            assert ready, proxy.log()
            assert exchange(proxy).startswith(b"HTTP/1.1 200 ")
            assert len(proxy.records(answered + 1)) == answered + 1
            assert proxy.stop() == 0
    finally:
        subprocess.run(["umount", "-l", small], check=False)


@pytest.mark.native
def test_descriptor_exhaustion_does_not_spin(start: Start) -> None:
    with always() as provider:
        proxy = start(rows=row(provider.origin))
        assert proxy.process is not None
        pid = proxy.process.pid
        open_now = len(os.listdir(f"/proc/{pid}/fd"))
        subprocess.run(["prlimit", f"--nofile={open_now + 10}:{open_now + 10}", "--pid", str(pid)], check=True)
        held: list[Any] = []
        for _ in range(40):
            try:
                held.append(socket.create_connection(("127.0.0.1", proxy.port), timeout=5))
            except OSError:
                break
        before = sum(map(int, Path(f"/proc/{pid}/stat").read_text().split()[13:15]))
        time.sleep(2)
        used = sum(map(int, Path(f"/proc/{pid}/stat").read_text().split()[13:15])) - before
        assert used < 40, f"{used} ticks of CPU in two seconds"
        for sock in held:
            sock.close()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                if exchange(proxy).startswith(b"HTTP/1.1 200 "):
                    return
            except OSError:
                pass
            time.sleep(0.1)
        pytest.fail("the listener did not come back")


def test_answer_is_relayed_unchanged_while_the_access_log_is_blocked(start: Start, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # never reads
    try:
        with always() as provider:
            proxy = start({"log": {"access": str(pipe)}}, rows=row(provider.origin))
            for _ in range(300):
                assert exchange(proxy).endswith(ANSWER)
            assert len(proxy.records(300)) == 300
    finally:
        os.close(reader)
