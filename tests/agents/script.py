"""Agent scripts: what an agent asks, step by step. The format is described in README.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DIALECTS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini")
STEPS = ("user", "assistant", "tool", "tools", "ask", "repeat", "forget", "run", "wait", "side_by_side")
MOST_REQUESTS = 100_000

_WORDS = ("harbour signal ledger garden window meadow copper engine letter bridge market winter valley captain "
          "orange planet doctor silver island forest message kitchen teacher shadow ticket summer river thunder "
          "basket pencil mirror castle candle pocket rocket magnet tunnel anchor").split()


class ScriptError(ValueError):
    """The file is not a script; the message says where and why."""


@dataclass(frozen=True)
class Script:
    name: str
    expect: str  # stopped or passes
    steps: list[dict[str, Any]]
    file: Path
    about: str = ""
    by: tuple[str, ...] = ()
    within: int | None = None  # the request, counted from 1, that must be refused at the latest
    dialect: str = "openai_chat"
    model: str = ""
    workflow: str = "agents"
    system: str = ""
    declared: tuple[str, ...] = ()
    stream: bool = False
    script: str = ""
    max_tokens: int = 400
    headers: dict[str, str] = field(default_factory=dict)


def find(folder: Path) -> list[Path]:
    """All scripts in a file or below a folder."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml", ".json"))


def read(file: Path) -> Script:
    try:
        value = yaml.safe_load(file.read_text())
    except yaml.YAMLError as problem:
        raise ScriptError(f"{file}: {problem}") from problem
    if not isinstance(value, dict):
        raise ScriptError(f"{file}: not a mapping")
    known = {"name", "about", "expect", "by", "within", "dialect", "model", "workflow", "system", "declare", "stream",
             "script", "max_tokens", "headers", "steps"}
    if unknown := set(value) - known:
        raise ScriptError(f"{file}: unknown keys {sorted(unknown)}")
    expect = value.get("expect")
    if expect not in ("stopped", "passes"):
        raise ScriptError(f"{file}: `expect` is `stopped` or `passes`")
    dialect = value.get("dialect", "openai_chat")
    if dialect not in DIALECTS:
        raise ScriptError(f"{file}: `dialect` is one of {', '.join(DIALECTS)}")
    steps = value.get("steps")
    _check(steps, f"{file}: steps")
    by = value.get("by", [])
    return Script(
        name=str(value.get("name", file.stem)), expect=expect, steps=steps, file=file, about=str(value.get("about", "")),
        by=tuple([by] if isinstance(by, str) else by), within=value.get("within"), dialect=dialect,
        model=str(value.get("model", "")), workflow=str(value.get("workflow", "agents")),
        system=str(value.get("system", "")), declared=tuple(value.get("declare", ())),
        stream=bool(value.get("stream", False)), script=str(value.get("script", "")),
        max_tokens=int(value.get("max_tokens", 400)), headers=dict(value.get("headers", {})))


def _check(steps: Any, place: str) -> None:
    if not isinstance(steps, list) or not steps:
        raise ScriptError(f"{place}: a list of steps is needed")
    for number, step in enumerate(steps):
        here = f"{place}[{number}]"
        if step in ("ask", "forget"):
            continue
        if not isinstance(step, dict):
            raise ScriptError(f"{here}: a step is a mapping, `ask` or `forget`")
        named = [key for key in step if key in STEPS]
        if len(named) != 1:
            raise ScriptError(f"{here}: one of {', '.join(STEPS)} is needed")
        if named == ["repeat"]:
            _check(step.get("steps"), f"{here}.steps")
        if named == ["side_by_side"]:
            for index, branch in enumerate(step["side_by_side"]):
                _check(branch, f"{here}.side_by_side[{index}]")


class Filler:
    """Text for `{words:N}` (new every time) and `{same:N}` (always the same); counters for `{i}` and `{j}`."""

    def __init__(self, name: str) -> None:
        self._made = sum(name.encode())

    def fill(self, value: Any, counters: tuple[int, ...]) -> Any:
        if isinstance(value, dict):
            return {key: self.fill(item, counters) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, counters) for item in value]
        if not isinstance(value, str):
            return value

        def replace(match: re.Match[str]) -> str:
            word, amount = match[1], match[2]
            if word in ("i", "j", "k"):
                depth = "ijk".index(word)
                return str(counters[-1 - depth]) if depth < len(counters) else match[0]
            if word == "words":
                self._made += 1
                return self._text(int(amount), self._made)
            return self._text(int(amount), 0)

        return re.sub(r"\{(i|j|k|(?:words|same)(?=:))(?::(\d+))?\}", replace, value)

    @staticmethod
    def _text(amount: int, seed: int) -> str:
        state = seed * 2654435761 + 12345
        words = [] if not seed else [f"{seed}:"]
        for _ in range(amount):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            words.append(_WORDS[(state >> 33) % len(_WORDS)])
        return " ".join(words)


def unrolled(steps: list[Any], counters: tuple[int, ...] = ()) -> Iterator[tuple[str, Any, dict[str, Any], tuple[int, ...]]]:
    """(kind, value, options, counters) of every step, repetitions written out."""
    for step in steps:
        if isinstance(step, str):
            yield step, {}, {}, counters
            continue
        kind = next(key for key in step if key in STEPS)
        if kind == "repeat":
            for number in range(1, int(step["repeat"]) + 1):
                yield from unrolled(step["steps"], (*counters, number))
        else:
            yield kind, step[kind], {key: value for key, value in step.items() if key != kind}, counters


def arguments_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments or {})
