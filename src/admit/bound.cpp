#include "admit/bound.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "core/text.h"
#include "pricing/quote.h"
#include "pricing/rates.h"
#include "provider/dialect.h"

namespace tokenweir::admit {
namespace {

using budget::Measure;
using budget::saturating_add;
using budget::saturating_multiply;
using pricing::Kind;
using pricing::kind;

std::int64_t rounded_up(const pricing::Rate& rate, const pricing::Factor& factor) {
  const Int128 above = static_cast<Int128>(rate.picodollars) * factor.numerator;
  const Int128 below = static_cast<Int128>(rate.units) * factor.denominator;
  const Int128 result = (above + below - 1) / below;
  return result > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(result);
}

void raise(Ceilings& ceilings, const pricing::Quote& quote) {
  for (const pricing::QuoteLine& line : quote.lines) {
    if (!line.rate) continue;
    // What a contract saves is not counted on; what it adds is.
    const std::int64_t listed = rounded_up(*line.rate, line.factor);
    const std::int64_t contracted = rounded_up(line.contract_rate, line.contract_factor);
    auto& ceiling = ceilings.of[line.kind];
    ceiling = std::max({ceiling.value_or(0), listed, contracted});
  }
}

bool is_open(std::string_view tier) { return tier.empty() || tier == "auto"; }

// The words the modifiers of a model may ask about, so that each can be tried.
struct Words {
  std::set<std::string> tiers{""};
  std::set<std::string> regions{""};
  std::set<std::string> searches{""};

  void gather(const std::vector<pricing::Modifier>& modifiers) {
    for (const pricing::Modifier& modifier : modifiers) {
      tiers.insert(modifier.when.service_tier.begin(), modifier.when.service_tier.end());
      searches.insert(modifier.when.search_context.begin(), modifier.when.search_context.end());
      for (const std::string& region : modifier.when.region) {
        if (region.find('*') == std::string::npos) regions.insert(region);
      }
    }
  }
};

Words words_of(const pricing::Lists& lists, const pricing::Lookup& found, const BoundQuery& query) {
  Words words;
  words.gather(found.list != nullptr ? found.list->modifiers : lists.front()->modifiers);
  if (found.model != nullptr) {
    words.gather(found.model->modifiers);
    for (const pricing::Period& period : found.model->periods) {
      for (const pricing::Band& band : period.bands) words.gather(band.modifiers);
    }
  }
  // What is asked for may still be served as an ordinary request.
  if (!is_open(query.service_tier)) {
    words.tiers = {"", pricing::normal_service_tier(query.service_tier, false)};
  }
  if (!query.region.empty()) words.regions = {"", lower_case(query.region)};
  return words;
}

// One quote with a unit of everything, for each tier and region that may serve the request.
Ceilings look_up(const pricing::Lists& lists, const pricing::Lookup& found, const BoundQuery& query,
                 std::uint64_t context) {
  Usage everything;
  for (auto& count : everything.tokens) count = 1;
  for (auto& count : everything.calls) count = 1;
  // All input together makes the context that chooses the price band.
  const std::uint64_t others = *everything.total_input() - 1;
  everything[TokenClass::input] = context > others ? context - others : 1;

  const Words words = words_of(lists, found, query);
  pricing::Circumstances circumstances;
  circumstances.host = lower_case(query.host);
  circumstances.speed = lower_case(query.speed);
  Ceilings ceilings;
  ceilings.listed = found.model != nullptr;
  for (const std::string& tier : words.tiers) {
    for (const std::string& region : words.regions) {
      for (const std::string& search : words.searches) {
        circumstances.service_tier = tier;
        circumstances.region = region;
        circumstances.search_context = search;
        const auto quote =
            pricing::make_quote(lists, found, everything, query.at, circumstances, true);
        ceilings.estimated = ceilings.estimated || quote.is_estimate();
        raise(ceilings, quote);
      }
    }
  }
  return ceilings;
}

RateCache::Thresholds thresholds_of(const pricing::Lists& lists, const pricing::Lookup& found) {
  std::set<std::uint64_t> sizes;
  const auto gather = [&](const pricing::Model& model) {
    for (const pricing::Period& period : model.periods) {
      for (const pricing::Band& band : period.bands) {
        if (band.min_input_tokens > 0) sizes.insert(band.min_input_tokens);
      }
    }
  };
  if (found.model != nullptr) {
    gather(*found.model);
  } else {
    for (const pricing::PriceList* list : lists) {
      for (const pricing::Model& model : list->models) gather(model);
    }
  }
  return {sizes.begin(), sizes.end()};
}

// No value: there is no such price list.
std::optional<Ceilings> ceilings_of_one(const pricing::PriceBook& prices, const BoundQuery& query,
                                        std::uint64_t context, RateCache& cache) {
  std::string key;
  for (const std::string_view part : {prices.revision(), query.prices, query.model, query.host,
                                      query.region, query.service_tier, query.speed}) {
    key.append(part).push_back('\x1f');
  }
  if (auto known = cache.find(key, query.at, context)) return known;
  const pricing::Lists lists = pricing::lists_of(prices.rows(), query.prices);
  if (lists.empty()) return std::nullopt;
  const pricing::Lookup found = pricing::find_model(lists, query.model, query.at);
  const Ceilings ceilings = look_up(lists, found, query, context);
  cache.keep(key, query.at, context, thresholds_of(lists, found), ceilings);
  return ceilings;
}

// Whoever of several models answers: each class at the dearest of them.
std::optional<Ceilings> ceilings_of(const pricing::PriceBook& prices, const BoundQuery& query,
                                    std::uint64_t context, RateCache& cache) {
  auto all = ceilings_of_one(prices, query, context, cache);
  for (const std::string& model : query.other_models) {
    BoundQuery other = query;
    other.model = model;
    const auto more = ceilings_of_one(prices, other, context, cache);
    if (!all || !more) return std::nullopt;
    if (!more->priced()) return more;
    all->listed = all->listed && more->listed;
    all->estimated = all->estimated || more->estimated;
    for (std::size_t i = 0; i < all->of.size(); ++i) {
      if (more->of[i]) all->of[i] = std::max(all->of[i].value_or(0), *more->of[i]);
    }
  }
  return all;
}

std::int64_t dearest(const Ceilings& ceilings, std::initializer_list<TokenClass> classes) {
  std::int64_t most = 0;
  for (const TokenClass c : classes) most = std::max(most, ceilings.of[kind(c)].value_or(0));
  return most;
}
std::int64_t dearest(const Ceilings& ceilings, std::initializer_list<CallClass> classes) {
  std::int64_t most = 0;
  for (const CallClass c : classes) most = std::max(most, ceilings.of[kind(c)].value_or(0));
  return most;
}

std::int64_t input_rate(const Ceilings& ceilings, const Extras& extras) {
  // Some lists ask more for a cache read than for plain input.
  std::int64_t most =
      dearest(ceilings, {TokenClass::input, TokenClass::cache_read, TokenClass::tool_input});
  const auto consider = [&](std::initializer_list<TokenClass> classes) {
    most = std::max(most, dearest(ceilings, classes));
  };
  if (extras.cache_writes == CacheWrites::five_minutes) consider({TokenClass::cache_write_5m});
  if (extras.cache_writes == CacheWrites::any) {
    consider({TokenClass::cache_write_5m, TokenClass::cache_write_30m, TokenClass::cache_write_1h,
              TokenClass::cache_write_12h, TokenClass::cache_write_unknown});
  }
  if (extras.images > 0) consider({TokenClass::image_input, TokenClass::image_cache_read});
  if (extras.audio_input) consider({TokenClass::audio_input, TokenClass::audio_cache_read});
  if (extras.documents || extras.remote_input) {
    consider({TokenClass::document_input, TokenClass::video_input, TokenClass::image_input,
              TokenClass::audio_input, TokenClass::citation_input});
  }
  return most;
}

std::int64_t output_rate(const Ceilings& ceilings, const Extras& extras) {
  std::int64_t most = dearest(ceilings, {TokenClass::output, TokenClass::reasoning});
  if (extras.audio_output) most = std::max(most, dearest(ceilings, {TokenClass::audio_output}));
  if (extras.image_output) most = std::max(most, dearest(ceilings, {TokenClass::image_output}));
  return most;
}

// Fees that are not by the token. A document of a rerank request has at least three bytes, and one
// unit serves a hundred of them or 500 tokens of one.
std::int64_t fees(const Ceilings& ceilings, const BoundQuery& query) {
  const auto bytes =
      static_cast<std::int64_t>(std::min<std::uint64_t>(query.body_bytes, INT64_MAX));
  std::int64_t sum = ceilings.of[kind(CallClass::request)].value_or(0);
  const auto add = [&](std::int64_t count, std::int64_t price) {
    sum = saturating_add(sum, saturating_multiply(count, price));
  };
  add(query.extras.tool_calls_max,
      dearest(ceilings, {CallClass::web_search, CallClass::web_fetch, CallClass::grounded_prompt,
                         CallClass::search_query, CallClass::code_execution, CallClass::file_search,
                         CallClass::x_search, CallClass::maps}));
  if (query.no_output) {
    add(bytes, ceilings.of[kind(CallClass::character_input)].value_or(0));
    add(1 + bytes / 300 + bytes / 500,
        dearest(ceilings, {CallClass::search_unit, CallClass::classification}));
  }
  if (query.extras.image_output) {
    add(query.choices, ceilings.of[kind(CallClass::image)].value_or(0));
  }
  return sum;
}

// An upper bound of the input tokens; byte-level vocabularies never yield more tokens than bytes.
std::optional<std::int64_t> input_bound(const BoundQuery& query, BoundFault& fault) {
  const Extras& extras = query.extras;
  std::int64_t tokens = 0;
  if (query.input_tokens) {
    tokens = *query.input_tokens;
  } else {
    tokens = static_cast<std::int64_t>(std::min<std::uint64_t>(query.body_bytes, INT64_MAX));
    tokens = saturating_add(tokens, saturating_multiply(extras.images, kImageTokens));
    if (extras.tools) tokens = saturating_add(tokens, kToolPromptTokens);
  }
  if (extras.remote_input) {
    if (query.context_limit <= 0) {
      fault = BoundFault::open_input;
      return std::nullopt;
    }
    tokens = std::max(tokens, query.context_limit);
  }
  if (extras.unbounded_tools || extras.tool_calls_max > 0) {
    if (extras.unbounded_tools || query.context_limit <= 0) {
      fault = BoundFault::open_tools;
      return std::nullopt;
    }
    // Each call of a provider's tool is followed by an inference that reads everything again.
    const std::int64_t rounds = saturating_add(extras.tool_calls_max, 1);
    tokens = saturating_multiply(std::max(tokens, query.context_limit), rounds);
  }
  return saturating_multiply(tokens, saturating_add(extras.extra_inferences, 1));
}

}  // namespace

std::string_view name_of(BoundFault fault) {
  switch (fault) {
    case BoundFault::none:
      return "none";
    case BoundFault::unpriced:
      return "unpriced";
    case BoundFault::open_output:
      return "open_output";
    case BoundFault::open_input:
      return "open_input";
    case BoundFault::open_tools:
      return "open_tools";
    case BoundFault::overflow:
      return "overflow";
  }
  return "none";
}

Bound worst_case(const pricing::PriceBook& prices, const BoundQuery& query,
                 pricing::UnknownModel unknown, RateCache& cache) {
  Bound bound;
  budget::Demand& demand = bound.demand;
  demand.fixed[Measure::requests] = 1;
  demand.fixed[Measure::concurrent] = 1;
  // An inference beside the one asked for (compaction, a fallback's attempt) speaks as well.
  demand.choices = saturating_multiply(std::max<std::int64_t>(query.choices, 1),
                                       saturating_add(query.extras.extra_inferences, 1));

  const auto input = input_bound(query, bound.fault);
  demand.fixed[Measure::input_tokens] = input.value_or(0);
  demand.fixed[Measure::total_tokens] = input.value_or(0);
  if (!query.no_output) {
    const bool capped = query.output_cap && *query.output_cap != provider::kNoLimit;
    const std::int64_t most = capped ? *query.output_cap : query.output_max;
    if (most <= 0 && !capped && bound.fault == BoundFault::none) {
      bound.fault = BoundFault::open_output;
    }
    demand.output_asked = std::max<std::int64_t>(most, 0);
    // A cap beyond what the model can say costs no more than the model can say.
    if (query.output_max > 0) demand.output_asked = std::min(demand.output_asked, query.output_max);
    demand.output_least = least_output(demand.output_asked);
  }

  const std::int64_t context = std::max(input.value_or(0), input ? 0 : query.context_limit);
  const auto found = ceilings_of(prices, query, static_cast<std::uint64_t>(context), cache);
  const bool may_estimate = unknown == pricing::UnknownModel::estimate;
  if (!found || !found->priced() || (!found->listed && !may_estimate)) {
    bound.fault = BoundFault::unpriced;
    return bound;
  }
  const Ceilings& ceilings = *found;
  bound.estimated = ceilings.estimated;
  // Seconds of audio cannot be told from bytes.
  const bool by_the_second = ceilings.of[kind(CallClass::second_input)].value_or(0) > 0;
  if (query.extras.audio_input && by_the_second && bound.fault == BoundFault::none) {
    bound.fault = BoundFault::open_input;
  }
  demand.fixed[Measure::usd] =
      saturating_add(saturating_multiply(input.value_or(0), input_rate(ceilings, query.extras)),
                     fees(ceilings, query));
  demand.usd_per_output_token = output_rate(ceilings, query.extras);
  const auto all = budget::amounts_for(demand, demand.output_asked);
  if (all[Measure::usd] == INT64_MAX && bound.fault == BoundFault::none) {
    bound.fault = BoundFault::overflow;
  }
  return bound;
}

}  // namespace tokenweir::admit
