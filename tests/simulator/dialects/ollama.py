"""Ollama's own chat, generate and embed. They stream unless told not to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ..bill import Usage
from ..http import Request
from ..plan import Ask, Plan, text_of
from ..script import Script
from .common import Dialect, Event, compact, grouped, integer
from .openai import vector

_STAMP = "2026-11-01T00:00:00.000000Z"


def _error(_status: int, text: str) -> dict[str, object]:
    return {"error": text}


def _error_event(text: str) -> bytes:
    return compact({"error": text}) + b"\n"


def _read(request: Request, body: dict[str, object]) -> Ask:
    options = body.get("options")
    given = body.get("messages") or [body.get("system"), body.get("prompt")]
    tools = body.get("tools")
    chat = request.path.endswith("/chat")
    return Ask(
        model=str(body.get("model", "")),
        parts=[text_of(item) for item in (given if isinstance(given, list) else [given]) if item],
        cap=integer(options.get("num_predict")) if isinstance(options, dict) else None,
        stream=body.get("stream") is not False,
        tools=[str(t.get("function", {}).get("name")) for t in tools] if isinstance(tools, list) else [],
        caches=False,
        raw=body | {"is_chat": chat},
    )


def _said(ask: Ask, text: str, plan: Plan, with_calls: bool) -> dict[str, object]:
    if not ask.raw["is_chat"]:
        return {"response": text}
    message: dict[str, object] = {"role": "assistant", "content": text}
    if with_calls and plan.calls:
        message["tool_calls"] = [
            {"function": {"name": c.name, "arguments": json.loads(c.arguments)}} for c in plan.calls
        ]
    return {"message": message}


def _figures(usage: Usage) -> dict[str, object]:
    return {
        "total_duration": 1_000_000_000,
        "load_duration": 1_000_000,
        "prompt_eval_count": usage.all_input,
        "prompt_eval_duration": 100_000_000,
        "eval_count": usage.all_output,
        "eval_duration": 800_000_000,
    }


def _last(ask: Ask, plan: Plan, script: Script, text: str, with_calls: bool) -> dict[str, object]:
    value = {"model": ask.model, "created_at": _STAMP, **_said(ask, text, plan, with_calls)}
    value |= {"done": True, "done_reason": "length" if plan.finish == "length" else "stop"}
    return value | (_figures(plan.usage) if script.usage else {})


def _whole(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    return _last(ask, plan, script, plan.text, True)


def _stream(ask: Ask, plan: Plan, script: Script) -> Iterator[Event]:
    hidden = plan.usage.reasoning
    for text, tokens in grouped(plan.words, script.per_event):
        line = {"model": ask.model, "created_at": _STAMP, **_said(ask, text, plan, False), "done": False}
        yield compact(line) + b"\n", tokens + hidden
        hidden = 0
    calls = sum(call.tokens for call in plan.calls)
    if calls:
        line = {"model": ask.model, "created_at": _STAMP, **_said(ask, "", plan, True), "done": False}
        yield compact(line) + b"\n", calls
    if script.terminator:
        yield compact(_last(ask, plan, script, "", False)) + b"\n", hidden


def _read_embed(_request: Request, body: dict[str, object]) -> Ask:
    given = body.get("input", "")
    parts = [text_of(item) for item in (given if isinstance(given, list) else [given])]
    return Ask(str(body.get("model", "")), parts, caches=False, raw=body)


def _embed(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    answer: dict[str, object] = {
        "model": ask.model, "embeddings": [vector(part, 16) for part in ask.parts],
        "total_duration": 14_000_000, "load_duration": 1_000_000,
    }
    return answer | ({"prompt_eval_count": plan.usage.all_input} if script.usage else {})


_common = {"error": _error, "error_event": _error_event, "stream_type": "application/x-ndjson"}
ALL = (
    Dialect("ollama", re.compile(r"/api/(chat|generate)$"), _read, _whole, _stream, **_common),
    Dialect("ollama", re.compile(r"/api/embed$"), _read_embed, _embed, error=_error, answers_in_words=False),
)
