"""The simulator's own bill: what it generated for whom, in disjoint token classes."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, field

CLASSES = ("input", "cache_read", "cache_write", "output", "reasoning")


@dataclass
class Usage:
    """Disjoint token counts of one answer: `input` is uncached, `output` excludes reasoning."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    searches: int = 0

    @property
    def all_input(self) -> int:
        return self.input + self.cache_read + self.cache_write

    @property
    def all_output(self) -> int:
        return self.output + self.reasoning


@dataclass
class Entry:
    """One answered request. `end`: complete, error, error_event, reset, truncated, client_left."""

    number: int
    at: float
    dialect: str
    path: str
    model: str
    status: int
    end: str
    told: bool  # the client was given usage figures
    tag: str = ""  # the request's x-sim-id, by which a test finds its own again
    usage: Usage = field(default_factory=Usage)


class Bill:
    """Thread-safe, so that a test may read it while the simulator's loop runs elsewhere."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def open(self, dialect: str, path: str, model: str, tag: str = "") -> Entry:
        with self._lock:
            entry = Entry(
                len(self._entries) + 1, time.time(), dialect, path, model, 0, "open", False, tag
            )
            self._entries.append(entry)
            return entry

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    @property
    def entries(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    def totals(self, model: str | None = None) -> dict[str, int]:
        """Sums over complete and broken answers alike, of one model or of all."""
        chosen = [entry for entry in self.entries if model in (None, entry.model)]
        sums = {name: sum(getattr(e.usage, name) for e in chosen) for name in CLASSES}
        sums["requests"] = len(chosen)
        sums["searches"] = sum(entry.usage.searches for entry in chosen)
        return sums

    def as_json(self, with_entries: bool) -> dict[str, object]:
        models = sorted({entry.model for entry in self.entries})
        answer: dict[str, object] = {
            "totals": self.totals(),
            "by_model": {model: self.totals(model) for model in models},
        }
        if with_entries:
            answer["entries"] = [asdict(entry) for entry in self.entries]
        return answer
