"""Two proxies of our own that judge the judge: a strict one must pass everything, a naive one must be caught."""

import asyncio
import contextlib

import wire

HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate", b"te",
              b"trailer", b"upgrade", b"transfer-encoding", b"content-length", b"expect", b"http2-settings"}


class Proxy:
    def __init__(self, provider_port):
        self.provider_port = provider_port
        self.pool = []
        self.tasks = set()

    def alive(self):
        return True

    async def start(self):
        self.pool.clear()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 20)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        self.server.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        with contextlib.suppress(ConnectionError, OSError, asyncio.CancelledError):
            await self.relay(reader, writer)
        self.tasks.discard(task)
        with contextlib.suppress(Exception):
            writer.close()

    async def connect(self):
        return await asyncio.open_connection("127.0.0.1", self.provider_port)


def own_answer(status):
    return b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status


def end_to_end(message):
    named = message.options()
    return [(name, value) for name, value in message.fields
            if name.lower() not in HOP_BY_HOP and name.lower() not in named and name.lower() != b"host"]


def head(first, fields):
    return first + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n"


class Strict(Proxy):
    """Reads whole messages with the strict reader and writes them anew; a provider connection serves one request."""

    async def relay(self, reader, writer):
        stream = wire.Stream(reader)
        while True:
            message = wire.Message()
            stream.seen.clear()
            while stream.buffer[:2] == b"\r\n":
                del stream.buffer[:2]

            async def on_head(read):
                if len(stream.seen) > 64 * 1024:
                    raise wire.Violation("head too large")
                if b"100-continue" in read.value(b"expect").lower() and read.first[2] == b"HTTP/1.1":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

            try:
                if not stream.buffer and not await stream.fill():
                    return
                await wire.read_request(LimitedStream(stream), message, on_head)
            except wire.Violation:
                writer.write(own_answer(400))
                await writer.drain()
                return
            except (wire.Cut, wire.Closed):
                return
            if message.first[0] in (b"CONNECT", b"TRACE") or len(message.values(b"host")) != 1:
                writer.write(own_answer(501))
                return
            if not await self.exchange(message, writer):
                return
            if b"close" in message.options() or message.first[2] == b"HTTP/1.0":
                return

    async def exchange(self, request, writer):
        reader, provider = await self.connect()
        method, target, version = request.first
        fields = end_to_end(request)
        if request.framing == "chunked" or request.framing == "length":
            fields.append((b"Content-Length", b"%d" % len(request.body)))
        provider.write(head(method + b" " + target + b" HTTP/1.1\r\nHost: " + request.value(b"host") + b"\r\n", fields)
                       + bytes(request.body))
        await provider.drain()
        stream, answer = wire.Stream(reader), wire.Message()
        try:
            for _ in range(100):
                answer = await asyncio.wait_for(wire.read_response(LimitedStream(stream), wire.Message(), method), 5)
                if answer.first[1] >= 200 or answer.first[1] == 101:
                    break
            if answer.first[1] < 200:
                raise wire.Violation("no final answer")
        except (wire.Violation, wire.Cut, wire.Closed, asyncio.TimeoutError):
            writer.write(own_answer(502))
            await writer.drain()
            return False
        finally:
            provider.close()
        status = answer.first[1]
        fields = end_to_end(answer)
        if status >= 200 and status not in (204, 304) and method != b"HEAD":
            fields.append((b"Content-Length", b"%d" % len(answer.body)))
        body = b"" if method == b"HEAD" else bytes(answer.body)
        writer.write(head(b"HTTP/1.1 %d %s\r\n" % (status, answer.first[2]), fields) + body)
        await writer.drain()
        return True


class LimitedStream:
    """A stream whose lines and heads are bounded."""

    def __init__(self, stream):
        self.stream = stream
        self.lines = 0

    async def line(self, limit=16 * 1024):
        line = await self.stream.line(min(limit, 16 * 1024))
        self.lines += len(line)
        if self.lines > 64 * 1024 or len(line) > 16 * 1024:
            raise wire.Violation("head too large")
        return line

    async def exactly(self, size, into):
        self.lines = 0
        await self.stream.exactly(size, into)

    async def until_close(self, into):
        await self.stream.until_close(into)


class Naive(Proxy):
    """What not to do: heads are copied, only Content-Length is understood, connections are pooled unseen."""

    async def relay(self, reader, writer):
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                data = await reader.read(65536)
                if not data:
                    return
                buffer += data
            text, _, buffer = buffer.partition(b"\r\n\r\n")
            size = self.length(text)
            while len(buffer) < size:
                data = await reader.read(65536)
                if not data:
                    break
                buffer += data
            body, buffer = buffer[:size], buffer[size:]
            writer.write(await self.exchange(text + b"\r\n\r\n" + body, text.startswith(b"HEAD")))
            await writer.drain()

    @staticmethod
    def length(text):
        for line in text.split(b"\n"):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                digits = value.strip()
                return int(digits) if digits.isdigit() and len(digits) < 10 else 0
        return 0

    async def exchange(self, request, is_head):
        reader, writer, buffer = self.pool.pop() if self.pool else (*await self.connect(), b"")
        writer.write(request)
        while b"\r\n\r\n" not in buffer:
            data = await reader.read(65536)
            if not data:
                return own_answer(502)
            buffer += data
        text, _, buffer = buffer.partition(b"\r\n\r\n")
        size = 0 if is_head else self.length(text)
        while len(buffer) < size:
            data = await reader.read(65536)
            if not data:
                break
            buffer += data
        self.pool.append((reader, writer, buffer[size:]))
        return text + b"\r\n\r\n" + buffer[:size]
