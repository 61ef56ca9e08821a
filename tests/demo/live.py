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
