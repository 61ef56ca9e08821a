"""The simulator as a server: plain and TLS listeners, recordings, generated answers, control API.

    POST /_sim/script  {"script": {...} or "text", "model": "glob", "path": "glob", "times": n}
    POST /_sim/exchange {"id", "status", "headers": [[n, v]], "body", "kind", "mode", "framing", "seed"}
    GET  /_sim/requests   the recorded exchanges' requests as they arrived
    GET  /_sim/bill[?entries=1]   what was generated, in token classes
    POST /_sim/reset
"""

from __future__ import annotations

import asyncio
import base64
import fnmatch
import json
import socket
import ssl
import threading
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from . import certificates, dialects, replay
from .bill import Bill
from .generate import Generator, JSON_TYPE
from .http import Connection, Reply, Request
from .replay import Recording
from .script import Script, from_json


@dataclass
class _Rule:
    script: Script
    model: str
    path: str
    left: int  # answers it still applies to; -1: all


class Simulator:
    """One simulated provider. Use `start`/`stop` in a loop or as a context manager in a thread."""

    def __init__(
        self,
        ca_dir: Path,
        port: int = 0,
        tls_port: int = 0,
        default: Script = Script(),
        reuse_port: bool = False,
    ) -> None:
        self.port, self.tls_port = port, tls_port
        self.bill = Bill()
        self.generator = Generator(self.bill, default)
        self.recordings: dict[str, Recording] = {}
        self.arrived: list[tuple[str, Request]] = []  # requests for recordings, as they came
        self.seen: list[Request] = []  # all other requests, kept when `keep_requests`
        self.keep_requests = False
        self._ca_dir, self._reuse_port = ca_dir, reuse_port
        self._rules: list[_Rule] = []
        self._connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def ca_file(self) -> Path:
        return self._ca_dir / "ca.pem"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_origin(self) -> str:
        return f"https://localhost:{self.tls_port}"

    async def start(self) -> None:
        issued = certificates.issue(self._ca_dir, "simulator")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.certificate, issued.key)
        self.port = await self._listen(self.port, None)
        self.tls_port = await self._listen(self.tls_port, context)

    async def _listen(self, port: int, context: ssl.SSLContext | None) -> int:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(("127.0.0.1", port))
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self._handle, self._connections), sock=sock, ssl=context, backlog=4096
        )
        self._servers.append(server)
        return int(sock.getsockname()[1])

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.close()

    async def _handle(self, request: Request, reply: Reply) -> None:
        if request.path.startswith("/_sim/"):
            await self._control(request, reply)
            return
        selected = request.fields.get(replay.SELECTOR)
        if selected is not None:
            await self.on_recorded(selected, request, reply)
            return
        if self.keep_requests:
            self.seen.append(request)
        await self.generator.answer(request, reply, self._scripted(request))

    async def on_recorded(self, selected: str, request: Request, reply: Reply) -> None:
        """Answers with the recording `selected`. A harness may override this."""
        self.arrived.append((selected, request))
        recording = self.recordings.get(selected)
        if recording is None:
            await _json(reply, 404, {"error": {"message": f"no recording {selected!r}"}})
            return
        await replay.send(recording, request, reply)

    def script(self, script: Script, model: str = "*", path: str = "*", times: int = -1) -> None:
        """Answers to requests that match both globs follow `script`; the newest rule wins."""
        self._rules.append(_Rule(script, model, path, times))

    def _scripted(self, request: Request) -> Script | None:
        if not self._rules:
            return None
        model = ""
        dialect = dialects.find(request.method, request.path)
        if dialect is not None:
            try:
                model = dialect.read(request, json.loads(request.body or b"{}")).model
            except (ValueError, AttributeError, TypeError, AssertionError):
                model = ""
        for rule in reversed(self._rules):
            if rule.left != 0 and fnmatch.fnmatchcase(model, rule.model):
                if fnmatch.fnmatchcase(request.path, rule.path):
                    rule.left -= rule.left > 0
                    return rule.script
        return None

    async def _control(self, request: Request, reply: Reply) -> None:
        try:
            body = json.loads(request.body) if request.body else {}
            status, answer = self._command(request, body)
        except (ValueError, KeyError, TypeError) as problem:
            status, answer = 400, {"error": str(problem)}
        await _json(reply, status, answer)

    def _command(self, request: Request, body: dict[str, object]) -> tuple[int, object]:
        match request.path.removeprefix("/_sim/"):
            case "script":
                times = int(str(body.get("times", -1)))
                globs = str(body.get("model", "*")), str(body.get("path", "*"))
                self.script(from_json(body["script"]), *globs, times)
            case "exchange":
                headers = [(str(name), str(value)) for name, value in body["headers"]]  # type: ignore[attr-defined]
                given = str(body.get("body", ""))
                data = base64.b64decode(given) if body.get("base64") else given.encode()
                self.recordings[str(body["id"])] = Recording(
                    int(str(body["status"])), headers, data, str(body.get("kind", "json")),
                    str(body.get("mode", "whole")), str(body.get("framing", "chunked")),
                    int(str(body.get("seed", 0))),
                )
            case "requests":
                return 200, [
                    {"id": selected, "method": r.method, "target": r.target, "headers": r.headers,
                     "body": base64.b64encode(r.body).decode(), "tls": r.tls, "framing": r.framing,
                     "connection": r.connection}
                    for selected, r in self.arrived
                ]
            case "bill":
                query = urllib.parse.parse_qs(request.query)
                return 200, self.bill.as_json("entries" in query)
            case "reset":
                self.bill.clear()
                self._rules.clear()
                self.arrived.clear()
                self.seen.clear()
            case name:
                return 404, {"error": f"no command {name!r}"}
        return 200, {"ok": True}

    # In a thread, for tests that are not asynchronous themselves.

    def __enter__(self) -> "Simulator":
        ready = threading.Event()
        failure: list[BaseException] = []

        def run() -> None:
            loop = asyncio.new_event_loop()
            self._loop = loop
            try:
                loop.run_until_complete(self.start())
            except BaseException as error:  # noqa: BLE001 - handed to the caller below
                failure.append(error)
                ready.set()
                return
            ready.set()
            loop.run_forever()
            loop.run_until_complete(self.stop())
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

        self._thread = threading.Thread(target=run, name="simulator", daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            raise failure[0]
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None and self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


async def _json(reply: Reply, status: int, value: object) -> None:
    body = json.dumps(value).encode()
    await reply.start(status, [JSON_TYPE], "length", len(body))
    await reply.send(body)
    await reply.finish()
