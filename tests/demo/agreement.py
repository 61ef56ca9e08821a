"""Do the provider's bill, the ledger and the metrics tell the same?"""

from __future__ import annotations

import re
from decimal import Decimal

from tests.simulator import Bill

_COST = re.compile(r"^tokenweir_cost_usd_total\{[^}]*\} ([0-9.eE+-]+)$", re.MULTILINE)


def provider_and_ledger(bill: Bill, rows: list[dict[str, object]]) -> tuple[list[str], bool]:
    """Lines to print, and whether every class of tokens is equal."""

    def total(*columns: str) -> int:
        return sum(int(str(row[column] or 0)) for row in rows for column in columns)

    owed = bill.totals()
    pairs = (
        ("requests", owed["requests"], len(rows)),
        ("input tokens", owed["input"], total("input_tokens")),
        ("cache read", owed["cache_read"], total("cache_read_tokens")),
        ("cache write", owed["cache_write"], total("cache_write_tokens")),
        ("output tokens", owed["output"], total("output_tokens")),
        ("reasoning", owed["reasoning"], total("reasoning_tokens")),
    )
    lines = [f"  {'':14} {'provider':>12} {'ledger':>12}"]
    for name, theirs, ours in pairs:
        lines.append(f"  {name:14} {theirs:12,d} {ours:12,d}  {'equal' if theirs == ours else 'DIFFERENT'}")
    return lines, all(theirs == ours for _, theirs, ours in pairs)


def metrics_and_ledger(metrics: str, rows: list[dict[str, object]]) -> tuple[str, bool]:
    """Compares the cost counters with the ledger's sum; a counter is a double, so to 1e-9 dollars."""
    counted = sum((Decimal(value) for value in _COST.findall(metrics)), Decimal(0))
    booked = Decimal(sum(int(str(row["cost_picodollars"] or 0)) for row in rows)) / Decimal(10**12)
    equal = abs(counted - booked) <= Decimal("1e-9")
    return f"  {'cost':14} {counted:12.6f} {booked:12.6f}  {'equal' if equal else 'DIFFERENT'} (metrics, ledger)", equal
