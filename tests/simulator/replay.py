"""Answering a request with recorded bytes, cut as the test wants them."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from . import fragments
from .http import Header, Reply, Request, head_bytes

SELECTOR = "x-sim-exchange"  # request header that names the recording to answer with
YIELD_EVERY = 16  # writes between two rounds of the loop, so that others get their turn


@dataclass
class Recording:
    """An answer as recorded. `kind`: json, sse, ndjson, json_array, ..."""

    status: int
    headers: list[Header]
    body: bytes
    kind: str = "json"
    mode: str = "whole"
    framing: str = "chunked"  # chunked, length, close
    seed: int = 0


async def send(recording: Recording, request: Request, reply: Reply) -> None:
    """Writes the recording; every byte of the message, head included, is subject to the cutting."""
    framing = recording.framing
    if recording.status in (204, 304) or request.method == "HEAD":
        framing = "none"
    body, source = recording.body, random.Random(recording.seed)
    pieces = _body_pieces(recording, source)
    head = head_bytes(recording.status, recording.headers, framing, len(body))
    if framing == "none":
        await reply.raw(head)
        reply.finished = True
        return
    if recording.mode == "whole":
        wire = fragments.chunked(pieces) if framing == "chunked" else body
        writes = [head + wire]
    elif recording.mode == "event":
        writes = [head]
        for piece in pieces:
            writes.append(b"%x\r\n%b\r\n" % (len(piece), piece) if framing == "chunked" else piece)
        if framing == "chunked":
            writes.append(b"0\r\n\r\n")
    else:
        wire = head + (fragments.chunked(pieces) if framing == "chunked" else body)
        cut = fragments.cut_edges if recording.mode == "bytes" else fragments.cut_randomly
        writes = list(cut(wire) if recording.mode == "bytes" else cut(wire, source))  # type: ignore[call-arg]
    for number, data in enumerate(writes, 1):
        await reply.raw(data)
        if number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    reply.finished = True
    if framing == "close":
        reply.close()


def _body_pieces(recording: Recording, source: random.Random) -> list[bytes]:
    """What becomes one chunk each, where the framing is chunked."""
    if not recording.body:
        return []
    if recording.mode == "whole":
        return [recording.body]
    if recording.mode == "event":
        return fragments.events_of(recording.body, recording.kind)
    return list(fragments.cut_randomly(recording.body, source, 300))
