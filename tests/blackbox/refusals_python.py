"""What an application sees of refusals through the official Python SDKs with their usual retries, as JSON.

Usage: python -m tests.blackbox.refusals_python ORIGIN ADMIN_ORIGIN TOKEN > results.json
"""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

MESSAGES = [{"role": "user", "content": "Tell me about weirs."}]
LONG = {"x-sim-script": "output=6000;rate=2000;per_event=20"}


def outcome(call: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"class": None, "result": call()}
    except Exception as error:  # noqa: BLE001 - any class is the result
        return {
            "class": type(error).__name__,
            "bases": [base.__name__ for base in type(error).__mro__],
            "status": getattr(error, "status_code", None) or getattr(error, "code", None),
            "code": getattr(error, "code", None),
            "body": getattr(error, "body", None) or getattr(error, "details", None),
            "text": str(error),
        }


def plain(origin: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    """A request without an SDK; its outcome does not matter."""
    request = urllib.request.Request(origin + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json", **headers})
    try:
        urllib.request.urlopen(request, timeout=30).read()
    except OSError:
        pass


def read_until_cut(stream: Iterator[Any], meanwhile: Callable[[], None]) -> int:
    """Reads a stream whose budget `meanwhile` uses up behind its back; how many events came."""
    seen = 0
    for _ in stream:
        seen += 1
        if seen == 2:
            threading.Thread(target=meanwhile, daemon=True).start()
    return seen


def main(origin: str, admin: str, token: str) -> dict[str, Any]:
    import anthropic
    import openai
    from google import genai
    from google.genai import types

    def openai_client(workflow: str, **more: str) -> Any:
        return openai.OpenAI(api_key="k", base_url=f"{origin}/p/openai/v1",
                             default_headers={"X-LLM-Workflow": workflow, **more})

    def anthropic_client(workflow: str, **more: str) -> Any:
        return anthropic.Anthropic(api_key="k", base_url=f"{origin}/p/anthropic",
                                   default_headers={"X-LLM-Workflow": workflow, **more})

    kept: list[Any] = []  # a Google client that is collected closes its connections under way

    def google_client(workflow: str, attempts: int = 0, **more: str) -> Any:
        retry = types.HttpRetryOptions(attempts=attempts) if attempts else None
        kept.append(genai.Client(api_key="k", http_options=types.HttpOptions(
            base_url=f"{origin}/p/gemini", headers={"X-LLM-Workflow": workflow, **more}, retry_options=retry)))
        return kept[-1]

    def chat(client: Any, **more: Any) -> Any:
        return client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, **{"max_tokens": 100, **more})

    def responses(client: Any, **more: Any) -> Any:
        return client.responses.create(model="gpt-4.1-mini", input="Tell me.", **{"max_output_tokens": 100, **more})

    def message(client: Any, **more: Any) -> Any:
        return client.messages.create(model="claude-sonnet-4-5", messages=MESSAGES, **{"max_tokens": 100, **more})

    def content(client: Any) -> Any:
        return client.models.generate_content(model="gemini-2.5-flash", contents="Tell me.",
                                              config=types.GenerateContentConfig(max_output_tokens=100))

    def busy(path: str, workflow: str, body: dict[str, Any]) -> None:
        """Takes the only place of a workflow for three seconds, longer than the proxy itself waits."""
        threading.Thread(target=plain, daemon=True, args=(
            origin, path, body, {"X-LLM-Workflow": workflow, "x-sim-script": "ttft=3.2;output=3"})).start()
        time.sleep(0.25)

    results: dict[str, Any] = {}

    # A budget that is used up, streamed and not.
    for stream in (False, True):
        kind = "stream" if stream else "plain"
        results[f"openai_chat_{kind}"] = outcome(lambda: list(chat(openai_client(f"poor-openai_chat_{kind}"), stream=stream)))
        results[f"openai_responses_{kind}"] = outcome(
            lambda: list(responses(openai_client(f"poor-openai_responses_{kind}"), stream=stream)))
        results[f"anthropic_{kind}"] = outcome(lambda: list(message(anthropic_client(f"poor-anthropic_{kind}"), stream=stream)))
    results["anthropic_helper"] = outcome(lambda: _final(anthropic_client("poor-anthropic_helper")))
    results["google_plain"] = outcome(lambda: content(google_client("poor-google_plain", attempts=3)))
    results["google_stream"] = outcome(lambda: list(google_client("poor-google_stream", attempts=3).models.generate_content_stream(
        model="gemini-2.5-flash", contents="Tell me.")))

    # A stream whose budget is used up by somebody else while it runs.
    results["cut_openai_chat"] = outcome(lambda: read_until_cut(
        chat(openai_client("cut-openai_chat", **LONG), stream=True, max_tokens=6000),
        lambda: plain(origin, "/p/openai/v1/chat/completions",
                      {"model": "gpt-4o-mini", "max_tokens": 5000, "messages": MESSAGES},
                      {"X-LLM-Workflow": "cut-openai_chat", "x-sim-script": "output=5000"})))
    results["cut_openai_responses"] = outcome(lambda: read_until_cut(
        responses(openai_client("cut-openai_responses", **LONG), stream=True, max_output_tokens=6000),
        lambda: plain(origin, "/p/openai/v1/responses", {"model": "gpt-4.1-mini", "max_output_tokens": 5000, "input": "x"},
                      {"X-LLM-Workflow": "cut-openai_responses", "x-sim-script": "output=5000"})))
    results["cut_anthropic"] = outcome(lambda: read_until_cut(
        message(anthropic_client("cut-anthropic", **LONG), stream=True, max_tokens=6000),
        lambda: plain(origin, "/p/anthropic/v1/messages",
                      {"model": "claude-sonnet-4-5", "max_tokens": 4000, "messages": MESSAGES},
                      {"X-LLM-Workflow": "cut-anthropic", "x-sim-script": "output=4000"})))

    # A stream that an operator stops.
    def kill(workflow: str) -> None:
        plain(admin, "/api/v1/kill", {"workflow": workflow, "reason": "a test"}, {"Authorization": f"Bearer {token}"})

    slow = {"x-sim-script": "output=2000;rate=200"}
    results["kill_openai_chat"] = outcome(lambda: read_until_cut(
        chat(openai_client("kill-openai_chat", **slow), stream=True, max_tokens=2000), lambda: kill("kill-openai_chat")))
    results["kill_anthropic"] = outcome(lambda: read_until_cut(
        message(anthropic_client("kill-anthropic", **slow), stream=True, max_tokens=2000), lambda: kill("kill-anthropic")))
    results["kill_google"] = outcome(lambda: read_until_cut(
        google_client("kill-google", **slow).models.generate_content_stream(model="gemini-2.5-flash", contents="Tell me."),
        lambda: kill("kill-google")))

    # A place that is taken for a moment: the SDK waits and tries again.
    busy("/p/openai/v1/chat/completions", "busy-openai_chat", {"model": "gpt-4o-mini", "messages": MESSAGES})
    results["busy_openai_chat"] = outcome(lambda: chat(openai_client("busy-openai_chat")).choices[0].message.content)
    busy("/p/anthropic/v1/messages", "busy-anthropic", {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": MESSAGES})
    results["busy_anthropic"] = outcome(lambda: message(anthropic_client("busy-anthropic")).content[0].text)
    busy("/p/gemini/v1beta/models/gemini-2.5-flash:generateContent", "busy-google",
         {"contents": [{"role": "user", "parts": [{"text": "x"}]}]})
    results["busy_google"] = outcome(lambda: content(google_client("busy-google", attempts=4)).text)
    return results


def _final(client: Any) -> Any:
    with client.messages.stream(model="claude-sonnet-4-5", max_tokens=100, messages=MESSAGES) as stream:
        return str(stream.get_final_message())


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout, default=str)
