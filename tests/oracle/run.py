"""./dev oracle [FILE]: prices recorded usage with the product's pricing and compares with published costs.

The rows come from elsewhere (providers' own cost figures, other calculators, their test suites); the
translation of their conventions below is the judge's and shares no code with the product. What counts:

- calculator: usage in the calculator's words. Priced with config/prices at the calculator's date; where
  that differs because the catalogues have moved since, with the prices the row states, loaded as a price
  file (then the arithmetic is judged and the difference in prices is counted apart).
- provider, first party: the provider's raw usage is read by the product's reader. The provider's figure has
  to be read exactly, and our own price is expected to come to the same wherever the book has the model.
  Rows have no date: any period of the model will do, and where none does, that is told apart.
- provider, reseller: what a reseller charges depends on the moment and on who served, so no list can
  give it; the product keeps the reseller's figure, which has to be read exactly. How often our list
  comes to the same is printed, not judged.
- test: an assertion of somebody's test suite, as calculator.

Exceptions are the rules of `explain`, never single rows. Equal means equal to the last digit of the
expected decimal (Perplexity: to the digits it reports, it rounds its parts).
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKED = "2026-11-21T12:00:00Z"  # rows without a date are priced as of the day the book was checked
LISTS = {
    "openai": "openai", "anthropic": "anthropic", "google": "google", "google-ai-studio": "google",
    "mistral": "mistral", "deepseek": "deepseek", "x-ai": "xai", "xai": "xai", "groq": "groq",
    "cohere": "cohere", "azure": "azure", "openrouter": "openrouter", "perplexity": "perplexity",
    "together": "together", "fireworks": "fireworks", "cerebras": "cerebras",
}
FIRST_PARTY = {"xai", "perplexity", "openai", "anthropic", "google", "mistral", "deepseek", "groq", "cohere"}
PICO = Decimal("0.000000000001")

# --- usage -------------------------------------------------------------------------------------------


def number(value):
    return 0 if value is None else int(value)


def inclusive(total, parts):
    """What is left of a total that counts its parts in."""
    return max(0, number(total) - sum(parts.values()))


def calculator_usage(usage):
    """genai-prices: totals count everything in, parts are named <direction>_<what>_tokens."""
    get = lambda key: number(usage.get(key))
    one_hour, five = get("cache_write_1h_tokens"), get("cache_write_5m_tokens")
    parts = {
        "cache_read": get("cache_read_tokens") - get("cache_audio_read_tokens") - get("cache_image_read_tokens"),
        "audio_cache_read": get("cache_audio_read_tokens"),
        "image_cache_read": get("cache_image_read_tokens"),
        "cache_write_1h": one_hour,
        "cache_write_5m": five,
        "cache_write_unknown": max(0, get("cache_write_tokens") - one_hour - five),
        "audio_input": get("input_audio_tokens") - get("cache_audio_read_tokens"),
        "image_input": get("input_image_tokens") - get("cache_image_read_tokens"),
        "video_input": get("input_video_tokens"),
        "tool_input": get("input_tool_tokens"),
    }
    tokens = {"input": inclusive(get("input_tokens"), parts), **parts}
    out = {
        "reasoning": get("output_reasoning_tokens"),
        "audio_output": get("output_audio_tokens"),
        "image_output": get("output_image_tokens"),
    }
    tokens |= {"output": inclusive(get("output_tokens"), out), **out}
    # Test suites write the first one without a total.
    if "cached_tokens" in usage:
        tokens["cache_read"] = get("cached_tokens")
    calls = {}
    if usage.get("web_searches"):
        calls["web_search"] = get("web_searches")
    if usage.get("storage_searches"):
        calls["file_search"] = get("storage_searches")
    return tokens, calls


SYNONYMS = {
    "input": "input", "inputtext": "input", "cachedinput": "cache_read", "cacheread": "cache_read",
    "cached": "cache_read", "write5m": "cache_write_5m", "cachewrite5m": "cache_write_5m",
    "write1h": "cache_write_1h", "cachewrite1h": "cache_write_1h", "cachewrite": "cache_write_unknown",
    "inputaudio": "audio_input", "audioinput": "audio_input", "inputimage": "image_input",
    "imageinput": "image_input", "inputvideo": "video_input", "output": "output", "outputtext": "output",
    "thinking": "reasoning", "reasoning": "reasoning", "outputreasoning": "reasoning",
    "outputaudio": "audio_output", "audiooutput": "audio_output", "outputimage": "image_output",
    "imageoutput": "image_output",
}


def exclusive_usage(usage):
    """Helicone, RubyLLM: input leaves out what came from or went to the cache; thinking is inside output,
    images are beside it."""
    tokens, calls = collections.Counter(), {}
    for key, value in usage.items():
        name = key.replace("_", "").lower().removesuffix("tokens").removesuffix("token")
        if name in ("websearch", "websearches"):
            calls["web_search"] = number(value)
        elif name in SYNONYMS:
            tokens[SYNONYMS[name]] += number(value)
    tokens["output"] = max(0, tokens["output"] - tokens["reasoning"])
    return dict(tokens), calls


def openai_usage(usage):
    """LiteLLM, tokencost: OpenAI's names; totals count everything in."""
    inputs = usage.get("prompt_tokens_details") or {}
    outputs = usage.get("completion_tokens_details") or {}
    first = lambda *values: next((number(v) for v in values if v is not None), 0)
    by_time = inputs.get("cache_creation_token_details") or {}
    one_hour = number(by_time.get("ephemeral_1h_input_tokens"))
    written = first(inputs.get("cache_creation_tokens"), usage.get("cache_creation_input_tokens"))
    parts = {"cache_read": first(inputs.get("cached_tokens"), usage.get("cache_read_input_tokens")),
             "cache_write_1h": one_hour, "cache_write_unknown": max(0, written - one_hour),
             "audio_input": number(inputs.get("audio_tokens")), "image_input": number(inputs.get("image_tokens")),
             "video_input": number(inputs.get("video_tokens"))}
    out = {"reasoning": number(outputs.get("reasoning_tokens")), "audio_output": number(outputs.get("audio_tokens")),
           "image_output": number(outputs.get("image_tokens"))}
    tokens = {"input": inclusive(usage.get("prompt_tokens"), parts), **parts,
              "output": inclusive(usage.get("completion_tokens"), out), **out}
    searches = number((usage.get("server_tool_use") or {}).get("web_search_requests"))
    return tokens, {"web_search": searches} if searches else {}


KNOWN = {
    "calculator": {f"{d}_{k}tokens" for d in ("input", "output") for k in (
        "", "audio_", "image_", "video_", "text_", "reasoning_", "tool_", "text_tool_")} | {
        "cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
        "cache_audio_read_tokens", "cache_image_read_tokens", "cache_text_read_tokens", "cached_tokens",
        "web_searches", "storage_searches", "service_tier"},
    "openai": {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details",
               "completion_tokens_details", "cache_read_input_tokens", "cache_creation_input_tokens",
               "server_tool_use", "service_tier"},
}
KNOWN_DETAILS = {"cached_tokens", "cache_creation_tokens", "cache_creation_token_details", "audio_tokens",
                 "image_tokens", "video_tokens", "text_tokens", "reasoning_tokens",
                 "accepted_prediction_tokens", "rejected_prediction_tokens", "web_search_requests"}


def unknown_words(row):
    """Words of a row's usage that the translation does not know."""
    usage = row["usage"]
    form = form_of(row)
    if form == "exclusive":
        names = (k.replace("_", "").lower().removesuffix("tokens").removesuffix("token") for k in usage)
        return [n for n in names if n not in SYNONYMS and n not in ("websearch", "websearches", "servicetier")]
    nested = [name for value in usage.values() if isinstance(value, dict) for name, count in value.items() if count]
    return [key for key in usage if key not in KNOWN[form]] + [n for n in nested if n not in KNOWN_DETAILS]


def form_of(row):
    usage = row["usage"]
    if row["kind"] == "third_party_calculator" or "genai-prices" in row["source"]:
        return "calculator"
    if "prompt_tokens" in usage or "completion_tokens" in usage:
        return "openai"
    if any(key in usage for key in ("input_tokens", "output_tokens", "cached_tokens")):
        return "calculator"
    return "exclusive"


def translates(row):
    """Whether the row's figures are figures."""
    try:
        usage_of(row)
    except (TypeError, ValueError, AttributeError):
        return False
    return True


def usage_of(row):
    return {"calculator": calculator_usage, "openai": openai_usage,
            "exclusive": exclusive_usage}[form_of(row)](row["usage"])


# --- prices a row states -----------------------------------------------------------------------------

STATED_KINDS = {
    "input_mtok": "input", "output_mtok": "output", "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write", "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h", "input_audio_mtok": "input_audio",
    "cache_audio_read_mtok": "cache_read_audio", "output_audio_mtok": "output_audio",
    "audio_input_mtok": "input_audio", "audio_output_mtok": "output_audio",
    "input_image_mtok": "input_image", "image_input_mtok": "input_image",
    "output_image_mtok": "output_image", "image_output_mtok": "output_image",
    "cache_image_read_mtok": "cache_read_image", "input_video_mtok": "input_video",
    "reasoning_output_mtok": "reasoning", "output_reasoning_mtok": "reasoning",
}
STATED_UNITS = {"web_search_each": ("web_search", 1), "web_searches_kcount": ("web_search", 1000),
                "requests_kcount": ("request", 1000), "storage_searches_kcount": ("file_search", 1000)}
STATED_MULTIPLES = {"cache_read_mult": "cache_read", "write5m_mult": "cache_write_5m",
                    "write1h_mult": "cache_write_1h", "cache_write_mult": "cache_write"}


def stated_bands(prices):
    """{(min_input_tokens, tier): {kind: text}} of a row's prices; None when a key is not understood."""
    bands = collections.defaultdict(dict)
    plain = lambda value: f"{Decimal(str(value)).quantize(Decimal('0.000001')).normalize():f}"
    for key, value in prices.items():
        if key in STATED_MULTIPLES:
            if "input_mtok" not in prices or isinstance(prices["input_mtok"], dict):
                return None
            bands[0, ""][STATED_MULTIPLES[key]] = plain(Decimal(str(prices["input_mtok"])) * Decimal(str(value)))
            continue
        if key in STATED_UNITS:
            kind, per = STATED_UNITS[key]
            bands[0, ""][kind] = f'{{per: {per}, usd: "{plain(value)}"}}'
            continue
        kind = STATED_KINDS.get(key)
        if kind is None:
            return None
        if not isinstance(value, dict):
            bands[0, ""][kind] = plain(value)
            continue
        for name, part in value.items():
            if name == "base":
                bands[0, ""][kind] = plain(part)
            elif name == "tiers":
                for tier in part:
                    bands[tier["start"] + 1, ""][kind] = plain(tier["price"])
            elif name.startswith("above_"):
                _, start, *tier = name.split("_")
                bands[int(start) + 1, "".join(tier)][kind] = plain(part)
            else:
                return None
    # Prices no price file may hold are not understood either.
    return bands if all(Decimal(0) <= price <= 100000 for price in plain_prices(bands)) else None


def plain_prices(bands):
    return [Decimal(text) for rates in bands.values() for text in rates.values() if not text.startswith("{")]


def rates_text(rates):
    return "{" + ", ".join(k + ": " + (v if v.startswith("{") else f'"{v}"') for k, v in rates.items()) + "}"


class StatedPrices:
    """A price file with one model per set of prices seen."""

    def __init__(self):
        self.ids = {}
        self.lines = ["schema: 1", "list: stated", "provider: stated", "checked: 2026-11-21",
                      "sources: [the rows themselves]", "models:",
                      '- {id: nothing, periods: [{rates: {input: "0"}}]}']

    def model(self, prices):
        """The model's id; None when the prices are not understood."""
        key = json.dumps(prices, sort_keys=True)
        if key not in self.ids:
            bands = stated_bands(prices)
            self.ids[key] = None if bands is None else f"stated-{len(self.ids)}"
            if bands is not None:
                self.write(self.ids[key], bands)
        return self.ids[key]

    def write(self, model, bands):
        base = bands.pop((0, ""), {}) or {"input": "0"}
        self.lines += [f"- id: {model}", "  periods:", f"  - rates: {rates_text(base)}",
                       '    confirm: "stated by the row"']
        starts = sorted({start for start, _ in bands})
        if starts:
            self.lines.append("    tiers:")
        for start in starts:
            self.lines.append(f"    - min_input_tokens: {start}")
            self.lines.append(f"      rates: {rates_text(bands.get((start, ''), {}))}")
            tiers = sorted(tier for s, tier in bands if s == start and tier)
            if tiers:
                self.lines.append("      modifiers:")
            for tier in tiers:
                self.lines.append(f"        {tier}: {{when: {{service_tier: {tier}}}, "
                                  f"rates: {rates_text(bands[start, tier])}}}")


# --- pricing -----------------------------------------------------------------------------------------


def price(queries, stated):
    build = pathlib.Path(os.environ.get("TOKENWEIR_BUILD", ROOT / "build"))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "stated.yaml"
        path.write_text("\n".join(stated.lines) + "\n")
        done = subprocess.run([build / "tests" / "price_oracle", ROOT / "config" / "prices", path],
                              input="".join(json.dumps(q) + "\n" for q in queries),
                              capture_output=True, text=True, check=False)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        raise SystemExit(f"price_oracle failed:\n{done.stderr}")
    return [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()]


def reader_of(row):
    endpoint = row.get("endpoint") or ""
    if endpoint.startswith("messages"):
        return "anthropic"
    if "embedding" in endpoint or "rerank" in endpoint:
        return "input_only"
    return "image" if "image" in endpoint else "openai"


def queries_of(row, stated):
    """Everything to ask about a row: name -> query."""
    queries = {}
    provider = row["provider"]
    own = LISTS.get(provider)
    at = row.get("prices_as_of") or CHECKED
    if row["kind"] == "provider_reported":
        raw = {"list": own or "nothing", "model": row["model"] or "", "at": at, "raw": row["usage_raw"],
               "reader": reader_of(row), "search_context": (row["usage"].get("search_context_size") or "")}
        queries["own"] = raw
        return queries
    if not translates(row):
        return queries
    tokens, calls = usage_of(row)
    common = {"at": at, "usage": {k: v for k, v in tokens.items() if v}, "calls": calls,
              "tier": row["usage"].get("service_tier") or ""}
    if not common["usage"] and not calls:
        common["usage"] = {"input": 0}
    if row["prices_used"]:
        model = stated.model(row["prices_used"])
        if model:
            queries["stated"] = {**common, "list": "stated", "model": model}
    candidates = [own] if own else list(dict.fromkeys(LISTS.values())) if provider is None else []
    for name in candidates:
        here = dict(common)
        if name == "google" and "web_search" in calls:
            here["calls"] = {"grounded_prompt": calls["web_search"], "search_query": calls["web_search"]}
        queries[f"own:{name}"] = {**here, "list": name, "model": row["model"]}
        if name == "perplexity":
            queries["own-high"] = {**here, "list": name, "model": row["model"], "search_context": "high"}
    return queries


# --- judging -----------------------------------------------------------------------------------------


def decimal(text):
    return None if text is None else Decimal(text)


def same(cost, expected):
    """Equal to a picodollar: our money has no smaller part."""
    return cost is not None and cost == expected.quantize(PICO, rounding=ROUND_HALF_EVEN)


def same_rounded(cost, row, expected):
    """Perplexity reports parts rounded to three or five digits and adds those up."""
    if cost is None:
        return False
    digits = max(max((-Decimal(str(v)).normalize().as_tuple().exponent for v in (row.get("cost_breakdown") or {}).values()
                      if v is not None), default=0), 3)
    unit = Decimal(1).scaleb(-digits)
    return expected in (cost.quantize(unit, rounding=mode) for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def states_cost(raw):
    """Whether a usage object says anywhere what it cost."""
    def walk(value):
        if isinstance(value, dict):
            return any(("cost" in key.lower() and not isinstance(inner, (dict, list)) and inner is not None)
                       or walk(inner) for key, inner in value.items())
        return isinstance(value, list) and any(walk(inner) for inner in value)

    try:
        return walk(json.loads(raw or "null"))
    except ValueError:
        return False


def judge_provider(row, answers):
    expected = Decimal(row["expected_cost_usd"])
    answer = answers["own"]
    read, own = decimal(answer["provider_cost"]), decimal(answer["cost"])
    if row.get("is_byok"):
        # The reported cost is the reseller's fee; the product adds what the provider bills.
        upstream = Decimal(str((row.get("cost_breakdown") or {}).get("upstream_inference_cost") or 0))
        return ("equal", "fee and provider's bill read") if same(read, expected + upstream) else ("different", "read")
    if read is None and not same(own, expected) and not states_cost(row["usage_raw"]):
        return "explained", "the figure stands elsewhere in the answer than in the usage given here"
    if read is None and own is None:
        return "different", "neither read nor priced"
    if read is not None and not same(read, expected):
        return "different", "read"
    costs = [own] + [decimal(c) for c in answer["moments"].values()]
    matches = lambda c: same_rounded(c, row, expected) if row["provider"] == "perplexity" else same(c, expected)
    if any(matches(c) for c in costs if c is not None):
        return "equal", "read and priced" if read is not None else "priced"
    if row["provider"] in FIRST_PARTY and own is not None:
        if read is not None:
            return "explained", "read exactly; the row has no date, and no day of our book gives its figure"
        return "different", "priced"
    return ("equal", "read") if read is not None else ("different", "not read")


def explain(row, answers):
    """The rules for differences that are known and not errors of the product."""
    expected = Decimal(row["expected_cost_usd"])
    own = next((a for name, a in answers.items() if name.startswith("own:") and a["model"]), None)
    if row.get("disputed"):
        return "calculators disagree about this case, the row says so"
    if unknown_words(row) or not translates(row):
        return "usage of a kind that is not reported on the wire"
    if row["prices_used"]:
        return None if "stated" in answers else "prices stated in words the judge does not know"
    if row["kind"] == "third_party_calculator" and expected == 0:
        return "a model without known prices costs nothing there, and has no cost here"
    if own is None:
        return "no price is stated and our book does not list the model: no cost is claimed"
    if row["kind"] != "test_case":
        return None
    if "own-high" in answers and same(decimal(answers["own-high"]["cost"]), expected):
        return "the fee of the largest search context is taken there, of the default one here"
    if not row.get("prices_as_of"):
        return "the row has neither date nor prices, and no day of our book gives its figure"
    return None


def judge(row, answers):
    if row["kind"] == "provider_reported":
        verdict, how = judge_provider(row, answers)
        return verdict, f"provider: {how}"
    expected = Decimal(row["expected_cost_usd"])
    kind = "calculator" if row["kind"] == "third_party_calculator" else "test"
    for name, answer in answers.items():
        if name.startswith("own:") and answer["pricing"] == "priced" and same(decimal(answer["cost"]), expected):
            return "equal", f"{kind}: our prices"
    if "stated" in answers and same(decimal(answers["stated"]["cost"]), expected):
        return "equal", f"{kind}: stated prices"
    if kind == "test" and not row["prices_used"]:
        # A test suite's row has no date: any row of our book's history will do.
        for name, answer in answers.items():
            if name.startswith("own:") and any(same(decimal(c), expected) for c in answer["moments"].values()):
                return "equal", f"{kind}: our prices of another day"
    reason = explain(row, answers)
    if reason:
        return "explained", f"{kind}: {reason}"
    return "different", f"{kind}"


def book_disagreement(row, answers):
    """A row whose model our book prices otherwise than the row states."""
    own = next((a for n, a in answers.items() if n.startswith("own:") and a["pricing"] == "priced"), None)
    if own is None or "stated" not in answers or not row["prices_used"]:
        return None
    if same(decimal(own["cost"]), Decimal(row["expected_cost_usd"])):
        return None
    return f"{row['provider']} {row['model']}: {own['price_id'].split('#')[0]}"


def find_file(argument):
    if argument:
        return pathlib.Path(argument)
    corpus = pathlib.Path(os.environ.get("TOKENWEIR_CORPUS", ROOT / ".." / "shared" / "corpus"))
    return corpus / "price_oracle.jsonl"


def normal_row(row):
    """A row with every key the judge looks at."""
    usage = row.get("usage")
    row["usage"] = usage if isinstance(usage, dict) else {}
    for key in ("kind", "source", "provider", "model", "prices_used", "usage_raw"):
        row.setdefault(key, None)
    row["kind"], row["source"] = row["kind"] or "test_case", row["source"] or ""
    if row["kind"] == "provider_reported" and not isinstance(row["usage_raw"], str):
        row["usage_raw"] = json.dumps(row["usage"])
    try:
        Decimal(row["expected_cost_usd"])
    except (KeyError, TypeError, ArithmeticError):
        row["expected_cost_usd"], row["disputed"] = "0", True
    return row


def main():
    parser = argparse.ArgumentParser(prog="./dev oracle", description="Compare our prices with published costs.")
    parser.add_argument("file", nargs="?", help="rows of usage and cost (price_oracle.jsonl)")
    parser.add_argument("--verbose", action="store_true", help="show every row that is not equal")
    arguments = parser.parse_args()
    path = find_file(arguments.file)
    if not path.exists():
        print("figure: skipped=no_corpus")
        return 0
    with open(path, encoding="utf-8") as file:
        rows = [normal_row(json.loads(line)) for line in file if line.strip()]

    stated = StatedPrices()
    asked = [queries_of(row, stated) for row in rows]
    answers = iter(price([q for queries in asked for q in queries.values()], stated))
    verdicts, hows, moved = collections.Counter(), collections.Counter(), collections.Counter()
    for row, queries in zip(rows, asked):
        replies = {name: next(answers) for name in queries}
        verdict, how = judge(row, replies)
        verdicts[verdict] += 1
        hows[verdict, how] += 1
        if verdict == "equal" and (text := book_disagreement(row, replies)):
            moved[text] += 1
        if verdict == "different" or (arguments.verbose and verdict != "equal"):
            print(f"{verdict}: {row['provider']} {row['model']} expected {row['expected_cost_usd']} "
                  + " ".join(f"{n}={r['cost']}/{r['provider_cost']} {r['price_id']}" for n, r in replies.items())
                  + " " + json.dumps(row["usage"]), file=sys.stderr)

    for (verdict, how), count in sorted(hows.items()):
        print(f"{count:6} {verdict:9} {how}")
    if moved:
        print(f"{sum(moved.values()):6} of these rows state other prices than our book has for that day:")
        for text, count in sorted(moved.items()):
            print(f"       {count:4} {text}")
    print(f"figure: rows={len(rows)} equal={verdicts['equal']} explained={verdicts['explained']} "
          f"different={verdicts['different']}")
    return 0 if verdicts["different"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
