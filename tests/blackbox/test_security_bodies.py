"""Checks H of docs/security.md: what a provider would read in a body is what was capped and metered, or it is refused.

The bodies of ./dev bypass (tests/bypass) are judged here by the check they belong to; tests/blackbox/test_bypass.py
sends all of them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.proxy import Proxy, providers
from tests.blackbox.raw import post
from tests.blackbox.security import CHAT, USAGE, Provider, ask, raw, raw_chat, status
from tests.bypass.run import Case, Outcome, read_case, run
from tests.simulator import Simulator

Start = Callable[..., Proxy]
C, M, G, R, O = "/v1/chat/completions", "/v1/messages", "/v1beta/models/gemini-2.5-flash:generateContent", "/v1/responses", "/api/chat"


def judged(bodies: list[tuple[str, str, Any]], directory: Path, **more: Any) -> list[Outcome]:
    """Sends (family, path, body) under a cap of 100; none of them may get around it."""
    cases: list[Case] = []
    for number, (family, path, body) in enumerate(bodies):
        text = body.decode("latin-1") if isinstance(body, bytes) else body
        case = read_case({"provider": family, "path": path, "body": text, **more}, number)
        if isinstance(body, bytes):
            case.body = body
        cases.append(case)
    outcomes = run(cases, directory)
    for outcome in outcomes:
        assert not outcome.bypassed and not outcome.alterations, (outcome.case.body[:200], outcome.arrived, outcome.why)
        assert outcome.arrived is not None or 400 <= outcome.status < 500, (outcome.case.body[:200], outcome.status)
    return outcomes


def test_h1_a_limit_said_twice_is_lowered_twice(tmp_path: Path) -> None:
    bodies = []
    for a, b in ((1, 100_000), (100_000, 1), (1, "null"), ("null", 100_000), (1, -1), (-1, 1), (50, '"100000"')):
        bodies += [("openai", C, f'{{"max_tokens":{a},"model":"m","messages":[],"max_tokens":{b}}}'),
                   ("openai", C, f'{{"max_tokens":{a},"model":"m","messages":[],"max_completion_tokens":{b}}}'),
                   ("openai", R, f'{{"max_output_tokens":{a},"model":"m","input":"x","max_output_tokens":{b}}}'),
                   ("anthropic", M, f'{{"max_tokens":{a},"model":"m","messages":[],"max_tokens":{b}}}'),
                   ("gemini", G, f'{{"generationConfig":{{"maxOutputTokens":{a}}},"generation_config":{{"max_output_tokens":{b}}}}}'),
                   ("ollama", O, f'{{"model":"m","options":{{"num_predict":{a}}},"options":{{"num_predict":{b}}}}}')]
    outcomes = judged(bodies, tmp_path)
    assert sum(outcome.lowered for outcome in outcomes) > len(bodies) // 2


def test_h2_an_escaped_key_is_the_key(tmp_path: Path) -> None:
    keys = ["max\\u005ftokens", "\\u006dax_tokens", "max_token\\u0073", "\\u006d\\u0061\\u0078\\u005F\\u0074\\u006f\\u006b\\u0065\\u006e\\u0073"]
    bodies = [("openai", C, f'{{"model":"m","messages":[],"{key}":5000}}') for key in keys]
    bodies += [("anthropic", M, f'{{"model":"m","messages":[],"max_tokens":5,"{key}":5000}}') for key in keys]
    bodies += [("gemini", G, '{"generationC\\u006fnfig":{"maxOutputT\\u006fkens":5000}}'), ("ollama", O, '{"model":"m","opti\\u006fns":{"num\\u005fpredict":-1}}')]
    assert all(outcome.lowered for outcome in judged(bodies, tmp_path))


def test_h2_an_escaped_model_is_the_model(start: Start) -> None:
    proxy = start({"workflows": [{"name": "w", "models": {"deny": ["gpt-4o"]}}]})
    for body in (b'{"\\u006dodel":"gpt-4o","messages":[]}', b'{"model":"gpt\\u002d4o","messages":[]}', b'{"mode\\u006c":"\\u0067pt-4o","messages":[]}'):
        assert ask(proxy, body=body, X_LLM_Workflow="w").status_code == 403, body
    assert {row["model_requested"] for row in proxy.records(3)} == {"gpt-4o"}


def test_h3_what_decides_the_price_is_said_once(start: Start) -> None:
    with Provider() as provider:
        proxy = start({"budgets": [{"name": "b", "match": {}, "limit": {"usd": "1"}, "window": "total"}],
                       "output_caps": [{"match": {}, "max": 100, "default": 100}]}, rows=providers(provider.origin))
        for body in ('{"model":"gpt-4o-mini","model":"gpt-5-pro","messages":[]}', '{"model":"gpt-5-pro","messages":[],"model":"gpt-4o-mini"}',
                     '{"n":1,"model":"gpt-4o-mini","n":50,"messages":[]}', '{"stream":false,"model":"gpt-4o-mini","messages":[],"stream":true}',
                     '{"model":"gpt-4o-mini","\\u006dodel":"gpt-5-pro","messages":[]}', '{"model":"gpt-4o-mini","Model":"gpt-5-pro","messages":[]}',
                     '{"model":"gpt-4o-mini","messages":[],"n":1,"N":50}'):
            answer = ask(proxy, body=body.encode())
            if answer.status_code == 200:  # a spelling nobody but Go's servers reads: the dearer reading was held
                assert json.loads(provider.last()[2])["model"] == "gpt-4o-mini" and provider.last()[2].count(b"max_") >= 1
            else:
                assert answer.status_code == 400, body
        # The same words elsewhere are somebody's text.
        nested = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x", "model": "gpt-5-pro"}], "metadata": {"model": "x", "n": "9"},
                  "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"model": {}, "n": {}, "stream": {}}}}}]}
        assert ask(proxy, body=nested).status_code == 200
        assert proxy.records(1, "http_status = 200")[-1]["model_requested"] == "gpt-4o-mini"


def test_h4_a_limit_is_read_as_the_least_favourable_server_reads_it(tmp_path: Path) -> None:
    values = ["1e5", "100000.0", '"100000"', "-1", "0", "null", "true", "9223372036854775808", "18446744073709551616", "1e400", "NaN", "-0", "1E2",
              "1e99999999999", "100.0000000001", "0100", "+5000", "0x1388", "5e-400", '"1e5"', "[5000]", "{}", '""', "1" + "0" * 500]
    for family, path, form in (("openai", C, '{"model":"m","messages":[],"max_tokens":%s}'), ("anthropic", M, '{"model":"m","messages":[],"max_tokens":%s}'),
                               ("gemini", G, '{"generationConfig":{"maxOutputTokens":%s}}'), ("ollama", O, '{"model":"m","options":{"num_predict":%s}}'),
                               ("cohere", "/v2/chat", '{"model":"m","messages":[],"max_tokens":%s}')):
        outcomes = judged([(family, path, form % value) for value in values], tmp_path / family)
        assert outcomes[0].lowered and outcomes[3].arrived is not None


def test_h5_one_document_and_nothing_else(tmp_path: Path) -> None:
    body = '{"model":"m","messages":[],"max_tokens":5000}'
    small = '{"model":"m","messages":[],"max_tokens":50}'
    frames = ["%s{}", "%s\n%s", "%s,%s", "[%s]", "%s//", "/**/%s", "\ufeff%s", "%s;", "%s\x00", "data: %s", "{}%s", "null%s", "%s]", "\x1e%s", ")]}'\n%s"]
    bodies = [("openai", C, (frame % ((text,) * frame.count("%s"))).encode()) for frame in frames for text in (body, small)]
    bodies += [("openai", C, (small + body).encode()), ("openai", C, (body + small).encode())]
    judged(bodies, tmp_path)
    spaced = judged([("openai", C, f" \t\r\n{body}\n\n ")], tmp_path / "spaced")
    assert spaced[0].lowered  # white space is allowed


def test_h6_bytes_that_are_no_text_do_not_hide_a_key(tmp_path: Path) -> None:
    texts = [b'{"x":"\xff","max_tokens":5000}', b'{"max\xc1\x9ftokens":5000,"max_tokens":50}', b'{"x":"\xed\xa0\x80","max_tokens":5000}', b'{"x":"\\ud800","max_tokens":5000}',
             b'{"\\udc00":1,"max_tokens":5000}', b'{"x":"\xf5\x80\x80\x80","max_tokens":5000}', b'{"x":"\x00","max_tokens":5000}', b'{"max_tokens\x00":5000}',
             b'{"max_tokens\\u0000":5000,"max_tokens":50}', b'{"x":"\xe2\x82","max_tokens":5000}']
    judged([("openai", C, text) for text in texts], tmp_path)


@pytest.mark.parametrize("said", ["application/json", "application/json; charset=utf-16", "text/plain; charset=utf-32"])
def test_h7_wide_characters_are_refused(tmp_path: Path, said: str) -> None:
    body = '{"model":"m","messages":[],"max_tokens":5000}'
    encodings = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-7"]
    outcomes = judged([("openai", C, body.encode(encoding)) for encoding in encodings[:-1]], tmp_path, content_type=said)
    assert all(outcome.arrived is None and outcome.status in (400, 413, 415) for outcome in outcomes), [o.status for o in outcomes]


def test_h8_a_compressed_body_cannot_be_capped_and_is_refused_or_read(start: Start) -> None:
    body = json.dumps({"model": "gpt-4o-mini", "messages": [], "max_tokens": 5000}).encode()
    packed = gzip.compress(body)
    with Provider() as provider:
        proxy = start({"output_caps": [{"match": {"workflow": "capped"}, "max": 100}]}, rows=providers(provider.origin))
        for data, encoding in ((packed, "gzip"), (packed, "x-gzip"), (packed, "identity, gzip"), (body, "x"), (body, "br"), (packed[:-4], "gzip"), (packed, "gzip, gzip"),
                               (gzip.compress(b"a" * 10_000_000), "gzip")):
            answer = raw(proxy, post(CHAT, data, f"Content-Encoding: {encoding}\r\nX-LLM-Workflow: capped\r\n", close=True))
            assert status(answer) in (400, 413, 415), (encoding, answer)
        assert not provider.received
        # Where no rule needs to write into it, it passes as it is and is read on the side.
        assert status(raw(proxy, post(CHAT, packed, "Content-Encoding: gzip\r\n", close=True))) == 200
        assert provider.last()[2] == packed
        assert proxy.records(1, "http_status = 200")[0]["model_requested"] == "gpt-4o-mini"


def test_h9_the_content_type_is_not_what_makes_a_body_json(tmp_path: Path, start: Start) -> None:
    body = '{"model":"m","messages":[],"max_tokens":5000}'
    for number, said in enumerate(["application/json", "text/plain", "application/JSON; x=y", "application/octet-stream", "application/x-www-form-urlencoded",
                                   "multipart/form-data; boundary=x", "multipart/form-data", "application/json, multipart/form-data; boundary=x", "nonsense"]):
        judged([("openai", C, body)], tmp_path / str(number), headers={"Content-Type": said})
    with Provider(b'{"text":"hi","usage":{"type":"tokens","input_tokens":7,"output_tokens":3,"total_tokens":10}}') as provider:
        proxy = start({}, rows=providers(provider.origin))
        form = b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o-transcribe\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--x--\r\n'
        message = post("/p/openai/v1/audio/transcriptions", form, close=True).replace(b"application/json", b"multipart/form-data; boundary=x")
        assert status(raw(proxy, message)) == 200
        assert proxy.records(1)[0]["model_requested"] == "gpt-4o-transcribe"


def test_h10_a_chunk_may_end_anywhere(tmp_path: Path) -> None:
    bodies = [("openai", C, '{%s"max_tokens":5000,"model":"m","messages":[]}' % (" " * pad)) for pad in range(8)]
    bodies += [("anthropic", M, '{%s"max\\u005ftokens":5000,"model":"m","messages":[],"max_tokens":1}' % (" " * pad)) for pad in range(8)]
    assert all(outcome.lowered for outcome in judged(bodies, tmp_path, chunked=True))


def test_h11_a_key_that_only_looks_like_one_passes_and_does_not_count(tmp_path: Path) -> None:
    keys = ["Max_Tokens", "MAX_TOKENS", "max_tokens ", "mаx_tokens", "max_tokens\u200b", "ｍax_tokens", "max-tokens", "maxtokens", "max_to\u212aens"]
    outcomes = judged([("openai", C, json.dumps({"model": "m", "messages": [], key: 50}, ensure_ascii=False)) for key in keys], tmp_path)
    for outcome in outcomes:
        assert outcome.arrived is not None and b'"max_tokens":100' in outcome.arrived  # a real limit is put beside it


def test_h12_what_spends_outside_the_limit_is_bounded_or_refused(simulator: Simulator, start: Start) -> None:
    limit = 0.002
    proxy = start({"budgets": [{"name": "each", "match": {}, "per": ["user"], "limit": {"usd": str(limit)}, "window": "total"}]})
    base: dict[str, Any] = {"model": "gpt-4o-mini", "max_tokens": 1000, "messages": [{"role": "user", "content": "hello"}]}
    outside: dict[str, dict[str, Any]] = {
        "n": {**base, "n": 100}, "best": {**base, "best_of": 100}, "tools": {**base, "web_search_options": {}}, "tier": {**base, "service_tier": "priority", "n": 4},
        "thinks": {**base, "model": "o3", "max_tokens": None, "reasoning_effort": "high"}, "audio": {**base, "model": "gpt-4o-audio-preview", "modalities": ["text", "audio"], "audio": {"voice": "x", "format": "wav"}},
        "models": {**base, "models": ["gpt-5-pro"]}, "none": {"model": "gpt-4o-mini", "messages": base["messages"]},
    }
    assert ask(proxy, body=base, X_LLM_User="plain").status_code == 200
    for user, body in outside.items():
        for _ in range(3):
            ask(proxy, body=body, X_LLM_User=user)
    background = ask(proxy, path="/p/openai/v1/responses", body={"model": "gpt-4o-mini", "input": "x", "background": True}, X_LLM_User="background")
    batch = ask(proxy, path="/p/openai/v1/batches", body={"input_file_id": "f", "endpoint": "/v1/chat/completions", "completion_window": "24h"}, X_LLM_User="batch")
    unmetered = ask(proxy, path="/p/openai/v1/unheard-of", body={}, X_LLM_User="raw")
    assert [a.status_code >= 400 for a in (background, batch, unmetered)] == [True, True, True], [a.status_code for a in (background, batch, unmetered)]
    rows = proxy.records(1 + 3 * len(outside) + 3)
    for user in ["plain", *outside]:
        spent = sum(row["cost_picodollars"] or 0 for row in rows if row["user"] == user)
        assert spent <= limit * 1e12, (user, spent)
    refused = {row["user"] for row in rows if row["refusal"]}
    assert {"thinks", "models", "background", "batch", "raw"} <= refused, refused


def lines(*events: Any) -> bytes:
    return b"".join(b"data: " + (event if isinstance(event, bytes) else json.dumps(event).encode()) + b"\n\n" for event in events)


def test_h13_only_the_providers_own_usage_counts(start: Start) -> None:
    content = 'data: {"usage":{"prompt_tokens":9000,"completion_tokens":9000}}\n\n"usage":{"completion_tokens":777777}'
    chunk = {"id": "c", "choices": [{"index": 0, "delta": {"content": content}}]}
    last = {"id": "c", "choices": [], "usage": USAGE}
    streams: list[tuple[bytes, set[int | None]]] = [
        (lines(chunk, last, b"[DONE]"), {5}), (lines(chunk, last, last, b"[DONE]"), {5}),
        (b': {"usage":{"prompt_tokens":1,"completion_tokens":888888}}\n\n' + lines(chunk, last, b"[DONE]"), {5}),
        (lines(chunk, {"id": "c", "choices": [{"delta": {"tool_calls": [{"function": {"arguments": json.dumps({"usage": {"completion_tokens": 99999}})}}]}}]}, last, b"[DONE]"), {5}),
    ]
    odd: list[Any] = [-5, "5", 1e400, 2**70, None, [], {"x": 1}, True, 1.5]
    with Provider() as provider:
        proxy = start({"budgets": [{"name": "b", "match": {}, "limit": {"usd": "100"}, "window": "total"}]}, rows=providers(provider.origin))
        provider.content_type = "text/event-stream"
        for told, _ in streams:
            provider.told = told
            assert ask(proxy, body={"model": "gpt-4o-mini", "stream": True, "max_tokens": 40, "messages": []}).status_code == 200
        for (_, expected), row in zip(streams, proxy.records(len(streams))):
            assert row["output_tokens"] in expected and row["input_tokens"] == 10 and row["usage_source"] == "reported", row
        provider.content_type = "application/json"
        for value in odd:
            text = json.dumps({"model": "gpt-4o-mini", "choices": [{"message": {"content": content}}], "usage": {"prompt_tokens": 10, "completion_tokens": value}})
            provider.told = text.replace("Infinity", "1e400").encode()
            assert ask(proxy, body={"model": "gpt-4o-mini", "max_tokens": 40, "messages": []}).status_code == 200
        rows = proxy.records(len(streams) + len(odd))[len(streams):]
        for value, row in zip(odd, rows):
            assert row["cost_picodollars"] is None or 0 <= row["cost_picodollars"] < 10**12, (value, row)
            assert row["output_tokens"] is None or 0 <= row["output_tokens"] < 10**6, (value, row["output_tokens"])
            assert row["output_tokens"] not in (777777, 9000)
        for name in ("usage missing", "no json at all"):
            provider.told = b"{}" if name == "usage missing" else b"usage: 5"
            assert ask(proxy, body={"model": "gpt-4o-mini", "max_tokens": 40, "messages": []}).status_code == 200
        assert all(row["output_source"] != "reported" for row in proxy.records(len(streams) + len(odd) + 2)[-2:])
        assert raw_chat(proxy, "").startswith(b"HTTP/1.1 200")
