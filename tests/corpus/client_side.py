"""The client end of a corpus run: sends the recorded request and judges the answer byte by byte."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.simulator import fragments, replay
from tests.simulator.http import ChunkReader, Header, parse_head

from .exchanges import HOP_BY_HOP, Exchange

TIMEOUT = 180.0  # seconds one exchange may take: byte by byte is slow where others use the processors too
# What the client must receive: one of these bodies, with these end-to-end fields.
Expected = Callable[[Exchange, int], tuple[list[bytes], list[Header]]]
_FRAMING = HOP_BY_HOP | {"content-length"}
_ADDED = {"x-llm-request-id", "x-llm-budget-remaining-usd", "x-llm-edits"}


@dataclass(frozen=True)
class Way:
    """Where requests go."""

    port: int
    tls_port: int
    ca_file: str
    through_proxy: bool


@dataclass
class Outcome:
    """What the client end saw of one exchange."""

    index: int
    status_equal: bool = False
    body_equal: bool = False
    problem: str = ""  # no answer, or why it is not the recorded one
    header_problem: str = ""
    request_id: str = ""


def sent_headers(exchange: Exchange, round_number: int) -> list[Header]:
    """The end-to-end fields the client sends, in order."""
    tags = f"exchange={urllib.parse.quote(exchange.id, safe='')}"
    headers = [*exchange.request_headers, (replay.SELECTOR, f"{round_number}:{exchange.index}")]
    headers.insert(exchange.seed % len(headers), ("X-LLM-Tags", tags))
    return headers


def request_bytes(exchange: Exchange, round_number: int, way: Way, tls: bool) -> bytes:
    prefix = f"/p/{exchange.provider_name}" if way.through_proxy else ""
    host = f"localhost:{way.tls_port if tls else way.port}"
    lines = [f"{exchange.method} {prefix}{exchange.target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in sent_headers(exchange, round_number)]
    body = exchange.request_body
    if body and exchange.seed % 8 == 0:
        lines.append("Transfer-Encoding: chunked")
        body = fragments.chunked(list(fragments.cut_randomly(body, random.Random(exchange.seed))))
    elif body or exchange.method not in ("GET", "HEAD", "DELETE"):
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


class _Line:
    """One keep-alive connection."""

    def __init__(self, way: Way, tls: bool, context: ssl.SSLContext | None) -> None:
        self._way, self._tls, self._context = way, tls, context
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def exchange(self, data: Iterable[bytes], method: str) -> tuple[int, list[Header], bytes]:
        if self._writer is None:
            port = self._way.tls_port if self._tls else self._way.port
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=self._context if self._tls else None,
                server_hostname="localhost" if self._tls else None, limit=1 << 20,
            )
            sock = self._writer.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, piece in enumerate(data, 1):
            if self._writer.is_closing():
                break  # answered and closed early: what was said is still read below
            self._writer.write(piece)
            if number % 16 == 0:
                await self._writer.drain()
                await asyncio.sleep(0)
        if not self._writer.is_closing():
            await self._writer.drain()
        return await self._answer(method)

    async def _answer(self, method: str) -> tuple[int, list[Header], bytes]:
        assert self._reader is not None
        while True:
            head = await self._reader.readuntil(b"\r\n\r\n")
            start, headers = parse_head(head[:-4])
            status = int(start.split(" ")[1])
            if status >= 200:
                break
        fields = {name.lower(): value for name, value in headers}
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "chunked" in fields.get("transfer-encoding", ""):
            body = await self._chunked()
        elif "content-length" in fields:
            body = await self._reader.readexactly(int(fields["content-length"]))
        else:
            body = await self._reader.read(-1)
            self.close()
        if "close" in fields.get("connection", "").lower():
            self.close()
        return status, headers, body

    async def _chunked(self) -> bytes:
        assert self._reader is not None
        chunks, buffer = ChunkReader(), bytearray()
        while not chunks.done:
            data = await self._reader.read(1 << 16)
            if not data:
                raise asyncio.IncompleteReadError(bytes(chunks.body), None)
            buffer += data
            chunks.feed(buffer)
        if buffer:
            raise ValueError(f"{len(buffer)} bytes after the answer's end")
        return bytes(chunks.body)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _send_one(line: _Line, exchange: Exchange, round_number: int, way: Way, tls: bool,
                    bodies: list[bytes], expected_headers: list[Header]) -> Outcome:
    outcome = Outcome(exchange.index)
    data = request_bytes(exchange, round_number, way, tls)
    mode = exchange.mode(round_number)
    pieces: Iterable[bytes] = [data]
    if mode == "random":
        pieces = fragments.cut_randomly(data, random.Random(exchange.seed), 4000)
    elif mode == "bytes" and exchange.index % 4 == 0:
        pieces = fragments.cut_edges(data)
    try:
        answer = await asyncio.wait_for(line.exchange(pieces, exchange.method), TIMEOUT)
    except (OSError, EOFError, ValueError, asyncio.TimeoutError, asyncio.LimitOverrunError) as error:
        line.close()
        outcome.problem = f"no complete answer: {type(error).__name__} {error}"[:200]
        return outcome
    status, headers, body = answer
    outcome.request_id = next((v for n, v in headers if n.lower() == "x-llm-request-id"), "")
    outcome.status_equal = status == exchange.status
    outcome.body_equal = body in bodies
    if not outcome.status_equal:
        outcome.problem = f"status {status} for {exchange.status}: {body[:160]!r}"
    elif not outcome.body_equal:
        outcome.problem = _first_difference(body, bodies[0])
    received = [h for h in headers if h[0].lower() not in _FRAMING | _ADDED]
    if outcome.status_equal and received != expected_headers:
        strange = [h for h in received if h not in expected_headers]
        strange += [h for h in expected_headers if h not in received]
        outcome.header_problem = f"response headers differ: {strange[:3] or 'order'}"
    return outcome


def _first_difference(received: bytes, expected: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(received, expected)) if a != b), None)
    if at is None:
        at = min(len(received), len(expected))
    shown = f"{received[at : at + 40]!r} for {expected[at : at + 40]!r}"
    return f"response body differs at byte {at} ({len(received)} for {len(expected)}): {shown}"


async def send_all(exchanges: list[Exchange], round_number: int, way: Way, connections: int,
                   expected: Expected) -> list[Outcome]:
    """Sends every exchange once over `connections` parallel connections; one in eight uses TLS."""
    context = ssl.create_default_context(cafile=way.ca_file)
    outcomes: list[Outcome] = []
    queues: dict[bool, list[Exchange]] = {True: [], False: []}
    for exchange in reversed(exchanges):
        queues[(exchange.index // 4 + round_number) % 8 == 0].append(exchange)

    async def work(tls: bool) -> None:
        line = _Line(way, tls, context)
        while queues[tls]:
            exchange = queues[tls].pop()
            bodies, headers = expected(exchange, round_number)
            outcomes.append(await _send_one(line, exchange, round_number, way, tls, bodies, headers))
        line.close()

    secured = max(1, connections // 8)
    lines = [work(True) for _ in range(secured)] + [work(False) for _ in range(connections - secured)]
    await asyncio.gather(*lines)
    return outcomes

