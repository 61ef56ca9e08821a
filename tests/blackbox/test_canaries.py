"""Secrets and texts that pass through are found nowhere afterwards: log, metrics, ledger, errors, files."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.proxy import Proxy
from tests.blackbox.raw import RawProvider, answer, post, read_message, read_to_end

MARK = "cAnArY"  # every secret below begins with it; nothing of ours does
PROMPT, ANSWER, TOOL = f"{MARK}-prompt-91bd", f"{MARK}-answer-c44e", f"{MARK}-tool-77aa"
USER, COOKIE, QUERY = f"{MARK}-user-0b1c", f"{MARK}-cookie-5d20", f"{MARK}-query-a1b2"
CLIENT_KEY, OWN_KEY, PROVIDER_KEY = f"sk-{MARK}-client", f"sk-{MARK}-proxy", f"sk-{MARK}-provider"
KEY_FIELDS = ["Authorization: Bearer {}", "x-api-key: {}", "api-key: {}", "x-goog-api-key: {}"]


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


CHAT_USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": json.dumps({"x": TOOL})}}
# Provider, path, request, content type and body of the answer.
DIALECTS: dict[str, tuple[str, str, dict[str, Any], str, bytes]] = {
    "chat": ("openai", "/v1/chat/completions",
             {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": PROMPT}], "user": USER,
              "prompt_cache_key": USER, "safety_identifier": USER, "metadata": {"user_id": USER},
              "tools": [{"type": "function", "function": {"name": TOOL}}]}, "application/json",
             json.dumps({"id": "c1", "model": "gpt-4o-mini", "usage": CHAT_USAGE, "choices": [
                 {"message": {"content": ANSWER, "tool_calls": [TOOL_CALL]}, "finish_reason": "stop"}]}).encode()),
    "chat stream": ("openai", "/v1/chat/completions",
                    {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": PROMPT}]},
                    "text/event-stream",
                    sse({"id": "c2", "choices": [{"index": 0, "delta": {"content": ANSWER}}]},
                        {"id": "c2", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                        {"id": "c2", "choices": [], "usage": CHAT_USAGE}) + b"data: [DONE]\n\n"),
    "chat broken": ("openai", "/v1/chat/completions",
                    {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": PROMPT}]},
                    "text/event-stream", f"data: {{\"{ANSWER}\": {ANSWER}\n\nevent: {ANSWER}\ndata: [{ANSWER}".encode()),
    "responses": ("openai", "/v1/responses", {"model": "gpt-5.4", "input": PROMPT, "instructions": PROMPT},
                  "application/json",
                  json.dumps({"id": "resp_1", "status": "completed", "model": "gpt-5.4",
                              "output": [{"type": "message", "content": [{"text": ANSWER}]}],
                              "usage": {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}}).encode()),
    "messages": ("anthropic", "/v1/messages",
                 {"model": "claude-sonnet-4-5", "max_tokens": 9, "system": PROMPT, "metadata": {"user_id": USER},
                  "messages": [{"role": "user", "content": PROMPT}]}, "application/json",
                 json.dumps({"id": "msg_1", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
                             "content": [{"type": "text", "text": ANSWER},
                                         {"type": "tool_use", "name": TOOL, "input": {"usage": TOOL}}],
                             "usage": {"input_tokens": 5, "output_tokens": 7}}).encode()),
    "gemini": ("gemini", "/v1beta/models/gemini-2.5-flash:generateContent",
               {"contents": [{"parts": [{"text": PROMPT}]}]}, "application/json",
               json.dumps({"candidates": [{"content": {"parts": [{"text": ANSWER}]}, "finishReason": "STOP"}],
                           "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7,
                                             "totalTokenCount": 12}}).encode()),
    "unknown path": ("openai", "/v1/something/else", {"text": PROMPT}, "text/plain", ANSWER.encode()),
    "error": ("openai", "/v1/chat/completions", {"model": "gpt-4o-mini", "messages": [{"content": PROMPT}]},
              "application/json",
              json.dumps({"error": {"message": f"bad {PROVIDER_KEY}: {PROMPT}", "type": f"said {ANSWER}",
                                    "code": f"{ANSWER} and {PROMPT}", "param": PROMPT}}).encode()),
    "error event": ("anthropic", "/v1/messages",
                    {"model": "claude-sonnet-4-5", "stream": True, "max_tokens": 9, "messages": []},
                    "text/event-stream",
                    b"event: error\n" + sse({"type": "error", "error": {"type": f"not a word {ANSWER}",
                                                                       "message": PROMPT}})),
}


class Provider(RawProvider):
    """Answers with what `told` holds at the moment, and a cookie."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.told: tuple[str, bytes] = ("", b"")
        self.status = "200 OK"

    def _answer(self, sock: socket.socket, _: int) -> None:
        while self.take(sock):
            kind, body = self.told
            sock.sendall(answer(body, self.status, f"Set-Cookie: s={COOKIE}\r\n", kind))


def rows(provider: RawProvider) -> list[dict[str, Any]]:
    return [{"name": name, "origin": provider.origin, "dialect": name, "prices": prices,
             "match": {"path_prefix": f"/p/{name}"}}
            for name, prices in (("openai", "openai"), ("anthropic", "anthropic"), ("gemini", "google"))]


def ask(proxy: Proxy, path: str, body: dict[str, Any], fields: str) -> bytes:
    with proxy.connect() as sock:
        sock.sendall(post(path, json.dumps(body).encode(), f"{fields}\r\nCookie: s={COOKIE}\r\n"))
        return read_message(sock)


def traces(proxy: Proxy, folders: list[Path]) -> dict[str, bytes]:
    """Everything that may be read about the traffic, stopped at the end."""
    found = {path: proxy.get(path).encode() for path in ("/metrics", "/api/v1/records", "/readyz")}
    for record in proxy.records():
        found[f"record {record['id']}"] = proxy.get(f"/api/v1/records/{record['id']}").encode()
    for arguments in (("report", "--by", "workflow,user,model,run"), ("config", "show")):
        done = proxy.cli(*arguments, "-c", str(proxy.config_file))
        found[arguments[0]] = (done.stdout + done.stderr).encode()
    assert proxy.stop() == 0
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and file != proxy.config_file and proxy.directory / "tls" not in file.parents:
                found[str(file.relative_to(folder))] = file.read_bytes()
    assert {"log.txt", "ledger.db"} <= found.keys()
    return found


def assert_clean(found: dict[str, bytes]) -> None:
    for name, content in found.items():
        at = content.lower().find(MARK.lower().encode())
        assert at < 0, f"{name}: {content[max(0, at - 60):at + 60]!r}"


@pytest.mark.parametrize("level", ["info", "debug"])
def test_what_clients_and_providers_say_leaves_no_trace(start: Callable[..., Proxy], level: str) -> None:
    with Provider() as provider:
        proxy = start({"log": {"level": level}}, rows=rows(provider))
        sent = 0
        for name, (where, path, body, kind, told) in DIALECTS.items():
            for number, field in enumerate(KEY_FIELDS):
                provider.told = (kind, told)
                provider.status = "400 Bad Request" if name == "error" else "200 OK"
                query = f"?key={QUERY}" if number == 3 else ""
                got = ask(proxy, f"/p/{where}{path}{query}", body, field.format(CLIENT_KEY))
                assert ANSWER.encode() in got or name in ("error", "error event"), name
                sent += 1
        assert len(proxy.records(sent)) == sent
        users = {row["user"] for row in proxy.records()} - {None}
        assert users and hashlib.sha256(USER.encode()).hexdigest() not in users  # keyed, not plain
        assert any(CLIENT_KEY.encode() in message for message in provider.received)  # they did pass through
        assert any(PROMPT.encode() in message for message in provider.received)
        assert_clean(traces(proxy, [proxy.directory]))


def test_keys_that_are_exchanged_leave_no_trace_and_never_meet(start: Callable[..., Proxy]) -> None:
    with Provider() as provider:
        secret = {"PROVIDER_KEY": PROVIDER_KEY}
        names = ("openai", "anthropic", "gemini")
        proxy = start({"log": {"level": "debug"}, "credentials": [
            {"name": "app", "key_sha256": hashlib.sha256(OWN_KEY.encode()).hexdigest(),
             "provider_keys": {name: "${env:PROVIDER_KEY}" for name in names}}]},
            rows=rows(provider), environment=secret)
        errors = {}
        for name in ("chat", "messages", "gemini"):
            where, path, body, kind, told = DIALECTS[name]
            provider.told = (kind, told)
            for field in [*KEY_FIELDS, "X-LLM-Key: {}"]:
                assert ask(proxy, f"/p/{where}{path}", body, field.format(OWN_KEY)).startswith(b"HTTP/1.1 200")
                wrong = ask(proxy, f"/p/{where}{path}", body, field.format(CLIENT_KEY))
                assert wrong.startswith(b"HTTP/1.1 401")
                errors[f"{name} {field}"] = wrong
            assert ask(proxy, f"/p/{where}{path}?key={OWN_KEY}", body, "X-A: 1").startswith(b"HTTP/1.1 200")
        for message in provider.received:
            assert OWN_KEY.encode() not in message and CLIENT_KEY.encode() not in message
            assert message.count(PROVIDER_KEY.encode()) == 1
        assert_clean(errors | traces(proxy, [proxy.directory]))


def test_our_own_errors_quote_nothing(start: Callable[..., Proxy], tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    spill.mkdir()
    closed = socket.create_server(("127.0.0.1", 0))
    nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    closed.close()
    unreachable = [row | {"origin": nobody} for row in rows(Provider())]
    proxy = start({"log": {"level": "debug"}, "limits": {"request_body": "3MiB"}, "spill_directory": str(spill)},
                  rows=unreachable)
    errors: dict[str, bytes] = {}
    fields = f"Authorization: Bearer {CLIENT_KEY}\r\nX-LLM-Tags: a={MARK}%00"
    for name, (where, path, body, _, _) in DIALECTS.items():
        errors[f"502 {name}"] = ask(proxy, f"/p/{where}{path}?key={QUERY}", body, f"x-api-key: {CLIENT_KEY}")
        errors[f"404 {name}"] = ask(proxy, f"/p/nobody{path}?key={QUERY}", body, f"x-api-key: {CLIENT_KEY}")
        errors[f"tags {name}"] = ask(proxy, f"/p/{where}{path}", body, fields)
    where, path = "openai", "/v1/chat/completions"
    large = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": PROMPT * 80_000}]}
    errors["spilled"] = ask(proxy, f"/p/{where}{path}", large, f"x-api-key: {CLIENT_KEY}")
    large["messages"][0]["content"] *= 4  # type: ignore[index]
    with proxy.connect() as sock:
        try:
            sock.sendall(post(f"/p/{where}{path}", json.dumps(large).encode()))
        except OSError:
            pass  # refused before it was all sent
        errors["413"] = read_to_end(sock)[0]
    for name, text in {
        "bad field": f"POST /p/openai{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {CLIENT_KEY}\r\n{MARK} x: 1\r\n\r\n",
        "bad line": f"{MARK} {PROMPT} {MARK}\r\n\r\n",
        "bad version": f"GET /{MARK} HTTP/9.9\r\nHost: x\r\n\r\n",
        "bad path": f"GET /p/openai/../{MARK}?key={QUERY} HTTP/1.1\r\nHost: x\r\n\r\n",
        "bad host": f"GET / HTTP/1.1\r\nHost: {MARK}@/{MARK}\r\n\r\n",
        "bad length": f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {MARK}\r\n\r\n",
        "bad chunk": f"POST /p/openai{path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{MARK}\r\n",
    }.items():
        with proxy.connect() as sock:
            sock.sendall(text.encode())
            errors[name] = read_message(sock)
    assert all(error.startswith(b"HTTP/1.1 ") for error in errors.values()), errors
    expected = {b"400", b"404", b"413", b"502", b"505"}
    assert {error.split(b" ")[1] for error in errors.values()} <= expected
    found = traces(proxy, [proxy.directory, spill])
    # A path is recorded as it was asked for, without its query: there alone the mark may stand.
    for name in list(found):
        if name.startswith(("ledger.db", "record", "/api/v1/records", "log.txt")):
            found[name] = found[name].replace(f"/p/openai/../{MARK}".encode(), b"")
    assert_clean(errors | found)
