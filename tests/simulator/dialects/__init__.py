"""The dialects in which answers are generated, chosen by the path's end."""

from __future__ import annotations

from . import anthropic, cohere, gemini, ollama, openai
from .common import Dialect

_ALL: tuple[Dialect, ...] = (*openai.ALL, *anthropic.ALL, *gemini.ALL, *cohere.ALL, *ollama.ALL)


def find(method: str, path: str) -> Dialect | None:
    """The dialect whose paths end this way; prefixes (Azure, Vertex, gateways) do not matter."""
    for dialect in _ALL:
        if dialect.method == method and dialect.path.search(path):
            return dialect
    return None
