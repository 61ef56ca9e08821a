"""What the catalogues cannot say, or say wrongly, for import_prices.py; each entry with its reason."""

import re
from decimal import Decimal

# Discounts and surcharges that hold for a whole list. A model's own rates for a service tier replace
# them, as do nearer entries of the same name.
_OPENAI = """modifiers:
  # Half price for both; a model whose tier has figures of its own says so below.
  batch: {when: {service_tier: batch}, factor: "0.5"}
  flex: {when: {service_tier: flex}, factor: "0.5"}""".split("\n")

_ANTHROPIC = """modifiers:
  # Half price, caching included; searches keep their price.
  batch: {when: {service_tier: batch}, factor: "0.5"}
  # Inference kept in the United States, offered from Opus 4.6 on; older models refuse the request.
  us: {when: {region: us}, factor: "1.1"}""".split("\n")

_GOOGLE = """modifiers:
  # Half price without the cache, which keeps its price unless the model says otherwise.
  batch: {when: {service_tier: batch}, factor: "0.5", kinds: [input, input_audio, input_image, input_video, input_document, input_tool, output, reasoning, output_audio, output_image]}
  flex: {when: {service_tier: flex}, factor: "0.5"}
  priority: {when: {service_tier: priority}, factor: "1.8"}""".split("\n")

_HALF_BATCH = """modifiers:
  batch: {when: {service_tier: batch}, factor: "0.5"}""".split("\n")

_GROQ = """modifiers:
  batch: {when: {service_tier: batch}, factor: "0.5"}
# A flex request costs what an on-demand request costs; it may be refused for lack of capacity.""".split("\n")

_AZURE = """comment: global deployments; regional and data-zone deployments cost more and cannot be told apart on the wire
inherits: [openai, anthropic, deepseek, xai, mistral]""".split("\n")

_VERTEX = """comment: the prices of the Gemini API, which Vertex shares, and partner models at their makers' list price
inherits: [google, anthropic, mistral]""".split("\n")

_TOGETHER = """modifiers:
  # Hosts that keep a request in one country.
  geo: {when: {host: ["us-api.together.ai", "ca-api.together.ai"]}, factor: "1.25"}""".split("\n")

_HALF = Decimal("0.5")

# Limits that a request header raises above what the catalogues state: (pattern, (context, output)).
# context-1m-2025-08-07, output-128k-2025-02-19 and output-300k-2026-03-24 of Anthropic's API.
LIMITS = [
    (r"claude-(?:sonnet-4(?!-[6-9])|4-sonnet)", (1_000_000, 0)),
    (r"claude-(?:3-7-sonnet|3\.7-sonnet|sonnet-3[-.]7)", (0, 128_000)),
    (r"claude-(?:opus|sonnet|haiku)-(?:4[-.][6-9]|[5-9])|claude-(?:fable|mythos)", (0, 300_000)),
]

LISTS = [
    {"list": "openai", "provider": "openai", "catalogue": "openai", "history": "openai",
     "litellm": ["", "openai/"], "head": _OPENAI, "factors": {"batch": (_HALF, ()), "flex": (_HALF, ())}},
    {"list": "anthropic", "provider": "anthropic", "catalogue": "anthropic", "history": "anthropic",
     "litellm": ["", "anthropic/"], "head": _ANTHROPIC, "factors": {"batch": (_HALF, ())}},
    {"list": "google", "provider": "gcp.gemini", "catalogue": "google", "history": "google",
     "litellm": ["gemini/", ""], "head": _GOOGLE,
     "factors": {"batch": (_HALF, ("cache_read", "cache_read_audio", "cache_read_image")),
                 "flex": (_HALF, ()), "priority": (Decimal("1.8"), ())}},
    {"list": "vertex", "provider": "gcp.vertex_ai", "catalogue": None, "head": _VERTEX},
    {"list": "mistral", "provider": "mistral_ai", "catalogue": "mistral", "history": "mistral",
     "litellm": ["mistral/"], "factors": {"batch": (_HALF, ())}, "head": _HALF_BATCH + """aliases:
# The name moved to Large 3 on its release; one catalogue has not followed.
- {name: mistral-large-latest, model: mistral-large, to: 2025-12-02}
- {name: mistral-large-latest, model: mistral-large-2512, from: 2025-12-02}""".split("\n")},
    {"list": "deepseek", "provider": "deepseek", "catalogue": "deepseek", "history": "deepseek",
     "litellm": ["deepseek/"]},
    {"list": "xai", "provider": "x_ai", "catalogue": "x-ai", "history": "xai", "litellm": ["xai/"]},
    {"list": "groq", "provider": "groq", "catalogue": "groq", "litellm": ["groq/"], "head": _GROQ, "factors": {"batch": (_HALF, ())},
     "minimum_seconds": 10},
    {"list": "cohere", "provider": "cohere", "catalogue": "cohere", "history": "cohere",
     "litellm": ["cohere/", "cohere_chat/", ""]},
    {"list": "azure", "provider": "azure.ai.openai", "catalogue": "azure", "litellm": ["azure/"],
     "head": _AZURE},
    {"list": "perplexity", "provider": "perplexity", "catalogue": "perplexity", "history": "perplexity",
     "litellm": ["perplexity/"]},
    {"list": "together", "provider": "together", "catalogue": "together", "litellm": ["together_ai/"],
     "head": _TOGETHER},
    {"list": "fireworks", "provider": "fireworks", "catalogue": "fireworks",
     "litellm": ["fireworks_ai/", "fireworks_ai/accounts/fireworks/models/"]},
    {"list": "cerebras", "provider": "cerebras", "catalogue": "cerebras", "litellm": ["cerebras/"]},
    {"list": "openrouter", "provider": "openrouter", "catalogue": "openrouter",
     "litellm": ["openrouter/"]},
]


def free(price_list, model_id):
    """Models an entry without any price means "free" for; elsewhere it means "nobody knows"."""
    return (model_id.endswith(":free") or (price_list == "google" and model_id.startswith("gemma-"))
            or (price_list == "openai" and model_id == "moderation"))


def names(price_list, model_id, exact, prefixes):
    """Names that belong elsewhere."""
    if price_list == "mistral" and model_id == "mistral-large":
        exact = [name for name in exact if name != "mistral-large-latest"]  # an alias with dates
    if model_id == "moderation":
        prefixes = ["text-moderation", "omni-moderation"]
    if model_id.startswith("c4ai-aya-"):
        prefixes = [model_id]
    return exact, prefixes


# DeepSeek: the first catalogue cannot give a daily window a date, the second has both.
_DISCOUNT_START = "2025-02-26T16:30:00Z"
_DISCOUNT_END = "2025-09-05T16:00:00Z"
_OFF_PEAK = {"deepseek-chat": "0.5", "deepseek-reasoner": "0.25"}
_PEAK_START = "2026-08-16T16:00:00Z"
_WEEKDAYS_START = "2026-08-23"
_PEAK_PRICED = ("deepseek-v4-pro", "deepseek-v4-flash", "deepseek-flash")
_PEAK_HOURS = '"01:00-04:00", "06:00-10:00"'
# Catalogue commits before or after the provider's own dates: V3.1's prices began with the end of the
# off-peak discount, V3.2-Exp's on its release.
_DATES = {"2025-08-25T16:35:54Z": _DISCOUNT_END, "2025-11-17T16:05:41Z": "2025-09-29",
          "2025-09-29T00:00:00Z": "2025-09-29"}


def history_only(price_list, model_id):
    if price_list != "deepseek":
        return None
    return lambda known, snapshot: _deepseek(model_id, known)


def _deepseek(model_id, known):
    periods = []
    for period in known:
        period.start = _DATES.get(period.start, period.start)
        before = periods[-1].base_prices() if periods else {}
        now = period.base_prices()
        if periods and all(now.get(kind) == value for kind, value in before.items()):
            periods[-1].bands[0].values.update(now)  # an entry that only lacked the cached price
        else:
            periods.append(period)
    periods[0].start = ""
    if model_id in _OFF_PEAK:
        periods = _split(_split(periods, _DISCOUNT_START), _DISCOUNT_END)
        for period in periods:
            if _DISCOUNT_START <= period.start < _DISCOUNT_END:
                period.windows = [f'- {{utc: "16:30-00:30", factor: "{_OFF_PEAK[model_id]}"}}']
    if model_id in _PEAK_PRICED:
        periods = _split(_split(periods, _PEAK_START), _WEEKDAYS_START)
        for period in periods:
            if period.start >= _PEAK_START:
                # Chinese public holidays are off-peak too; the calendar is not modelled.
                days = ", days: [mon, tue, wed, thu, fri]" if period.start >= _WEEKDAYS_START else ""
                period.windows = [f'- {{utc: [{_PEAK_HOURS}]{days}, factor: "2"}}']
    return periods


def _split(periods, moment):
    out = []
    for i, period in enumerate(periods):
        out.append(period)
        end = periods[i + 1].start if i + 1 < len(periods) else "9999"
        if period.start < moment < end:
            out.append(type(period)(moment, period.bands, period.note))
    return out


# Google charges a grounded prompt up to Gemini 2.5 and each search query after; an answer may report
# both, so each model prices one of them and says that the other is free.

# Perplexity's fee depends on the search context; the default is low. Dollars per thousand requests.
_PERPLEXITY_FEES = {
    "sonar": (5, 8, 12),
    "sonar-pro": (6, 10, 14),
    "sonar-reasoning": (5, 8, 12),
    "sonar-reasoning-pro": (6, 10, 14),
}

# xAI's own tools, per thousand calls; its price page, not the catalogues.
_XAI_TOOLS = {"web_search": 5, "x_search": 5, "code_execution": 5, "file_search": Decimal("2.5")}


def adjust(price_list, model_id, periods, known, history):
    """Adds what only another source or the provider's page has."""
    for period in periods:
        rates = period.bands[0].values
        if price_list == "google" and model_id.startswith("gemini") and "web_search" in rates:
            per, usd = rates.pop("web_search")
            new = usd < 35
            rates["search_query"] = (per, usd) if new else (per, Decimal(0))
            rates["grounded_prompt"] = (per, Decimal(0)) if new else (per, usd)
        if price_list == "perplexity" and model_id in _PERPLEXITY_FEES:
            low, medium, high = _PERPLEXITY_FEES[model_id]
            rates["request"] = (1000, Decimal(low))
            make = type(period.bands[0])
            for name, fee in (("medium", medium), ("high", high)):
                period.modifiers[f"search_{name}"] = (
                    f"{{search_context: {name}}}", {0: make({"request": (1000, Decimal(fee))})})
        if price_list == "perplexity" and model_id == "sonar-deep-research" and "web_search" in rates:
            rates["search_query"] = rates.pop("web_search")
        if price_list == "xai" and rates.get("output"):
            for kind, usd in _XAI_TOOLS.items():
                rates[kind] = (1000, Decimal(usd))
        if price_list == "anthropic" and "web_search" in rates:
            rates["web_fetch"] = (1000, Decimal(0))  # only the tokens it brings are charged
        if price_list == "openai" and "cache_write" in rates:
            _longer_retention(period)
    if price_list == "anthropic":
        _fast_mode(periods, history, model_id)


def model_modifiers(price_list, model_id):
    # Endpoints that keep data in one region cost more for models released since 2026-03-05.
    if price_list == "openai" and re.match(r"gpt-(5\.[4-9]|[6-9])", model_id):
        return ['  modifiers: {regional: {when: {host: "*.api.openai.com"}, factor: "1.1"}}']
    return []


def _longer_retention(period):
    """Twelve hours of retention cost 2.5 times the input price where thirty minutes cost 1.25 times."""
    for rates in period.bands.values():
        if "cache_write" in rates.values and "input" in rates.values:
            rates.values["cache_write_12h"] = rates.values["input"] * Decimal("2.5")


def _fast_mode(periods, history, model_id):
    """Fast-mode rates of models whose catalogue entry lacks them."""
    if any("fast" in period.modifiers for period in periods):
        return
    fast = history.periods("anthropic", model_id, "fast")
    if not fast:
        return
    prices = fast[-1].base_prices()
    rates = type(fast[-1].bands[0])(prices)
    if "cache_write" in prices:
        rates.values["cache_write_1h"] = prices["input"] * 2
    for period in periods:
        bands = {0: rates}
        for start in period.bands:
            bands.setdefault(start, rates)
        period.modifiers["fast"] = ("{speed: fast}", bands)


def extra(price_list, litellm, period, rates):
    """Models the catalogue does not have: (id, match, periods, comment)."""
    out = []
    if price_list == "cohere":
        for key, entry in sorted(litellm.table.items()):
            if entry.get("litellm_provider") == "cohere" and entry.get("mode") == "rerank" and re.match(
                    r"rerank-", key) and entry.get("input_cost_per_query"):
                usd = Decimal(entry["input_cost_per_query"]) * 1000
                out.append((key, [], [period("", {0: rates({"search_unit": (1000, usd)})})],
                            "from LiteLLM: a search unit is a query with up to 100 documents"))
    return out
