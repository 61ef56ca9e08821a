"""The judge itself is held to figures which the corpus' description and the providers state."""

import pytest

from tests.corpus import judge


def reported(provider, endpoint, *usages, at="usage"):
    entries = [{"at": at, "usage": usage, "raw": ""} for usage in usages]
    return {"provider": provider, "endpoint": endpoint, "reported_usage": entries,
            "reported_usage_count": len(entries), "quirks": []}


def sums(exchange):
    expected = judge.expected_usage(exchange)
    return tuple(expected[name] for name in judge.FIELDS)


@pytest.mark.parametrize(
    ("exchange", "expected"),
    [
        # input, output, cache read, cache write, reasoning
        (reported("openai", "chat.completions",
                  {"prompt_tokens": 1220, "completion_tokens": 110, "total_tokens": 1330,
                   "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 1217},
                   "completion_tokens_details": {"reasoning_tokens": 100}}),
         (1220, 110, 0, 1217, 100)),
        (reported("xai", "chat.completions",
                  {"prompt_tokens": 165, "completion_tokens": 2, "total_tokens": 292,
                   "completion_tokens_details": {"reasoning_tokens": 125}}),
         (165, 127, None, None, 125)),
        (reported("azure", "chat.completions",
                  {"prompt_tokens": 24, "completion_tokens": 3, "total_tokens": 27,
                   "prompt_tokens_details": {"cached_tokens": 161}}),
         (185, 3, 161, None, None)),
        (reported("gemini", "chat.completions",
                  {"prompt_tokens": 7, "completion_tokens": 12, "total_tokens": 402}),
         (7, 395, None, None, 383)),
        (reported("cerebras", "chat.completions",
                  {"prompt_tokens": 25, "completion_tokens": 2, "total_tokens": 32,
                   "completion_tokens_details": {"reasoning_tokens": 0}}),
         (25, 2, None, None, 0)),
        (reported("anthropic", "messages",
                  {"input_tokens": 2783, "cache_read_input_tokens": 7, "output_tokens": 1,
                   "cache_creation_input_tokens": 0},
                  {"input_tokens": 12177, "cache_read_input_tokens": None, "output_tokens": 90}),
         (12184, 90, 7, 0, None)),
        (reported("vertex", "messages", {"input_tokens": 9, "output_tokens": 1},
                  {"output_tokens": 40}, at="0:message_start message.usage"),
         (9, 40, None, None, None)),
        (reported("gemini", "generateContent",
                  {"promptTokenCount": 32, "totalTokenCount": 32},
                  {"promptTokenCount": 32, "candidatesTokenCount": 10, "thoughtsTokenCount": 5,
                   "toolUsePromptTokenCount": 2395, "totalTokenCount": 2442}),
         (2427, 15, None, None, 5)),
        (reported("cohere", "chat",
                  {"billed_units": {"input_tokens": 12, "output_tokens": 1}, "cached_tokens": 448,
                   "tokens": {"input_tokens": 507, "output_tokens": 777}}),
         (12, 1, None, None, None)),
        (reported("openrouter", "chat.completions",
                  {"prompt_tokens": 21, "completion_tokens": 16, "total_tokens": 37,
                   "completion_tokens_details": {"reasoning_tokens": 21}}),
         (21, 16, None, None, 16)),
        (reported("ollama", "chat", {"eval_count": 7}), (None, 7, None, None, None)),
        (reported("voyage", "embeddings", {"total_tokens": 6}), (6, None, None, None, None)),
    ],
)
def test_merges_by_the_providers_convention(exchange, expected):
    assert sums(exchange) == expected


def test_counting_tokens_consumes_none():
    assert judge.expected_usage(reported("anthropic", "count_tokens", {"input_tokens": 9})) is None


def test_nothing_reported_is_nothing_to_compare():
    verdict = judge.judge(reported("openai", "chat.completions"), {"total_input": 3})
    assert verdict.outcome == "not_compared"


def test_a_wrong_row_is_different_and_an_absent_figure_is_not_zero():
    exchange = reported("openai", "embeddings", {"prompt_tokens": 0, "total_tokens": 0})
    row = dict.fromkeys(judge.FIELDS)
    assert judge.judge(exchange, row).outcome == "different"
    assert judge.judge(exchange, row | {"total_input": 0}).outcome == "equal"


def test_a_ledger_row_is_summed_over_its_disjoint_classes():
    columns = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens",
               "reasoning_tokens", "audio_input_tokens", "audio_output_tokens",
               "image_input_tokens", "image_output_tokens")
    row = dict.fromkeys(columns) | {"input_tokens": 5, "cache_read_tokens": 7, "image_output_tokens": 2}
    found = judge.from_ledger(row)
    assert (found["total_input"], found["total_output"], found["cache_write"]) == (12, 2, None)


def test_an_exception_speaks_of_conventions_only(monkeypatch):
    exchange = reported("odd", "chat.completions", {"prompt_tokens": 5, "completion_tokens": 1})
    row = {"total_input": 5, "total_output": 9}
    rule = {"name": "r", "fields": ["total_output"], "when": {"usage_key": "prompt_tokens"}}
    monkeypatch.setattr(judge, "_loaded", [rule])
    assert judge.judge(exchange, row).outcome == "explained"
    monkeypatch.setattr(judge, "_loaded", [rule | {"fields": ["total_input"]}])
    assert judge.judge(exchange, row).outcome == "different"
    monkeypatch.setattr(judge, "_loaded", [rule | {"when": {"id": "x"}}])
    with pytest.raises(ValueError, match="unknown condition"):
        judge.judge(exchange, row)
