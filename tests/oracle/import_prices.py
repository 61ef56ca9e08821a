#!/usr/bin/env python3
"""Writes config/prices/*.yaml from open price catalogues, so that the shipped figures are reproducible.

Figures come from genai-prices (PyPI). model-prices (PyPI) adds what happened before, LiteLLM's table
(inside its PyPI wheel) is a third opinion: where a second or third source disagrees about a price in
force, the file says so beside the model. Needs a virtual environment:

    python3 -m venv /some/venv && /some/venv/bin/pip install genai-prices==0.2.3 model-prices==0.0.5
    pip download --no-deps litellm==1.109.1       # a wheel is a zip file
    unzip -p litellm-*.whl litellm/model_prices_and_context_window_backup.json > litellm.json
    /some/venv/bin/python tests/oracle/import_prices.py --litellm litellm.json --checked 2026-11-21

A figure changed by hand belongs into `corrections.py` beside this script, with its reason.
"""

import argparse
import datetime
import importlib.metadata
import json
import pathlib
import re
import sys
from decimal import ROUND_HALF_EVEN, Decimal

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import corrections  # noqa: E402
import model_limits  # noqa: E402

UTC = datetime.timezone.utc
MICRO = Decimal("0.000001")

# Catalogue price keys -> kinds of our files. Prices per thousand, million or hour carry their `per`.
TOKEN_KEYS = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "input_audio_mtok": "input_audio",
    "cache_audio_read_mtok": "cache_read_audio",
    "input_image_mtok": "input_image",
    "cache_image_read_mtok": "cache_read_image",
    "input_video_mtok": "input_video",
    "output_citation_mtok": "input_citation",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "output_audio_mtok": "output_audio",
    "output_image_mtok": "output_image",
}
UNIT_KEYS = {
    "web_searches_kcount": ("web_search", 1000),
    "storage_searches_kcount": ("file_search", 1000),
    "requests_kcount": ("request", 1000),
    "input_document_kpages": ("page", 1000),
    "input_mchars": ("character", 1000000),
    "audio_hours": ("second", 3600),
    "input_audio_hours": ("second", 3600),
}
# Kinds nobody reports on the wire, or that are the same thing under a second name.
IGNORED_KEYS = {"output_video_mtok", "input_annotated_document_kpages", "input_text_messages_kcount"}
KIND_ORDER = list(TOKEN_KEYS.values()) + ["cache_write_12h", "cache_storage"]
BASE_KINDS = ("input", "cache_read", "cache_write", "output")


def decimal_text(value, notes, what):
    rounded = value.quantize(MICRO, rounding=ROUND_HALF_EVEN)
    if rounded != value:
        notes.append(f"{what} {value.normalize():f} rounded to six decimals")
    text = f"{rounded.normalize():f}"
    return text


class Rates:
    """Rates of one band: kind -> Decimal of dollars per million, or (per, Decimal) for units."""

    def __init__(self, values=None):
        self.values = dict(values or {})

    def text(self, notes):
        parts = []
        for kind in sorted(self.values, key=lambda k: (KIND_ORDER.index(k) if k in KIND_ORDER else 99, k)):
            value = self.values[kind]
            if isinstance(value, tuple):
                per, usd = value
                minimum = ""
                if kind == "second" and notes is not None and self.minimum_seconds:
                    minimum = f", minimum: {self.minimum_seconds}"
                parts.append(f'{kind}: {{per: {per}, usd: "{usd.normalize():f}"{minimum}}}')
            else:
                parts.append(f'{kind}: "{decimal_text(value, notes, kind)}"')
        return "{" + ", ".join(parts) + "}"

    minimum_seconds = 0


def bands_of(price):
    """{min_input_tokens: Rates} of a catalogue's price record; 0 is the base."""
    bands = {0: {}}
    for key, value in vars(price).items():
        if value is None or key in IGNORED_KEYS:
            continue
        if key in TOKEN_KEYS:
            kind, per = TOKEN_KEYS[key], None
        elif key in UNIT_KEYS:
            kind, per = UNIT_KEYS[key]
        else:
            raise SystemExit(f"unknown catalogue key {key}")
        tiers = getattr(value, "tiers", None)
        base = value.base if tiers is not None else value
        bands[0][kind] = base if per is None else (per, base)
        for tier in tiers or []:
            # The catalogue's tier begins above its number.
            bands.setdefault(tier.start + 1, {})[kind] = tier.price if per is None else (per, tier.price)
    return {start: Rates(values) for start, values in sorted(bands.items())}


class Period:
    def __init__(self, start, bands, note=""):
        self.start = start          # text, "" for open
        self.bands = bands
        self.modifiers = {}         # name -> (condition text, {min: Rates})
        self.windows = []           # lines
        self.note = note
        self.confirm = ""

    def base_prices(self):
        return {k: v for k, v in self.bands[0].values.items() if k in BASE_KINDS}


def day_text(moment):
    if isinstance(moment, datetime.datetime):
        moment = moment.astimezone(UTC)
        if moment.time() == datetime.time(0):
            return moment.strftime("%Y-%m-%d")
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return moment.isoformat()


VARIANTS = {
    ("service_tier", "flex"): ("flex", "{service_tier: flex}"),
    ("service_tier", "priority"): ("priority", "{service_tier: priority}"),
    ("service_tier", "fast"): ("priority", None),  # another word for the same thing, same rates
    ("processing", "batch"): ("batch", "{service_tier: batch}"),
    ("speed", "fast"): ("fast", "{speed: fast}"),
    ("speed", "ultrafast"): ("ultrafast", "{speed: ultrafast}"),
    ("service_tier", "ultrafast"): ("ultrafast", "{service_tier: ultrafast}"),
}


def catalogue_periods(model):
    from genai_prices.types import ConditionalPrice, StartDateConstraint

    entries = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    periods = []
    for entry in entries:
        if entry.constraint is None:
            periods.append(Period("", bands_of(entry.prices)))
        elif isinstance(entry.constraint, StartDateConstraint):
            periods.append(Period(day_text(entry.constraint.start_date), bands_of(entry.prices)))
        # Daily windows are taken from the other source: here they cannot carry a date.
    periods.sort(key=lambda p: p.start)
    return periods


def add_variants(model, periods):
    """Rates of service tiers. A catalogue dates them by the day they were verified; they are attached to
    the price period that day falls into, and to a later one where it has its own."""
    for variant in model.price_variants or []:
        (key, value), *more = variant.when.items()
        if more:
            continue
        known = VARIANTS.get((key, value))
        if known is None or known[1] is None or not any(v is not None for v in vars(variant.prices).values()):
            continue
        name, condition = known
        if condition == "{service_tier: priority}":
            condition = "{service_tier: [priority, fast]}"
        since = variant.constraint.start_date.isoformat() if variant.constraint else ""
        target = None
        for period in periods:
            if target is None or period.start <= since:
                target = period
        targets = [target] if since else periods
        for period in targets:
            period.modifiers.setdefault(name, (condition, bands_of(variant.prices)))


def drop_redundant(periods, factors):
    """Removes a tier's figures where the list's factor gives exactly the same."""
    for period in periods:
        for name, (factor, but) in factors.items():
            if name not in period.modifiers:
                continue
            stated = period.modifiers[name][1]
            same = True
            for start, rates in period.bands.items():
                full = {**period.bands[0].values, **rates.values}
                given = {**full, **stated.get(0, Rates()).values, **stated.get(start, Rates()).values}
                for kind, value in full.items():
                    if isinstance(value, tuple):
                        continue
                    expected = value if kind in but else value * factor
                    same = same and given[kind] == expected
            if same:
                del period.modifiers[name]


def clauses(match):
    """(exact names, prefixes, patterns) of a catalogue's match expression. Lookups strip paths, regions
    and dates themselves, so "contains" becomes "begins with" and dated patterns need no entry."""
    kind = type(match).__name__
    if kind == "ClauseOr":
        parts = [clauses(inner) for inner in match.or_]
        return tuple([item for part in parts for item in part[i]] for i in range(3))
    if kind == "ClauseAnd":
        # The only use: a prefix that leaves out speech models, which have exact entries of their own.
        return [], [c.starts_with.lower() for c in match.and_ if hasattr(c, "starts_with")], []
    if kind == "ClauseEquals":
        return [match.equals.lower()], [], []
    if kind == "ClauseEndsWith":
        return [match.ends_with.lower()], [], []
    if kind == "ClauseStartsWith":
        return [], [match.starts_with.lower()], []
    if kind == "ClauseContains":
        return [], [match.contains.lower()], []
    if kind == "ClauseRegex":
        if re.search(r"(-|\[-@\])\\d\{(8|4)\}(-\\d\{2\}-\\d\{2\})?\$$", match.regex):
            return [], [], []
        regex = match.regex[1:] if match.regex.startswith("^") else ".*" + match.regex
        return [], [], [regex[:-1] if regex.endswith("$") else regex + ".*"]
    raise SystemExit(f"unknown clause {kind}")


class History:
    """The second source: dated prices of models.dev with documented corrections."""

    def __init__(self):
        import model_prices

        path = pathlib.Path(model_prices.__file__).parent / "snapshot.json"
        self.snapshot = json.loads(path.read_text(), parse_float=Decimal, parse_int=Decimal)

    def periods(self, provider, model, mode="standard"):
        entries = self.snapshot["prices"].get(provider, {}).get(model, {}).get(mode) or []
        periods = []
        for entry in entries:
            rates = entry["rates"]
            if not rates:
                continue
            bands = {0: Rates({k: Decimal(rates[k]) for k in BASE_KINDS if rates.get(k) is not None})}
            for tier in rates.get("tiers") or []:
                bands[int(tier["above"]) + 1] = Rates(
                    {k: Decimal(tier[k]) for k in BASE_KINDS if tier.get(k) is not None})
            start = entry["start"] or ""
            period = Period(start, bands, rates.get("valid_from_basis", ""))
            period.retention_multiple = rates.get("cache_write_1h_multiple")
            periods.append(period)
        return periods


def join_history(periods, older):
    """Puts real price moves of the second source before a catalogue's only period."""
    if len(periods) != 1 or len(older) < 2:
        return periods
    current = periods[0]
    same = lambda a, b: all(a.base_prices().get(k) == b.base_prices().get(k) for k in ("input", "output"))
    if not same(older[-1], current):
        return periods
    moves = []
    for before, after in zip(older, older[1:]):
        # Undocumented moves are often the correction of a wrong first entry.
        if not same(before, after) and after.note == "documented":
            moves.append(after)
    if not moves:
        return periods
    joined = []
    for i, after in enumerate([None] + moves):
        if i == len(moves):
            period = current
        else:
            end = moves[i]
            source = older[older.index(end) - 1]
            extra = {k: v for k, v in current.bands[0].values.items() if k not in BASE_KINDS
                     and k != "cache_write_1h"}
            bands = {start: Rates({**(extra if start == 0 else {}), **rates.values})
                     for start, rates in source.bands.items()}
            period = Period("", bands)
        if after is not None:
            period.start = day_text(datetime.datetime.fromisoformat(after.start.replace("Z", "+00:00")))
        joined.append(period)
    return joined


class LiteLlm:
    def __init__(self, path):
        self.table = json.loads(pathlib.Path(path).read_text(), parse_float=Decimal, parse_int=Decimal)

    def find(self, prefixes, names):
        for name in names:
            for prefix in prefixes:
                entry = self.table.get(prefix + name)
                if entry and entry.get("input_cost_per_token") is not None:
                    return entry
        return None

    @staticmethod
    def prices(entry):
        keys = {"input": "input_cost_per_token", "output": "output_cost_per_token",
                "cache_read": "cache_read_input_token_cost",
                "cache_write": "cache_creation_input_token_cost"}
        return {kind: (Decimal(entry[key]) * 1000000).quantize(MICRO)
                for kind, key in keys.items() if entry.get(key) is not None}


def disagreements(ours, theirs, name):
    found = []
    for kind in BASE_KINDS:
        if kind in ours and kind in theirs and ours[kind].quantize(MICRO) != theirs[kind].quantize(MICRO):
            found.append(f"{kind} {theirs[kind].normalize():f}")
    return f"{name} has {', '.join(found)}" if found else ""


def write_modifiers(modifiers, band, indent, notes):
    lines = []
    for name, (condition, bands) in modifiers.items():
        rates = bands.get(band)
        if rates is None or not rates.values:
            continue
        lines.append(f"{indent}  {name}: {{when: {condition}, rates: {rates.text(notes)}}}")
    return [f"{indent}modifiers:"] + lines if lines else []


def write_period(period, notes):
    head = [f"from: {period.start}"] if period.start else []
    lines = [f"rates: {period.bands[0].text(notes)}"]
    if period.confirm:
        lines.append(f'confirm: "{period.confirm}"')
    lines += write_modifiers(period.modifiers, 0, "", notes)
    starts = sorted(s for s in period.bands if s > 0)
    if starts:
        lines.append("tiers:")
        for start in starts:
            lines.append(f"- min_input_tokens: {start}")
            lines.append(f"  rates: {period.bands[start].text(notes)}")
            lines += write_modifiers(period.modifiers, start, "  ", notes)
    if period.windows:
        lines.append("windows:")
        lines += period.windows
    lines = head + lines
    return ["  - " + lines[0]] + ["    " + line for line in lines[1:]]


def odd(period):
    """Why the validator would doubt this period; empty when it would not."""
    for rates in period.bands.values():
        merged = {**period.bands[0].values, **rates.values}
        inp, out, read = (merged.get(k) for k in ("input", "output", "cache_read"))
        if inp and out is not None and out < inp / 2:
            return "as listed: output costs less than half of input"
        if inp is not None and read is not None and read > inp:
            return "as listed: cached input costs more than input"
    return ""


def tenfold(before, after):
    for kind, old in before.bands[0].values.items():
        new = after.bands[0].values.get(kind)
        if isinstance(old, tuple) or isinstance(new, tuple) or not old or not new:
            continue
        if old > new * 10 or new > old * 10:
            return f"as listed: {kind} moved from {old.normalize():f} to {new.normalize():f}"
    return ""


def matchers(exact, prefixes, patterns, model_id, taken):
    out = []
    for name in exact:
        if name != model_id and name not in taken["exact"]:
            taken["exact"].add(name)
            out.append(json.dumps(name) if re.search(r"[:#@{}\[\],&*!|>'\"%` ]", name) else name)
    for prefix in prefixes:
        if prefix not in taken["prefix"]:
            taken["prefix"].add(prefix)
            out.append("{prefix: " + json.dumps(prefix) + "}")
    for pattern in patterns:
        out.append("{regex: '" + pattern.replace("'", "''") + "'}")
    return out


def quoted_id(text):
    return json.dumps(text) if re.search(r"[:#@{}\[\],&*!|>'\"%` ]|^\d", text) else text


def confirm_periods(periods):
    for i, period in enumerate(periods):
        period.confirm = odd(period) or (tenfold(periods[i - 1], period) if i else "")


def merged(periods):
    """Neighbours that say the same are one period."""
    kept = []
    for period in periods:
        same = kept and period.windows == kept[-1].windows and {
            start: rates.values for start, rates in period.bands.items()} == {
            start: rates.values for start, rates in kept[-1].bands.items()} and not period.modifiers
        if not same:
            kept.append(period)
    return kept


def write_model(model_id, match, periods, notes, comments, modifiers=(), limits=()):
    periods = merged(periods)
    confirm_periods(periods)
    lines = [f"- id: {quoted_id(model_id)}"]
    if match:
        lines.append(f"  match: [{', '.join(match)}]")
    lines += limits
    lines += modifiers
    body = []
    for period in periods:
        body += write_period(period, notes)
    head = [f"# {text}" for text in comments + sorted(set(notes))]
    return head + lines + ["  periods:"] + body


def priced(model):
    return all(period.bands[0].values for period in catalogue_periods(model))


def limits_of_list(settings, models, extra, limits):
    """The `limits` line of each model of a list."""
    list_name = settings["list"]
    rows = []
    for model in models:
        exact, prefixes, _ = clauses(model.match)
        exact, prefixes = corrections.names(list_name, model.id, exact, prefixes)
        rows.append((model.id.lower(), exact, prefixes))
    rows += [(model_id.lower(), [], []) for model_id, *_ in extra]
    windows = {model.id.lower(): int(model.context_window or 0) for model in models}
    found = limits.of_list(rows, settings.get("litellm", []))
    result = {}
    for model_id, _, _ in rows:
        context, output = found.get(model_id, (0, 0))
        context = max(context, windows.get(model_id, 0))
        for pattern, (more_context, more_output) in corrections.LIMITS:
            if re.search(pattern, model_id):
                context, output = max(context, more_context), max(output, more_output)
        result[model_id] = model_limits.line(context, output)
    return result


def make_list(settings, providers, history, litellm, limits, versions, checked):
    catalogue = providers.get(settings["catalogue"])
    lines = [
        "# Written by tests/oracle/import_prices.py; change corrections.py there instead of this file.",
        "# Dollars per million tokens. Catalogue data is under the MIT licence, see NOTICE.",
        "schema: 1",
        f"list: {settings['list']}",
        f"provider: {settings['provider']}",
        f"checked: {checked}",
        f"sources: [{', '.join(json.dumps(v) for v in versions)}]",
    ]
    lines += settings.get("head", [])
    lines.append("models:")
    taken = {"exact": set(), "prefix": set()}
    models = [] if catalogue is None else catalogue.models
    models = [m for m in models if priced(m) or corrections.free(settings["list"], m.id)]
    taken["exact"].update(m.id.lower() for m in models)
    counts = {"models": 0, "disagreements": 0}
    extra = list(corrections.extra(settings["list"], litellm, Period, Rates))
    limit_lines = limits_of_list(settings, models, extra, limits)
    for model in models:
        notes, comments = [], []
        exact, prefixes, patterns = clauses(model.match)
        exact, prefixes = corrections.names(settings["list"], model.id, exact, prefixes)
        periods = catalogue_periods(model)
        for period in periods:
            if not period.bands[0].values:
                period.bands[0] = Rates({"input": Decimal(0), "output": Decimal(0)})
                comments.append("free of charge in the catalogue")
        names = [model.id.lower()] + exact
        known = []
        if settings.get("history"):
            known = next((p for p in (history.periods(settings["history"], n) for n in names) if p), [])
        replaced = corrections.history_only(settings["list"], model.id)
        if replaced and known:
            periods = replaced(known, history.snapshot)
        else:
            periods = join_history(periods, known)
            add_variants(model, periods)
            drop_redundant(periods, settings.get("factors", {}))
        corrections.adjust(settings["list"], model.id, periods, known, history)
        current = [p for p in periods if p.start <= checked]
        ours = (current or periods)[-1].base_prices()
        for text in (
            disagreements(ours, known[-1].base_prices(), versions[1]) if known and not replaced else "",
            disagreements(ours, LiteLlm.prices(entry), versions[2])
            if (entry := litellm.find(settings.get("litellm", []), names)) else "",
        ):
            if text:
                counts["disagreements"] += 1
                comments.append("disagreement: " + text)
        match = matchers(exact, prefixes, patterns, model.id.lower(), taken)
        modifiers = corrections.model_modifiers(settings["list"], model.id)
        lines += write_model(model.id.lower(), match, periods, notes, comments, modifiers,
                             limit_lines[model.id.lower()])
        counts["models"] += 1
    for model_id, match, periods, comment in extra:
        lines += write_model(model_id, match, periods, [], [comment] if comment else [],
                             limits=limit_lines[model_id.lower()])
        counts["models"] += 1
    if counts["models"] == 0:
        lines.remove("models:")
    return "\n".join(lines) + "\n", counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--litellm", required=True, help="LiteLLM's model price table (JSON)")
    parser.add_argument("--litellm-version", default="1.109.1")
    parser.add_argument("--checked", default=datetime.date.today().isoformat())
    parser.add_argument("--out", default=str(pathlib.Path(__file__).parents[2] / "config" / "prices"))
    arguments = parser.parse_args()

    from genai_prices import data

    versions = [f"genai-prices {importlib.metadata.version('genai-prices')}",
                f"model-prices {importlib.metadata.version('model-prices')}",
                f"LiteLLM {arguments.litellm_version}"]
    providers = {provider.id: provider for provider in data.providers}
    history, litellm = History(), LiteLlm(arguments.litellm)
    limits = model_limits.Limits(arguments.litellm)
    for settings in corrections.LISTS:
        Rates.minimum_seconds = settings.get("minimum_seconds", 0)
        text, counts = make_list(settings, providers, history, litellm, limits, versions,
                                 arguments.checked)
        path = pathlib.Path(arguments.out) / f"{settings['list']}.yaml"
        path.write_text(text)
        print(f"{path.name}: {counts['models']} models, {counts['disagreements']} disagreements",
              file=sys.stderr)


if __name__ == "__main__":
    main()
