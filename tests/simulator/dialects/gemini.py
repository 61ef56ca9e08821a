"""Gemini generateContent, its stream as SSE or JSON array, embeddings and token counting."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator

from ..bill import Usage
from ..http import Request
from ..plan import Ask, Plan, text_of, tokens_of
from ..script import Script
from .common import Dialect, Event, compact, data_event, grouped, integer
from .openai import vector

_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tools": "STOP"}
_STATUS = {
    400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}


def _error(status: int, text: str) -> dict[str, object]:
    return {"error": {"code": status, "message": text, "status": _STATUS.get(status, "INTERNAL")}}


def _error_event(text: str) -> bytes:
    return data_event(_error(503, text), end="\r\n")


def _read(request: Request, body: dict[str, object]) -> Ask:
    match = re.search(r"/models/([^/]+):(\w+)$", request.path)
    model, method = (match.group(1), match.group(2)) if match else ("", "")
    config = body.get("generationConfig") or body.get("generation_config") or {}
    assert isinstance(config, dict)
    tools = []
    for tool in body.get("tools") or []:  # type: ignore[attr-defined]
        declared = tool.get("functionDeclarations") or tool.get("function_declarations") or []
        tools += [str(function.get("name", "lookup")) for function in declared]
    parts = [text_of(body[key]) for key in ("systemInstruction", "tools") if body.get(key)]
    given = body.get("contents") or body.get("requests") or [body.get("content")]
    parts += [text_of(item) for item in (given if isinstance(given, list) else [given])]
    return Ask(
        model=urllib.parse.unquote(model),
        parts=parts,
        cap=integer(config.get("maxOutputTokens", config.get("max_output_tokens"))),
        choices=integer(config.get("candidateCount")) or 1,
        stream=method == "streamGenerateContent",
        tools=tools,
        raw=body | {"array": "alt=sse" not in request.query},
    )


def _usage(usage: Usage, output: int | None = None) -> dict[str, object]:
    output = usage.output if output is None else output
    value: dict[str, object] = {"promptTokenCount": usage.all_input}
    if output:
        value["candidatesTokenCount"] = output
    value["totalTokenCount"] = usage.all_input + output + usage.reasoning
    if usage.cache_read:
        value["cachedContentTokenCount"] = usage.cache_read
    value["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": usage.all_input}]
    if usage.reasoning:
        value["thoughtsTokenCount"] = usage.reasoning
    return value


def _candidate(index: int, parts: list[object], finish: str | None) -> dict[str, object]:
    value: dict[str, object] = {"content": {"parts": parts, "role": "model"}, "index": index}
    return value if finish is None else value | {"finishReason": finish}


def _call_parts(plan: Plan) -> list[object]:
    return [{"functionCall": {"name": c.name, "args": json.loads(c.arguments)}} for c in plan.calls]


def _whole(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    parts: list[object] = [{"text": plan.text}] if plan.words else []
    parts += _call_parts(plan)
    answer: dict[str, object] = {
        "candidates": [_candidate(i, parts, _FINISH[plan.finish]) for i in range(ask.choices)],
        "modelVersion": ask.model,
        "responseId": plan.identity,
    }
    if script.usage:
        answer["usageMetadata"] = _usage(plan.usage)
    return answer


def _stream(ask: Ask, plan: Plan, script: Script) -> Iterator[Event]:
    chunks: list[tuple[list[object], str | None, int, int]] = []
    so_far = 0
    for index in range(ask.choices):
        for text, tokens in grouped(plan.words, script.per_event * 4):
            so_far += tokens
            chunks.append(([_candidate(index, [{"text": text}], None)], None, tokens, so_far))
        tokens = sum(call.tokens for call in plan.calls)
        so_far += tokens
        last = _candidate(index, _call_parts(plan) or [{"text": ""}], _FINISH[plan.finish])
        chunks.append(([last], _FINISH[plan.finish], tokens, so_far))
    for number, (candidates, _finish, tokens, total) in enumerate(chunks):
        value: dict[str, object] = {"candidates": candidates}
        if script.usage:
            value["usageMetadata"] = _usage(plan.usage, total)
        value |= {"modelVersion": ask.model, "responseId": plan.identity}
        if number == 0:
            tokens += plan.usage.reasoning
        if ask.raw["array"]:
            yield (b"[" if number == 0 else b",\r\n") + compact(value), tokens
        else:
            yield data_event(value, end="\r\n"), tokens
    if ask.raw["array"] and script.terminator:
        yield b"\r\n]", 0


def _count(ask: Ask, _plan: Plan, _script: Script) -> dict[str, object]:
    return {"totalTokens": sum(tokens_of(part) + 4 for part in ask.parts) + 3}


def _embed(ask: Ask, plan: Plan, script: Script) -> dict[str, object]:
    many = "requests" in ask.raw
    values = [{"values": vector(part, 16)} for part in ask.parts]
    answer: dict[str, object] = {"embeddings": values} if many else {"embedding": values[0]}
    if script.usage:
        answer["usageMetadata"] = {"promptTokenCount": plan.usage.all_input}
    return answer


ALL = (
    Dialect("gemini", re.compile(r":generateContent$"), _read, _whole, error=_error),
    Dialect("gemini", re.compile(r":streamGenerateContent$"), _read, _whole, _stream, _error, _error_event),
    Dialect("gemini_misc", re.compile(r":countTokens$"), _read, _count, error=_error, billed=False,
            answers_in_words=False),
    Dialect("gemini", re.compile(r":(batchEmbedContents|embedContent)$"), _read, _embed, error=_error,
            answers_in_words=False),
)
