"""A transcript written as each API wants it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .script import arguments_text


@dataclass
class Call:
    identity: str
    name: str
    arguments: str
    result: str
    failed: bool


@dataclass
class Turn:
    role: str  # user, assistant, calls
    text: str = ""
    calls: list[Call] = field(default_factory=list)


def calls_of(values: list[dict[str, Any]], number: int) -> list[Call]:
    return [Call(f"call_{number:05d}_{index}", str(value.get("name", "lookup")), arguments_text(value.get("arguments")),
                 str(value.get("result", "ok")), bool(value.get("failed", False)))
            for index, value in enumerate(values)]


MODELS = {"openai_chat": "gpt-4o-mini", "openai_responses": "gpt-4.1-mini", "anthropic_messages": "claude-sonnet-4-5",
          "gemini": "gemini-2.5-flash"}
_SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}, "additionalProperties": True}


def request(dialect: str, model: str, system: str, declared: tuple[str, ...], turns: list[Turn], stream: bool,
            max_tokens: int) -> tuple[str, dict[str, Any]]:
    """Path and body."""
    return _FORMS[dialect](model, system, declared, turns, stream, max_tokens)


def _chat(model: str, system: str, declared: tuple[str, ...], turns: list[Turn], stream: bool,
          max_tokens: int) -> tuple[str, dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for turn in turns:
        if turn.role != "calls":
            messages.append({"role": turn.role, "content": turn.text})
            continue
        messages.append({"role": "assistant", "content": None, "tool_calls": [
            {"id": call.identity, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in turn.calls]})
        messages += [{"role": "tool", "tool_call_id": call.identity, "content": _result(call)} for call in turn.calls]
    body: dict[str, Any] = {"model": model, "messages": messages, "max_tokens": max_tokens, "stream": stream}
    if declared:
        body["tools"] = [{"type": "function", "function": {"name": name, "parameters": _SCHEMA}} for name in declared]
    return "/p/openai/v1/chat/completions", body


def _responses(model: str, system: str, declared: tuple[str, ...], turns: list[Turn], stream: bool,
               max_tokens: int) -> tuple[str, dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for turn in turns:
        if turn.role != "calls":
            items.append({"role": turn.role, "content": turn.text})
            continue
        items += [{"type": "function_call", "call_id": call.identity, "name": call.name, "arguments": call.arguments}
                  for call in turn.calls]
        items += [{"type": "function_call_output", "call_id": call.identity, "output": _result(call)} for call in turn.calls]
    body: dict[str, Any] = {"model": model, "input": items, "max_output_tokens": max_tokens, "stream": stream}
    if system:
        body["instructions"] = system
    if declared:
        body["tools"] = [{"type": "function", "name": name, "parameters": _SCHEMA} for name in declared]
    return "/p/openai/v1/responses", body


def _messages(model: str, system: str, declared: tuple[str, ...], turns: list[Turn], stream: bool,
              max_tokens: int) -> tuple[str, dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for turn in turns:
        if turn.role != "calls":
            messages.append({"role": turn.role, "content": turn.text})
            continue
        messages.append({"role": "assistant", "content": [
            {"type": "tool_use", "id": call.identity, "name": call.name, "input": json.loads(call.arguments)}
            for call in turn.calls]})
        messages.append({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": call.identity, "content": call.result, "is_error": call.failed}
            for call in turn.calls]})
    body: dict[str, Any] = {"model": model, "messages": messages, "max_tokens": max_tokens, "stream": stream}
    if system:
        body["system"] = system
    if declared:
        body["tools"] = [{"name": name, "input_schema": _SCHEMA} for name in declared]
    return "/p/anthropic/v1/messages", body


def _gemini(model: str, system: str, declared: tuple[str, ...], turns: list[Turn], stream: bool,
            max_tokens: int) -> tuple[str, dict[str, Any]]:
    contents: list[dict[str, Any]] = []
    for turn in turns:
        if turn.role != "calls":
            contents.append({"role": "model" if turn.role == "assistant" else "user", "parts": [{"text": turn.text}]})
            continue
        contents.append({"role": "model", "parts": [
            {"functionCall": {"name": call.name, "args": json.loads(call.arguments)}} for call in turn.calls]})
        contents.append({"role": "user", "parts": [
            {"functionResponse": {"name": call.name,
                                  "response": {"error" if call.failed else "result": call.result}}} for call in turn.calls]})
    body: dict[str, Any] = {"contents": contents, "generationConfig": {"maxOutputTokens": max_tokens}}
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    if declared:
        body["tools"] = [{"functionDeclarations": [{"name": name, "parameters": _SCHEMA} for name in declared]}]
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/p/gemini/v1beta/models/{model}:{verb}", body


def _result(call: Call) -> str:
    return f"Error: {call.result}" if call.failed else call.result


_FORMS = {"openai_chat": _chat, "openai_responses": _responses, "anthropic_messages": _messages, "gemini": _gemini}
