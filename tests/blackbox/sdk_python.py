"""Drives the official Python SDKs and prints what an application would see, as JSON.

Run as a process of its own, so that only environment variables (base URL, CA) tell the SDKs where to
go, as in production. Usage: python -m tests.blackbox.sdk_python > results.json
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

SCENARIOS: dict[str, Callable[[], Any]] = {}
TOOL_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def scenario(function: Callable[[], Any]) -> Callable[[], Any]:
    SCENARIOS[function.__name__] = function
    return function


def scrub(value: Any) -> Any:
    """Leaves out what differs between two runs by nature."""
    if isinstance(value, dict):
        return {k: scrub(v) for k, v in value.items()
                if k not in ("id", "created", "created_at", "response_id", "item_id", "sdk_http_response",
                             "call_id", "tool_use_id", "signature", "create_time")}
    if isinstance(value, list):
        return [scrub(item) for item in value]
    return value


def dump(value: Any) -> Any:
    return scrub(value.model_dump(mode="json"))


def raised(call: Callable[[], Any]) -> dict[str, Any]:
    """The error an SDK raises, as far as applications look at it."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - any class is the result
        return {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", getattr(error, "code", None)),
            "code": getattr(error, "code", None),
            "type": getattr(error, "type", None),
            "message": str(error),
            "body": getattr(error, "body", None),
        }
    return {"class": None}


def openai_client(**options: Any) -> Any:
    import openai

    return openai.OpenAI(api_key="sk-canary-openai", max_retries=0, **options)


def anthropic_client(**options: Any) -> Any:
    import anthropic

    return anthropic.Anthropic(api_key="sk-ant-canary", max_retries=0, **options)


@functools.cache
def google_client() -> Any:  # kept: a collected client closes its connections under way
    from google import genai

    return genai.Client(api_key="canary-google")


MESSAGES = [{"role": "user", "content": "Tell me about weirs."}]
CHAT_TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": TOOL_SCHEMA}}]


@scenario
def openai_plain() -> Any:
    return dump(openai_client().chat.completions.create(model="gpt-4o", messages=MESSAGES))


@scenario
def openai_stream() -> Any:
    stream = openai_client().chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True)
    return [dump(chunk) for chunk in stream]


@scenario
def openai_stream_usage() -> Any:
    stream = openai_client().chat.completions.create(
        model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True})
    return [dump(chunk) for chunk in stream]


@scenario
def openai_tools() -> Any:
    client = openai_client()
    plain = client.chat.completions.create(model="gpt-4o#tools=2", messages=MESSAGES, tools=CHAT_TOOLS)
    stream = client.chat.completions.create(
        model="gpt-4o#tools=1", messages=MESSAGES, tools=CHAT_TOOLS, stream=True)
    return [dump(plain), [dump(chunk) for chunk in stream]]


@scenario
def openai_responses() -> Any:
    client = openai_client()
    plain = client.responses.create(model="gpt-4.1", input="Tell me about weirs.")
    stream = client.responses.create(model="gpt-4.1", input="Tell me about dams.", stream=True)
    return [dump(plain), [dump(event) for event in stream]]


@scenario
def openai_embeddings() -> Any:
    answer = openai_client().embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    return dump(answer)


@scenario
def openai_errors() -> Any:
    client = openai_client()
    return [
        raised(lambda: client.chat.completions.create(model=f"gpt-4o#status={status}", messages=MESSAGES))
        for status in (400, 401, 404, 429, 500, 503)
    ] + [raised(lambda: list(client.chat.completions.create(
        model="gpt-4o#error_at=5", messages=MESSAGES, stream=True)))]


@scenario
def openai_cancel() -> Any:
    stream = openai_client().chat.completions.create(
        model="gpt-4o#output=400;rate=200", messages=MESSAGES, stream=True)
    seen = []
    for chunk in stream:
        seen.append(dump(chunk))
        if len(seen) == 5:
            stream.close()
            break
    return seen


@scenario
def anthropic_plain() -> Any:
    return dump(anthropic_client().messages.create(
        model="claude-sonnet-4-5", max_tokens=200, messages=MESSAGES))


@scenario
def anthropic_stream() -> Any:
    client = anthropic_client()
    events = [dump(event) for event in client.messages.create(
        model="claude-sonnet-4-5", max_tokens=200, messages=MESSAGES, stream=True)]
    with client.messages.stream(model="claude-sonnet-4-5", max_tokens=200, messages=MESSAGES) as stream:
        final = dump(stream.get_final_message())
    return [events, final]


@scenario
def anthropic_tools() -> Any:
    tools = [{"name": "weather", "description": "the weather", "input_schema": TOOL_SCHEMA}]
    client = anthropic_client()
    plain = client.messages.create(model="claude-sonnet-4-5#tools=1", max_tokens=200, messages=MESSAGES, tools=tools)
    events = client.messages.create(model="claude-sonnet-4-5#tools=2", max_tokens=200, messages=MESSAGES,
                                    tools=tools, stream=True)
    return [dump(plain), [dump(event) for event in events]]


@scenario
def anthropic_count_tokens() -> Any:
    return dump(anthropic_client().messages.count_tokens(model="claude-sonnet-4-5", messages=MESSAGES))


@scenario
def anthropic_errors() -> Any:
    client = anthropic_client()
    return [
        raised(lambda: client.messages.create(
            model=f"claude-sonnet-4-5#status={status}", max_tokens=50, messages=MESSAGES))
        for status in (400, 401, 429, 500, 529)
    ] + [raised(lambda: list(client.messages.create(
        model="claude-sonnet-4-5#error_at=5", max_tokens=200, messages=MESSAGES, stream=True)))]


@scenario
def anthropic_cancel() -> Any:
    stream = anthropic_client().messages.create(
        model="claude-sonnet-4-5#output=400;rate=200", max_tokens=500, messages=MESSAGES, stream=True)
    seen = []
    for event in stream:
        seen.append(dump(event))
        if len(seen) == 6:
            stream.close()
            break
    return seen


@scenario
def google_plain() -> Any:
    return dump(google_client().models.generate_content(model="gemini-2.5-flash", contents="Tell me about weirs."))


@scenario
def google_stream() -> Any:
    return [dump(chunk) for chunk in google_client().models.generate_content_stream(
        model="gemini-2.5-flash", contents="Tell me about weirs.")]


@scenario
def google_tools() -> Any:
    from google.genai import types

    tool = types.Tool(function_declarations=[types.FunctionDeclaration(
        name="weather", description="the weather", parameters_json_schema=TOOL_SCHEMA)])
    config = types.GenerateContentConfig(
        tools=[tool], http_options=types.HttpOptions(headers={"x-sim-script": "tools=1"}))
    return dump(google_client().models.generate_content(
        model="gemini-2.5-flash", contents="Tell me about weirs.", config=config))


@scenario
def google_count_and_embed() -> Any:
    client = google_client()
    return [
        dump(client.models.count_tokens(model="gemini-2.5-flash", contents="Tell me about weirs.")),
        dump(client.models.embed_content(model="gemini-embedding-001", contents="weir")),
    ]


@scenario
def google_errors() -> Any:
    from google.genai import types

    client = google_client()
    results = []
    for status in (400, 403, 429, 500):
        config = types.GenerateContentConfig(
            http_options=types.HttpOptions(headers={"x-sim-script": f"status={status}"}))
        results.append(raised(lambda: client.models.generate_content(
            model="gemini-2.5-flash", contents="x", config=config)))
    return results


@scenario
def google_cancel() -> Any:
    from google.genai import types

    config = types.GenerateContentConfig(
        http_options=types.HttpOptions(headers={"x-sim-script": "output=400;rate=200"}))
    seen = []
    for chunk in google_client().models.generate_content_stream(
            model="gemini-2.5-flash", contents="Tell me about weirs.", config=config):
        seen.append(dump(chunk))
        if len(seen) == 4:
            break
    return seen


def base_urls(origin: str, through_proxy: bool) -> dict[str, str]:
    """The environment that points every SDK at `origin`."""
    prefix = (lambda name: f"{origin}/p/{name}") if through_proxy else (lambda name: origin)
    return {
        "OPENAI_BASE_URL": f"{prefix('openai')}/v1",
        "ANTHROPIC_BASE_URL": prefix("anthropic"),
        "GOOGLE_GEMINI_BASE_URL": prefix("gemini"),
    }


def outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except Exception as error:  # noqa: BLE001 - the comparison shows it
        return {"unexpected": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    os.environ.pop("HTTPS_PROXY", None)
    results = {name: outcome(run) for name, run in sorted(SCENARIOS.items())}
    json.dump(results, sys.stdout, sort_keys=True, default=str)
