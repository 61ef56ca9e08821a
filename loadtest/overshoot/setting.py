"""What the money benchmarks share: a simulator process, a fixed price list, prompts of a known size."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from tests.blackbox.proxy import ROOT

# Dollars per million tokens, and so picodollars per token.
INPUT_PRICE, OUTPUT_PRICE = "0.80", "3.20"
INPUT_PICODOLLARS, OUTPUT_PICODOLLARS = 800_000, 3_200_000
DOLLAR = 10**12
MODEL = "gpt-4o"
INPUT_TOKENS = 500
# One token each in the model's vocabulary, with a space before them; the first one also without.
WORDS = ("river stream flow level delta spring bridge current meter ledger token price route agent answer context "
         "prompt budget cache window query report signal vector batch quiet steady opened closed joined").split()
# Seven tokens are the frame: three a message, one for its role, three for the answer to come.
FRAME_TOKENS = 7


def price_file(folder: Path) -> Path:
    file = folder / "fixed-price.yaml"
    file.write_text(
        "schema: 1\nlist: fixed\nprovider: openai\nchecked: 2026-01-01\nsources: [\"this benchmark\"]\nmodels:\n"
        f"- id: {MODEL}\n  periods:\n  - rates: {{input: \"{INPUT_PRICE}\", output: \"{OUTPUT_PRICE}\"}}\n")
    return file


def prompt(source: random.Random) -> str:
    return " ".join(source.choice(WORDS) for _ in range(INPUT_TOKENS - FRAME_TOKENS))


def cost(input_tokens: int, output_tokens: int) -> int:
    return input_tokens * INPUT_PICODOLLARS + output_tokens * OUTPUT_PICODOLLARS


class SimulatorProcess:
    """The simulator on a core of its own, asked over HTTP."""

    def __init__(self, folder: Path, script: str = "") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.simulator", "--ca-dir", str(folder), "--script", script],
            cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the simulator did not start")
        self.port = int(json.loads(line)["port"])

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, name: str, value: Any = None) -> Any:
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.origin}/_sim/{name}", data), timeout=60) as answer:
            return json.loads(answer.read())

    def reset(self) -> None:
        self.command("reset", {})

    def bill(self) -> dict[str, int]:
        return dict(self.command("bill")["totals"])

    def entries(self) -> list[dict[str, Any]]:
        return list(self.command("bill?entries=1")["entries"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)

    def __enter__(self) -> "SimulatorProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
