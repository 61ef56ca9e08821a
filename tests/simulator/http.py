"""A small HTTP/1.1 server that shows requests exactly as they arrived and writes what it is told.

It is deliberately not a general server: header names keep their case and order, bodies keep their
bytes, and an answer may be cut, delayed or broken at any byte.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

Header = tuple[str, str]
_LARGEST_HEAD = 1 << 20


class Malformed(ValueError):
    """The bytes are not a request this server understands."""


@dataclass
class Request:
    """A request as it arrived."""

    method: str
    target: str
    headers: list[Header]
    body: bytes
    tls: bool
    framing: str  # "none", "length" or "chunked"
    connection: int  # number of the connection, to see reuse
    fields: dict[str, str] = field(default_factory=dict)  # lower-case names, last value wins

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


def parse_head(head: bytes) -> tuple[str, list[Header]]:
    """Start line and header list of a message head without its blank line."""
    lines = head.decode("latin-1").split("\r\n")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed(f"header line {line!r}")
        headers.append((name, value.strip(" \t")))
    return lines[0], headers


class ChunkReader:
    """Undoes the chunked transfer coding; `body` grows, `done` tells the end."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.done = False
        self._state = "size"  # size, data, data end, trailers
        self._left = 0

    def feed(self, buffer: bytearray) -> None:
        """Takes what it can from the front of `buffer`."""
        while not self.done:
            if self._state in ("size", "trailers"):
                end = buffer.find(b"\r\n")
                if end < 0:
                    return
                line = bytes(buffer[:end])
                del buffer[: end + 2]
                if self._state == "trailers":
                    self.done = not line
                    continue
                try:
                    self._left = int(line.split(b";")[0], 16)
                except ValueError as error:
                    raise Malformed("chunk size") from error
                self._state = "data" if self._left else "trailers"
            elif self._state == "data":
                taken = bytes(buffer[: self._left])
                if not taken:
                    return
                self.body += taken
                self._left -= len(taken)
                del buffer[: len(taken)]
                if not self._left:
                    self._state = "data end"
            else:
                if len(buffer) < 2:
                    return
                if buffer[:2] != b"\r\n":
                    raise Malformed("chunk end")
                del buffer[:2]
                self._state = "size"


class Reply:
    """The answer to one request. Every method but `start` may be used at most as HTTP allows."""

    def __init__(self, connection: "Connection", request: Request) -> None:
        self._connection = connection
        self._request = request
        self.framing = "length"
        self.started = False
        self.finished = False

    async def start(
        self, status: int, headers: list[Header], framing: str = "chunked", length: int = 0
    ) -> None:
        """Sends the head. `framing`: chunked, length (then `length` is declared), close, none."""
        self.framing = framing
        await self.raw(head_bytes(status, headers, framing, length))

    async def send(self, data: bytes) -> None:
        """Sends body bytes as one write."""
        if not data:
            return
        if self.framing == "chunked":
            data = b"%x\r\n%b\r\n" % (len(data), data)
        await self.raw(data)

    async def finish(self) -> None:
        if self.framing == "chunked":
            await self.raw(b"0\r\n\r\n")
        self.finished = True
        if self.framing == "close":
            self._connection.close()

    async def raw(self, data: bytes) -> None:
        """Writes bytes as they are: the caller does the framing."""
        self.started = True
        await self._connection.write(data)

    def close(self) -> None:
        """Ends the connection in an orderly way (FIN), wherever the message stands."""
        self.finished = True
        self._connection.close()

    def reset(self) -> None:
        """Breaks the connection (RST)."""
        self.finished = True
        self._connection.reset()


REASONS = {
    200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized",
    402: "Payment Required", 403: "Forbidden", 404: "Not Found", 422: "Unprocessable Entity",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 529: "Overloaded",
}


def head_bytes(status: int, headers: list[Header], framing: str, length: int = 0) -> bytes:
    """The head of an answer, framing fields included."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
    elif framing == "length":
        lines.append(f"Content-Length: {length}")
    elif framing == "close":
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


Handler = Callable[[Request, Reply], Awaitable[None]]


class Connection(asyncio.Protocol):
    """One client connection: requests one after the other, each handled by a task."""

    _numbers = 0

    def __init__(self, handler: Handler, connections: set["Connection"]) -> None:
        self._handler = handler
        self._connections = connections
        self._buffer = bytearray()
        self._head: tuple[str, list[Header]] | None = None
        self._chunks: ChunkReader | None = None
        self._length = 0
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._writable: asyncio.Future[None] | None = None
        self._paused = False
        self._lost = False
        Connection._numbers += 1
        self.number = Connection._numbers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = transport.get_extra_info("ssl_object") is not None

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self._connections.discard(self)
        if self._writable and not self._writable.done():
            self._writable.set_result(None)
        if self._task and not self._task.done():
            self._task.cancel()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._writable and not self._writable.done():
            self._writable.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._task is None:
            self._advance()

    def _advance(self) -> None:
        try:
            request = self._parse()
        except Malformed as problem:
            body = str(problem).encode("latin-1", "replace")
            assert self._transport is not None
            self._transport.write(head_bytes(400, [], "length", len(body)) + body)
            self.close()
            return
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._handle(request))

    def _parse(self) -> Request | None:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _LARGEST_HEAD:
                    raise Malformed("head too large")
                return None
            start, headers = parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            self._head = (start, headers)
            fields = {name.lower(): value for name, value in headers}
            coding = fields.get("transfer-encoding", "")
            self._chunks = ChunkReader() if coding.lower() == "chunked" else None
            if coding and self._chunks is None:
                raise Malformed(f"transfer coding {coding!r}")
            self._length = int(fields.get("content-length", "0"))
        start, headers = self._head
        if self._chunks is not None:
            self._chunks.feed(self._buffer)
            if not self._chunks.done:
                return None
            body, framing = bytes(self._chunks.body), "chunked"
        else:
            if len(self._buffer) < self._length:
                return None
            body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
            framing = "length" if any(n.lower() == "content-length" for n, _ in headers) else "none"
        self._head = None
        parts = start.split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise Malformed(f"request line {start!r}")
        return Request(
            parts[0], parts[1], headers, body, self.tls, framing, self.number,
            {name.lower(): value for name, value in headers},
        )

    async def _handle(self, request: Request) -> None:
        reply = Reply(self, request)
        try:
            await self._handler(request, reply)
        except ConnectionResetError:
            self.close()
            return
        if not reply.finished or request.fields.get("connection", "").lower() == "close":
            self.close()
        self._task = None
        if not self._lost and self._transport and not self._transport.is_closing():
            self._advance()

    async def write(self, data: bytes) -> None:
        if self._lost or self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the client has left")
        self._transport.write(data)
        if self._paused:
            self._writable = asyncio.get_running_loop().create_future()
            await self._writable
            self._writable = None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
