"""Answering a request with generated words: the timing, the failures and the bill."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from . import dialects, fragments
from .bill import Bill, Entry
from .dialects.common import Dialect, compact
from .http import Header, Reply, Request
from .plan import PromptCache, make
from .script import Script, parse

JSON_TYPE: Header = ("Content-Type", "application/json")


class Generator:
    """Speaks every dialect of `dialects`; remembers prompts, scripted failures and the bill."""

    def __init__(self, bill: Bill, default: Script = Script()) -> None:
        self.bill = bill
        self.default = default
        self._cache = PromptCache()
        self._failures: Counter[str] = Counter()

    async def answer(self, request: Request, reply: Reply, script: Script | None = None) -> None:
        dialect = dialects.find(request.method, request.path)
        if dialect is None:
            await _send_json(reply, 404, {"error": {"message": "no such path", "type": "not_found"}})
            return
        try:
            body = _body_of(request)
            ask = dialect.read(request, body)
            ask.model, script = self._script_of(request, ask.model, script or self.default)
        except (ValueError, TypeError, AttributeError, AssertionError) as problem:
            await _send_json(reply, 400, dialect.error(400, f"unreadable request: {problem}"))
            return
        tag = request.fields.get("x-sim-id", "")
        entry = self.bill.open(dialect.name, request.path, ask.model, tag)
        if script.status != 200 and self._fails(request, script):
            entry.status, entry.end = script.status, "error"
            await self._fail(dialect, reply, script)
            return
        plan = make(ask, script, self._cache, request.body)
        entry.status = 200
        tells = script.usage and (not ask.stream or ask.tell_usage)
        if dialect.billed:
            # The prompt is read before the first word: it is owed even if the answer breaks off.
            entry.usage = replace(plan.usage, output=0, reasoning=0)
        try:
            if ask.stream and dialect.answers_in_words:
                events = list(dialect.stream(ask, plan, script))
                await self._stream(dialect, events, reply, script, entry, plan.usage.reasoning, tells)
            else:
                if dialect.answers_in_words:
                    _book(entry, plan.usage.all_output, plan.usage.reasoning)
                body = compact(dialect.whole(ask, plan, script))
                await self._whole(dialect, body, reply, script, entry, tells)
        except (ConnectionResetError, asyncio.CancelledError):
            if entry.end == "open":
                entry.end = "client_left"
                if script.keeps_going and dialect.answers_in_words:
                    _book(entry, plan.usage.all_output, plan.usage.reasoning)
            raise

    def _script_of(self, request: Request, model: str, base: Script) -> tuple[str, Script]:
        model, _, inline = model.partition("#")
        script = parse(inline, base)
        return model, parse(request.fields.get("x-sim-script", ""), script)

    def _fails(self, request: Request, script: Script) -> bool:
        if script.times <= 0:
            return True
        key = script.key or request.body.decode("latin-1")
        self._failures[key] += 1
        return self._failures[key] <= script.times

    async def _fail(self, dialect: Dialect, reply: Reply, script: Script) -> None:
        if script.ttft:
            await asyncio.sleep(script.ttft)
        headers = [JSON_TYPE, (dialect.request_id, "req_simulated_error")]
        if script.retry_after:
            headers.append(("Retry-After", script.retry_after))
        await _send_json(reply, script.status, dialect.error(script.status, "scripted error"), headers)

    async def _whole(
        self,
        dialect: Dialect,
        body: bytes,
        reply: Reply,
        script: Script,
        entry: Entry,
        tells: bool,
    ) -> None:
        usage = entry.usage
        if script.ttft or script.rate:
            await asyncio.sleep(script.ttft + (usage.all_output / script.rate if script.rate else 0))
        if script.silence_at >= 0:
            await asyncio.sleep(script.silence)
        headers: list[Header] = [JSON_TYPE, (dialect.request_id, f"req_sim_{entry.number}")]
        encoded, coding = _encode([body], script.encoding)
        body = b"".join(encoded)
        headers += coding
        framing = script.framing or "length"
        await reply.start(200, headers, framing, len(body))
        if script.breaks:
            body = body[: len(body) // 2]
        else:
            _complete(entry, tells)
        source = random.Random(script.seed)
        for piece in _cut(body, script.fragment, source):
            await reply.send(piece)
        if script.breaks:
            entry.end = "reset" if script.reset_at >= 0 else "truncated"
            (reply.reset if script.reset_at >= 0 else reply.close)()
            return
        await reply.finish()

    async def _stream(
        self,
        dialect: Dialect,
        events: list[tuple[bytes, int]],
        reply: Reply,
        script: Script,
        entry: Entry,
        reasoning: int,
        tells: bool,
    ) -> None:
        """Sends the events in time and books each token as it is generated."""
        headers: list[Header] = [
            ("Content-Type", _stream_type(dialect, events)),
            (dialect.request_id, f"req_sim_{entry.number}"),
        ]
        encoder = _Encoder(script.encoding)
        headers += encoder.headers
        framing = script.framing if script.framing in ("chunked", "close") else "chunked"
        loop = asyncio.get_running_loop()
        if script.ttft:
            await asyncio.sleep(script.ttft)
        await reply.start(200, headers, framing)
        began, made, source = loop.time(), 0, random.Random(script.seed)
        pending = bytearray()
        silent = script.silence_at
        for data, tokens in events:
            made += tokens
            _book(entry, made, reasoning)
            visible = made - reasoning
            if script.rate:
                delay = began + made / script.rate - loop.time()
                if delay > 0:
                    await reply.send(encoder.flush(bytes(pending)))
                    pending.clear()
                # Late or not, the loop must see who has left before more is generated.
                await asyncio.sleep(max(delay, 0))
            if 0 <= silent <= visible:
                await reply.send(encoder.flush(bytes(pending)))
                pending.clear()
                silent = -1
                await asyncio.sleep(script.silence)
                began = loop.time() - (made / script.rate if script.rate else 0)
            end = _breaking(script, visible)
            if end:
                pending += b"" if end == "error_event" else data[: len(data) // 2]
                if end == "error_event":
                    pending += dialect.error_event("scripted error in the stream")
                await reply.send(encoder.flush(bytes(pending)))
                entry.end = end
                if end == "error_event":
                    await reply.send(encoder.finish())
                    await reply.finish()
                elif end == "reset":
                    await asyncio.sleep(0.02)  # what was written shall leave before the RST
                    reply.reset()
                else:
                    reply.close()
                return
            pending += data
            if script.fragment != "whole" and script.rate:
                for piece in _cut(encoder.flush(bytes(pending)), script.fragment, source):
                    await reply.send(piece)
                pending.clear()
        _complete(entry, tells)
        for piece in _cut(encoder.flush(bytes(pending)), script.fragment, source):
            await reply.send(piece)
        await reply.send(encoder.finish())
        await reply.finish()


def _complete(entry: Entry, tells: bool) -> None:
    """Closes the entry before the last bytes go, so that who has read them finds it closed."""
    entry.end, entry.told = "complete", tells


def _book(entry: Entry, made: int, reasoning: int) -> None:
    entry.usage.reasoning = min(made, reasoning)
    entry.usage.output = max(0, made - reasoning)


def _breaking(script: Script, visible: int) -> str:
    if 0 <= script.error_at <= visible:
        return "error_event"
    if 0 <= script.reset_at <= visible:
        return "reset"
    if 0 <= script.truncate_at <= visible:
        return "truncated"
    return ""


def _stream_type(dialect: Dialect, events: list[tuple[bytes, int]]) -> str:
    if events and events[0][0].startswith(b"["):
        return "application/json"
    return dialect.stream_type


def _cut(data: bytes, mode: str, source: random.Random) -> Iterable[bytes]:
    if mode == "random":
        return fragments.cut_randomly(data, source)
    if mode == "bytes":
        return fragments.cut_edges(data)
    return [data] if data else []


class _Encoder:
    """Content coding of a stream, flushed at every event."""

    def __init__(self, coding: str) -> None:
        self.headers: list[Header] = [("Content-Encoding", coding)] if coding else []
        self._engine = None
        if coding:
            self._engine = zlib.compressobj(wbits=31 if coding == "gzip" else 15)

    def flush(self, data: bytes) -> bytes:
        if self._engine is None or not data:
            return data
        return self._engine.compress(data) + self._engine.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._engine.flush(zlib.Z_FINISH) if self._engine is not None else b""


def _encode(pieces: list[bytes], coding: str) -> tuple[list[bytes], list[Header]]:
    encoder = _Encoder(coding)
    return [*(encoder.flush(piece) for piece in pieces), encoder.finish()], encoder.headers


def _body_of(request: Request) -> dict[str, object]:
    data = request.body
    coding = request.fields.get("content-encoding", "")
    if coding == "gzip":
        data = gzip.decompress(data)
    if not data:
        return {}
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


async def _send_json(
    reply: Reply, status: int, value: dict[str, object], headers: list[Header] | None = None
) -> None:
    body = compact(value)
    await reply.start(status, headers or [JSON_TYPE], "length", len(body))
    await reply.send(body)
    await reply.finish()
