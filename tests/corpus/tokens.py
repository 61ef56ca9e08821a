"""The token counting errors over recorded exchanges: what `./dev corpus --tokens` prints.

    python -m tests.corpus.tokens [FILE] [--list CLASS]

The product's counter (`token_check`) sees requests and answers, never the reported usage; the judge of the
ledger (`judge.expected_usage`) says what the provider reported. Ends with the figure line of design.md 10.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import exchanges as recorded
from . import judge

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "config/tokenizers/models.yaml"
_SENT = ("id", "provider", "method", "path", "query", "model", "request_body", "response_body", "body_kind",
         "host")
_REASONING = re.compile(r"^(gpt-5|o\d|codex|computer-use)(?!.*chat)")
_PLAIN_OPENAI = re.compile(r"^(gpt-3\.5|gpt-35|gpt-4)")

Record = Mapping[str, object]


@dataclass
class Counted:
    """One exchange with what was counted and what was reported."""

    record: Record
    kind: str  # text, tools, media, state
    count: dict[str, object]
    reported: int
    output: int | None
    reasoning: int

    @property
    def provider(self) -> str:
        return str(self.record["provider"])

    @property
    def error(self) -> float:
        return abs(int(str(self.count["tokens"])) - self.reported) / max(self.reported, 1)


def counter_binary() -> Path:
    return Path(os.environ.get("TOKENWEIR_TOKEN_CHECK", ROOT / "build/tests/token_check"))


def _counts(records: list[Record]) -> Iterator[dict[str, object]]:
    """The counter's answers, in order."""
    lines = []
    for record in records:
        sent = {name: record.get(name) or "" for name in _SENT}
        sent["family"] = recorded.family_of(str(record["provider"]), str(record.get("host") or ""),
                                            str(record["path"]))
        lines.append(json.dumps(sent))
    done = subprocess.run([str(counter_binary()), str(MODELS), os.environ.get("TOKENWEIR_VENDOR", "")],
                          input="\n".join(lines), stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        yield json.loads(line)


def _walk(value: object) -> Iterator[Mapping[str, object]]:
    """Every object inside a value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item)


_STATE = {"previous_response_id", "conversation", "previous_interaction_id", "cachedContent", "container",
          "mcp_servers", "web_search_options", "context_management", "plugins", "prediction"}
_MEDIA = {"image_url", "input_image", "image", "input_audio", "input_file", "file", "document", "video", "audio"}
_SERVER_SIDE = re.compile(r"(?i)web_search|file_search|code_interpreter|code_execution|mcp|image_generation|computer|"
                          r"web_fetch|google_?search|urlContext|url_context|googleMaps|tool_search|compaction")


def kind_of(request: object) -> str | None:
    """state: the provider holds part of the context; media; tools (or a schema); text."""
    if not isinstance(request, dict):
        return None
    if any(request.get(name) for name in _STATE) or (isinstance(request.get("prompt"), dict)):
        return "state"
    tools = request.get("tools") or request.get("functions")
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict) and _SERVER_SIDE.search(str(tool.get("type") or "") + " ".join(tool)):
            return "state"
    found = "tools" if tools or request.get("tool_config") else "text"
    for name in ("response_format", "output_format", "format"):
        value = request.get(name)
        if isinstance(value, dict) and value.get("type") not in (None, "text", "json_object"):
            found = "tools"
    text = request.get("text")
    if isinstance(text, dict) and isinstance(text.get("format"), dict) and text["format"].get("type") not in (
            "text", "json_object"):
        found = "tools"
    config = request.get("generationConfig") or request.get("output_config") or {}
    if isinstance(config, dict) and any("chema" in key or key == "format" for key in config):
        found = "tools"
    parts = [request.get(name) for name in ("messages", "input", "contents", "system", "chat_history")]
    for value in _walk(parts):
        kind = str(value.get("type") or "")
        if _SERVER_SIDE.search(kind) or kind == "item_reference":
            return "state"
        if kind in _MEDIA or "inlineData" in value or "fileData" in value or "images" in value:
            return "media"
        if "tool_calls" in value or kind in ("tool_use", "tool_result", "function_call") or "functionCall" in value:
            found = "tools"
        if value.get("role") in ("tool", "function"):
            found = "tools"
        if kind == "additional_tools":
            found = "tools"
    if isinstance(request.get("reasoning"), dict) and request["reasoning"].get("mode"):
        return "state"
    return found


def counted(records: Iterable[Record]) -> list[Counted]:
    """Every exchange whose provider reported its input."""
    chosen: list[tuple[Record, str, judge.Figures]] = []
    for record in records:
        if record.get("status") != 200 or recorded.left_out(dict(record)) is not None:
            continue
        try:
            request = json.loads(str(record.get("request_body") or ""))
        except ValueError:
            continue
        kind = kind_of(request)
        figures = judge.expected_usage(record)
        if kind is None or figures is None or not figures["total_input"]:
            continue
        chosen.append((record, kind, figures))
    out = []
    for (record, kind, figures), count in zip(chosen, _counts([c[0] for c in chosen]), strict=True):
        if count["readable"]:
            out.append(Counted(record, kind, count, figures["total_input"] or 0, figures["total_output"],
                               figures["reasoning"] or 0))
    return out


def contradicts_itself(one: Counted) -> bool:
    """A recording that is not what was sent: its answer uses tools its request does not declare, or the recorder
    put placeholders into its text."""
    marks = [*(one.record.get("tags") or []), *(one.record.get("quirks") or [])]  # type: ignore[misc]
    if any(str(mark).startswith(("redacted_request_body", "placeholder_in_request")) for mark in marks):
        return True
    return one.kind == "text" and "tool_call_in_response" in marks


def is_openai(one: Counted) -> bool:
    return one.provider in ("openai", "azure") and one.record["endpoint"] in (
        "chat.completions", "completions", "responses")


def exact_class(one: Counted) -> str | None:
    """Which of the two exactness figures an exchange belongs to."""
    model = str(one.record.get("model") or "")
    if not is_openai(one) or one.kind != "text" or contradicts_itself(one):
        return None
    if _REASONING.match(model):
        return "reasoning"
    return "plain" if _PLAIN_OPENAI.match(model) and "audio" not in model else None


def is_what_was_sent(one: Counted) -> bool:
    """Whether the recorder kept the request's bytes; what it wrote anew is known not to be what was counted."""
    fidelity = one.record.get("fidelity")
    return not isinstance(fidelity, dict) or fidelity.get("request") != "altered"


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 100.0


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _row(name: str, values: list[float]) -> str:
    return f"{name:<34}{len(values):>6}{100 * statistics.median(values):>10.2f}{100 * _quantile(values, 0.95):>10.2f}"


def print_errors(everything: list[Counted]) -> None:
    """Median and 95th percentile of the relative error, by provider and kind of request."""
    print(f"{'input':<34}{'n':>6}{'median %':>10}{'p95 %':>10}")
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    outputs: dict[str, list[float]] = defaultdict(list)
    for one in everything:
        if one.kind != "state":
            groups[one.kind, one.provider].append(one.error)
        if one.output and not one.reasoning and int(str(one.count["output"])) > 0:
            outputs[one.provider].append(abs(int(str(one.count["output"])) - one.output) / one.output)
    for kind in ("text", "tools", "media"):
        for (group, provider), values in sorted(groups.items()):
            if group == kind and len(values) >= 5:
                print(_row(f"{kind}: {provider}", values))
    print(f"{'output, nothing hidden':<34}{'n':>6}{'median %':>10}{'p95 %':>10}")
    for provider, values in sorted(outputs.items()):
        if len(values) >= 5:
            print(_row(provider, values))


def figure(everything: list[Counted], listed: str = "") -> str:
    exact: dict[str, list[Counted]] = {"plain": [], "reasoning": []}
    rewritten: list[Counted] = []
    ratios: dict[str, list[float]] = defaultdict(list)
    violations: list[Counted] = []
    unbounded = 0
    for one in everything:
        if (name := exact_class(one)) is not None:
            (exact[name] if is_what_was_sent(one) else rewritten).append(one)
        upper = one.count["upper"]
        if upper is None:
            unbounded += 1
        elif int(str(upper)) < one.reported and not contradicts_itself(one):
            violations.append(one)
        if upper is not None:
            ratios["text" if one.kind == "text" else "tools"].append(int(str(upper)) / one.reported)
    for name, ones in {**exact, "rewritten": rewritten}.items():
        for one in ones:
            if one.error and listed == name:
                print(name, one.record["id"], one.record["model"], one.count["tokens"], one.reported)
    if listed == "violations":
        for one in violations:
            print("violation", one.kind, one.provider, one.record["model"], one.record["id"], one.count["tokens"],
                  one.count["upper"], one.reported)
    def share(ones: list[Counted]) -> float:
        return _percent(sum(one.error == 0 for one in ones), len(ones))

    print(f"bounded by the model's window only: {unbounded} of {len(everything)}; upper bound to reported, median: "
          f"text {statistics.median(ratios['text'] or [0]):.3f}, tools and media {statistics.median(ratios['tools'] or [0]):.3f}; "
          f"compared exactly: {len(exact['plain'])} and {len(exact['reasoning'])}; of {len(rewritten)} requests that the "
          f"recorder wrote anew {share(rewritten):.2f} % are equal")
    return (f"figure: openai_exact_percent={share(exact['plain']):.2f} "
            f"openai_reasoning_exact_percent={share(exact['reasoning']):.2f} "
            f"bound_violations={len(violations)} "
            f"bound_ratio_median={statistics.median(ratios['text'] or [0]):.3f}")


def report(records: Iterable[Record]) -> str:
    """Prints the error table; returns the figure line."""
    everything = counted(records)
    print_errors(everything)
    return figure(everything)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.corpus.tokens")
    parser.add_argument("file", nargs="?")
    parser.add_argument("--list", default="", help="plain, reasoning, rewritten or violations: name the exchanges that miss")
    parser.add_argument("--dump", type=Path, help="one JSON line an exchange")
    arguments = parser.parse_args()
    everything = counted(recorded.read(recorded.corpus_file(arguments.file)))
    if arguments.dump:
        with arguments.dump.open("w") as out:
            for one in everything:
                out.write(json.dumps({"id": one.record["id"], "provider": one.provider, "model": one.record["model"],
                                      "endpoint": one.record["endpoint"], "kind": one.kind, "reported": one.reported,
                                      "output_reported": one.output, "reasoning": one.reasoning, **one.count}) + "\n")
    print_errors(everything)
    print(figure(everything, arguments.list))
    return 0


if __name__ == "__main__":
    sys.exit(main())
