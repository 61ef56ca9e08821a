"""What a recorded exchange must show in the ledger, worked out from the recording alone.

Shares no code with the product: it merges the corpus' `reported_usage` by each provider's published
convention and compares five sums with a row. As a program it judges the lines of `corpus_check`:

    corpus_check FILE > rows.jsonl; python -m tests.corpus.judge FILE rows.jsonl
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

FIELDS = ("total_input", "total_output", "cache_read", "cache_write", "reasoning")
EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")

# Their answers say how many tokens a text has, not what was consumed.
_FREE_ENDPOINTS = {"count_tokens", "countTokens", "responses.input_tokens", "tokenize"}

Figures = dict[str, "int | None"]


def expected_usage(exchange: Mapping[str, object]) -> Figures | None:
    """The five sums the provider reported, or None where it reported nothing that counts.

    A sum is None where the provider does not speak of it.
    """
    if exchange.get("endpoint") in _FREE_ENDPOINTS:
        return None
    reported = [entry for entry in _reported(exchange) if isinstance(entry["usage"], dict)]
    if not reported:
        return _vertex_predictions(exchange)
    last = reported[-1]["usage"]
    assert isinstance(last, dict)
    if "promptTokenCount" in last or "totalTokenCount" in last:
        return _gemini(_merged(reported), generates=exchange.get("endpoint") != "embedContent")
    if "total_input_tokens" in last:
        return _interactions(last)
    if "billed_units" in last or any(str(e["at"]).endswith("billed_units") for e in reported):
        return _cohere(reported)
    if "prompt_eval_count" in last or "eval_count" in last:
        return _figures(input=_number(last, "prompt_eval_count"), output=_number(last, "eval_count"))
    if _is_anthropic(reported):
        return _anthropic(_merged(reported))
    return _openai(last, str(exchange.get("provider")), str(exchange.get("endpoint")))


def compare(expected: Figures, row: Mapping[str, object]) -> list[str]:
    """The differences between the expected sums and a row's; the provider's silence is no claim."""
    return [
        f"{name}: expected {expected[name]}, found {row.get(name)}"
        for name in FIELDS
        if expected[name] is not None and row.get(name) != expected[name]
    ]


def from_ledger(row: Mapping[str, object]) -> Figures:
    """The five sums of a row of the ledger's `records` view."""
    def total(*columns: str) -> int | None:
        values = [row[c] for c in columns if row[c] is not None]
        return sum(int(str(v)) for v in values) if values else None

    return {
        "total_input": total("input_tokens", "cache_read_tokens", "cache_write_tokens",
                             "audio_input_tokens", "image_input_tokens"),
        "total_output": total("output_tokens", "reasoning_tokens", "audio_output_tokens",
                              "image_output_tokens"),
        "cache_read": total("cache_read_tokens"),
        "cache_write": total("cache_write_tokens"),
        "reasoning": total("reasoning_tokens"),
    }


@dataclass
class Verdict:
    """One exchange judged: `outcome` is equal, explained, different or not_compared."""

    outcome: str
    differences: list[str] = field(default_factory=list)
    rule: str = ""


def judge(exchange: Mapping[str, object], row: Mapping[str, object]) -> Verdict:
    """Compares, and looks a difference up among the checked-in exceptions."""
    expected = expected_usage(exchange)
    if expected is None:
        return Verdict("not_compared")
    if "total_input" not in row:
        row = from_ledger(row)
    differences = compare(expected, row)
    if not differences:
        return Verdict("equal")
    names = {difference.partition(":")[0] for difference in differences}
    for rule in _rules():
        if names <= set(rule["fields"]) and _holds(rule, exchange, expected, row):
            return Verdict("explained", differences, str(rule["name"]))
    return Verdict("different", differences)


# --- the providers' conventions ------------------------------------------------------------------


def _openai(usage: Mapping[str, object], provider: str, endpoint: str) -> Figures:
    """OpenAI's shape, where details are parts of the totals, and the known departures from it."""
    into = _object(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details",
                   "prompt_token_details")
    out_of = _object(usage, "completion_tokens_details", "output_tokens_details")
    inputs = _number(usage, "prompt_tokens", "input_tokens")
    output = _number(usage, "completion_tokens", "output_tokens")
    total = _number(usage, "total_tokens")
    cached = _largest(_number(into, "cached_tokens", "cache_read_input_tokens"),
                      _number(usage, "cached_tokens", "num_cached_tokens",
                              "prompt_cache_hit_tokens", "cache_read_input_tokens"))
    written = _largest(_number(into, "cache_write_tokens", "cache_creation_input_tokens"),
                       _number(usage, "cache_creation_input_tokens"))
    reasoning = _largest(_number(out_of, "reasoning_tokens"), _number(usage, "reasoning_tokens"))
    generates = endpoint in ("chat.completions", "completions", "responses", "responses.get",
                             "responses.compact", "threads.runs")
    if inputs is None and not generates:
        inputs = total  # Voyage reports a total only
    beyond = 0 if total is None or inputs is None else total - inputs - (output or 0)
    if "search_context_size" in usage or "citation_tokens" in usage:  # Perplexity counts apart
        inputs = (inputs or 0) + (_number(usage, "citation_tokens") or 0)
        output = (output or 0) + (reasoning or 0)
    elif generates and beyond > 0:
        if _number(usage, "prompt_audio_seconds"):  # Mistral: audio is in the total alone
            inputs = (inputs or 0) + beyond
        elif reasoning is None or 0 < reasoning <= beyond:
            # xAI chat counts reasoning beside the output; Gemini's compatible form hides it.
            output, reasoning = (output or 0) + beyond, beyond
        # else Cerebras: suppressed stop sequences are in the total, nobody pays for them
    if inputs is not None and cached is not None and cached > inputs:
        inputs += cached  # Grok at Azure counts cache reads beside the input
    elif inputs is not None and written is not None:
        written = min(written, inputs - (cached or 0))  # a token is in one class, reads first
    if output is not None and reasoning is not None:
        reasoning = min(reasoning, output)  # part of the output, so never more than it
    return _figures(inputs, output, cached, written, reasoning)


def _is_anthropic(reported: list[dict[str, object]]) -> bool:
    keys = {key for entry in reported for key in entry["usage"]}  # type: ignore[attr-defined]
    if "prompt_tokens" in keys or "total_tokens" in keys:
        return False
    return bool(keys & {"cache_creation_input_tokens", "cache_read_input_tokens"}) or any(
        "message_start" in str(entry["at"]) for entry in reported
    )


def _anthropic(usage: Mapping[str, object]) -> Figures:
    """Input excludes what was read from and written to the cache."""
    read = _number(usage, "cache_read_input_tokens")
    written = _number(usage, "cache_creation_input_tokens")
    if written is None:
        split = _object(usage, "cache_creation")
        parts = [_number(split, k) for k in ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")]
        written = sum(p or 0 for p in parts) if any(p is not None for p in parts) else None
    uncached = _number(usage, "input_tokens")
    inputs = None if uncached is None else uncached + (read or 0) + (written or 0)
    thinking = _number(_object(usage, "output_tokens_details"), "thinking_tokens")
    return _figures(inputs, _number(usage, "output_tokens"), read, written, thinking)


def _gemini(usage: Mapping[str, object], generates: bool) -> Figures:
    """Thoughts stand beside the candidates, tool results beside the prompt, cached ones inside it."""
    prompt, tool = _number(usage, "promptTokenCount"), _number(usage, "toolUsePromptTokenCount")
    thoughts = _number(usage, "thoughtsTokenCount")
    candidates, total = _number(usage, "candidatesTokenCount"), _number(usage, "totalTokenCount")
    if generates and total is not None and (prompt is None) != (candidates is None):
        rest = max(0, total - (prompt or 0) - (candidates or 0) - (thoughts or 0) - (tool or 0))
        prompt, candidates = (rest if prompt is None else prompt,
                              rest if candidates is None else candidates)
    inputs = None if prompt is None else prompt + (tool or 0)
    told = candidates is not None or thoughts is not None
    output = (candidates or 0) + (thoughts or 0) if told else None
    return _figures(inputs, output, _number(usage, "cachedContentTokenCount"), None, thoughts)


def _vertex_predictions(exchange: Mapping[str, object]) -> Figures | None:
    """Vertex counts tokens per embedded text, which the corpus does not list as a usage."""
    if exchange.get("endpoint") != "predict" or exchange.get("status") != 200:
        return None
    try:
        answer = json.loads(str(exchange.get("response_body")))
        predictions = answer["predictions"]
        counts = [p["embeddings"]["statistics"]["token_count"] for p in predictions]
    except (ValueError, KeyError, TypeError):
        return None
    return _figures(input=int(sum(counts)))


def _interactions(usage: Mapping[str, object]) -> Figures:
    inputs = (_number(usage, "total_input_tokens") or 0) + (_number(usage, "total_tool_use_tokens") or 0)
    thoughts = _number(usage, "total_thought_tokens")
    output = (_number(usage, "total_output_tokens") or 0) + (thoughts or 0)
    return _figures(inputs, output, _number(usage, "total_cached_tokens"), None, thoughts)


def _cohere(reported: list[dict[str, object]]) -> Figures:
    """Billed units are what is paid; `cached_tokens` counts physical tokens, which are not billed."""
    billed: object = None
    for entry in reported:
        usage = entry["usage"]
        assert isinstance(usage, dict)
        if str(entry["at"]).endswith("billed_units"):
            billed = usage
        elif "billed_units" in usage:
            billed = usage["billed_units"]
    units = billed if isinstance(billed, dict) else {}
    inputs, images = _number(units, "input_tokens"), _number(units, "image_tokens")
    if images is not None:
        inputs = (inputs or 0) + images
    return _figures(inputs, _number(units, "output_tokens"))


# --- helpers -------------------------------------------------------------------------------------


def _reported(exchange: Mapping[str, object]) -> list[dict[str, object]]:
    entries = exchange.get("reported_usage") or []
    assert isinstance(entries, list)
    return entries


def _merged(reported: list[dict[str, object]]) -> dict[str, object]:
    """Running figures: what a later event tells replaces, what it does not tell stays."""
    merged: dict[str, object] = {}
    for entry in reported:
        usage = entry["usage"]
        assert isinstance(usage, dict)
        merged.update({key: value for key, value in usage.items() if value is not None})
    return merged


def _object(usage: Mapping[str, object], *names: str) -> Mapping[str, object]:
    for name in names:
        value = usage.get(name)
        if isinstance(value, dict):
            return value
    return {}


def _number(usage: Mapping[str, object], *names: str) -> int | None:
    for name in names:
        value = usage.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return int(value)
    return None


def _largest(left: int | None, right: int | None) -> int | None:
    told = [value for value in (left, right) if value is not None]
    return max(told) if told else None


def _figures(input: int | None = None, output: int | None = None, cache_read: int | None = None,
             cache_write: int | None = None, reasoning: int | None = None) -> Figures:
    return dict(zip(FIELDS, (input, output, cache_read, cache_write, reasoning)))


# --- exceptions ----------------------------------------------------------------------------------

_loaded: list[dict[str, object]] | None = None


def _rules() -> list[dict[str, object]]:
    global _loaded
    if _loaded is None:
        _loaded = yaml.safe_load(EXCEPTIONS.read_text())["rules"] or []
    return _loaded


def _holds(rule: Mapping[str, object], exchange: Mapping[str, object], expected: Figures,
           row: Mapping[str, object]) -> bool:
    """Whether every condition of a rule holds. A rule may look at conventions, never at identity."""
    conditions = rule.get("when") or {}
    assert isinstance(conditions, dict)
    reported = _reported(exchange)
    for name, wanted in conditions.items():
        if name == "provider":
            found = exchange.get("provider") == wanted
        elif name == "quirk":
            found = wanted in (exchange.get("quirks") or [])  # type: ignore[operator]
        elif name == "usage_key":
            found = any(wanted in entry["usage"] for entry in reported  # type: ignore[operator]
                        if isinstance(entry["usage"], dict))
        elif name == "row_is_empty":
            found = all(row.get(f) is None for f in FIELDS) == wanted
        elif name == "listed_in_part":
            found = (int(str(exchange.get("reported_usage_count") or 0)) > len(reported)) == wanted
        else:
            raise ValueError(f"exceptions.yaml: unknown condition {name!r} in {rule['name']!r}")
        if not found:
            return False
    return True


# --- as a program --------------------------------------------------------------------------------


def read_lines(path: Path) -> Iterator[dict[str, object]]:
    with open(path, "rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else open(path, "rb") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    rows = {str(row["id"]): row for row in read_lines(Path(arguments[1]))}
    outcomes: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    covered, opaque = 0, Counter()
    for exchange in read_lines(Path(arguments[0])):
        row = rows.get(str(exchange["id"]))
        if row is None:
            continue
        if row["dialect"] == "opaque":
            opaque[f"{exchange['provider']} {exchange['endpoint']} {exchange['path']}"] += 1
        else:
            covered += 1
        if not row.get("same_when_cut", True):
            print(f"{exchange['id']}: not the same when cut")
            outcomes["different"] += 1
            continue
        verdict = judge(exchange, row)
        outcomes[verdict.outcome] += 1
        if verdict.rule:
            rules[verdict.rule] += 1
        if verdict.outcome == "different":
            print(f"{exchange['provider']} {exchange['endpoint']} {exchange['id']}: "
                  + "; ".join(verdict.differences))
    for name, count in opaque.most_common():
        print(f"not covered: {count} {name}")
    for name, count in rules.most_common():
        print(f"explained by {name}: {count}")
    compared = sum(outcomes.values()) - outcomes["not_compared"]
    print(f"figure: exchanges={len(rows)} covered={covered} usage_equal={outcomes['equal']} "
          f"usage_compared={compared} unexplained={outcomes['different']}")
    return 1 if outcomes["different"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
