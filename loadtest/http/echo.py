"""The provider behind the proxy under test: strict, and with a memory.

Ordinary targets are answered with what arrived. A target that was scripted is answered with given bytes. Every
connection's messages are noted, whole or half, with every violation."""

import asyncio
import base64
import contextlib
import json
from dataclasses import dataclass, field

import wire


@dataclass
class Seen:
    """One message, or the beginning of one, as it arrived."""

    connection: int
    message: wire.Message = field(default_factory=wire.Message)
    violations: list = field(default_factory=list)
    complete: bool = False
    raw: bytes = b""

    @property
    def target(self):
        return self.message.first[1].decode("latin-1") if len(self.message.first) > 1 else ""

    def __str__(self):
        state = "whole" if self.complete else "half"
        return f"{state} {self.raw[:200]!r}{' ' + ', '.join(self.violations) if self.violations else ''}"


@dataclass
class Script:
    pieces: list
    end: str = "keep"  # keep | close | reset
    delay: float = 0.02
    early: bool = False  # answer when the head has come; what follows is taken in and never understood


class AnsweredEarly(Exception):
    """Ends the reading of a request whose script answers its head."""


class Echo:
    def __init__(self):
        self.seen = []
        self.scripts = {}
        self.port = 0
        self.server = None
        self.connections = 0
        self.tasks = set()

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def serve(self, reader, writer):
        self.connections += 1
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            await self.serve_connection(wire.Stream(reader), writer, self.connections)
        except (ConnectionError, OSError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            with contextlib.suppress(Exception):
                writer.close()

    async def serve_connection(self, stream, writer, connection):
        while True:
            if not stream.buffer and not await stream.fill():
                return
            stream.seen.clear()
            seen = Seen(connection)
            self.seen.append(seen)

            async def continue_body(message):
                script = self.script_of(seen)
                if script and script.early:
                    raise AnsweredEarly
                if b"100-continue" in message.value(b"expect").lower():
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

            try:
                await wire.read_request(stream, seen.message, continue_body)
                seen.complete = True
            except wire.Violation as violation:
                seen.violations.append(str(violation))
            except (wire.Cut, wire.Closed):
                pass
            except AnsweredEarly:
                if await self.answer(seen, writer):
                    while await stream.fill():
                        stream.buffer.clear()
                return
            seen.raw = bytes(stream.seen)
            if seen.violations:
                writer.write(b"HTTP/1.1 400 Bad Request\r\nX-Echo: violation\r\nContent-Length: 0\r\n"
                             b"Connection: close\r\n\r\n")
                await writer.drain()
                return
            if not seen.complete:
                return
            if not await self.answer(seen, writer):
                return

    def script_of(self, seen):
        path, _, query = seen.target.partition("?")
        return self.scripts.get(query) or self.scripts.get(path.rpartition("/")[2])

    async def answer(self, seen, writer):
        """True when the connection goes on."""
        script = self.script_of(seen)
        if script is None:
            body = json.dumps({
                "target": seen.target, "method": seen.message.first[0].decode("latin-1"),
                "fields": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in seen.message.fields],
                "body": base64.b64encode(bytes(seen.message.body)).decode()}).encode()
            head = (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Echo: {len(self.seen)}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n").encode()
            writer.write(head + (b"" if seen.message.first[0] == b"HEAD" else body))
            await writer.drain()
            return b"close" not in seen.message.options()
        for piece in script.pieces:
            writer.write(piece)
            await writer.drain()
            if len(script.pieces) > 1:
                await asyncio.sleep(script.delay)
        if script.end == "reset":
            # Bytes still on their way would be lost with a reset that comes too soon.
            await asyncio.sleep(0.1)
            import socket
            import struct
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                       struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        return script.end == "keep"
