"""Cutting a message into the pieces in which it is written to the socket."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

MODES = ("whole", "event", "random", "bytes")
EDGE = 4096  # how much of either end the mode "bytes" sends one byte at a time

_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def events_of(body: bytes, kind: str) -> list[bytes]:
    """The events of a streamed body, each with its terminator; other bodies are one event."""
    if kind == "sse":
        pieces, start = [], 0
        for match in _BLANK_LINE.finditer(body):
            pieces.append(body[start : match.end()])
            start = match.end()
        if start < len(body):
            pieces.append(body[start:])
        return pieces
    if kind == "ndjson":
        return body.splitlines(keepends=True)
    if kind == "json_array":
        return _array_elements(body)
    return [body] if body else []


def _array_elements(body: bytes) -> list[bytes]:
    """Cuts a JSON array after each of its elements, so `[`, `,` and `]` lead the next piece."""
    pieces, start, depth, in_string, escaped = [], 0, 0, False, False
    for position, byte in enumerate(body):
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
        elif byte in b"]}":
            depth -= 1
            if depth == 1:
                pieces.append(body[start : position + 1])
                start = position + 1
    if start < len(body):
        pieces.append(body[start:])
    return pieces


def cut_randomly(data: bytes, source: random.Random, largest: int = 1500) -> Iterator[bytes]:
    """Pieces of 1 to `largest` bytes, small ones as likely as large ones."""
    position = 0
    while position < len(data):
        size = min(int(largest ** source.random()), largest)
        yield data[position : position + size]
        position += size


def cut_edges(data: bytes) -> Iterator[bytes]:
    """One byte at a time over the first and last 4 KiB, the middle in one piece."""
    if len(data) <= 2 * EDGE:
        for position in range(len(data)):
            yield data[position : position + 1]
        return
    for position in range(EDGE):
        yield data[position : position + 1]
    yield data[EDGE:-EDGE]
    for position in range(len(data) - EDGE, len(data)):
        yield data[position : position + 1]


def chunked(body_pieces: list[bytes]) -> bytes:
    """The chunked transfer coding of a body, one chunk a piece."""
    out = bytearray()
    for piece in body_pieces:
        if piece:
            out += b"%x\r\n" % len(piece)
            out += piece
            out += b"\r\n"
    out += b"0\r\n\r\n"
    return bytes(out)
