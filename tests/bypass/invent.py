"""Bodies made up by seed: limits in every spelling, place and kind of value, said once or several times."""

from __future__ import annotations

import json
import random

NUMBERS = ["1", "16", "50", "99", "100", "101", "5000", "1e9", "1E2", "100.0", "100.5", "5e1", "0", "0.5", "-0", "-1", "-2.5",
           "2147483648", "18446744073709551617", "1e400", "1e-400", "null", "null", "true", '"50"', '"5000"', '"1e9"', '"inf"', '""', "[]",
           "{}", "[5000]"]
ROOT = ["max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict", "num_predict", "max_new_tokens",
        "maxOutputTokens", "max_tokens_to_sample"]
CONTAINERS = ["generationConfig", "generation_config", "options", "parameters"]
INNER = ["maxOutputTokens", "max_output_tokens", "num_predict", "max_new_tokens", "candidateCount", "candidate_count", "topK"]
SPACES = ["", "", "", " ", "\n", "\t ", "  \r\n"]

TARGETS = [
    ("openai", "/v1/chat/completions", ["max_tokens", "max_completion_tokens"], []),
    ("openai", "/v1/completions", ["max_tokens"], []),
    ("openai", "/v1/responses", ["max_output_tokens"], []),
    ("openai", "/completion", ["n_predict", "max_tokens"], []),
    ("openai", "/generate", [], ["parameters"]),
    ("anthropic", "/v1/messages", ["max_tokens"], []),
    ("anthropic", "/v1/complete", ["max_tokens_to_sample"], []),
    ("gemini", "/v1beta/models/gemini-2.5-flash:generateContent", [], ["generationConfig", "generation_config"]),
    ("gemini", "/v1beta/interactions", [], ["generation_config", "generationConfig"]),
    ("cohere", "/v2/chat", ["max_tokens"], []),
    ("ollama", "/api/chat", [], ["options"]),
    ("ollama", "/v1/chat/completions", ["max_tokens"], []),
]


class Inventor:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def _key(self, name: str) -> str:
        chance = self._random.random()
        if chance < 0.1:
            at = self._random.randrange(len(name))
            name = name[:at] + f"\\u{ord(name[at]):04x}" + name[at + 1:]
        elif chance < 0.17:
            name = "".join(c.upper() if self._random.random() < 0.5 else c for c in name)
        elif chance < 0.2:
            name = name.upper()
        return f'"{name}"'

    def _space(self) -> str:
        return self._random.choice(SPACES)

    def _object(self, members: list[str]) -> str:
        self._random.shuffle(members)
        inside = ",".join(self._space() + member + self._space() for member in members)
        return "{" + (inside or self._space()) + "}"

    def _member(self, name: str, value: str) -> str:
        return f"{self._key(name)}{self._space()}:{self._space()}{value}"

    def _container(self) -> str:
        chance = self._random.random()
        if chance < 0.08:
            return self._random.choice(["null", "[]", '"x"', "true"])
        names = self._random.choices(INNER, k=self._random.randrange(4))
        return self._object([self._member(name, self._random.choice(NUMBERS)) for name in names])

    def row(self, number: int) -> dict[str, object]:
        family, path, fields, containers = self._random.choice(TARGETS)
        members = ['"model":"m"', '"messages":[]', '"input":"\\"max_tokens\\":5000"']
        # What the server goes by more often than what it does not.
        for _ in range(self._random.randrange(4)):
            name = self._random.choice(fields if fields and self._random.random() < 0.7 else ROOT)
            members.append(self._member(name, self._random.choice(NUMBERS)))
        for _ in range(self._random.randrange(3)):
            name = self._random.choice(containers if containers and self._random.random() < 0.8 else CONTAINERS)
            members.append(self._member(name, self._container()))
        if self._random.random() < 0.2:
            members.append(self._member(self._random.choice(["n", "best_of"]), self._random.choice(NUMBERS)))
        if self._random.random() < 0.15:
            budget = self._random.choice(NUMBERS)
            members.append('"thinking":' + self._object(['"type":"enabled"', self._member("budget_tokens", budget)]))
        if self._random.random() < 0.1:
            members.append('"fallbacks":[' + self._object([self._member("max_tokens", self._random.choice(NUMBERS))]) + "]")
        if self._random.random() < 0.2:
            members.append('"stream":true')
        body = self._space() + self._object(members) + self._space()
        if self._random.random() < 0.04:
            body = self._random.choice(["\ufeff" + body, body + "{}", body + body, body[:-2], "[" + body + "]", body + "\x00"])
        return {"name": f"invented {number}", "provider": family, "path": path, "body": body,
                "chunked": self._random.random() < 0.05}


def invent(count: int, seed: int) -> list[dict[str, object]]:
    inventor = Inventor(seed)
    rows = [inventor.row(number) for number in range(count)]
    json.dumps(rows)  # they are what a line of a file can hold
    return rows
