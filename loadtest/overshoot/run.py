"""How much is spent beyond a budget, how much of it can be used, and who is refused wrongly.

    ./dev bench overshoot [--quick]

1, 32 and 200 clients ask until every one of them is refused: budgets of $0.05, $1 and $50, answers streamed and
not, a provider that honours the output cap and one that does not. Prompts have 500 tokens, answers up to 200, at
$0.80 and $3.20 a million. *Spent* is the provider's own bill. For contrast, the same clients run into a gate that
checks what was spent and adds the cost when the answer is there.

Ends with `figure: overshoot_max_percent= usable_min_percent= wrongly_refused=` over the provider that honours caps;
the other one's worst overshoot is added as `ignoring_max_percent`.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import json
import random
import tempfile
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from loadtest.overshoot import setting
from tests.support.client import Answer, Client
from tests.blackbox.proxy import Proxy

CAP = 200
WORST = setting.cost(setting.INPUT_TOKENS, CAP)
BUDGETS = {"0.05": 5 * 10**10, "1": 10**12, "50": 50 * 10**12}
# How long after its last byte an answer may still be held: the proxy settles behind the client's back.
SETTLING = 0.05


@dataclass
class Asked:
    began: float
    ended: float
    status: int
    cost: int = 0  # what the provider bills for it
    least: int = 0  # what the refusal says is needed at least


@dataclass
class Outcome:
    asked: list[Asked] = field(default_factory=list)
    seconds: float = 0.0
    spent: int = 0  # by the scripts of the answers that came
    odd: dict[int, int] = field(default_factory=dict)  # answers that are neither success nor refusal


def needed(answer: Answer) -> int:
    """The least amount a refusal names, in picodollars; the true worst case where it names none."""
    error = answer.json().get("error", {})
    details = error.get("details", {}) if isinstance(error, dict) else {}
    asked = details.get("asked") if isinstance(details, dict) else None
    if asked is None:
        return WORST
    # No refusal may excuse itself by asking for far more than the request can cost.
    return min(int(Decimal(str(asked).lstrip("$")) * setting.DOLLAR), WORST * 3 // 2)


def question(source: random.Random, stream: bool) -> bytes:
    return json.dumps({"model": setting.MODEL, "max_tokens": CAP, "stream": stream,
                       "messages": [{"role": "user", "content": setting.prompt(source)}]}).encode()


async def client(number: int, port: int, stream: bool, obeys: bool, workflow: str, out: Outcome, limit: int) -> None:
    source = random.Random(f"{workflow}/{number}")
    connection = Client(port)
    bodies = [question(source, stream) for _ in range(20)]
    while out.spent <= 3 * limit:  # far beyond it: nothing refuses
        output = source.randint(120, CAP if obeys else CAP * 3 // 2)
        script = f"input={setting.INPUT_TOKENS};output={output};per_event=20;obeys_cap={'yes' if obeys else 'no'}"
        began = time.monotonic()
        answer = await connection.ask("/p/openai/v1/chat/completions", source.choice(bodies),
                                      {"X-LLM-Workflow": workflow, "x-sim-script": script})
        asked = Asked(began, time.monotonic(), answer.status)
        out.asked.append(asked)
        if answer.status == 200:
            asked.cost = setting.cost(setting.INPUT_TOKENS, output)
            out.spent += asked.cost
        elif answer.status == 429:
            asked.least = needed(answer)
            await asyncio.sleep(float(answer.fields.get("retry-after", "1")) * source.uniform(0.2, 1.0))
        elif answer.status == 402:
            asked.least = needed(answer)
            break
        else:
            out.odd[answer.status] = out.odd.get(answer.status, 0) + 1
            break
    connection.close()


async def naive_client(number: int, port: int, stream: bool, shared: list[int], limit: int) -> None:
    """Check, act, add afterwards: what budgets amount to elsewhere."""
    source = random.Random(number)
    connection = Client(port)
    while shared[0] < limit:
        output = source.randint(120, CAP)
        script = f"input={setting.INPUT_TOKENS};output={output};per_event=20"
        await connection.ask("/v1/chat/completions", question(source, stream), {"x-sim-script": script})
        shared[0] += setting.cost(setting.INPUT_TOKENS, output)
    connection.close()


def wrongly_refused(asked: list[Asked], limit: int) -> int:
    """Refusals although one more request fitted beside everything that can have been spent or held then."""
    passed = [one for one in asked if one.status == 200]
    begins = sorted(one.began for one in passed)
    ended = sorted((one.ended, one.cost) for one in passed)
    ends = [end for end, _ in ended]
    sums = [0]
    for _, amount in ended:
        sums.append(sums[-1] + amount)
    by_begin = [0]
    for one in sorted(passed, key=lambda one: one.began):
        by_begin.append(by_begin[-1] + one.cost)
    wrong = 0
    for one in asked:
        if one.status not in (402, 429):
            continue
        started = bisect.bisect_left(begins, one.ended)
        settled = bisect.bisect_left(ends, one.began - SETTLING)
        most_used = sums[settled] + (started - settled) * max(one.least, WORST)
        if limit - most_used >= one.least:
            wrong += 1
        elif one.status == 402 and limit - by_begin[started] >= one.least:
            wrong += 1  # it was only held, which passes: not a final refusal
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="without the budget of $50")
    parser.add_argument("--budget", action="append", choices=BUDGETS, help="only this one; may be repeated")
    parser.add_argument("--clients", action="append", type=int, help="instead of 1, 32 and 200; may be repeated")
    options = parser.parse_args()
    budgets = options.budget or [name for name in BUDGETS if not (options.quick and name == "50")]
    with tempfile.TemporaryDirectory(prefix="overshoot-") as scratch:
        return run(Path(scratch), budgets, options.clients or [1, 32, 200])


def run(folder: Path, budgets: list[str], crowd: list[int]) -> int:
    changes = {
        "prices": {"files": [str(setting.price_file(folder))]},
        "budgets": [{"name": f"usd-{name}", "match": {"workflow": f"b{name}-*"}, "per": ["workflow"],
                     "limit": {"usd": name}, "window": "total"} for name in BUDGETS],
        "log": {"level": "warn", "access": "off"},
    }
    with setting.SimulatorProcess(folder / "simulator") as simulator:
        rows = [{"name": "openai", "origin": simulator.origin, "dialect": "openai", "prices": "fixed",
                 "match": {"path_prefix": "/p/openai"}}]
        with Proxy(folder / "proxy", rows, changes) as proxy:
            return measure(simulator, proxy, budgets, crowd)


def measure(simulator: setting.SimulatorProcess, proxy: Proxy, budgets: list[str], crowd: list[int]) -> int:
    print(f"{'budget':>7} {'clients':>7} {'answers':>9} {'provider':>9} {'spent/limit':>12} {'ledger':>8} {'requests':>9} "
          f"{'waits':>6} {'wrong':>6} {'requests/s':>10}")
    worst, ignoring, least, wrong, odd = 0.0, 0.0, 100.0, 0, 0
    for name in budgets:
        limit = BUDGETS[name]
        for clients in crowd:
            for stream in (False, True):
                for obeys in (True, False):
                    workflow = f"b{name}-{clients}-{'stream' if stream else 'whole'}-{'honest' if obeys else 'ignoring'}"
                    simulator.reset()
                    outcome = Outcome()
                    began = time.monotonic()
                    asyncio.run(everyone(
                        client(n, proxy.port, stream, obeys, workflow, outcome, limit) for n in range(clients)))
                    outcome.seconds = time.monotonic() - began
                    bill = simulator.bill()
                    spent = setting.cost(bill["input"] + bill["cache_read"], bill["output"])
                    ledger = ledger_sum(proxy, workflow, bill["requests"])
                    mistakes = wrongly_refused(outcome.asked, limit)
                    share = 100 * spent / limit
                    if obeys:
                        worst, least, wrong = max(worst, share - 100), min(least, share), wrong + mistakes
                    else:
                        ignoring = max(ignoring, share - 100)
                    odd += sum(outcome.odd.values())
                    waits = sum(one.status == 429 for one in outcome.asked)
                    print(f"{'$' + name:>7} {clients:>7} {'stream' if stream else 'whole':>9} "
                          f"{'honest' if obeys else 'ignoring':>9} {share:>11.3f}% {'equal' if ledger == spent else 'DIFFERS':>8} "
                          f"{bill['requests']:>9} {waits:>6} {mistakes:>6} {len(outcome.asked) / outcome.seconds:>10.0f}"
                          + (f"  odd: {outcome.odd}" if outcome.odd else ""), flush=True)
    contrast(simulator, budgets, crowd)
    if odd:
        print(f"{odd} answers were neither a success nor a refusal")
    print(f"figure: overshoot_max_percent={max(0.0, worst):.2f} usable_min_percent={least:.2f} wrongly_refused={wrong} "
          f"ignoring_max_percent={max(0.0, ignoring):.2f}")
    return 0 if worst <= 0 and odd == 0 else 1


async def everyone(tasks: object) -> None:
    await asyncio.gather(*tasks)  # type: ignore[misc]


def ledger_sum(proxy: Proxy, workflow: str, requests: int) -> int:
    sql = f"select count(*) as n, sum(cost_picodollars) as s from records where workflow = '{workflow}' and http_status = 200"
    end = time.monotonic() + 10
    while (row := proxy.query(sql)[0])["n"] < requests and time.monotonic() < end:
        time.sleep(0.05)
    return int(row["s"] or 0)


def contrast(simulator: setting.SimulatorProcess, budgets: list[str], crowd: list[int]) -> None:
    for name in [name for name in budgets if name != "50"]:
        for clients in crowd:
            simulator.reset()
            shared = [0]
            asyncio.run(everyone(naive_client(n, simulator.port, True, shared, BUDGETS[name]) for n in range(clients)))
            bill = simulator.bill()
            spent = setting.cost(bill["input"] + bill["cache_read"], bill["output"])
            print(f"{'$' + name:>7} {clients:>7}   check, act, add afterwards: {100 * spent / BUDGETS[name]:.3f}%", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
