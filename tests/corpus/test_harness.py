"""The corpus harness judges the proxy, so its own rules are held to examples."""

from __future__ import annotations

import json

import pytest

from tests.corpus import exchanges, usage_request

STREAM = (
    b'data: {"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{"delta":{"content":"a"}}]}\n\n'
    b"data: [DONE]\n\n"
)


def record(**more):
    base = {
        "id": "repo:file#0", "provider": "openai", "host": "api.openai.com", "path": "/v1/chat/completions",
        "query": "", "method": "POST", "status": 200, "body_kind": "sse", "quirks": [],
        "request_headers": {"content-type": "application/json", "host": "api.openai.com"},
        "response_headers": {"content-type": "text/event-stream", "content-length": "9"},
        "request_body": '{"model":"m","stream":true}', "response_body": STREAM.decode(),
    }
    return base | more


@pytest.mark.parametrize(
    ("before", "after", "accepted"),
    [
        (b'{"stream":true}', b'{"stream":true,"stream_options":{"include_usage":true}}', True),
        (b'{ "stream": true }', b'{"stream_options":{"include_usage":true}, "stream": true }', True),
        (b'{"stream":true,"stream_options":{"include_usage":false}}',
         b'{"stream":true,"stream_options":{"include_usage":true}}', True),
        (b'{"stream":true,"stream_options":{"include_obfuscation":false}}',
         b'{"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}', True),
        (b'{"a":1,"stream": true}', b'{"a":2,"stream": true,"stream_options":{"include_usage":true}}', False),
        (b'{ "n" : 1 , "stream" : true }', b'{"n":1,"stream":true,"stream_options":{"include_usage":true}}', False),
        (b'{"stream":true}', b'{"stream":true}', False),
    ],
)
def test_only_the_usage_request_is_an_allowed_edit(before, after, accepted):
    assert usage_request.is_usage_request(before, after) is accepted


def test_the_usage_chunk_is_added_before_the_end_in_the_streams_own_words():
    body, figures = usage_request.added_chunk(exchanges.make(0, record()))
    assert body.replace(usage_request.without_usage_only_chunks(body), b"") is not None
    assert usage_request.without_usage_only_chunks(body) == STREAM
    chunk = json.loads(body.split(b"\n\n")[1][6:])
    assert (chunk["id"], chunk["choices"], chunk["usage"]) == ("c1", [], figures)


def test_no_usage_chunk_is_added_where_the_server_tells_anyway_or_the_stream_broke():
    told = STREAM.replace(b'"choices":[{"delta":{"content":"a"}}]',
                          b'"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}')
    for body in (told, STREAM.replace(b"data: [DONE]\n\n", b""), b'data: {"error":{}}\n\ndata: [DONE]\n\n'):
        assert usage_request.added_chunk(exchanges.make(0, record(response_body=body.decode()))) is None


@pytest.mark.parametrize(
    ("provider", "host", "path", "family"),
    [
        ("openai", "api.openai.com", "/v1/responses", "openai"),
        ("azure", "x.openai.azure.com", "/openai/deployments/d/chat/completions", "azure"),
        ("unseen", "gateway.example", "/v1/chat/completions", "openai"),
        ("unseen", "gateway.example", "/anthropic/v1/messages", "anthropic"),
        ("unseen", "gateway.example", "/v1beta/models/g:generateContent", "gemini"),
        ("unseen", "us-east5-aiplatform.googleapis.com", "/v1/x", "vertex"),
        ("local", "localhost:11434", "/api/chat", "ollama"),
    ],
)
def test_unseen_providers_get_a_family(provider, host, path, family):
    assert exchanges.family_of(provider, host, path) == family


def test_what_a_recording_cannot_hold_is_not_replayed():
    exchange = exchanges.make(0, record(path="<BASE>/chat/completions"))
    assert exchange.target == "/%3CBASE%3E/chat/completions"
    assert [name.lower() for name, _ in exchange.request_headers] == ["content-type"]
    assert [name.lower() for name, _ in exchange.response_headers] == ["content-type"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, None),
        ({"provider": "bedrock"}, "bedrock"),
        ({"quirks": ["stream_as_json_array"]}, "stream_as_json_array"),
        ({"status": 101}, "websocket"),
    ],
)
def test_lines_are_left_out_for_stated_reasons_only(more, reason):
    assert exchanges.left_out(record(**more)) == reason


def test_every_exchange_meets_every_mode_in_four_rounds():
    exchange = exchanges.make(5, record())
    assert {exchange.mode(number) for number in range(4)} == {"whole", "event", "random", "bytes"}
