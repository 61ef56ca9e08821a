"""What kind of request the token comparison takes an exchange for, and which exchanges it calls exact."""

import pytest

from tests.corpus import tokens

USER = [{"role": "user", "content": "a"}]


@pytest.mark.parametrize("request_body, kind", [
    ({"messages": USER}, "text"),
    ({"messages": USER, "response_format": {"type": "json_object"}}, "text"),
    ({"messages": USER, "response_format": {"type": "json_schema", "json_schema": {}}}, "tools"),
    ({"messages": USER, "tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
    ({"messages": USER + [{"role": "tool", "content": "r"}]}, "tools"),
    ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}, "media"),
    ({"contents": [{"parts": [{"inlineData": {}}]}]}, "media"),
    ({"input": "a", "previous_response_id": "r"}, "state"),
    ({"input": "a", "tools": [{"type": "web_search_preview"}]}, "state"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "state"),
    ({"contents": [], "tools": [{"googleSearch": {}}]}, "state"),
    (["no", "object"], None),
])
def test_a_requests_kind_follows_from_what_it_holds(request_body, kind):
    assert tokens.kind_of(request_body) == kind


def _counted(**record):
    defaults = {"provider": "openai", "endpoint": "chat.completions", "model": "gpt-4o", "tags": [], "quirks": []}
    return tokens.Counted(defaults | record, "text", {"tokens": 1, "upper": 1}, 1, None, 0)


@pytest.mark.parametrize("record, expected", [
    ({}, "plain"),
    ({"model": "gpt-3.5-turbo"}, "plain"),
    ({"model": "gpt-5-nano"}, "reasoning"),
    ({"model": "o4-mini", "endpoint": "responses"}, "reasoning"),
    ({"model": "gpt-audio"}, None),
    ({"provider": "together"}, None),
    ({"endpoint": "embeddings"}, None),
    ({"tags": ["tool_call_in_response"]}, None),
    ({"quirks": ["redacted_request_body:email"]}, None),
])
def test_only_plain_openai_exchanges_are_compared_to_the_token(record, expected):
    assert tokens.exact_class(_counted(**record)) == expected


def test_requests_that_the_recorder_wrote_anew_are_no_evidence_of_exactness():
    assert tokens.is_what_was_sent(_counted(fidelity={"request": "verified"}))
    assert not tokens.is_what_was_sent(_counted(fidelity={"request": "altered"}))
