"""What every dialect brings: reading a request and wording an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..http import Header, Request
from ..plan import Ask, Plan
from ..script import Script

Event = tuple[bytes, int]  # wire bytes and the output tokens they carry


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def data_event(value: object, name: str = "", end: str = "\n") -> bytes:
    """One server-sent event."""
    head = f"event: {name}{end}".encode() if name else b""
    return head + b"data: " + compact(value) + (end * 2).encode()


def _no_stream(_ask: Ask, _plan: Plan, _script: Script) -> Iterator[Event]:
    raise NotImplementedError("this endpoint does not stream")


@dataclass(frozen=True)
class Dialect:
    """One endpoint of one API. `billed` is false for free ones (token counting, model lists)."""

    name: str
    path: re.Pattern[str]
    read: Callable[[Request, dict[str, object]], Ask]
    whole: Callable[[Ask, Plan, Script], dict[str, object]]
    stream: Callable[[Ask, Plan, Script], Iterator[Event]] = _no_stream
    error: Callable[[int, str], dict[str, object]] = lambda status, text: {"error": text}
    error_event: Callable[[str], bytes] = lambda text: data_event({"error": {"message": text}})
    stream_type: str = "text/event-stream"
    request_id: str = "x-request-id"
    headers: tuple[Header, ...] = ()
    billed: bool = True
    answers_in_words: bool = True  # false: embeddings and the like have no output
    method: str = "POST"


def grouped(words: list[str], per_event: int) -> Iterator[tuple[str, int]]:
    """The text in pieces of `per_event` words, each with its token count."""
    step = max(1, per_event)
    for start in range(0, len(words), step):
        piece = words[start : start + step]
        yield "".join(piece), len(piece)


def pieces_of(arguments: str, count: int = 4) -> list[str]:
    """A tool call's arguments cut into about `count` pieces."""
    step = max(1, -(-len(arguments) // count))
    return [arguments[start : start + step] for start in range(0, len(arguments), step)]


def integer(value: object) -> int | None:
    """A positive whole number where the request holds one, else nothing."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def smallest(*values: object) -> int | None:
    known = [number for number in map(integer, values) if number is not None]
    return min(known) if known else None
