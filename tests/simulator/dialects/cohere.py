"""Cohere v2 chat and embed. Billed units are the figures that count."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..bill import Usage
from ..http import Request
from ..plan import Ask, Plan, text_of
from ..script import Script
from .common import Dialect, Event, data_event, grouped, integer, pieces_of
from .openai import vector

_FINISH = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tools": "TOOL_CALL"}


def _error(_status: int, text: str) -> dict[str, object]:
    return {"id": "simulated", "message": text}


def _error_event(text: str) -> bytes:
    value = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": text}}
    return data_event(value, "message-end")


def _read(_request: Request, body: dict[str, object]) -> Ask:
    messages = body.get("messages", [])
    tools = body.get("tools")
    return Ask(
        model=str(body.get("model", "")),
        parts=[text_of(message) for message in (messages if isinstance(messages, list) else [])],
        cap=integer(body.get("max_tokens")),
        stream=body.get("stream") is True,
        tools=[str(t.get("function", {}).get("name")) for t in tools] if isinstance(tools, list) else [],
        caches=False,
        raw=body,
    )


def _usage(usage: Usage) -> dict[str, object]:
    value: dict[str, object] = {
        "billed_units": {"input_tokens": usage.all_input, "output_tokens": usage.all_output},
        # The raw counts include the template around the prompt, which is not billed.
        "tokens": {"input_tokens": usage.all_input + 66, "output_tokens": usage.all_output},
    }
    return value | ({"cached_tokens": usage.cache_read} if usage.cache_read else {})


def _calls(plan: Plan) -> list[dict[str, object]]:
    return [
        {"id": call.identity, "type": "function",
         "function": {"name": call.name, "arguments": call.arguments}}
        for call in plan.calls
    ]


def _whole(_ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant"}
    if plan.words:
        message["content"] = [{"type": "text", "text": plan.text}]
    if plan.calls:
        message["tool_calls"] = _calls(plan)
    answer: dict[str, object] = {
        "id": plan.identity, "message": message, "finish_reason": _FINISH[plan.finish]
    }
    if script.usage:
        answer["usage"] = _usage(plan.usage)
    return answer


def _stream(_ask: Ask, plan: Plan, script: Script) -> Iterator[Event]:
    def event(kind: str, **more: object) -> bytes:
        return data_event({"type": kind} | more, kind)

    message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield event("message-start", id=plan.identity, delta={"message": message}), plan.usage.reasoning
    if plan.words:
        opened = {"message": {"content": {"type": "text", "text": ""}}}
        yield event("content-start", index=0, delta=opened), 0
        for text, tokens in grouped(plan.words, script.per_event):
            delta = {"message": {"content": {"text": text}}}
            yield event("content-delta", index=0, delta=delta), tokens
        yield event("content-end", index=0), 0
    for number, call in enumerate(plan.calls):
        opened = _calls(plan)[number]
        opened["function"] = {"name": call.name, "arguments": ""}
        yield event("tool-call-start", index=number, delta={"message": {"tool_calls": opened}}), call.tokens
        for piece in pieces_of(call.arguments):
            delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            yield event("tool-call-delta", index=number, delta=delta), 0
        yield event("tool-call-end", index=number), 0
    last: dict[str, object] = {"finish_reason": _FINISH[plan.finish]}
    if script.usage:
        last["usage"] = _usage(plan.usage)
    yield event("message-end", delta=last), 0
    if script.terminator:
        yield b"data: [DONE]\n\n", 0


def _read_embed(_request: Request, body: dict[str, object]) -> Ask:
    texts = body.get("texts", [])
    parts = [text_of(text) for text in (texts if isinstance(texts, list) else [])]
    return Ask(str(body.get("model", "")), parts, caches=False, raw=body)


def _embed(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    answer: dict[str, object] = {
        "id": plan.identity,
        "texts": ask.parts,
        "embeddings": {"float": [vector(part, 16) for part in ask.parts]},
    }
    meta: dict[str, object] = {"api_version": {"version": "2"}}
    if script.usage:
        meta["billed_units"] = {"input_tokens": plan.usage.all_input}
    return answer | {"meta": meta}


ALL = (
    Dialect("cohere", re.compile(r"/v2/chat$"), _read, _whole, _stream, _error, _error_event,
            request_id="x-debug-trace-id"),
    Dialect("cohere", re.compile(r"/v2/embed$"), _read_embed, _embed, error=_error,
            request_id="x-debug-trace-id", answers_in_words=False),
)
