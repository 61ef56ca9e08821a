"""The one body edit the proxy makes to measure: asking an OpenAI-style stream for its usage."""

from __future__ import annotations

import json
import re

from .exchanges import Exchange

_DONE = re.compile(rb"data: ?\[DONE\]")
_DATA = re.compile(rb"^data: ?(\{.*)$", re.MULTILINE)


def is_usage_request(recorded: bytes, arrived: bytes) -> bool:
    """Whether `arrived` is `recorded` with include_usage switched on and every other byte kept."""
    try:
        before, after = json.loads(recorded), json.loads(arrived)
    except ValueError:
        return False
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    options = before.get("stream_options")
    before["stream_options"] = (options if isinstance(options, dict) else {}) | {"include_usage": True}
    if before != after:
        return False
    shared = _shared(recorded, arrived)
    from_end = _shared(recorded[::-1], arrived[::-1])
    # The edit inserts, or replaces one literal: at most `"stream_options":null` or a `false` is lost.
    return shared + from_end >= len(recorded) - len(b"false")


def _shared(left: bytes, right: bytes) -> int:
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[:middle] == right[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def added_chunk(exchange: Exchange) -> tuple[bytes, dict[str, object]] | None:
    """The recorded stream with the usage chunk its server would have added, and its figures.

    None where nothing is added: no clean stream, or figures that are told unasked.
    """
    body = exchange.response_body
    done = None
    for done in _DONE.finditer(body):
        pass
    if exchange.status != 200 or exchange.kind != "sse" or done is None:
        return None
    first, figures, in_groq_form = None, None, False
    for match in _DATA.finditer(body):
        try:
            value = json.loads(match.group(1))
        except ValueError:
            continue
        if not isinstance(value, dict):
            continue
        if "error" in value:
            return None
        first = first or value
        groq = value.get("x_groq")
        if isinstance(groq, dict) and isinstance(groq.get("usage"), dict):
            figures, in_groq_form = groq["usage"], True
        elif isinstance(value.get("usage"), dict):
            figures = value["usage"]
    if first is None or (figures is not None and not in_groq_form):
        return None
    invented = figures is None
    usage = _invented(exchange.seed) if figures is None else figures
    chunk = {key: first[key] for key in ("id", "object", "created", "model", "system_fingerprint") if key in first}
    chunk |= {"choices": [], "usage": usage}
    line_end = b"\r\n" if b"\r\n" in body else b"\n"
    event = b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + line_end * 2
    return body[: done.start()] + event + body[done.start() :], usage if invented else {}


def _invented(seed: int) -> dict[str, object]:
    """Figures nobody could guess: they reach the ledger only if the added chunk was read."""
    prompt, completion = 40 + seed % 7001, 3 + (seed >> 7) % 997
    cached = (prompt // 2) if seed & 1 else 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": completion // 3 if seed & 2 else 0},
    }


def tells_unasked(exchange: Exchange) -> bool | None:
    """Of a stream whose client did not ask: did a usage-only chunk come anyway? None: not such one."""
    if exchange.kind != "sse" or exchange.status != 200:
        return None
    if not re.search(r"/completions(\?|$)", exchange.target):
        return None
    try:
        asked = json.loads(exchange.request_body)
    except ValueError:
        return None
    options = asked.get("stream_options") if isinstance(asked, dict) else None
    if not isinstance(asked, dict) or (isinstance(options, dict) and options.get("include_usage")):
        return None
    return without_usage_only_chunks(exchange.response_body) != exchange.response_body


def without_usage_only_chunks(body: bytes) -> bytes:
    """The stream without the events that hold usage and no choice."""

    def keep(match: re.Match[bytes]) -> bytes:
        try:
            value = json.loads(match.group(1))
        except ValueError:
            return match.group(0)
        alone = isinstance(value, dict) and value.get("choices") == [] and value.get("usage")
        return b"" if alone else match.group(0)

    return re.sub(rb"data: ?(\{[^\r\n]*)(?:\r\n\r\n|\n\n)", keep, body)
