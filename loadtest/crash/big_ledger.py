"""Makes a ledger of millions of rows out of a small one, to see how long a start with it takes."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path


def multiply(ledger: Path, rows: int) -> int:
    """Copies the rows of `ledger` until there are `rows`; totals stay those of the small one."""
    connection = sqlite3.connect(ledger, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-400000;")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(exchange)")]
    names = [name for name in columns if name not in ("sequence", "id")]
    count, top = connection.execute("select count(*), max(sequence) from exchange").fetchone()
    if not count:
        raise RuntimeError("the ledger is empty")
    began, round_number = time.monotonic(), 0
    while count < rows:
        round_number += 1
        take = min(count, rows - count, 500_000)
        connection.execute("BEGIN")
        connection.execute(
            f"insert into exchange (sequence, id, {', '.join(names)}) "
            f"select ? + row_number() over (order by sequence), printf('copy-%06d-%d', ?, sequence), {', '.join(names)} "
            "from exchange order by sequence limit ?", (top, round_number, take))
        connection.execute("COMMIT")
        count, top = count + take, top + take
    connection.execute("update total_covers set sequence = ?", (top,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    print(f"a ledger of {count} rows, {ledger.stat().st_size / 1e9:.1f} GB, was made in {time.monotonic() - began:.0f} s", flush=True)
    return count
