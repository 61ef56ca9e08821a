"""Which models may be asked for, whatever a request does to hide the one it means."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.blackbox.proxy import Proxy, providers
from tests.blackbox.security import ask, new_key
from tests.bypass.recorder import Recorder

Start = Callable[..., Proxy]
CHAT, MESSAGES = "/p/openai/v1/chat/completions", "/p/anthropic/v1/messages"
GEMINI = "/p/gemini/v1beta/models/{}:generateContent"
DEPLOYMENT = "/p/azure/openai/deployments/{}/chat/completions?api-version=2024-10-21"
DENY = ["gpt-4o", "claude-opus-4-*", "models/gemini-2.5-pro", "o?"]


def chat(**more: Any) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "max_tokens": 9, "messages": [], **more}


def text(body: str, **headers: str) -> tuple[str, bytes, dict[str, str]]:
    return CHAT, body.encode(), headers


DENIED: list[tuple[str, Any, dict[str, str]]] = [
    *[(CHAT, chat(model=name), {}) for name in (
        "gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20", "gpt-4o-2024-05-13", "gpt-4o-latest", "openai/gpt-4o", "openrouter/openai/gpt-4o:free", "GPT-4o", " gpt-4o ", "gpt-4o:online",
        "ft:gpt-4o-2024-08-06:org::abc", "models/gpt-4o", "azure/gpt-4o@2024-08-06", "O1", "o3-2025-04-16", "anthropic/claude-opus-4.1", "us.anthropic.claude-opus-4-20250514-v1:0")],
    (CHAT, chat(models=["gpt-4o-mini", "openai/gpt-4o"]), {}), (CHAT, chat(fallbacks=["gpt-4o"]), {}), (CHAT, chat(fallbacks=[{"model": "gpt-4o-2024-08-06"}]), {}),
    (CHAT, chat(models=[f"m{n}" for n in range(100)] + ["gpt-4o"]), {}), (CHAT, chat(model=["gpt-4o"]), {}), (CHAT, {"messages": []}, {}), (CHAT, chat(model=""), {}), (CHAT, chat(model="x" * 3000), {}),
    text('{"model":"gpt-4o","model":"gpt-4o-mini","messages":[]}'), text('{"model":"gpt-4o-mini","messages":[],"model":"gpt-4o"}'), text('{"model":"gpt-4o-mini","m\\u006fdel":"gpt\\u002d4o","messages":[]}'),
    text('{"model":"gpt-4o-mini","MODEL":"gpt-4o","messages":[]}'), text('{"model":"\\u0067pt-4o","messages":[]}'), text('{"model":"gpt-4o-mini"}{"model":"gpt-4o"}'),
    (CHAT, '{"model":"gpt-4o"}'.encode("utf-16"), {}), (CHAT, b"\xef\xbb\xbf" + b'{"model":"gpt-4o","messages":[]}', {}), (CHAT, gzip.compress(b'{"model":"gpt-4o","messages":[]}'), {"Content_Encoding": "gzip"}),
    (CHAT, b'{"model":"gpt-4o-mini"}', {"Content_Encoding": "br"}), text('{"model":"gpt-4o-mini","a":"\u3042\\",\\"model\\":\\"gpt-4o\\",\\"b\\":\\""}', Content_Type="application/json; charset=shift_jis"),
    (DEPLOYMENT.format("gpt-4o"), chat(), {}), (DEPLOYMENT.format("GPT-4o"), chat(), {}), (DEPLOYMENT.format("gpt%2D4o").replace("deployments", "Deployments"), chat(), {}), (DEPLOYMENT.format("mine"), chat(model="gpt-4o"), {}),
    ("/p/openai/v1/engines/gpt-4o/completions", {"prompt": "x"}, {}), (GEMINI.format("gemini-2.5-pro"), {"contents": []}, {}), (GEMINI.format("gemini-2.5-pro-preview-05-06"), {"contents": []}, {}),
    (GEMINI.format("gemini%2d2.5-pro"), {"contents": []}, {}), (GEMINI.format("gemini-2.5-pro").replace("generate", "count").replace("Content", "Tokens"), {"contents": []}, {}),
    (MESSAGES, {"model": "claude-opus-4-1-20250805", "max_tokens": 9, "messages": []}, {}), (MESSAGES, {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [], "tools": [{"type": "advisor_20260301", "model": "claude-opus-4-8"}]}, {}),
    ("/p/anthropic/v1/messages/batches", {"requests": [{"params": {"model": "claude-opus-4-1"}}]}, {}), ("/p/openai/v1/embeddings", {"model": "gpt-4o", "input": "x"}, {}), ("/p/openai/v1/threads/runs", {"assistant_id": "a"}, {}),
    ("/p/openai/v1/realtime/client_secrets", {"session": {"type": "realtime", "model": "gpt-4o"}}, {}), ("/p/openai/v1/conversations", {"agent_id": "a", "inputs": "x"}, {}),
]
PERMITTED: list[tuple[str, Any, dict[str, str]]] = [
    *[(CHAT, chat(model=name), {}) for name in ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini", "gpt-4.1", "gpt-5", "o10", "gpt-4o-audio-preview", "my/gpt-4o-clone")],
    (MESSAGES, {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}, {}), (GEMINI.format("gemini-2.5-flash"), {"contents": []}, {}), (DEPLOYMENT.format("gpt-4o-mini"), chat(), {}),
    (CHAT, gzip.compress(b'{"model":"gpt-4o-mini","messages":[]}'), {"Content_Encoding": "gzip"}), (CHAT, chat(messages=[{"role": "user", "content": '{"model":"gpt-4o"}'}]), {}),
    ("/p/openai/v1/files", b"x", {}), ("/p/openai/v1/conversations", {"items": []}, {}), ("/p/ollama/api/chat", {"model": "llama3", "messages": []}, {}),
]


def rows(origin: str) -> list[dict[str, Any]]:
    azure = {"name": "azure", "origin": origin, "dialect": "azure", "prices": "azure", "match": {"path_prefix": "/p/azure"}}
    return [*providers(origin), azure]


@pytest.mark.parametrize("owner", ["workflow", "credential"])
def test_a_denied_model_is_denied_by_every_name_and_in_every_place(start: Start, owner: str) -> None:
    key, row = new_key("app")
    settings: dict[str, Any] = {"workflows": [{"name": "w", "models": {"deny": DENY}}]}
    if owner == "credential":
        settings = {"credentials": [{**row, "models": {"deny": DENY}, "provider_keys": {"openai": "k"}}]}
    with Recorder() as provider:
        proxy = start(settings, rows=rows(provider.origin))
        label = {"X_LLM_Workflow": "w", "X_Bypass_Case": "0"}
        for path, body, headers in DENIED:
            answer = ask(proxy, key, path, body, **label, **headers)
            assert answer.status_code == 403 and "0" not in provider.arrivals, (path, body, headers, answer.text)
        for path, body, headers in PERMITTED:
            answer = ask(proxy, key, path, body, **label, **headers)
            assert answer.status_code == 200, (path, body, answer.text)
        refusals = {row["refusal"] for row in proxy.records(len(DENIED) + len(PERMITTED))} - {None}
        assert refusals == {"model_denied"}


def test_only_listed_names_are_allowed(start: Start) -> None:
    key, row = new_key("app")
    with Recorder() as provider:
        proxy = start({"credentials": [{**row, "models": {"allow": ["gpt-4o-mini", "gpt-4o-mini-*"], "deny": ["gpt-4o-mini-2024-07-18"]}, "provider_keys": {"openai": "k"}}]}, rows=rows(provider.origin))
        codes = {name: ask(proxy, key, CHAT, chat(model=name)).status_code for name in ("gpt-4o-mini", "gpt-4o-mini-x", "gpt-4o-mini-2024-07-18", "GPT-4O-MINI", "openai/gpt-4o-mini", "gpt-4o")}
        assert codes == {"gpt-4o-mini": 200, "gpt-4o-mini-x": 200, "gpt-4o-mini-2024-07-18": 403, "GPT-4O-MINI": 403, "openai/gpt-4o-mini": 403, "gpt-4o": 403}
        assert ask(proxy, key, CHAT, chat(models=["gpt-4o"])).status_code == 403
        assert ask(proxy, key, CHAT, {"messages": []}).status_code == 403


def test_a_ladder_does_not_lead_to_a_denied_model(start: Start) -> None:
    step = {"at": 0.001, "downgrade": {"gpt-4.1": "gpt-4o-2024-08-06"}}
    with Recorder() as provider:
        proxy = start({"workflows": [{"name": "w", "models": {"deny": ["gpt-4o"]}}],
                       "budgets": [{"name": "b", "match": {}, "limit": {"usd": "0.05"}, "window": "total", "ladder": [step, {"at": 1, "reject": True}]}]}, rows=rows(provider.origin))
        body = chat(model="gpt-4.1", messages=[{"role": "user", "content": "hello " * 400}])
        for number in range(3):
            answer = ask(proxy, "sk", CHAT, body, X_LLM_Workflow="w", X_Bypass_Case=str(number))
            assert answer.status_code == 200
        assert ask(proxy, "sk", CHAT, body, X_LLM_Workflow="v", X_Bypass_Case="3").status_code == 200
        models = [json.loads(provider.arrivals[str(number)].body)["model"] for number in range(4)]
        assert models == ["gpt-4.1"] * 3 + ["gpt-4o-2024-08-06"]


def test_while_only_observing_a_denied_model_is_noted(start: Start) -> None:
    with Recorder() as provider:
        proxy = start({"enforcement": "observe", "workflows": [{"name": "w", "models": {"deny": ["gpt-4o"]}}]}, rows=rows(provider.origin))
        assert ask(proxy, "sk", CHAT, chat(model="openai/gpt-4o"), X_LLM_Workflow="w").status_code == 200
        assert proxy.records(1)[0]["would_refuse"] == "model_denied"
