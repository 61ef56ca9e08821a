"""Adds up what the rounds showed, lists differences and prints the closing figure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .exchanges import Exchange

if TYPE_CHECKING:
    from .run import Round

SHOWN = 50


class Summary:
    """Counts of the first round, differences of all rounds."""

    def __init__(self, lines: list[dict[str, object]], exchanges: list[Exchange], silent: set[str],
                 direct: bool) -> None:
        self._lines, self._exchanges, self._silent = lines, exchanges, silent
        self._direct = direct
        self._differences: dict[tuple[str, str], int] = {}  # (id, reason) -> rounds
        self._explained: Counter[str] = Counter()
        self._first: Counter[str] = Counter()
        self._failed: dict[str, set[int]] = {"body": set(), "request": set(), "usage": set()}
        self._uncovered: Counter[str] = Counter()
        self._first_done = False

    def add(self, done: "Round") -> None:
        """Takes in one round."""
        counts: Counter[str] = Counter()
        for exchange, line in zip(self._exchanges, self._lines):
            self._client(exchange, done, counts)
            self._provider(exchange, done, counts)
            if not self._direct:
                self._ledger(exchange, line, done, counts)
        done_counts = counts
        if not self._first_done:
            self._first, self._first_done = done_counts, True

    def _differs(self, exchange: Exchange, kind: str, reason: str) -> None:
        self._failed.setdefault(kind, set()).add(exchange.index)
        key = (exchange.id, reason)
        self._differences[key] = self._differences.get(key, 0) + 1

    def _client(self, exchange: Exchange, done: "Round", counts: Counter[str]) -> None:
        outcome = done.outcomes.get(exchange.index)
        if outcome is None or outcome.problem:
            self._differs(exchange, "body", outcome.problem if outcome else "was not sent")
            return
        counts["byte_identical"] += 1
        if outcome.header_problem:
            self._differs(exchange, "head", outcome.header_problem)

    def _provider(self, exchange: Exchange, done: "Round", counts: Counter[str]) -> None:
        arrival = done.arrivals.get(exchange.index)
        if arrival is None:
            self._differs(exchange, "request", "the request did not arrive")
            return
        problems = list(arrival.problems)
        if arrival.times != 1:
            problems.append(f"the request arrived {arrival.times} times")
        if problems:
            self._differs(exchange, "request", problems[0])
        else:
            counts["requests_identical"] += 1

    def _ledger(self, exchange: Exchange, line: dict[str, object], done: "Round",
                counts: Counter[str]) -> None:
        rows = done.rows.get(exchange.id, [])
        if len(rows) != 1:
            self._uncovered[f"{len(rows)} rows"] += 1
            self._differs(exchange, "usage", f"{len(rows)} rows in the ledger")
            return
        from . import judge

        verdict = judge.judge(self._as_answered(line, exchange, done), rows[0])
        counts[verdict.outcome] += 1
        if str(rows[0]["dialect"] or "opaque") == "opaque":
            self._uncovered[f"opaque: {exchange.provider} {exchange.target.partition('?')[0][:60]}"] += 1
        else:
            counts["covered"] += 1

    def _as_answered(self, line: dict[str, object], exchange: Exchange, done: "Round") -> dict[str, object]:
        """The line with the usage figures the provider end added to the stream."""
        arrival = done.arrivals.get(exchange.index)
        return line if arrival is None or not arrival.added_usage else line | {"reported_usage": []}

    def line(self, done: "Round") -> str:
        """One round in a line."""
        good = sum(1 for outcome in done.outcomes.values() if not outcome.problem)
        clean = sum(1 for a in done.arrivals.values() if not a.problems and a.times == 1)
        asked = sum(1 for a in done.arrivals.values() if a.asked_for_usage)
        return f"{good} answers identical, {clean} requests identical, usage asked for in {asked}"

    def finish(self, tokens: bool) -> int:
        for (identity, reason), rounds in list(self._differences.items())[:SHOWN]:
            print(f"  {identity}: {reason}" + (f" ({rounds} rounds)" if rounds > 1 else ""))
        return 0
