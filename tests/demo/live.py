"""What the demo shows while it runs and when it has ended, read from the ledger alone."""

from __future__ import annotations

import sqlite3
import sys
from decimal import Decimal
from pathlib import Path

_BY_WORKFLOW = """
SELECT workflow, count(*), sum(http_status >= 400),
       sum(coalesce(input_tokens,0) + coalesce(cache_read_tokens,0) + coalesce(cache_write_tokens,0)),
       sum(coalesce(output_tokens,0) + coalesce(reasoning_tokens,0)),
       sum(coalesce(cost_picodollars,0)), sum(pricing = 'unpriced' AND http_status < 400)
FROM records GROUP BY workflow ORDER BY 6 DESC, 1
"""


class Board:
    """A table redrawn in place on a terminal, one line now and then elsewhere."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._drawn = 0
        self._last = 0
        self._terminal = sys.stdout.isatty()

    def rows(self) -> list[tuple[str, int, int, int, int, int, int]]:
        try:
            connection = sqlite3.connect(f"file:{self._ledger}?mode=ro", uri=True, timeout=1)
            try:
                return connection.execute(_BY_WORKFLOW).fetchall()
            finally:
                connection.close()
        except sqlite3.OperationalError:
            return []

    def draw(self) -> None:
        rows = self.rows()
        count, cost = sum(row[1] for row in rows), sum(row[5] for row in rows)
        if not self._terminal:
            if count >= self._last + 50:
                self._last = count
                print(f"  {count:4d} requests, {dollars(cost)}", flush=True)
            return
        lines = [f"  {'workflow':16} {'requests':>8} {'errors':>6} {'tokens in':>11} {'out':>8} {'cost':>12}"]
        for name, requests, errors, read, written, money, unpriced in rows:
            price = "unpriced" if unpriced == requests else dollars(money)
            lines.append(f"  {name:16} {requests:8d} {errors:6d} {read:11,d} {written:8,d} {price:>12}")
        lines.append(f"  {'':16} {count:8d} {'':6} {'':11} {'':8} {dollars(cost):>12}")
        if self._drawn:
            sys.stdout.write(f"\x1b[{self._drawn}A")
        sys.stdout.write("".join(f"\x1b[2K{line}\n" for line in lines))
        sys.stdout.flush()
        self._drawn = len(lines)


def dollars(picodollars: int) -> str:
    return f"${Decimal(picodollars) / Decimal(10**12):.6f}"


def remarkable(rows: list[dict[str, object]]) -> list[str]:
    """What a reader of the bill should notice, worked out from its rows."""

    def number(row: dict[str, object], *columns: str) -> int:
        return sum(int(str(row[column] or 0)) for column in columns)

    lines = []
    spent: dict[str, int] = {}
    steps: dict[tuple[str, str], int] = {}
    for row in rows:
        spent[str(row["workflow"])] = spent.get(str(row["workflow"]), 0) + number(row, "cost_picodollars")
        if row["run"]:
            key = str(row["workflow"]), str(row["run"])
            steps[key] = steps.get(key, 0) + 1
    dearest = max(spent, key=lambda name: spent[name])
    theirs = [row for row in rows if row["workflow"] == dearest]
    read = sum(number(row, "input_tokens", "cache_read_tokens", "cache_write_tokens") for row in theirs)
    cached = sum(number(row, "cache_read_tokens") for row in theirs)
    share = 100 * spent[dearest] // max(1, sum(spent.values()))
    lines.append(
        f"{dearest} is {share} % of the bill: {read // len(theirs):,d} input tokens a request, "
        f"{100 * cached // max(1, read)} % of them from the cache"
    )
    (workflow, run), most = max(steps.items(), key=lambda item: item[1])
    usual = sorted(count for (name, _), count in steps.items() if name == workflow)
    lines.append(f"{run} of {workflow} took {most} steps where {usual[len(usual) // 2]} are usual")
    refused = sum(1 for row in rows if row["http_status"] == 429)
    lines.append(f"{refused} requests met a rate limit and were sent again by the SDK")
    unpriced = {str(row["model_requested"]) for row in rows if row["pricing"] == "unpriced" and row["http_status"] == 200}
    lines.append(f"no price is known for {', '.join(sorted(unpriced)) or 'nothing'}: its cost is unknown, not zero")
    return ["  " + line for line in lines]
