"""Anthropic messages and token counting."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ..bill import Usage
from ..http import Request
from ..plan import Ask, Plan, text_of, tokens_of
from ..script import Script
from .common import Dialect, Event, data_event, grouped, integer, pieces_of

_FINISH = {"stop": "end_turn", "length": "max_tokens", "tools": "tool_use"}
_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error",
    529: "overloaded_error",
}


def _error(status: int, text: str) -> dict[str, object]:
    kind = _TYPES.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_simulated"}


def _error_event(text: str) -> bytes:
    value = {"type": "error", "error": {"type": "overloaded_error", "message": text}}
    return data_event(value, "error")


def _read(_request: Request, body: dict[str, object]) -> Ask:
    parts: list[str] = []
    marks: list[int] = []

    def add(value: object) -> None:
        if value:
            parts.append(text_of(value))
            if '"cache_control":' in json.dumps(value):
                marks.append(len(parts) - 1)

    tools = body.get("tools")
    add(tools)
    add(body.get("system"))
    messages = body.get("messages", [])
    for message in messages if isinstance(messages, list) else []:
        add(message)
    return Ask(
        model=str(body.get("model", "")),
        parts=parts,
        cache_marks=marks,
        explicit_cache=True,
        cap=integer(body.get("max_tokens")),
        stream=body.get("stream") is True,
        tools=[str(tool.get("name", "lookup")) for tool in tools] if isinstance(tools, list) else [],
        raw=body,
    )


def _usage(usage: Usage, output: int) -> dict[str, object]:
    value: dict[str, object] = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output,
        "service_tier": "standard",
    }
    if usage.reasoning:
        value["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if usage.searches:
        value["server_tool_use"] = {"web_search_requests": usage.searches, "web_fetch_requests": 0}
    return value


def _message(ask: Ask, plan: Plan) -> dict[str, object]:
    return {
        "id": f"msg_{plan.identity}",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _blocks(plan: Plan) -> list[dict[str, object]]:
    blocks: list[dict[str, object]] = []
    if plan.words:
        blocks.append({"type": "text", "text": plan.text})
    for call in plan.calls:
        blocks.append(
            {"type": "tool_use", "id": call.identity.replace("call", "toolu"), "name": call.name,
             "input": json.loads(call.arguments)}
        )
    return blocks


def _whole(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    answer = _message(ask, plan) | {"content": _blocks(plan), "stop_reason": _FINISH[plan.finish]}
    if script.usage:
        answer["usage"] = _usage(plan.usage, plan.usage.all_output)
    return answer


def _stream(ask: Ask, plan: Plan, script: Script) -> Iterator[Event]:
    def event(kind: str, **more: object) -> bytes:
        return data_event({"type": kind} | more, kind)

    # The placeholder of one output token is what the real API sends before it knows better.
    first = _message(ask, plan) | {"usage": _usage(plan.usage, 1) if script.usage else {}}
    yield event("message_start", message=first), plan.usage.reasoning
    yield event("ping"), 0
    for index, block in enumerate(_blocks(plan)):
        if block["type"] == "text":
            bare = {"type": "text", "text": ""}
            yield event("content_block_start", index=index, content_block=bare), 0
            for text, tokens in grouped(plan.words, script.per_event):
                delta = {"type": "text_delta", "text": text}
                yield event("content_block_delta", index=index, delta=delta), tokens
        else:
            call = plan.calls[index - (1 if plan.words else 0)]
            yield event("content_block_start", index=index, content_block=block | {"input": {}}), call.tokens
            for piece in pieces_of(call.arguments):
                delta = {"type": "input_json_delta", "partial_json": piece}
                yield event("content_block_delta", index=index, delta=delta), 0
        yield event("content_block_stop", index=index), 0
    last: dict[str, object] = {
        "input_tokens": plan.usage.input,
        "cache_creation_input_tokens": plan.usage.cache_write,
        "cache_read_input_tokens": plan.usage.cache_read,
        "output_tokens": plan.usage.all_output,
    }
    if plan.usage.reasoning:
        last["output_tokens_details"] = {"thinking_tokens": plan.usage.reasoning}
    if plan.usage.searches:
        last["server_tool_use"] = {"web_search_requests": plan.usage.searches, "web_fetch_requests": 0}
    delta = {"stop_reason": _FINISH[plan.finish], "stop_sequence": None}
    yield event("message_delta", delta=delta, usage=last if script.usage else {}), 0
    if script.terminator:
        yield event("message_stop"), 0


def _count(ask: Ask, _plan: Plan, _script: Script) -> dict[str, object]:
    return {"input_tokens": sum(tokens_of(part) + 4 for part in ask.parts) + 3}


ALL = (
    Dialect("anthropic_misc", re.compile(r"/messages/count_tokens$"), _read, _count, error=_error,
            request_id="request-id", billed=False, answers_in_words=False),
    Dialect("anthropic_messages", re.compile(r"/messages/?$"), _read, _whole, _stream, _error,
            _error_event, request_id="request-id"),
)
