#include "pricing/quote.h"

#include <fmt/format.h>

#include <algorithm>

#include "pricing/model_id.h"

namespace tokenweir::pricing {
namespace {

Lookup find_listed(const PriceList& list, const std::string& id) {
  if (const auto exact = list.exact.find(id); exact != list.exact.end()) {
    return {&list, &list.models[exact->second], Found::exact};
  }
  // The longest listed prefix of the id: walk its own prefixes from the long end.
  for (std::size_t length = id.size(); length > 0 && !list.prefixes.empty(); --length) {
    const auto prefix = list.prefixes.find(std::string_view(id).substr(0, length));
    if (prefix != list.prefixes.end()) return {&list, &list.models[prefix->second], Found::pattern};
  }
  for (const Pattern& pattern : list.patterns) {
    if (std::regex_match(id, pattern.regex))
      return {&list, &list.models[pattern.model], Found::pattern};
  }
  return {};
}

Lookup find_listed_or_alias(const PriceList& list, const std::string& id, Time at) {
  for (const Alias& alias : list.aliases) {
    if (alias.name == id && alias.from <= at && at < alias.to) {
      const auto target = list.exact.find(alias.model);
      if (target != list.exact.end()) return {&list, &list.models[target->second], Found::alias};
    }
  }
  return find_listed(list, id);
}

// The period that holds the time, else the nearest one.
const Period* nearest_period(const Model& model, Time at, bool& outside) {
  const Period* found = model.period(at);
  outside = found == nullptr;
  if (found != nullptr) return found;
  for (const Period& candidate : model.periods) {
    if (found == nullptr || candidate.from <= at) found = &candidate;
  }
  return found;
}

// A modifier of a nearer level replaces one of the same name from further out.
std::vector<const Modifier*> applicable(const PriceList& list, const Model* model, const Band* band,
                                        const Circumstances& circumstances) {
  std::vector<const Modifier*> by_name;
  by_name.reserve(list.modifiers.size() + (model != nullptr ? model->modifiers.size() : 0));
  const auto take = [&](const std::vector<Modifier>& level) {
    for (const Modifier& modifier : level) {
      const auto same = std::ranges::find(by_name, modifier.name, &Modifier::name);
      if (same != by_name.end()) {
        *same = &modifier;
      } else {
        by_name.push_back(&modifier);
      }
    }
  };
  take(list.modifiers);
  if (model != nullptr) take(model->modifiers);
  if (band != nullptr) take(band->modifiers);
  std::erase_if(by_name,
                [&](const Modifier* modifier) { return !matches(modifier->when, circumstances); });
  return by_name;
}

// What is being worked out: list and contracted rates, and the factor of each kind.
struct Working {
  Rates list;
  Rates contracted;
  std::array<Factor, kKinds> factors;
};

void apply(const Adjustment& adjustment, Working& working, bool& overflowed) {
  working.list.overlay(adjustment.rates);
  working.contracted.overlay(adjustment.rates);
  if (!adjustment.factor) return;
  for (Kind k = 0; k < kKinds; ++k) {
    if (!adjustment.kinds[k]) continue;
    const auto product = working.factors[k].times(*adjustment.factor);
    if (product) {
      working.factors[k] = *product;
    } else {
      overflowed = true;
    }
  }
}

const Contract* contract_in_force(const PriceList& list, const Model* model, Time at) {
  if (model != nullptr) {
    for (const Contract& contract : model->contracts) {
      if (contract.contains(at)) return &contract;
    }
  }
  for (const Contract& contract : list.contracts) {
    if (contract.contains(at)) return &contract;
  }
  return nullptr;
}

// The contracted rates of the band that was chosen from the list price.
const Rates* contract_rates(const Contract& contract, std::uint64_t min_input_tokens) {
  for (const Band& band : contract.bands) {
    if (band.min_input_tokens == min_input_tokens) return &band.rates;
  }
  return nullptr;
}

// Kind by kind the highest rate any model of the lists has now, at this context size: an upper
// bound.
Rates dearest_rates(const Lists& lists, std::uint64_t input_tokens, Time at) {
  Rates dearest;
  for (const PriceList* list : lists) {
    for (const Model& model : list->models) {
      const Period* period = model.period(at);
      if (period == nullptr) continue;
      const Rates& rates = period->band(input_tokens).rates;
      for (Kind k = 0; k < kKinds; ++k) {
        const auto found = find_rate(rates, k);
        if (found && (!dearest[k] || found->rate.dearer_than(*dearest[k])))
          dearest[k] = found->rate;
      }
    }
  }
  return dearest;
}

std::uint64_t count_of(const Usage& usage, Kind k) {
  const auto& count = is_token(k) ? usage.tokens[k] : usage.calls[k - kTokenClasses];
  return count.value_or(0);
}

bool is_cache_write(Kind k) {
  return is_token(k) && kind_of(static_cast<TokenClass>(k)) == CostKind::cache_write;
}
bool is_cache_read(Kind k) {
  return is_token(k) && kind_of(static_cast<TokenClass>(k)) == CostKind::cache_read;
}

// What the same tokens would have cost without a cache.
Kind uncached_kind(Kind k) {
  if (k == kind(TokenClass::audio_cache_read)) return kind(TokenClass::audio_input);
  if (k == kind(TokenClass::image_cache_read)) return kind(TokenClass::image_input);
  return kind(TokenClass::input);
}

ExactSum amount(std::uint64_t count, const Rate& rate, const Factor& factor) {
  ExactSum sum;
  if (const auto scaled = factor.times(rate.per_unit())) {
    sum.add(count, rate.picodollars, *scaled);
  } else {
    sum.overflow();
  }
  return sum;
}

}  // namespace

Lookup find_model(const PriceList& list, std::string_view model, Time at) {
  if (model.empty()) return {};
  const std::string id = normal_model_id(model);
  if (const Lookup found = find_listed_or_alias(list, id, at); found.model != nullptr) return found;
  for (const std::string& simpler : simpler_model_ids(id)) {
    Lookup found = find_listed_or_alias(list, simpler, at);
    if (found.model == nullptr) continue;
    if (found.found == Found::exact) found.found = Found::simplified;
    return found;
  }
  return {};
}

Lookup find_model(const Lists& lists, std::string_view model, Time at) {
  for (const PriceList* list : lists) {
    if (const Lookup found = find_model(*list, model, at); found.model != nullptr) return found;
  }
  return {};
}

Lists lists_of(const PriceBook::Rows& rows, std::string_view name) {
  const auto own = rows.lists.find(name);
  if (own == rows.lists.end()) return {};
  Lists lists{&own->second};
  for (const std::string& inherited : own->second.inherits) {
    const auto found = rows.lists.find(inherited);
    if (found != rows.lists.end()) lists.push_back(&found->second);
  }
  return lists;
}

Quote make_quote(const Lists& lists, const Lookup& found, const Usage& usage, Time at,
                 const Circumstances& circumstances, bool whole_request) {
  Quote quote;
  const PriceList& list = found.list != nullptr ? *found.list : *lists.front();
  quote.list = &list;
  quote.model = found.model;
  quote.found = found.found;
  const std::uint64_t context = usage.total_input().value_or(0);

  Working working;
  if (quote.model != nullptr) {
    quote.period = nearest_period(*quote.model, at, quote.outside_periods);
    quote.band = &quote.period->band(context);
    working.list = quote.band->rates;
  } else {
    working.list = dearest_rates(lists, context, at);
  }
  working.contracted = working.list;
  quote.contract = contract_in_force(list, quote.model, at);
  if (quote.contract != nullptr && quote.band != nullptr) {
    const Rates* own = contract_rates(*quote.contract, quote.band->min_input_tokens);
    if (own != nullptr) working.contracted.overlay(*own);
  }

  quote.modifiers = applicable(list, quote.model, quote.band, circumstances);
  if (quote.is_estimate()) {
    // An estimate is an upper bound: it takes surcharges and no discounts.
    std::erase_if(quote.modifiers, [](const Modifier* modifier) {
      const auto& factor = modifier->adjustment.factor;
      return !factor || factor->numerator < factor->denominator;
    });
  }
  for (const Modifier* modifier : quote.modifiers) {
    apply(modifier->adjustment, working, quote.overflowed);
  }
  if (quote.period != nullptr && !quote.outside_periods) {
    for (const Window& window : quote.period->windows) {
      if (!window.contains(at)) continue;
      quote.window = &window;
      apply(window.adjustment, working, quote.overflowed);
    }
  }
  quote.provisioned = is_provisioned(circumstances.service_tier);
  quote.lines.reserve(8);

  for (Kind k = 0; k < kKinds; ++k) {
    std::uint64_t count = count_of(usage, k);
    if (count == 0 && whole_request && k == kind(CallClass::request) && working.list[k]) count = 1;
    if (count == 0) continue;
    QuoteLine line;
    line.kind = k;
    line.count = count;
    if (const auto rate = find_rate(working.list, k)) {
      line.rate = rate->rate;
      line.count = std::max(count, rate->rate.minimum);
      line.contract_rate = find_rate(working.contracted, k)->rate;
      if (rate->from != k) line.rate_from = rate->from;
      line.substitute_said = rate->substitute;
      // A borrowed rate is multiplied as the kind it was borrowed for.
      line.factor = quote.provisioned && is_token(k) ? Factor{0, 1} : working.factors[k];
      line.contract_factor = line.factor;
      if (quote.contract != nullptr && quote.contract->factor && quote.contract->kinds[k]) {
        const auto product = line.factor.times(*quote.contract->factor);
        quote.overflowed = quote.overflowed || !product;
        line.contract_factor = product.value_or(line.factor);
      }
    }
    if ((is_cache_read(k) || is_cache_write(k)) && line.rate) {
      if (const auto plain = find_rate(working.contracted, uncached_kind(k))) {
        line.plain_rate = plain->rate;
      }
    }
    quote.lines.push_back(line);
  }
  return quote;
}

bool Quote::has_no_rate() const {
  return !lines.empty() &&
         std::ranges::none_of(lines, [](const QuoteLine& line) { return line.rate.has_value(); });
}

std::string Quote::describe() const {
  std::string text = model != nullptr ? model->id : std::string("dearest");
  if (found == Found::alias) text += "(alias)";
  if (period != nullptr) text.append("@").append(period->label);
  if (outside_periods) text += "?";
  if (band != nullptr && band->min_input_tokens > 0) {
    text += fmt::format(">={}", band->min_input_tokens);
  }
  if (window != nullptr) text += "~" + window->text;
  for (const Modifier* modifier : modifiers) text += "+" + modifier->name;
  if (provisioned) text += "+provisioned";
  if (contract != nullptr) text += "+contract";
  for (const QuoteLine& line : lines) {
    if (!line.rate) {
      text += fmt::format("!{}=none", file_name_of(line.kind));
    } else if (line.substitute_said && line.rate_from) {
      text += fmt::format("!{}={}", file_name_of(line.kind), file_name_of(*line.rate_from));
    }
  }
  return text;
}

ExactSum Sums::add(const Quote& quote) {
  ExactSum own;
  for (const QuoteLine& line : quote.lines) {
    if (!line.rate) continue;
    const auto bucket = static_cast<std::size_t>(cost_kind_of(line.kind));
    const ExactSum contracted = amount(line.count, line.contract_rate, line.contract_factor);
    cost[bucket].add(contracted);
    own.add(contracted);
    list_cost.add(quote.contract == nullptr ? contracted
                                            : amount(line.count, *line.rate, line.factor));
    if (!line.plain_rate) continue;
    const ExactSum plain = amount(line.count, *line.plain_rate, line.contract_factor);
    if (is_cache_read(line.kind)) {
      cache_savings.add(plain);
      cache_savings.subtract(contracted);
    } else {
      cache_write_premium.add(contracted);
      cache_write_premium.subtract(plain);
    }
  }
  return own;
}

}  // namespace tokenweir::pricing
