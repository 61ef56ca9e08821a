"""Adds up what the rounds showed, lists the differences and prints the closing figure."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from . import judge
from .exchanges import Exchange

if TYPE_CHECKING:
    from .run import Round

SHOWN = 50
# The four promises; a difference of any kind is one of them broken. "head" is the answer's head.
KINDS = ("body", "head", "request", "usage")


class Summary:
    """Holds an exchange to be good only if every round found it good."""

    def __init__(self, lines: list[dict[str, object]], exchanges: list[Exchange], direct: bool) -> None:
        self._lines, self._exchanges, self._direct = lines, exchanges, direct
        self._failed: dict[str, set[int]] = {kind: set() for kind in KINDS}
        self._reasons: dict[tuple[str, str, str], list[int]] = {}
        self._usage: dict[int, set[str]] = {exchange.index: set() for exchange in exchanges}
        self._covered: dict[int, bool] = {exchange.index: True for exchange in exchanges}
        self._uncovered: Counter[str] = Counter()
        self._rules: Counter[str] = Counter()
        self._asked: set[int] = set()
        self._told_by = Counter(_stored_id(line) for line in lines if line.get("reported_usage"))
        self.tokens = TokenErrors()

    def add(self, done: "Round") -> None:
        """Takes in one round."""
        for exchange, line in zip(self._exchanges, self._lines):
            self._client(exchange, done)
            self._provider(exchange, done)
            if not self._direct:
                self._ledger(exchange, line, done)

    def _differs(self, exchange: Exchange, kind: str, reason: str, done: "Round") -> None:
        self._failed[kind].add(exchange.index)
        self._reasons.setdefault((kind, exchange.id, reason), []).append(done.number + 1)

    def _client(self, exchange: Exchange, done: "Round") -> None:
        outcome = done.outcomes.get(exchange.index)
        if outcome is None:
            self._differs(exchange, "body", "was not sent", done)
        elif outcome.problem:
            self._differs(exchange, "body", outcome.problem, done)
        elif outcome.header_problem:
            self._differs(exchange, "head", outcome.header_problem, done)

    def _provider(self, exchange: Exchange, done: "Round") -> None:
        arrival = done.arrivals.get(exchange.index)
        if arrival is None:
            self._differs(exchange, "request", "the request did not arrive", done)
            return
        if arrival.asked_for_usage:
            self._asked.add(exchange.index)
        if arrival.times != 1:
            self._differs(exchange, "request", f"the request arrived {arrival.times} times", done)
        elif arrival.problems:
            self._differs(exchange, "request", arrival.problems[0], done)

    def _ledger(self, exchange: Exchange, line: dict[str, object], done: "Round") -> None:
        rows = done.rows.get(exchange.id, [])
        place = f"{exchange.provider} {exchange.method} {exchange.target.partition('?')[0][:80]}"
        if len(rows) != 1:
            self._covered[exchange.index] = False
            self._differs(exchange, "usage", f"{len(rows)} rows in the ledger", done)
            return
        row = rows[0]
        if str(row["dialect"] or "opaque") == "opaque":
            # Nothing is claimed about a path nobody knows; it counts against the covered share.
            if self._covered[exchange.index]:
                self._uncovered[place] += 1
            self._covered[exchange.index] = False
            return
        if str(row["price_id"] or "") == "billed_before" and self._told_by[_stored_id(line)] > 1:
            return  # another exchange of this ledger has the stored answer's usage
        answered = _as_answered(line, exchange, done)
        verdict = judge.judge(answered, row)
        self._usage[exchange.index].add(verdict.outcome)
        if verdict.rule and done.number == 0:
            self._rules[verdict.rule] += 1
        if verdict.outcome == "different":
            self._differs(exchange, "usage", "; ".join(verdict.differences), done)
        elif verdict.outcome == "not_compared" and not answered.get("reported_usage"):
            claimed = [f"{n} {v}" for n, v in judge.from_ledger(row).items() if v]
            if claimed and row["usage_source"] == "reported":
                self._differs(exchange, "usage", f"nobody reported {', '.join(claimed)}", done)
        if done.number == 0:
            self.tokens.add(answered, row)

    def line(self, done: "Round") -> str:
        """One round in a line."""
        good = sum(1 for outcome in done.outcomes.values() if not outcome.problem)
        clean = sum(1 for a in done.arrivals.values() if not a.problems and a.times == 1)
        asked = sum(1 for a in done.arrivals.values() if a.asked_for_usage)
        return f"{good} answers identical, {clean} requests identical, usage asked for in {asked}"

    def finish(self, tokens: bool) -> int:
        """Prints what differed and the figure; returns the exit code."""
        total = len(self._exchanges)
        covered = {index for index, is_covered in self._covered.items() if is_covered}
        compared = [seen for index, seen in self._usage.items() if seen - {"not_compared"}]
        equal = [seen for seen in compared if seen <= {"equal", "not_compared"}]
        unexplained = set().union(*self._failed.values())
        for (kind, identity, reason), rounds in list(self._reasons.items())[:SHOWN]:
            print(f"  {kind}: {identity}: {reason} (round {', '.join(map(str, rounds))})")
        if len(self._reasons) > SHOWN:
            print(f"  ... and {len(self._reasons) - SHOWN} more: {dict(Counter(k[0] for k in self._reasons))}")
        if self._asked:
            print(f"  asked for usage on the client's behalf: {len(self._asked)}")
        for place, count in self._uncovered.most_common(20):
            print(f"  not covered: {count} {place}")
        for rule, count in self._rules.most_common():
            print(f"  explained by {rule}: {count}")
        if tokens:
            self.tokens.print()
        figures = {
            "exchanges": total,
            "covered": 0 if self._direct else len(covered),
            "byte_identical": total - len(self._failed["body"]),
            "usage_equal": len(equal),
            "usage_compared": len(compared),
            "requests_identical": total - len(self._failed["request"]),
            "unexplained": len(unexplained),
        }
        print("figure: " + " ".join(f"{name}={value}" for name, value in figures.items()))
        enough = self._direct or len(covered) >= 0.97 * total
        return 0 if enough and not unexplained else 1


def _stored_id(line: dict[str, object]) -> str:
    """The id under which a provider keeps this answer, as far as the answer says so."""
    found = re.search(r'"id"\s*:\s*"([^"]+)"', str(line.get("response_body"))[:4096])
    return found[1] if found else ""


def _as_answered(line: dict[str, object], exchange: Exchange, done: "Round") -> dict[str, object]:
    """The line with the usage figures which the provider end added to the stream."""
    arrival = done.arrivals.get(exchange.index)
    if arrival is None or not arrival.added_usage:
        return line
    entry = {"at": "usage", "usage": arrival.added_usage, "raw": ""}
    return line | {"reported_usage": [entry], "reported_usage_count": 1}


class TokenErrors:
    """How far our own counts are from the provider's, where a row has counts."""

    def __init__(self) -> None:
        self._errors: dict[str, list[tuple[int, int]]] = {}

    def add(self, exchange: dict[str, object], row: dict[str, object]) -> None:
        counted = row.get("counted_input_tokens")
        expected = judge.expected_usage(exchange)
        if counted is None or expected is None or expected["total_input"] is None:
            return
        self._errors.setdefault(str(row["dialect"]), []).append((int(str(counted)), expected["total_input"]))

    def print(self) -> None:
        if not self._errors:
            print("  token counting: no row has counted_input_tokens; the proxy does not count yet")
            return
        print(f"  {'dialect':22} {'compared':>8} {'exact':>7} {'median error':>13}")
        for dialect, pairs in sorted(self._errors.items()):
            errors = sorted(abs(ours - theirs) / max(1, theirs) for ours, theirs in pairs)
            exact = sum(1 for ours, theirs in pairs if ours == theirs) / len(pairs)
            print(f"  {dialect:22} {len(pairs):8d} {exact:7.1%} {errors[len(errors) // 2]:13.2%}")
