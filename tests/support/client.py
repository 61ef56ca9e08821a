"""A keep-alive HTTP client of few lines, so that hundreds of clients fit on the core the proxy leaves over."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    status: int
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = True  # false: hung up on purpose, or cut by the other side

    def json(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Client:
    """One connection at a time; it is opened when needed and again after it was closed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    def close(self, reset: bool = False) -> None:
        if self._writer is not None:
            if reset:
                sock = self._writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort() if reset else self._writer.close()
        self._reader = self._writer = None

    async def ask(self, path: str, body: bytes, headers: dict[str, str] | None = None, *,
                  leave_after: int | None = None, reset: bool = False) -> Answer:
        """Status 0: no answer at all. `leave_after`: hang up when so many body bytes were read."""
        try:
            if self._writer is None:
                self._reader, self._writer = await asyncio.open_connection(
                    "127.0.0.1", self._port, limit=1 << 22)
            lines = [f"POST {path} HTTP/1.1", "Host: proxy", "Content-Type: application/json",
                     f"Content-Length: {len(body)}"]
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            return await self._answer(leave_after, reset)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self.close()
            return Answer(0, whole=False)

    async def _answer(self, leave_after: int | None, reset: bool) -> Answer:
        assert self._reader is not None
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            if name:
                fields[name.lower()] = value.strip()
        answer = Answer(int(head[0].split(" ")[1]), fields)
        try:
            await self._body(answer, leave_after)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            answer.whole = False
        if not answer.whole or fields.get("connection", "").lower() == "close":
            self.close(reset)
        return answer

    async def _body(self, answer: Answer, leave_after: int | None) -> None:
        assert self._reader is not None
        if answer.fields.get("transfer-encoding", "").lower() != "chunked":
            length = int(answer.fields.get("content-length", "0"))
            if leave_after is not None and leave_after < length:
                answer.body, answer.whole = await self._reader.readexactly(leave_after), False
                return
            answer.body = await self._reader.readexactly(length)
            return
        body = bytearray()
        while True:
            size = int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16)
            if size == 0:
                await self._reader.readuntil(b"\r\n")
                break
            if leave_after is not None and len(body) + size >= leave_after:
                body += await self._reader.readexactly(leave_after - len(body))
                answer.body, answer.whole = bytes(body), False
                return
            body += await self._reader.readexactly(size)
            answer.body = bytes(body)
            await self._reader.readexactly(2)
        answer.body = bytes(body)
