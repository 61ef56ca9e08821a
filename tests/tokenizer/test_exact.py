"""A short run of exact.py: OpenAI's vocabularies always, the others (slow) where `./dev vendor` brought their encoders."""

import os

import pytest

from tests.tokenizer import exact, oracles


@pytest.mark.parametrize("name", oracles.OPENAI)
def test_counts_equal_those_of_tiktoken_whole_and_at_every_cut(name):
    assert exact.run(name, int(os.environ.get("TOKENWEIR_STRINGS", "4000")), seed=7, cuts=True) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tekken", "qwen", "deepseek_v3", "claude_legacy", "llama3"])
def test_counts_equal_those_of_the_published_tokenizers(name):
    assert exact.run(name, int(os.environ.get("TOKENWEIR_STRINGS", "4000")), seed=7, cuts=True) == 0
