"""What applications would notice: bytes, framing, timing, errors and keep-alive of the relay."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.proxy import Proxy, chat
from tests.blackbox.raw import RawProvider, answer, post, read_message, read_to_end
from tests.simulator import certificates

USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
ANSWER = json.dumps({"model": "gpt-4o-mini", "choices": [{"finish_reason": "stop"}], "usage": USAGE}).encode()
PATH = "/p/raw/v1/chat/completions"


def row(origin: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": "raw", "origin": origin, "dialect": "openai", "prices": "openai",
             "match": {"path_prefix": "/p/raw"}, **more}]


def always(body: bytes = ANSWER, **options: Any) -> RawProvider:
    """A provider that answers every request on a connection alike."""
    def serve(sock: socket.socket, _: int) -> None:
        while provider.take(sock):
            sock.sendall(answer(body, **options))

    provider = RawProvider(serve)
    return provider


Start = Callable[..., Proxy]


def test_end_to_end_fields_keep_order_case_and_bytes(start: Start) -> None:
    with always(extra="X-Odd-Case: a  b\r\nset-cookie: one\r\nSet-Cookie: two\r\n") as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(post(PATH, chat(), "X-First: 1\r\nauthorization: Bearer sk-test\r\nx-FIRST: 2\r\n"
                              "X-LLM-Workflow: triage\r\nConnection: keep-alive, X-Drop\r\nX-Drop: gone\r\n"
                              "Accept-Encoding: gzip, br\r\n"))
            got = read_message(sock)
        sent = provider.received[0].split(b"\r\n\r\n")[0].decode()
        lines = sent.split("\r\n")
        assert lines[0] == "POST /v1/chat/completions HTTP/1.1"
        fields = [line for line in lines[1:] if not line.lower().startswith(("host:", "content-length:"))]
        assert fields == ["Content-Type: application/json", "X-First: 1", "authorization: Bearer sk-test",
                          "x-FIRST: 2", "Accept-Encoding: identity"]
        assert b"X-Odd-Case: a  b\r\nset-cookie: one\r\nSet-Cookie: two\r\n" in got
        assert b"X-LLM-Edits: accept-encoding" in got
        assert got.endswith(ANSWER)


def test_pipelined_requests_are_answered_in_order(start: Start) -> None:
    def serve(sock: socket.socket, _: int) -> None:
        while message := provider.take(sock):
            number = json.loads(message.partition(b"\r\n\r\n")[2])["user"]
            sock.sendall(answer(json.dumps({"number": number}).encode()))

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect(tls=True) as sock:
            sock.sendall(b"".join(post(PATH, chat(user=str(i))) for i in range(10)))
            data = b""
            while data.count(b'"number"') < 10:
                data += sock.recv(65536)
        numbers = [json.loads(part.split(b"}")[0] + b"}")["number"] for part in data.split(b"\r\n\r\n")[1:]]
        assert numbers == [str(i) for i in range(10)]
        assert len(proxy.records(10)) == 10


@pytest.mark.parametrize("tls", [False, True])
def test_events_arrive_as_they_are_sent(start: Start, tls: bool) -> None:
    go = threading.Event()

    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            event = b'data: {"choices":[{"delta":{"content":"%d"}}]}\n\n' % number
            sock.sendall(b"%x\r\n%s\r\n" % (len(event), event))
            assert go.wait(20)
            go.clear()
        sock.sendall(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect(tls) as sock:
            sock.sendall(post(PATH, chat(stream=True)))
            data = b""
            # The next event is sent only after the previous one was seen: holding one back would hang.
            for number in range(3):
                while b'"content":"%d"' % number not in data:
                    piece = sock.recv(65536)
                    assert piece
                    data += piece
                go.set()
            while b"0\r\n\r\n" not in data:
                data += sock.recv(65536)
        record = proxy.records(1)[0]
        assert record["end_state"] == "complete" and record["streaming"] == 1


def test_a_client_that_leaves_a_stream_ends_the_providers_work(start: Start) -> None:
    closed = threading.Event()

    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n")
        if not sock.recv(10):
            closed.set()

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(post(PATH, chat(stream=True)))
            assert sock.recv(1000)
        assert closed.wait(20)
        assert proxy.records(1)[0]["end_state"] == "client_abort"


def test_a_client_that_leaves_a_plain_answer_is_still_metered(start: Start) -> None:
    proceed = threading.Event()

    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        assert proceed.wait(20)
        sock.sendall(answer(ANSWER))

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(post(PATH, chat()))
            while not provider.received:
                time.sleep(0.01)
        proceed.set()
        record = proxy.records(1)[0]
        assert record["input_tokens"] == 9 and record["output_tokens"] == 2
        assert record["usage_source"] == "reported" and record["cost_picodollars"] > 0


@pytest.mark.parametrize("cut", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
])
def test_a_cut_answer_is_seen_as_cut(start: Start, cut: bytes) -> None:
    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        sock.sendall(cut)

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(post(PATH, chat()))
            data, in_order = read_to_end(sock)
        assert not data.endswith(b"0\r\n\r\n")
        assert b"Content-Length: 100" in data or not in_order or b"chunked" in data
        assert proxy.records(1)[0]["end_state"] == "provider_error"


def test_early_answer_while_the_client_still_uploads(start: Start) -> None:
    def serve(sock: socket.socket, _: int) -> None:
        sock.recv(65536)
        sock.sendall(answer(b'{"error":{"message":"too large"}}', "413 Too Large", "Connection: close\r\n"))
        sock.recv(1)

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            # /v1/files is not cappable: its body is passed on as it comes.
            sock.sendall(b"POST /p/raw/v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 100000)
            got = read_message(sock)
        assert got.startswith(b"HTTP/1.1 413 ") and b"too large" in got


def test_what_is_no_answer_does_not_end_an_upload(start: Start, tmp_path: Path) -> None:
    # A TLS 1.3 provider sends session tickets after the handshake, and any may send interim answers.
    half = threading.Event()

    def serve(sock: socket.socket, _: int) -> None:
        data = sock.recv(65536)
        while not data.endswith(b"first-"):
            data += sock.recv(65536)
        sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        half.set()
        while not data.endswith(b"second"):
            data += sock.recv(65536)
        sock.sendall(answer(b"{}"))

    issued = certificates.issue(tmp_path / "provider", "provider")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    with RawProvider(serve, context) as provider:
        proxy = start(rows=row(provider.origin, ca=str(tmp_path / "provider" / "ca.pem")))
        with proxy.connect() as sock:
            sock.sendall(b"POST /p/raw/v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\nfirst-")
            assert half.wait(20)
            assert read_message(sock).startswith(b"HTTP/1.1 103 Early Hints\r\n")
            sock.sendall(b"second")
            assert read_message(sock).startswith(b"HTTP/1.1 200 OK\r\n")


def test_expect_continue_is_answered_here_and_not_forwarded(start: Start) -> None:
    with always() as provider:
        proxy = start(rows=row(provider.origin))
        body = chat()
        with proxy.connect() as sock:
            sock.sendall(post(PATH, body, "Expect: 100-continue\r\n").removesuffix(body))
            assert sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            sock.sendall(body)
            assert read_message(sock).startswith(b"HTTP/1.1 200 ")
        assert b"xpect" not in provider.received[0]


def test_head_and_http_1_0(start: Start) -> None:
    def serve(sock: socket.socket, _: int) -> None:
        message = provider.take(sock)
        if message.startswith(b"HEAD"):
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
        else:
            sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n")

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(b"HEAD /p/raw/v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            data, _ = read_to_end(sock)
        assert b"Content-Length: 1234\r\n" in data and data.endswith(b"\r\n\r\n")
        with proxy.connect() as sock:
            sock.sendall(b"GET /p/raw/v1/models HTTP/1.0\r\nHost: x\r\n\r\n")
            data, in_order = read_to_end(sock)
        assert in_order and b"chunked" not in data.lower() and data.endswith(b"\r\n\r\nhello")


def test_stale_pooled_connections_are_not_used(start: Start) -> None:
    closed = threading.Semaphore(0)

    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        sock.sendall(answer(ANSWER))  # and close, though keep-alive was promised
        sock.close()
        closed.release()

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            for _ in range(20):
                sock.sendall(post(PATH, chat()))
                assert read_message(sock).startswith(b"HTTP/1.1 200 ")
                assert closed.acquire(timeout=20)
        assert provider.connections == 20


def test_unreachable_provider_is_told_in_the_dialect(start: Start) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy = start(rows=row(f"http://127.0.0.1:{unused.getsockname()[1]}"))
        with proxy.connect() as sock:
            sock.sendall(post(PATH, chat()))
            head, _, body = read_message(sock).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 502 ") and b"X-LLM-Request-Id: " in head
        error = json.loads(body)["error"]
        assert error["code"] == "upstream_unreachable" and error["message"]
        record = proxy.records(1)[0]
        assert record["end_state"] == "provider_error" and record["cost_picodollars"] == 0


def test_silent_provider_times_out_in_the_dialect(start: Start) -> None:
    hold = threading.Event()

    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        hold.wait(30)

    with RawProvider(serve) as provider:
        proxy = start({"timeouts": {"provider_idle": "1s"}}, rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(post(PATH, chat()))
            head, _, body = read_message(sock).partition(b"\r\n\r\n")
        hold.set()
        assert head.startswith(b"HTTP/1.1 504 ") and json.loads(body)["error"]["code"] == "upstream_timeout"
        # The provider may have worked: the cost is not known, and not zero.
        assert proxy.records(1)[0]["cost_picodollars"] is None


def test_oversized_body_is_refused_in_the_dialect(start: Start) -> None:
    with always() as provider:
        proxy = start({"limits": {"request_body": "1MiB"}}, rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n".encode())
            head, _, body = read_message(sock).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413 ") and "error" in json.loads(body)
        assert provider.connections == 0


@pytest.mark.native
def test_large_bodies_pass_within_bounded_memory(start: Start) -> None:
    body = chat(messages=[{"role": "user", "content": "a" * 50_000_000}])

    def serve(sock: socket.socket, _: int) -> None:
        while message := read_message(sock):
            sizes.append(len(message.partition(b"\r\n\r\n")[2]))
            sock.sendall(answer(b'{"model":"m","blob":"' + b"b" * 50_000_000 + b'","usage":' + json.dumps(USAGE).encode() + b"}"))

    sizes: list[int] = []
    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        before = proxy.resident_kib()
        for _ in range(2):
            with proxy.connect(tls=True) as sock:
                sock.sendall(post(PATH, body))
                assert len(read_message(sock)) > 50_000_000
        assert sizes == [len(body)] * 2
        assert proxy.resident_kib() - before < 32 * 1024
        assert proxy.records(2)[1]["input_tokens"] == 9


def test_malformed_requests_are_answered_and_closed(start: Start) -> None:
    with always() as provider:
        proxy = start(rows=row(provider.origin))
        for raw in (b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                    b"POST /p/raw/v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"):
            with proxy.connect() as sock:
                sock.sendall(raw)
                data, _ = read_to_end(sock)
            assert data.startswith(b"HTTP/1.1 400 ") and b'"error"' in data, raw
        assert provider.connections == 0


def test_unknown_route_is_refused_in_json(start: Start) -> None:
    with always() as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect() as sock:
            sock.sendall(b"GET /somewhere/else HTTP/1.1\r\nHost: other\r\n\r\n")
            head, _, body = read_message(sock).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 404 ") and "error" in json.loads(body)


def test_upgrades_are_tunnelled_and_recorded_as_unmetered(start: Start) -> None:
    def serve(sock: socket.socket, _: int) -> None:
        provider.take(sock)
        sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi")
        while data := sock.recv(1000):
            sock.sendall(data[::-1])

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        with proxy.connect(tls=True) as sock:
            sock.sendall(b"GET /p/raw/v1/realtime?model=x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                         b"Upgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n")
            data = b""
            while not data.endswith(b"hi"):
                data += sock.recv(1000)
            assert data.startswith(b"HTTP/1.1 101 ")
            sock.sendall(b"stressed")
            data = b""
            while len(data) < 8:
                data += sock.recv(1000)
            assert data == b"desserts"
        assert b"Sec-WebSocket-Key: abc" in provider.received[0]
        record = proxy.records(1)[0]
        assert record["http_status"] == 101 and record["usage_source"] == "none"


def test_two_clients_keys_never_mix(start: Start) -> None:
    def serve(sock: socket.socket, _: int) -> None:
        while message := read_message(sock):
            head, _, body = message.partition(b"\r\n\r\n")
            sock.sendall(answer(json.dumps({
                "key": head.split(b"Bearer ")[1].split(b"\r\n")[0].decode(),
                "user": json.loads(body)["user"]}).encode()))

    with RawProvider(serve) as provider:
        proxy = start(rows=row(provider.origin))
        wrong: list[object] = []

        def client(name: str) -> None:
            with proxy.connect(tls=True) as sock:
                for number in range(500):
                    sock.sendall(post(PATH, chat(user=f"{name}{number}"), f"Authorization: Bearer key-{name}\r\n"))
                    got = json.loads(read_message(sock).partition(b"\r\n\r\n")[2])
                    if got != {"key": f"key-{name}", "user": f"{name}{number}"}:
                        wrong.append(got)

        threads = [threading.Thread(target=client, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert wrong == []
        assert len(proxy.records(1000)) == 1000
