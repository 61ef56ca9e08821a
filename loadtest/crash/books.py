"""The four books - the provider's bill, the ledger, the budgets, the metrics - and whether they agree."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from loadtest.overshoot import setting
from tests.blackbox.proxy import Proxy

from .load import Sent


@dataclass
class Findings:
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    leaked: int = 0
    charged: int = 0  # picodollars in the ledger
    billed: int = 0  # by the provider, for the same requests
    from_hold: int = 0  # rows that recovery wrote
    differ: list[str] = field(default_factory=list)  # books that do not add up to the same

    def add(self, other: "Findings") -> None:
        self.lost += other.lost
        self.doubled += other.doubled
        self.leaked += other.leaked
        self.charged += other.charged
        self.billed += other.billed
        self.from_hold += other.from_hold
        self.differ += other.differ


def quiet(proxy: Proxy, seconds: float = 15) -> None:
    """Waits until nothing is in flight and the ledger has stopped growing for longer than a commit takes."""
    end, last, same = time.monotonic() + seconds, -1, 0
    while time.monotonic() < end and same < 4:
        rows = int(proxy.query("select max(sequence) as n from exchange")[0]["n"] or 0)
        same = same + 1 if rows == last and held(proxy) == 0 else 0
        last = rows
        time.sleep(0.1)


def accounts(proxy: Proxy) -> list[dict[str, object]]:
    return list(json.loads(proxy.get("/api/v1/budgets"))["budgets"])


def held(proxy: Proxy) -> int:
    """What is still set aside: requests in flight, and money that belongs to none."""
    total = 0
    for account in accounts(proxy):
        amounts = account["held"]
        assert isinstance(amounts, dict)
        total += max(int(amounts.get("concurrent", 0)), int(amounts.get("requests", 0)),
                     int(amounts.get("usd_picodollars", 0)) > 0)
    return total


def spent(proxy: Proxy, budget: str) -> int:
    total = 0
    for account in accounts(proxy):
        amounts = account["spent"]
        assert isinstance(amounts, dict)
        total += int(amounts["usd_picodollars"]) if account["budget"] == budget else 0
    return total


def metric_picodollars(proxy: Proxy) -> int:
    values = re.findall(r"^tokenweir_cost_usd_total\{[^}]*\} (\S+)$", proxy.get("/metrics"), re.M)
    return int(sum((Decimal(value) for value in values), Decimal(0)) * setting.DOLLAR)


def compare(proxy: Proxy, sent: list[Sent], entries: list[dict[str, object]], prefix: str) -> Findings:
    """The requests named `prefix-*` one by one, then the sums of everything."""
    found = Findings()
    bill: Counter[str] = Counter()
    for entry in entries:
        usage = entry["usage"]
        assert isinstance(usage, dict)
        bill[str(entry["tag"])] += setting.cost(
            int(usage["input"]) + int(usage["cache_read"]), int(usage["output"]) + int(usage["reasoning"]))
    rows: dict[str, list[dict[str, object]]] = {}
    for row in proxy.query("select id, tags, cost_picodollars, price_id, refusal, usage_source, end_state from records "
                           f"where json_extract(tags, '$.id') like '{prefix}-%'"):
        rows.setdefault(str(json.loads(row["tags"])["id"]), []).append(row)
    for one in sent:
        mine = rows.get(one.name, [])
        cost = sum(int(str(row["cost_picodollars"] or 0)) for row in mine)
        owed = bill.get(one.name, 0)
        found.charged += cost
        found.billed += owed
        found.from_hold += sum(row["price_id"] in ("held", "settled_before_crash") for row in mine)
        if (one.name in bill or one.whole) and not mine:
            found.lost.append(f"{one.name}: no row ({'answered' if one.whole else 'billed'})")
        elif cost < owed:
            found.lost.append(f"{one.name}: {cost} of {owed} picodollars ({mine[0]['usage_source']}, {mine[0]['end_state']})")
        if len(mine) > 1:
            found.doubled.append(f"{one.name}: {len(mine)} rows")
        elif cost > one.most:
            found.doubled.append(f"{one.name}: {cost} picodollars, at most {one.most} were possible")
    ledger = int(proxy.query("select sum(cost_picodollars) as s from records")[0]["s"] or 0)
    for name, figure in (("budgets", spent(proxy, "everything")), ("metrics", metric_picodollars(proxy))):
        if figure != ledger:
            found.differ.append(f"{name} {figure} for {ledger} in the ledger")
    found.leaked = held(proxy)
    return found
