"""Compares token counts with the vocabularies' own encoders.

    python -m tests.tokenizer.exact VOCABULARY [--strings N] [--seed S] [--corpus] [--cuts]

Ends with `figure: vocabulary= strings= invalid= texts= mismatches=`.
"""

import argparse
import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys

from tests.tokenizer import oracles, strings

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNTER = os.environ.get("TOKENWEIR_TOKEN_COUNTS", str(ROOT / "build/tests/token_counts"))
CORPUS = pathlib.Path(os.environ.get("TOKENWEIR_CORPUS", ROOT / "../shared/corpus"))
BATCH = 20_000


class Counter:
    """The product, behind a pipe."""

    def __init__(self, vocabulary, cuts):
        command = [COUNTER, vocabulary, "--folder", str(oracles.DATA)] + (["--cuts", "7"] if cuts else [])
        self.command = command

    def count_many(self, texts):
        frames = b"".join(struct.pack("<I", len(text)) + text for text in texts)
        done = subprocess.run(self.command, input=frames, stdout=subprocess.PIPE)
        lines = done.stdout.decode().split("\n")
        if done.returncode != 0 or len(lines) != len(texts) + 1:
            sys.exit(f"the counter ended with {done.returncode}: {lines[-2:]}")
        return [int(line) for line in lines[:-1]]


def corpus_texts():
    """Every string of every body of the recorded exchanges, once."""
    seen = set()

    def walk(value):
        if isinstance(value, str):
            if len(value) > 8 and value not in seen:
                seen.add(value)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    with gzip.open(CORPUS / "exchanges.jsonl.gz", "rt") as lines:
        for line in lines:
            exchange = json.loads(line)
            for side in ("request_body", "response_body"):
                body = exchange.get(side)
                if not body or exchange.get(side + "_base64"):
                    continue
                try:
                    walk(json.loads(body))
                except ValueError:
                    walk(body)
    return [text.encode("utf-8", "replace").decode() for text in seen if len(text) < 200_000]


def sample_texts():
    return [path.read_text(errors="replace") for path in sorted((ROOT / "docs").rglob("*.md"))[:40]] + [
        (ROOT / "README.md").read_text(), (ROOT / "CMakeLists.txt").read_text(), "".join(strings.FRAGMENTS) * 4,
        *(path.read_text() for path in sorted((ROOT / "src/tokenizer").glob("*.cpp"))[:10])]


class Comparison:
    def __init__(self, vocabulary, cuts):
        self.oracle, self.counter = oracles.oracle(vocabulary), Counter(vocabulary, cuts)
        self.mismatches = 0

    def compare(self, texts, expected):
        for text, ours, theirs in zip(texts, self.counter.count_many(texts), expected):
            if ours != theirs:
                self.mismatches += 1
                if self.mismatches <= 20:
                    print(f"mismatch: {text!r}: ours {ours}, theirs {theirs}")

    def texts(self, texts):
        for start in range(0, len(texts), BATCH):
            part = texts[start : start + BATCH]
            self.compare([text.encode() for text in part], self.oracle.count_many(part))

    def damaged(self, pieces):
        self.compare(pieces, [self.oracle.count_bytes(piece) for piece in pieces])


def run(vocabulary, count, seed=1, corpus=False, cuts=False):
    comparison = Comparison(vocabulary, cuts)
    recorded = corpus_texts() if corpus else []
    comparison.texts(recorded)
    rng = strings.seeded(seed)
    samples = sample_texts() + [text for text in recorded if len(text) > 200][:3000]
    made = 0
    while made < count:
        part = [strings.make(rng, samples) for _ in range(min(BATCH, count - made))]
        comparison.texts(part)
        made += len(part)
    invalid = count // 20
    if hasattr(comparison.oracle, "count_bytes"):
        comparison.damaged([strings.damage(rng, strings.make(rng, samples)) for _ in range(invalid)])
    else:
        invalid = 0
    print(f"figure: vocabulary={vocabulary} strings={made} invalid={invalid} texts={len(recorded)} mismatches={comparison.mismatches}")
    return comparison.mismatches


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vocabulary")
    parser.add_argument("--strings", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", action="store_true")
    parser.add_argument("--cuts", action="store_true")
    given = parser.parse_args()
    sys.exit(1 if run(given.vocabulary, given.strings, given.seed, given.corpus, given.cuts) else 0)


if __name__ == "__main__":
    main()
