"""What the security tests share: keys made by the command, requests written byte by byte, a provider that keeps
what arrives. docs/security.md says which check each test stands for."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

import requests
import yaml

from tests.blackbox.proxy import BINARY, Proxy
from tests.blackbox.raw import RawProvider, answer, post, read_message

CHAT = "/p/openai/v1/chat/completions"
APART = 0.002  # so that no two rows begin in the same millisecond, and their order is that of the requests
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
PATHS = {
    "openai": CHAT, "anthropic": "/p/anthropic/v1/messages",
    "gemini": "/p/gemini/v1beta/models/gemini-2.5-flash:generateContent", "cohere": "/p/cohere/v2/chat",
    "ollama": "/p/ollama/api/chat",
}


def new_key(*arguments: str) -> tuple[str, dict[str, Any]]:
    """A key and its row for `credentials:`, made by the command."""
    made = subprocess.run([str(BINARY), "keys", "new", *arguments], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    key = re.search(r"shown this once: (\S+)", made.stdout)
    row = re.search(r"credentials row: +(\{.*\})", made.stdout)
    assert key and row, made.stdout
    return key.group(1), yaml.load(row.group(1), yaml.BaseLoader)


def ask(proxy: Proxy, key: str = "sk-client", path: str = CHAT, body: Any = None, **headers: str) -> requests.Response:
    """One request of an ordinary client; an underscore in a header's name stands for a hyphen."""
    body = {"model": "gpt-4o-mini", "max_tokens": 20, "messages": [{"role": "user", "content": "hello"}]} if body is None else body
    fields = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"} if key else {"Content-Type": "application/json"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    time.sleep(APART)
    return requests.post(f"{proxy.url}{path}", data=data, headers=fields, proxies={"http": ""}, timeout=60,
                         allow_redirects=False)


def raw(proxy: Proxy, message: bytes) -> bytes:
    """The answer to a message written byte by byte."""
    time.sleep(APART)
    with proxy.connect() as sock:
        sock.sendall(message)
        return read_message(sock)


def raw_chat(proxy: Proxy, fields: str, path: str = CHAT, body: Any = None) -> bytes:
    text = {"model": "gpt-4o-mini", "max_tokens": 20, "messages": []} if body is None else body
    return raw(proxy, post(path, text if isinstance(text, bytes) else json.dumps(text).encode(), fields, close=True))


def status(message: bytes) -> int:
    return int(message.split(b" ")[1]) if message.startswith(b"HTTP/1.1 ") else 0


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


class Provider(RawProvider):
    """Answers every request alike, in the words of OpenAI's chat API, and keeps what arrived."""

    def __init__(self, body: bytes | None = None, status: str = "200 OK", extra: str = "",
                 content_type: str = "application/json") -> None:
        super().__init__(self._answer)
        self.told = body if body is not None else json.dumps(
            {"id": "c1", "object": "chat.completion", "model": "gpt-4o-mini", "usage": USAGE,
             "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}).encode()
        self.status, self.extra, self.content_type = status, extra, content_type

    def _answer(self, sock: socket.socket, _: int) -> None:
        while self.take(sock):
            sock.sendall(answer(self.told, self.status, self.extra, self.content_type))

    def last(self) -> tuple[str, dict[str, str], bytes]:
        """Request line, fields by lower-case name, body of what arrived last."""
        head, _, body = self.received[-1].partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            known = fields.get(name.lower())
            fields[name.lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
        return lines[0], fields, body
