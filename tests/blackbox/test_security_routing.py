"""Checks F of docs/security.md: one reading of a path for route, meter and forward, and no address from a request."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.blackbox.proxy import ROOT, Proxy, providers
from tests.blackbox.raw import post, read_message, read_to_end
from tests.blackbox.security import CHAT, PATHS, Provider, ask, raw, raw_chat, status

Start = Callable[..., Proxy]
CAPPED = {"output_caps": [{"match": {}, "max": 50, "default": 50, "on_exceed": "clamp"}]}
BODY = b'{"model":"gpt-4o-mini","max_tokens":5000,"messages":[]}'

REFUSED = ["/v1/../v1/chat/completions", "/v1/%2e%2e/chat/completions", "/v1/.%2E/chat", "/v1/./chat/completions", "/v1/..;/chat/completions",
           "/v1/chat\\completions", "/v1/chat%5ccompletions", "/v1/chat%00/completions", "/v1/chat/completions%00", "/v1/%c0%ae%c0%ae/x",
           "/v1/%c0%af/chat", "/v1/%ff/chat", "/v1/%zz/chat", "/v1/%/chat", "/v1/%0d%0aX: y/chat", "/v1/chat/completions#x", "/%2e%2e/admin",
           "/v1/\x7f/chat"]
# Whoever reads paths loosely takes these for an inference: so do we.
LOOSE = ["//v1//chat///completions", "/v1/chat/completions/", "/v1/chat/completions?x=..%2f", "/v1/%63hat/completions", "/v1/Chat/Completions",
         "/V1/CHAT/COMPLETIONS", "/v1/chat/completions;v=1", "/v1;a=b/chat/completions", "/v1/chat%2Fcompletions", "/v1/chat%2fcompletions%2f",
         "/v1/chat%252fcompletions", "/v1/chat/completions.", "/v1/chat/completions%20", "/v1/chat/completions/;x"]


def test_f1_a_path_that_can_be_read_in_two_ways_is_refused(start: Start) -> None:
    with Provider() as provider:
        proxy = start(CAPPED, rows=providers(provider.origin))
        for path in REFUSED:
            assert status(raw(proxy, post(f"/p/openai{path}", BODY, close=True))) == 400, path
        for target in ("*", "http://", "http://other.example/p/openai/v1/chat/completions", "p/openai/v1/chat/completions", "@host/x"):
            assert status(raw(proxy, post(target, BODY, close=True))) in (400, 404, 421), target
        assert not provider.received


@pytest.mark.parametrize("path", LOOSE)
def test_f1_the_path_that_is_metered_and_capped_is_the_path_that_is_forwarded(start: Start, path: str) -> None:
    with Provider() as provider:
        proxy = start(CAPPED, rows=providers(provider.origin))
        assert status(raw(proxy, post(f"/p/openai{path}", BODY, close=True))) == 200
        line, _, body = provider.last()
        assert line == f"POST {path} HTTP/1.1"  # byte for byte what was asked for
        assert json.loads(body)["max_tokens"] == 50
        row = proxy.records(1)[0]
        assert row["dialect"] == "openai_chat" and row["input_tokens"] == 10 and row["cap_applied"] == 50
        assert row["path"] == f"/p/openai{path}".split("?")[0]


def test_f1_every_dialects_paths_are_read_loosely(start: Start) -> None:
    loose = {"/p/anthropic/v1/Messages": "anthropic_messages", "/p/gemini/v1beta/models/m:GenerateContent": "gemini",
             "/p/gemini/v1beta/models/m%3AgenerateContent": "gemini", "/p/ollama/API/chat": "ollama", "/p/cohere/v2/chat;x": "cohere",
             "/p/gemini/v1beta/Models/m:streamgeneratecontent": "gemini", "/p/openai/v1/Responses": "openai_responses"}
    with Provider() as provider:
        proxy = start(CAPPED, rows=providers(provider.origin))
        for path in loose:
            assert status(raw(proxy, post(path, b'{"model":"m"}', close=True))) == 200, path
            assert b"50" in provider.last()[2], path
        assert [row["dialect"] for row in proxy.records(len(loose))] == list(loose.values())


def test_f1_a_host_with_more_than_a_host_in_it_is_refused(start: Start) -> None:
    with Provider() as provider:
        proxy = start({}, rows=[{"name": "a", "origin": provider.origin, "dialect": "openai", "match": {"host": "a.internal"}},
                                {"name": "b", "origin": provider.origin, "dialect": "openai", "match": {"path_prefix": "/p/b"}}])
        request = post("/v1/chat/completions", b"{}", close=True)
        for host in ("a.internal/x", "a.internal?x", "user@a.internal", "a.internal a", "a.internal\\x", "a.internal,b", "", "[::1", "a.internal:99999x"):
            assert status(raw(proxy, request.replace(b"Host: proxy", f"Host: {host}".encode()))) == 400, host
        for host in ("a.internal", "A.Internal", "a.internal:8080", "a.internal."):
            assert status(raw(proxy, request.replace(b"Host: proxy", f"Host: {host}".encode()))) == 200, host
        assert {row["provider"] for row in proxy.records(4, "http_status = 200")} == {"a"}


def test_f2_a_host_nobody_serves_is_misdirected(start: Start) -> None:
    with Provider() as provider:
        proxy = start({}, rows=[{"name": "a", "origin": provider.origin, "dialect": "openai", "match": {"host": "a.internal"}}])
        request = post("/v1/chat/completions", b"{}", close=True)
        for host in ("b.internal", "a.internal.evil.example", "127.0.0.1", "localhost"):
            assert status(raw(proxy, request.replace(b"Host: proxy", f"Host: {host}".encode()))) == 421, host
        assert not provider.received


def test_f3_every_known_path_passes_the_same_gate(start: Start) -> None:
    """Walks the tables of endpoints in the source: none is served without a key, past a kill, or without a row."""
    patterns = []
    for file, family in (("openai", "openai"), ("anthropic", "anthropic"), ("gemini", "gemini"), ("cohere", "cohere"), ("ollama", "ollama")):
        text = (ROOT / "src" / "provider" / f"{file}.cpp").read_text()
        patterns += [(family, pattern) for pattern in re.findall(r'^    \{"([A-Za-z_/*0-9-]+)", k', text, re.MULTILINE)]
    verbs = re.findall(r'^    \{"(\w+)", Dialect::gemini', (ROOT / "src" / "provider" / "gemini.cpp").read_text(), re.MULTILINE)
    paths = [f"/p/{family}/v1/{pattern.replace('**', 'x').replace('*', 'x')}" for family, pattern in patterns]
    paths += [f"/p/gemini/v1beta/models/m:{verb}" for verb in verbs]
    paths += ["/p/openai/unknown/path", "/v1/chat/completions", "/v1/messages", "/api/chat", "/v1/models"]
    assert len(paths) > 90
    with Provider() as provider:
        proxy = start({"credentials": [{"name": "a", "key_sha256": "0" * 64}]}, rows=providers(provider.origin))
        for number, path in enumerate(paths):
            method = ("POST", "GET", "DELETE", "PUT")[number % 4] if number % 8 else "POST"
            message = f"{method} {path} HTTP/1.1\r\nHost: p\r\nContent-Length: 2\r\nAuthorization: Bearer x\r\n\r\n{{}}"
            assert status(raw(proxy, message.encode())) == 401, (method, path)
        assert not provider.received


def test_f4_no_part_of_the_providers_address_comes_from_a_request(start: Start) -> None:
    with Provider() as provider, Provider() as trap:
        evil = trap.origin
        proxy = start({}, rows=providers(provider.origin))
        host = evil.split("//")[1]
        fields = [f"X-Forwarded-Host: {host}", f"Forwarded: host={host}", f"X-Custom-Host: {evil}", f"X-Portkey-Custom-Host: {evil}",
                  f"X-LLM-Provider: {evil}", f"X-LLM-Origin: {evil}", f"Helicone-OpenAI-Api-Base: {evil}", f"X-Original-URL: {evil}/x",
                  f"X-Rewrite-URL: /p/anthropic/v1/messages", f"X-Host: {host}", f"Host2: {host}", f"Referer: {evil}"]
        bodies: list[dict[str, Any]] = [{name: evil} for name in ("api_base", "base_url", "custom_host", "host", "endpoint", "url", "api_url", "origin")]
        bodies += [{"resourceName": "evil#"}, {"region": "x.evil.example/"}, {"extra_body": {"api_base": evil}}, {"model": f"openai/{evil}"}]
        for field in fields:
            assert status(raw_chat(proxy, field + "\r\n")) == 200, field
        for body in bodies:
            assert ask(proxy, body={"model": "gpt-4o-mini", "messages": [], **body}).status_code == 200
        for path in (f"/p/openai/{evil}/v1/chat/completions", f"/p/openai/@{host}/x", f"/p/openai/deployments/{host}%23/chat/completions",
                     f"{CHAT}?api_base={evil}", "/p/openai//evil.example/v1/chat/completions", "/p/openai:80@evil.example/v1/chat/completions"):
            assert status(raw(proxy, post(path, b'{"model":"m"}', close=True))) in (200, 400, 404), path
        expected = provider.origin.split("//")[1].encode()
        assert all(b"\r\nHost: " + expected + b"\r\n" in message for message in provider.received)
        assert trap.connections == 0


def test_f5_a_providers_redirect_is_the_clients_to_follow(start: Start) -> None:
    with Provider() as trap, Provider(extra=f"Location: {trap.origin}/v1/chat/completions\r\n", status="307 Temporary Redirect") as provider:
        proxy = start({}, rows=providers(provider.origin))
        answer = raw_chat(proxy, "Authorization: Bearer sk-mine\r\n")
        assert status(answer) == 307 and f"Location: {trap.origin}".encode() in answer
        assert trap.connections == 0 and len(provider.received) == 1


def test_f6_addresses_of_metadata_services_are_no_providers(start: Start) -> None:
    # Names are resolved by the system; 0.0.0.0 is one of the addresses that no name may lead to. What
    # is reached by TLS is checked by its certificate, so a name that was turned around gets no key.
    with Provider() as provider:
        port = provider.origin.rsplit(":", 1)[1]
        names = ["0", "0x0", "0.0"]  # inet_aton's ways to write 0.0.0.0, which would reach this machine
        rows = [{"name": f"n{i}", "origin": f"http://{name}:{port}", "dialect": "openai", "match": {"path_prefix": f"/p/n{i}"}}
                for i, name in enumerate(names)]
        try:
            proxy = start({}, rows=rows)
        except RuntimeError as refused:
            assert "origin" in str(refused)  # such a host is no host at all
            return
        for i in range(len(names)):
            assert status(raw(proxy, post(f"/p/n{i}/v1/chat/completions", b"{}", close=True))) == 502
        assert provider.connections == 0


def test_f7_a_proxy_that_would_call_itself_does_not_start(start: Start) -> None:
    for port in ("port", "tls_port", "admin_port"):
        probe = start({})
        at = getattr(probe, port)
        for host in ("127.0.0.1", "localhost"):
            probe.settings["providers"] = [{"name": "self", "origin": f"http://{host}:{at}", "dialect": "openai"}]
            probe.write_config()
            done = probe.cli("check", "-c", str(probe.config_file))
            assert done.returncode == 78 and "one of this proxy's own listeners" in done.stderr + done.stdout, done
    # A circle through another proxy ends: with the client's patience, or with the connections there are.
    first = start({"limits": {"connections": 40}, "timeouts": {"provider_idle": "2s"}})
    with socket.create_server(("127.0.0.1", 0)) as relay:
        def bend() -> None:
            while True:
                try:
                    left, _ = relay.accept()
                except OSError:
                    return
                right = first.connect()
                for a, b in ((left, right), (right, left)):
                    threading.Thread(target=pump, args=(a, b), daemon=True).start()

        threading.Thread(target=bend, daemon=True).start()
        first.settings["providers"] = [{"name": "circle", "origin": f"http://127.0.0.1:{relay.getsockname()[1]}", "dialect": "openai"}]
        first.stop()
        first.start()
        begun = time.monotonic()
        answer = raw(first, post("/v1/chat/completions", b'{"model":"m"}', close=True))
        assert status(answer) in (502, 504) and time.monotonic() - begun < 30
        assert first.get("/livez") == "ok\n"


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def test_our_own_answers_are_dated(start: Start) -> None:
    proxy = start({})
    for message in (b"GET /nowhere HTTP/1.1\r\nHost: p\r\n\r\n", b"nonsense\r\n\r\n"):
        head = raw(proxy, message)
        assert re.search(rb"\r\nDate: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d GMT\r\n", head), head
    with socket.create_connection(("127.0.0.1", proxy.admin_port)) as sock:
        sock.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"\r\nDate: " in sock.recv(4096)
    assert PATHS["openai"] == CHAT


def test_the_body_of_a_refused_request_is_never_the_next_request(start: Start) -> None:
    with Provider() as provider:
        proxy = start({"require_workflow": True, "raw_endpoints": {"policy": "refuse"}, "limits": {"request_body": "2KiB"},
                       "credentials": [{"name": "a", "key_sha256": hashlib.sha256(b"good").hexdigest()}]}, rows=providers(provider.origin))
        inner = post(CHAT, b'{"model":"smuggled"}', "Authorization: Bearer good\r\nX-LLM-Workflow: w\r\n")
        refused = {"wrong key": (CHAT, "Authorization: Bearer bad"), "unknown path": ("/p/nobody/x", "Authorization: Bearer good"),
                   "bad path": ("/p/openai/../x", "Authorization: Bearer good"), "bad label": (CHAT, "Authorization: Bearer good\r\nX-LLM-Workflow: a\r\nX-LLM-Workflow: b"),
                   "no workflow": (CHAT, "Authorization: Bearer good"), "raw": ("/p/openai/unheard/of", "Authorization: Bearer good\r\nX-LLM-Workflow: w"),
                   "too large": (CHAT, "Authorization: Bearer good\r\nX-LLM-Workflow: w")}
        for name, (path, fields) in refused.items():
            body = inner + b" " * 3000 if name == "too large" else inner
            chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            for framing, sent in ((f"Content-Length: {len(body)}", body), ("Transfer-Encoding: chunked", chunked)):
                head = f"POST {path} HTTP/1.1\r\nHost: p\r\n{fields}\r\n{framing}\r\n\r\n".encode()
                for pieces in ([head + sent], [head, sent]):
                    with proxy.connect() as sock:
                        try:
                            for piece in pieces:
                                sock.sendall(piece)
                                time.sleep(0.02)
                        except OSError:
                            pass  # closed before it was all taken
                        got, _ = read_to_end(sock) if name != "no workflow" else (read_message(sock), True)
                    assert got.count(b"HTTP/1.1 ") == 1 and 400 <= status(got) < 500, (name, framing, got)
        assert not provider.received and not proxy.records(0, "http_status = 200")
