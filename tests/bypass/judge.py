"""What servers could read out of a request body: no code of the product's.

A body is read in every way some server reads it: the first or the last of duplicate keys, keys as they
are or without their case, tolerant of a byte order mark, UTF-16, comments, a second document, NaN. The
least favourable reading decides.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.bypass import stored

Pairs = list[tuple[str, Any]]
UNLIMITED = math.inf


class Object:
    """A JSON object with its duplicates."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs


@dataclass(frozen=True)
class Reader:
    """One way to look a key up."""

    last: bool
    folded: bool

    def get(self, value: Any, key: str) -> Any:
        if not isinstance(value, Object):
            return None
        found = [v for k, v in value.pairs if k == key or (self.folded and k.casefold() == key.casefold())]
        return (found[-1] if self.last else found[0]) if found else None

    def has(self, value: Any, key: str) -> bool:
        return isinstance(value, Object) and any(
            k == key or (self.folded and k.casefold() == key.casefold()) for k, _ in value.pairs)


READERS = [Reader(last, folded) for last in (False, True) for folded in (False, True)]


def decompressed(body: bytes, encoding: str) -> bytes | None:
    for name in reversed([word.strip().lower() for word in encoding.split(",") if word.strip()]):
        try:
            if name in ("gzip", "x-gzip"):
                body = gzip.decompress(body)
            elif name == "deflate":
                try:
                    body = zlib.decompress(body)
                except zlib.error:
                    body = zlib.decompress(body, -15)
            elif name == "br":
                body = stored.brotli_opened(body)
            elif name == "zstd":
                body = stored.zstd_opened(body)
            elif name != "identity":
                return None
        except (OSError, EOFError, ValueError, zlib.error):
            return None
    return body


def _texts(body: bytes, charset: str = "") -> list[str]:
    """The body as text, in the encodings servers guess, or in the one that is declared."""
    texts = []
    if charset:
        try:
            return [body.decode(charset, "replace")]
        except (LookupError, UnicodeError):
            return []
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"):
        try:
            text = body.decode(encoding)
        except UnicodeError:
            continue
        if "{" in text:
            texts.append(text)
    return texts


def _tolerant(text: str) -> str:
    """Without comments and trailing commas, outside strings."""
    token = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)
    return token.sub(lambda m: m.group() if m.group().startswith('"') else "", text)


def documents(body: bytes, charset: str = "") -> list[Any]:
    """Every JSON document some reader finds in the body: alone, first of several, or behind one."""
    decoder = json.JSONDecoder(object_pairs_hook=Object, strict=False, parse_int=_number, parse_float=_number)
    found: list[Any] = []
    for text in _texts(body, charset):
        for form in dict.fromkeys((text, _tolerant(text))):
            at = 0
            while 0 <= at < len(form):
                rest = form[at:].lstrip("\x00\ufeff \t\r\n\x1e,;")
                at = len(form) - len(rest)
                if not rest:
                    break
                try:
                    value, length = decoder.raw_decode(rest)
                except (ValueError, RecursionError):
                    break
                found.append(value)
                at += length
        if found:
            break
    return [value for value in found if isinstance(value, Object)]


def _number(text: str) -> float | int:
    return int(text) if len(text) < 300 and text.lstrip("-").isdigit() else float(text)


def limit_of(value: Any, zero_is_none: bool) -> float | None:
    """The limit a value states; None: it states none at all."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = float(value.strip().replace("_", ""))
        except ValueError:
            return UNLIMITED
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return UNLIMITED
    # Who cuts fractions off reads 0.5 as zero.
    if math.isnan(value) or math.isinf(value) or value < 0 or (value < 1 and zero_is_none):
        return UNLIMITED
    return math.ceil(value)


@dataclass
class Verdict:
    """The largest answer a server could give to one body."""

    limit: float = 0
    why: str = ""
    problems: list[str] = field(default_factory=list)

    def at_least(self, limit: float, why: str) -> None:
        if limit > self.limit:
            self.limit, self.why = limit, why


OUTPUT_FIELDS = {
    "chat": ["max_tokens", "max_completion_tokens"],
    "completions": ["max_tokens"],
    "llama.cpp": ["n_predict", "max_tokens"],
    "responses": ["max_output_tokens"],
    "messages": ["max_tokens"],
    "complete": ["max_tokens_to_sample"],
    "cohere": ["max_tokens"],
    "gemini": ["maxOutputTokens", "max_output_tokens"],
    "interactions": ["max_output_tokens", "maxOutputTokens"],
    "ollama": ["num_predict"],
    "generate": ["max_new_tokens"],
    "predict": ["maxOutputTokens", "max_output_tokens"],
    "run of a thread": ["max_completion_tokens"],
    "conversation": ["max_tokens"],
    "client secret": ["max_output_tokens"],
    "realtime session": ["max_response_output_tokens", "max_output_tokens"],
}
CONTAINERS = {
    "gemini": ["generationConfig", "generation_config"],
    "interactions": ["generation_config", "generationConfig"],
    "ollama": ["options"],
    "generate": ["parameters"],
    "predict": ["parameters"],
    "conversation": ["completion_args"],
    "client secret": ["session"],
}
# What other servers of a dialect go by as well: read, but nobody must write it.
ALSO = {"chat": ["n_predict", "max_new_tokens"], "completions": ["n_predict", "max_new_tokens"]}
# Set aside for thinking, by servers whose limit is said to hold that, too; one of them may add it.
THINKING = {
    "gemini": [(config, thinking, budget) for config in ("generationConfig", "generation_config")
               for thinking in ("thinkingConfig", "thinking_config") for budget in ("thinkingBudget", "thinking_budget")],
    "cohere": [("thinking", "token_budget")],
    "chat": [("reasoning", "max_tokens"), ("thinking_token_budget",), ("thinking_budget",)],
}


def kind_of(path: str, family: str = "") -> str | None:
    """The wire form of a path, as a server that reads paths loosely takes it; None where no limit belongs."""
    path = unquote(unquote(path.split("?")[0])).lower()
    path = "/".join(segment.split(";")[0].rstrip(". ") for segment in path.split("/")).rstrip("/")
    if family == "cohere" and path.endswith(("/v1/generate", "/v1/summarize")):
        return "cohere"
    if path.endswith((":rawpredict", ":streamrawpredict")):
        makers = {"anthropic": "messages", "google": "predict"}
        return next((kind for maker, kind in makers.items() if f"/publishers/{maker}/" in path), "chat")
    if re.search(r"/threads/[^/]+/runs$", path):
        return "run of a thread"
    if re.search(r"/conversations/[^/]+$", path):
        return "conversation"
    for suffix, kind in [
        ("/chat/completions", "chat"), ("/fim/completions", "chat"), ("/agents/completions", "chat"),
        ("/completions", "completions"), ("/completion", "llama.cpp"), ("/infill", "llama.cpp"),
        ("/responses", "responses"), ("/messages", "messages"), ("/complete", "complete"),
        (":generatecontent", "gemini"), (":streamgeneratecontent", "gemini"),
        (":predict", "predict"),
        ("/interactions", "interactions"), ("/v2/chat", "cohere"), ("/v1/chat", "cohere"),
        ("/api/chat", "ollama"), ("/api/generate", "ollama"), ("/generate", "generate"),
        ("/generate_stream", "generate"), ("/threads/runs", "run of a thread"),
        ("/conversations", "conversation"), ("/restart", "conversation"),
        ("/realtime/client_secrets", "client secret"), ("/realtime/sessions", "realtime session"),
    ]:
        if path.endswith(suffix):
            return kind
    return None


def judge(kind: str, body: bytes, encoding: str, ollama: bool = False, charset: str = "") -> Verdict:
    verdict = Verdict()
    plain = decompressed(body, encoding)
    if plain is None:
        verdict.problems.append("no reader decompresses it")
        return verdict
    found = documents(plain)
    if not found:
        verdict.problems.append("no reader understands it")
    for document in found + (documents(plain, charset) if charset else []):
        for reader in READERS:
            alone = Verdict(problems=verdict.problems)
            _judge_one(alone, kind, document, reader, ollama)
            verdict.at_least(alone.limit, alone.why)
    return verdict


def _judge_one(verdict: Verdict, kind: str, document: Object, reader: Reader, ollama: bool) -> None:
    zero_is_none = ollama or kind not in ("messages", "completions", "llama.cpp")
    fields = ["max_tokens"] if ollama and kind == "chat" else OUTPUT_FIELDS[kind]
    if kind == "conversation" and not any(reader.has(document, key) for key in ("inputs", "agent_id", "model", "completion_args")):
        return  # OpenAI's: items are kept, nothing is said
    objects: list[tuple[str, Any]] = [("", document)]
    if kind in CONTAINERS:
        objects = [(name, reader.get(document, name)) for name in CONTAINERS[kind] if reader.has(document, name)]
        if not objects:
            verdict.at_least(UNLIMITED, f"no {CONTAINERS[kind][0]}")
    share = 1
    for name, container in objects:
        limits = [limit_of(reader.get(container, field), zero_is_none) for field in fields]
        written = [limit for limit in limits if limit is not None]
        if not written:
            verdict.at_least(UNLIMITED, f"no {' or '.join(fields)} in {name or 'the body'} ({reader})")
        for limit in written:
            verdict.at_least(limit, f"{name} {fields} ({reader})")
        for key in ("candidateCount", "candidate_count") if kind in ("gemini", "interactions", "predict") else ():
            share = max(share, _count(reader.get(container, key)))
    if kind == "cohere":
        share = max(share, _count(reader.get(document, "num_generations")))
    for key in ("n", "best_of"):
        if kind in ("chat", "completions", "llama.cpp"):
            share = max(share, _count(reader.get(document, key)))
    if kind in ("completions", "llama.cpp"):
        share *= _prompts(reader.get(document, "prompt"))
    if kind == "predict":
        instances = reader.get(document, "instances")
        share *= max(len(instances), 1) if isinstance(instances, list) else 1
    for field_name in ALSO.get(kind, []):
        limit = limit_of(reader.get(document, field_name), False)
        if limit is not None:
            verdict.at_least(limit, f"{field_name} ({reader})")
    _judge_alternatives(verdict, kind, document, reader)
    if share > 1:
        verdict.at_least(verdict.limit * share, f"{share} answers ({reader})")
    for way in THINKING.get(kind, []):
        place: Any = document
        for key in way:
            place = reader.get(place, key)
        if isinstance(place, (int, float)) and not isinstance(place, bool):
            verdict.at_least(place, f"{'.'.join(way)} ({reader})")


def _prompts(prompt: Any) -> int:
    """Several texts, or several lists of tokens, are several prompts."""
    return max(sum(isinstance(item, (str, list)) for item in prompt), 1) if isinstance(prompt, list) else 1


def _count(value: Any) -> int:
    limit = limit_of(value, True)
    return int(limit) if limit not in (None, UNLIMITED) and limit is not None and limit >= 1 else 1


def _judge_alternatives(verdict: Verdict, kind: str, document: Object, reader: Reader) -> None:
    places = {"fallbacks": ["max_tokens", "max_completion_tokens"]}
    if kind == "messages":
        places["tools"] = ["max_tokens"]
    if kind == "predict":
        places["instances"] = ["max_tokens", "maxOutputTokens", "max_new_tokens"]
    for name, fields in places.items():
        rows = reader.get(document, name)
        for row in rows if isinstance(rows, list) else []:
            for field_name in fields:
                limit = limit_of(reader.get(row, field_name), False)
                if limit is not None:
                    verdict.at_least(limit, f"{name}[].{field_name} ({reader})")
    if kind != "messages":
        return
    most = limit_of(reader.get(document, "max_tokens"), False)
    budget = limit_of(reader.get(reader.get(document, "thinking"), "budget_tokens"), False)
    if most is not None and budget is not None and (budget >= most or budget < 1024):
        verdict.problems.append("the thinking budget is not between 1024 and max_tokens")
