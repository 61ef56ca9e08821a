"""OpenAI chat completions, completions, responses and embeddings."""

from __future__ import annotations

import base64
import random
import re
import struct
from collections.abc import Iterator

from ..bill import Usage
from ..http import Request
from ..plan import Ask, Plan, text_of, tokens_of
from ..script import Script
from .common import Dialect, Event, data_event, grouped, integer, pieces_of, smallest

_DONE = b"data: [DONE]\n\n"
_FINISH = {"stop": "stop", "length": "length", "tools": "tool_calls"}


def error(status: int, text: str) -> dict[str, object]:
    kind = {429: "rate_limit_exceeded", 401: "invalid_request_error", 400: "invalid_request_error"}
    code = kind.get(status, "server_error")
    return {"error": {"message": text, "type": code, "param": None, "code": code}}


def error_event(text: str) -> bytes:
    return data_event({"error": {"message": text, "type": "server_error", "param": None, "code": None}})


def chat_usage(usage: Usage) -> dict[str, object]:
    return {
        "prompt_tokens": usage.all_input,
        "completion_tokens": usage.all_output,
        "total_tokens": usage.all_input + usage.all_output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _azure_model(request: Request, body: dict[str, object]) -> str:
    match = re.search(r"/deployments/([^/]+)/", request.path)
    return match.group(1) if match else str(body.get("model", ""))


def _tools(body: dict[str, object]) -> list[str]:
    names = []
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        function = tool.get("function", tool) if isinstance(tool, dict) else {}
        names.append(str(function.get("name", "lookup")))
    return names


def _read_chat(request: Request, body: dict[str, object]) -> Ask:
    options = body.get("stream_options")
    messages = body.get("messages", [])
    parts = [text_of(body["tools"])] if body.get("tools") else []
    parts += [text_of(message) for message in (messages if isinstance(messages, list) else [])]
    return Ask(
        model=_azure_model(request, body),
        parts=parts,
        cap=smallest(body.get("max_completion_tokens"), body.get("max_tokens")),
        choices=integer(body.get("n")) or 1,
        stream=body.get("stream") is True,
        tell_usage=isinstance(options, dict) and options.get("include_usage") is True,
        tools=_tools(body),
        raw=body,
    )


def _chat_call(call: object, index: int | None = None, **changes: object) -> dict[str, object]:
    value: dict[str, object] = {} if index is None else {"index": index}
    function = {"name": call.name, "arguments": changes.get("arguments", call.arguments)}
    return value | {"id": call.identity, "type": "function", "function": function}


def _chat(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    message: dict[str, object] = {"role": "assistant", "content": plan.text or None}
    if plan.calls:
        message["tool_calls"] = [_chat_call(call) for call in plan.calls]
    message["refusal"] = None
    answer: dict[str, object] = {
        "id": f"chatcmpl-{plan.identity}",
        "object": "chat.completion",
        "created": plan.created,
        "model": ask.model,
        "choices": [
            {"index": i, "message": message, "logprobs": None, "finish_reason": _FINISH[plan.finish]}
            for i in range(ask.choices)
        ],
        "service_tier": "default",
    }
    if script.usage:
        answer["usage"] = chat_usage(plan.usage)
    return answer


def _chat_stream(ask: Ask, plan: Plan, script: Script) -> Iterator[Event]:
    told = ask.tell_usage and script.usage

    def chunk(choices: list[object], **more: object) -> bytes:
        value = {
            "id": f"chatcmpl-{plan.identity}",
            "object": "chat.completion.chunk",
            "created": plan.created,
            "model": ask.model,
            "choices": choices,
        }
        return data_event(value | ({"usage": None} if told else {}) | more)

    def choice(index: int, delta: dict[str, object], finish: str | None = None) -> list[object]:
        return [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]

    for index in range(ask.choices):
        # Hidden reasoning is generated before the first visible byte.
        role = {"role": "assistant", "content": "" if plan.words else None}
        yield chunk(choice(index, role)), plan.usage.reasoning // ask.choices
        for text, tokens in grouped(plan.words, script.per_event):
            yield chunk(choice(index, {"content": text})), tokens
        for number, call in enumerate(plan.calls):
            opened = _chat_call(call, number, arguments="")
            yield chunk(choice(index, {"tool_calls": [opened]})), call.tokens
            for piece in pieces_of(call.arguments):
                delta = {"index": number, "function": {"arguments": piece}}
                yield chunk(choice(index, {"tool_calls": [delta]})), 0
        yield chunk(choice(index, {}, _FINISH[plan.finish])), 0
    if told:
        yield chunk([], usage=chat_usage(plan.usage)), 0
    if script.terminator:
        yield _DONE, 0


def _read_completion(request: Request, body: dict[str, object]) -> Ask:
    ask = _read_chat(request, body)
    prompt = body.get("prompt", "")
    prompts = prompt if isinstance(prompt, list) and prompt and isinstance(prompt[0], str) else [prompt]
    ask.parts = [text_of(item) for item in prompts]
    ask.cap = integer(body.get("max_tokens")) if "max_tokens" in body else 16
    ask.choices *= len(prompts)
    return ask


def _completion(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    finish = "length" if plan.finish == "length" else "stop"
    answer: dict[str, object] = {
        "id": f"cmpl-{plan.identity}",
        "object": "text_completion",
        "created": plan.created,
        "model": ask.model,
        "choices": [
            {"text": plan.text, "index": i, "logprobs": None, "finish_reason": finish}
            for i in range(ask.choices)
        ],
    }
    if script.usage:
        answer["usage"] = chat_usage(plan.usage)
    return answer


def _completion_stream(ask: Ask, plan: Plan, script: Script) -> Iterator[Event]:
    base = {"id": f"cmpl-{plan.identity}", "object": "text_completion", "created": plan.created}
    for index in range(ask.choices):
        for text, tokens in grouped(plan.words, script.per_event):
            part = {"text": text, "index": index, "logprobs": None, "finish_reason": None}
            yield data_event(base | {"choices": [part], "model": ask.model}), tokens
        finish = "length" if plan.finish == "length" else "stop"
        part = {"text": "", "index": index, "logprobs": None, "finish_reason": finish}
        yield data_event(base | {"choices": [part], "model": ask.model}), 0
    if ask.tell_usage and script.usage:
        yield data_event(base | {"choices": [], "model": ask.model, "usage": chat_usage(plan.usage)}), 0
    if script.terminator:
        yield _DONE, 0


def _read_response(request: Request, body: dict[str, object]) -> Ask:
    given = body.get("input", "")
    items = given if isinstance(given, list) else [given]
    parts = [text_of(body[key]) for key in ("instructions", "tools") if body.get(key)]
    return Ask(
        model=_azure_model(request, body),
        parts=parts + [text_of(item) for item in items],
        cap=integer(body.get("max_output_tokens")),
        stream=body.get("stream") is True,
        tools=_tools(body),
        raw=body,
    )


def response_usage(usage: Usage) -> dict[str, object]:
    return {
        "input_tokens": usage.all_input,
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.all_output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.all_input + usage.all_output,
    }


def _items(plan: Plan) -> list[dict[str, object]]:
    items: list[dict[str, object]] = []
    if plan.words:
        content = [{"type": "output_text", "text": plan.text, "annotations": [], "logprobs": []}]
        items.append(
            {"id": f"msg_{plan.identity}", "type": "message", "status": "completed",
             "role": "assistant", "content": content}
        )
    for number, call in enumerate(plan.calls):
        items.append(
            {"id": f"fc_{plan.identity}{number}", "type": "function_call", "status": "completed",
             "arguments": call.arguments, "call_id": call.identity, "name": call.name}
        )
    return items


def _response(ask: Ask, plan: Plan, script: Script, status: str = "") -> dict[str, object]:
    cut = plan.finish == "length"
    status = status or ("incomplete" if cut else "completed")
    finished = status in ("completed", "incomplete")
    return {
        "id": f"resp_{plan.identity}",
        "object": "response",
        "created_at": plan.created,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if finished and cut else None,
        "instructions": None,
        "max_output_tokens": ask.cap,
        "model": ask.model,
        "output": _items(plan) if finished else [],
        "parallel_tool_calls": True,
        "previous_response_id": ask.raw.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": response_usage(plan.usage) if finished and script.usage else None,
        "metadata": {},
    }


def _response_stream(ask: Ask, plan: Plan, script: Script) -> Iterator[Event]:
    number = -1

    def event(kind: str, **more: object) -> bytes:
        nonlocal number
        number += 1
        return data_event({"type": kind, "sequence_number": number} | more, kind)

    opened = _response(ask, plan, script, "in_progress")
    yield event("response.created", response=opened), 0
    yield event("response.in_progress", response=opened), plan.usage.reasoning
    for index, item in enumerate(_items(plan)):
        at = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "message":
            bare = item | {"status": "in_progress", "content": []}
            yield event("response.output_item.added", output_index=index, item=bare), 0
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            yield event("response.content_part.added", content_index=0, part=part, **at), 0
            for text, tokens in grouped(plan.words, script.per_event):
                delta = {"content_index": 0, "delta": text, "logprobs": []}
                yield event("response.output_text.delta", **delta, **at), tokens
            done = {"content_index": 0, "text": plan.text, "logprobs": []}
            yield event("response.output_text.done", **done, **at), 0
            part = part | {"text": plan.text}
            yield event("response.content_part.done", content_index=0, part=part, **at), 0
        else:
            call = plan.calls[index - (1 if plan.words else 0)]
            bare = item | {"status": "in_progress", "arguments": ""}
            yield event("response.output_item.added", output_index=index, item=bare), call.tokens
            for piece in pieces_of(call.arguments):
                yield event("response.function_call_arguments.delta", delta=piece, **at), 0
            done = {"arguments": call.arguments, "name": call.name}
            yield event("response.function_call_arguments.done", **done, **at), 0
        yield event("response.output_item.done", output_index=index, item=item), 0
    if script.terminator:
        last = _response(ask, plan, script)
        yield event(f"response.{last['status']}", response=last), 0


def _response_error_event(text: str) -> bytes:
    value = {"type": "error", "code": "server_error", "message": text, "param": None}
    return data_event(value | {"sequence_number": 9999}, "error")


def _read_embedding(request: Request, body: dict[str, object]) -> Ask:
    given = body.get("input", "")
    inputs = given if isinstance(given, list) and not (given and isinstance(given[0], int)) else [given]
    return Ask(_azure_model(request, body), [text_of(item) for item in inputs], caches=False, raw=body)


def vector(text: str, size: int) -> list[float]:
    source = random.Random(text)
    return [round(source.uniform(-1, 1), 6) for _ in range(size)]


def _embedding(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    size = integer(ask.raw.get("dimensions")) or 16
    data = []
    for index, part in enumerate(ask.parts):
        values: object = vector(part, size)
        if ask.raw.get("encoding_format") == "base64":
            values = base64.b64encode(struct.pack(f"<{size}f", *vector(part, size))).decode()
        data.append({"object": "embedding", "index": index, "embedding": values})
    answer: dict[str, object] = {"object": "list", "data": data, "model": ask.model}
    if script.usage:
        tokens = plan.usage.all_input
        answer["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
    return answer


def _input_tokens(ask: Ask, _plan: Plan, _script: Script) -> dict[str, object]:
    count = sum(tokens_of(part) + 4 for part in ask.parts) + 3
    return {"object": "response.input_tokens", "input_tokens": count}


def _models(_ask: Ask, _plan: Plan, _script: Script) -> dict[str, object]:
    model = {"id": "gpt-4o-mini", "object": "model", "created": 1, "owned_by": "simulator"}
    return {"object": "list", "data": [model]}


_common = {"error": error, "error_event": error_event}
ALL = (
    Dialect("openai_chat", re.compile(r"/chat/completions/?$"), _read_chat, _chat, _chat_stream, **_common),
    Dialect("openai_completions", re.compile(r"/completions/?$"), _read_completion, _completion,
            _completion_stream, **_common),
    Dialect("openai_responses", re.compile(r"/responses/input_tokens$"), _read_response, _input_tokens,
            error=error, billed=False, answers_in_words=False),
    Dialect("openai_responses", re.compile(r"/responses/?$"), _read_response, _response,
            _response_stream, error=error, error_event=_response_error_event),
    Dialect("openai_embeddings", re.compile(r"/v\d[^/]*/embeddings/?$|/embeddings$"), _read_embedding,
            _embedding, error=error, answers_in_words=False),
    Dialect("openai_misc", re.compile(r"/v1/models/?$"), lambda _r, body: Ask(raw=body), _models,
            error=error, billed=False, answers_in_words=False, method="GET"),
)
