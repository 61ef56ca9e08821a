"""What a model can read and say at most, from the catalogues the prices come from.

A limit that is too small would make a budget's hold too small, so of several figures for one model the
largest counts. Figures for the list's own provider come first, those of other sellers stand in. Beta
headers that raise a limit are in corrections.LIMITS.
"""

from __future__ import annotations

import json
import pathlib
import re

MODES = ("chat", "responses", "completion", "embedding", "rerank", None)


def last_part(name: str) -> str:
    """The model's own name: without the seller's path, region and variant."""
    name = name.lower().rsplit("/", 1)[-1]
    name = re.sub(r"^(?:us|eu|apac|global|jp|au|ca)\.", "", name)
    name = re.sub(r"^(?:anthropic|meta|mistral|cohere|amazon|deepseek|openai|qwen|moonshot|minimax)\.", "", name)
    return name.split(":")[0].split("@")[0]


def whole(limit: int) -> int:
    """65,535 is 65,536 counted from zero."""
    return limit + 1 if limit > 1024 and limit & (limit + 1) == 0 else limit


Figures = dict[str, tuple[int, int]]


def add(figures: Figures, name: str, more: tuple[int, int]) -> None:
    known = figures.get(name, (0, 0))
    figures[name] = (max(known[0], more[0]), max(known[1], more[1]))


class Limits:
    def __init__(self, litellm_file: str) -> None:
        self.rows: list[tuple[str, tuple[int, int]]] = []
        for key, entry in json.loads(pathlib.Path(litellm_file).read_text()).items():
            if entry.get("mode") in MODES and key != "sample_spec":
                figures = tuple(whole(int(entry.get(field) or 0)) for field in ("max_input_tokens", "max_output_tokens"))
                self.rows.append((key.lower(), figures))

    def figures(self, prefixes: list[str] | None) -> Figures:
        """By model name: of the sellers whose keys begin so ("" for keys without a path), or of all."""
        found: Figures = {}
        for key, figures in self.rows:
            if prefixes is None or any(key.startswith(p) if p else "/" not in key for p in prefixes):
                add(found, last_part(key), figures)
        return found

    def of_list(self, models: list[tuple[str, list[str], list[str]]], prefixes: list[str]) -> Figures:
        """(id, exact names, prefixes) of each model -> its figures."""
        own = self._owned(models, self.figures(prefixes))
        others = self._owned(models, self.figures(None))
        return {model: tuple(mine or theirs for mine, theirs in zip(own.get(model, (0, 0)), figures))
                for model, figures in others.items()}

    @staticmethod
    def _owned(models: list[tuple[str, list[str], list[str]]], figures: Figures) -> Figures:
        names: dict[str, str] = {}
        beginnings: dict[str, str] = {}
        for model_id, exact, prefixes in models:
            for name in [model_id, *exact]:
                names.setdefault(last_part(name), model_id)
            for prefix in prefixes:
                beginnings[last_part(prefix)] = model_id
        found: Figures = {}
        for name, row in figures.items():
            owner = names.get(name)
            if owner is None:
                fitting = [prefix for prefix in beginnings if prefix and name.startswith(prefix)]
                owner = beginnings[max(fitting, key=len)] if fitting else None
            if owner is not None:
                add(found, owner, row)
        return found


def line(context: int, output: int) -> list[str]:
    """The row's `limits`, or nothing where neither is known."""
    parts = [f"{key}: {value}" for key, value in (("context", context), ("output", output)) if value > 0]
    return [f"  limits: {{{', '.join(parts)}}}"] if parts else []
