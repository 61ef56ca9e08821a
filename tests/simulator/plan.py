"""Deciding what a generated answer says and what it costs, before any dialect words it."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field

from .bill import Usage
from .script import Script

# Each is one token of OpenAI's o200k and cl100k with a space before it, so that counts can be compared.
_WORDS = (
    "river water gauge stream flow level valve basin delta spring bridge current meter ledger token "
    "price route agent answer context prompt budget cache window query report signal vector batch "
    "quiet steady narrow shallow distant measured carried counted opened closed joined settled"
).split()
SMALLEST_CACHED = 1024  # providers cache prompts from this size on
CACHE_STEP = 128


@dataclass
class Ask:
    """What the simulator understood of a request."""

    model: str = ""
    parts: list[str] = field(default_factory=list)  # text of the prompt, stable order
    cache_marks: list[int] = field(default_factory=list)  # parts that end an explicit cache prefix
    caches: bool = True  # the provider has a prompt cache and reports it
    explicit_cache: bool = False  # only marked prefixes are cached (Anthropic)
    cap: int | None = None
    choices: int = 1
    stream: bool = False
    tell_usage: bool = True  # in the stream
    tools: list[str] = field(default_factory=list)
    raw: dict[str, object] = field(default_factory=dict)


@dataclass
class ToolCall:
    """A tool call; its arguments are JSON text, handed out in pieces."""

    identity: str
    name: str
    arguments: str
    tokens: int


@dataclass
class Plan:
    """The answer in words and numbers."""

    words: list[str]
    calls: list[ToolCall]
    usage: Usage
    finish: str  # stop, length, tools
    identity: str
    created: int

    @property
    def text(self) -> str:
        return "".join(self.words)


def tokens_of(text: str) -> int:
    """A stand-in for a tokenizer: a token is four bytes, rounded up."""
    return (len(text.encode("utf-8")) + 3) // 4


class PromptCache:
    """Remembers prompt prefixes per model, like the providers' prompt caches."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def charge(self, ask: Ask, usage: Usage) -> None:
        """Splits the prompt into uncached, read and written tokens and remembers it."""
        total, digest = 0, hashlib.sha256(ask.model.encode()).digest()
        read = written = 0
        new: list[bytes] = []
        for index, part in enumerate(ask.parts):
            total += tokens_of(part) + 4
            digest = hashlib.sha256(digest + part.encode("utf-8", "surrogatepass")).digest()
            if ask.explicit_cache and index not in ask.cache_marks:
                continue
            if not ask.caches or total < SMALLEST_CACHED:
                continue
            size = total if ask.explicit_cache else total - total % CACHE_STEP
            if digest in self._seen:
                read = size
            elif ask.explicit_cache:
                written = size - read
            new.append(digest)
        self._seen.update(new)
        usage.cache_read = read
        usage.cache_write = written
        usage.input = total + 3 - read - written


def make(ask: Ask, script: Script, cache: PromptCache, body: bytes) -> Plan:
    """Plans the answer. The same question, model and seed give the same words and sizes."""
    seed = hashlib.sha256(_question(body) + ask.model.encode() + str(script.seed).encode()).digest()
    source = random.Random(seed)
    usage = Usage()
    if script.input >= 0:
        usage.input = script.input
    else:
        cache.charge(ask, usage)
    calls = [_call(ask, source, number) for number in range(script.tools)]
    wanted = script.output if script.output >= 0 else source.randint(20, 120)
    if calls and script.output < 0:
        wanted = 0
    reasoning, finish = script.reasoning, "tools" if calls else "stop"
    if ask.cap is not None and script.obeys_cap:
        reasoning = min(reasoning, ask.cap)
        room = max(0, ask.cap - reasoning - sum(call.tokens for call in calls))
        if wanted > room:
            wanted, finish = room, "length"
    words = [("" if i == 0 else " ") + source.choice(_WORDS) for i in range(wanted)]
    usage.output = (wanted + sum(call.tokens for call in calls)) * ask.choices
    usage.reasoning = reasoning * ask.choices
    usage.searches = script.searches
    return Plan(words, calls, usage, finish, seed.hex()[:24], 1_790_000_000 + seed[0] * 1000)


def _question(body: bytes) -> bytes:
    """The body without what does not change a model's answer."""
    try:
        question = json.loads(body)
    except ValueError:
        return body
    if not isinstance(question, dict):
        return body
    question.pop("stream_options", None)
    return json.dumps(question).encode()


def _call(ask: Ask, source: random.Random, number: int) -> ToolCall:
    name = ask.tools[number % len(ask.tools)] if ask.tools else "lookup"
    arguments = json.dumps({"query": source.choice(_WORDS), "limit": source.randint(1, 9)})
    return ToolCall(f"call_{source.getrandbits(64):016x}", name, arguments, 8 + tokens_of(arguments))


def text_of(value: object) -> str:
    """All text below a piece of a prompt; binary parts count by their length like text."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return " ".join(text_of(value[key]) for key in value if key != "cache_control")
    if isinstance(value, list):
        return " ".join(text_of(item) for item in value)
    return "" if value is None else str(value)
