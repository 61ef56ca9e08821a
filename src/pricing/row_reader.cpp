#include "pricing/row_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/text.h"
#include "yaml/values.h"

namespace tokenweir::pricing {
namespace {

using yaml::Key;
using yaml::kRequired;
using yaml::MapReader;
using yaml::Mark;
using yaml::Node;
using yaml::Report;
using yaml::Shape;

// 100,000 dollars per million tokens: far above any price, far below an overflow.
constexpr std::int64_t kMostMillionths = 100'000'000'000;
constexpr std::int64_t kMostPicodollars = 1'000'000'000'000'000;  // a call of 1,000 dollars
constexpr std::int64_t kMostUnits = 1'000'000'000'000;

Shape shape_of(Shape::Type type, std::string_view doc) {
  Shape shape;
  shape.type = type;
  shape.doc = doc;
  return shape;
}

// Dollars per million tokens: six decimals are exactly picodollars per token.
std::optional<Rate> read_token_rate(const Node& node, const Report& report) {
  const auto millionths = yaml::read_millionths(node, report, 0, kMostMillionths);
  if (!millionths) return std::nullopt;
  return Rate{*millionths, 1, 0};
}

// {per: 1000, usd: "10", minimum: 1}
std::optional<Rate> read_unit_rate(const Node& node, const Report& report) {
  MapReader map(node, report);
  if (node.kind != yaml::Kind::map) return std::nullopt;
  Rate rate;
  Money dollars;
  const Node* usd = map.money({"usd", "dollars for `per` units", kRequired}, dollars);
  map.integer({"per", "how many units `usd` pays for"}, rate.units, 1, kMostUnits);
  map.integer({"minimum", "units billed at least"}, rate.minimum, 0, 1'000'000);
  map.finish();
  if (usd == nullptr) return std::nullopt;
  rate.picodollars = dollars.picodollars();
  if (rate.picodollars / rate.units > kMostPicodollars) {
    report.error(usd->mark, "more than 1000 dollars for one unit");
    return std::nullopt;
  }
  const std::int64_t divisor = std::gcd(rate.picodollars, rate.units);
  rate.picodollars /= divisor;
  rate.units /= divisor;
  return rate;
}

std::vector<std::string_view> kind_names() {
  std::vector<std::string_view> names;
  for (Kind k = 0; k < kKinds; ++k) names.push_back(file_name_of(k));
  return names;
}

void read_rate(const Node::Entry& entry, const Report& report, Rates& out) {
  constexpr std::string_view kStorage = "cache_storage";
  const auto k = kind_of_file_name(entry.key);
  if (!k && entry.key != kStorage) {
    auto names = kind_names();
    names.push_back(kStorage);
    report.error(entry.mark, fmt::format("unknown kind {}{}", yaml::in_quotes(entry.key),
                                         yaml::suggestion(entry.key, names)));
    return;
  }
  const bool by_token = !k || is_token(*k);
  if (!by_token && entry.value.kind == yaml::Kind::scalar) {
    report.error(entry.value.mark,
                 fmt::format("{} is not counted in tokens: say for how many, as in "
                             "{{per: 1000, usd: \"10\"}}",
                             entry.key));
    return;
  }
  const auto rate = entry.value.kind == yaml::Kind::map ? read_unit_rate(entry.value, report)
                                                        : read_token_rate(entry.value, report);
  if (k) {
    out[*k] = rate;
  } else {
    out.cache_storage = rate;
  }
}

void read_words(MapReader& map, const Key& key, std::vector<std::string>& out) {
  map.texts(key, out);
  for (std::string& word : out) word = lower_case(word);
}

void read_condition(MapReader& map, Condition& out) {
  read_words(map, {"service_tier", "as served: batch, flex, priority, ..."}, out.service_tier);
  read_words(map, {"speed", "as served: fast"}, out.speed);
  read_words(map, {"region", "of the inference, `*` allowed"}, out.region);
  read_words(map, {"host", "of the provider, `*` allowed"}, out.host);
  read_words(map, {"search_context", "of a search model: low, medium, high"}, out.search_context);
  bool byok = false;
  if (map.boolean({"byok", "paid with the client's own key at a reseller"}, byok)) out.byok = byok;
}

bool has_rates(const Rates& rates) {
  return std::ranges::any_of(rates.of, [](const auto& rate) { return rate.has_value(); });
}

std::optional<int> minute_of_day(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] - '0'; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t at : {0u, 1u, 3u, 4u}) {
    if (digit(at) < 0 || digit(at) > 9) return std::nullopt;
  }
  const int hour = digit(0) * 10 + digit(1);
  const int minute = digit(3) * 10 + digit(4);
  if (minute > 59 || hour > 24 || (hour == 24 && minute != 0)) return std::nullopt;
  return hour * 60 + minute;
}

void read_window(MapReader& map, Window& out) {
  std::vector<std::string> ranges;
  const Node* node = map.texts({"utc", "\"01:00-04:00\", one or several", kRequired}, ranges);
  for (const std::string& range : ranges) {
    const auto dash = range.find('-');
    const auto begin = minute_of_day(std::string_view(range).substr(0, dash));
    const auto end = dash == std::string::npos
                         ? std::nullopt
                         : minute_of_day(std::string_view(range).substr(dash + 1));
    if (!begin || !end || *begin == *end || *begin == 24 * 60) {
      map.report().error(node->mark, fmt::format("expected a range of the UTC day like "
                                                 "\"01:00-04:00\", found {}",
                                                 yaml::in_quotes(range)));
      continue;
    }
    out.utc.emplace_back(*begin, *end);
    if (!out.text.empty()) out.text += ",";
    out.text += range;
  }
  constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed",
                                                     "thu", "fri", "sat"};
  std::vector<std::string> days;
  const Node* day_node = map.texts({"days", "of the week, all when absent"}, days);
  if (days.empty()) out.days.set();
  for (const std::string& day : days) {
    const auto* const found = std::ranges::find(kDays, day);
    if (found == kDays.end()) {
      map.report().error(day_node->mark,
                         fmt::format("expected mon, tue, wed, thu, fri, sat or sun, "
                                     "found {}",
                                     yaml::in_quotes(day)));
      continue;
    }
    out.days.set(static_cast<std::size_t>(found - kDays.begin()));
  }
  read_adjustment(map, out.adjustment);
}

// Minutes of the week a window covers, for the overlap check.
std::vector<bool> minutes_of(const Window& window) {
  constexpr std::size_t kDay = 24 * 60;
  std::vector<bool> week(7 * kDay, false);
  for (std::size_t day = 0; day < 7; ++day) {
    if (!window.days[day]) continue;
    for (const auto& [begin, end] : window.utc) {
      const std::size_t length =
          static_cast<std::size_t>(begin < end ? end - begin : end - begin + 24 * 60);
      for (std::size_t i = 0; i < length; ++i) {
        week[(day * kDay + static_cast<std::size_t>(begin) + i) % week.size()] = true;
      }
    }
  }
  return week;
}

// Figures that are right so seldom that a person has to say so.
void check_sanity(const Rates& rates, Mark mark, bool confirmed, const Report& report) {
  if (confirmed) return;
  const auto& input = rates[kind(TokenClass::input)];
  const auto& output = rates[kind(TokenClass::output)];
  const auto& cache_read = rates[kind(TokenClass::cache_read)];
  const auto complain = [&](std::string_view what) {
    report.error(mark, fmt::format("{}; if that is right, add `confirm: \"why\"`", what));
  };
  if (input && output && input->picodollars > 0 &&
      input->dearer_than(Rate{output->picodollars * 2, output->units, 0})) {
    complain("output costs less than half of input");
  }
  if (input && cache_read && cache_read->dearer_than(*input)) {
    complain("cache_read costs more than input");
  }
}

void read_tier(MapReader& map, PeriodDraft& draft) {
  Band band;
  map.integer({"min_input_tokens", "the rates hold from this many on", kRequired},
              band.min_input_tokens, 1, 1'000'000'000);
  std::string scope = "request";
  const Node* scope_node = map.text({"scope", "what is priced anew: the whole request"}, scope);
  if (scope_node != nullptr && scope != "request") {
    map.report().error(scope_node->mark,
                       fmt::format("expected \"request\", found {}", yaml::in_quotes(scope)));
  }
  read_rates(map, {"rates", "kinds that differ from the period's", kRequired}, band.rates);
  read_modifiers(map, band.modifiers);
  if (map.describing()) return;
  const Band& last = draft.period.bands.back();
  if (band.min_input_tokens > 0 && band.min_input_tokens <= last.min_input_tokens) {
    map.report().error(map.mark(),
                       fmt::format("min_input_tokens {} is not above the tier before it ({})",
                                   band.min_input_tokens, last.min_input_tokens));
  }
  draft.period.bands.push_back(std::move(band));
}

// Tiers say what differs from the base. A modifier's factor holds in every tier; its rates are
// figures of the tier they stand in.
void complete_bands(std::vector<Band>& bands) {
  const Band base = bands.front();
  for (std::size_t i = 1; i < bands.size(); ++i) {
    Rates rates = base.rates;
    rates.overlay(bands[i].rates);
    bands[i].rates = rates;
    for (const Modifier& modifier : base.modifiers) {
      const bool named = std::ranges::find(bands[i].modifiers, modifier.name, &Modifier::name) !=
                         bands[i].modifiers.end();
      if (!named && modifier.adjustment.factor) bands[i].modifiers.push_back(modifier);
    }
  }
}

}  // namespace

Place place_of(Mark mark, std::size_t file) { return {file, mark.line, mark.column}; }

const Node* read_time(MapReader& map, const Key& key, Time& out, std::string* label) {
  std::string text;
  const Node* node = map.text(key, text);
  if (node == nullptr) return nullptr;
  const auto time = parse_rfc3339(text);
  if (!time) {
    map.report().error(node->mark, fmt::format("expected a date like 2026-04-01 or a time like "
                                               "2026-04-01T12:00:00Z, found {}",
                                               yaml::in_quotes(text)));
    return nullptr;
  }
  out = *time;
  if (label != nullptr) *label = text;
  return node;
}

void read_rates(MapReader& map, const Key& key, Rates& out) {
  const Shape value =
      shape_of(Shape::Type::any, "dollars per million tokens, or {per: N, usd: \"dollars\"}");
  map.table(key, value, [&](const Node::Entry& entry) { read_rate(entry, map.report(), out); });
}

void read_kinds(MapReader& map, KindSet& out) {
  std::vector<std::string> names;
  const Node* node = map.texts({"kinds", "kinds it applies to; `all` for every kind"}, names);
  if (node == nullptr) return;
  out.reset();
  for (const std::string& name : names) {
    if (name == "all") {
      out.set();
    } else if (const auto k = kind_of_file_name(name)) {
      out.set(*k);
    } else {
      map.report().error(node->mark, fmt::format("unknown kind {}{}", yaml::in_quotes(name),
                                                 yaml::suggestion(name, kind_names())));
    }
  }
}

void read_adjustment(MapReader& map, Adjustment& out) {
  std::int64_t millionths = 1'000'000;
  const Node* factor =
      map.millionths({"factor", "multiplies the rates"}, millionths, 0, 1'000'000'000);
  if (factor != nullptr) {
    const std::int64_t divisor = std::gcd(millionths, std::int64_t{1'000'000});
    out.factor = Factor{millionths / divisor, 1'000'000 / divisor};
  }
  out.kinds = token_kinds();
  read_kinds(map, out.kinds);
  read_rates(map, {"rates", "replace the rates of these kinds"}, out.rates);
  if (map.describing()) return;
  if (out.factor.has_value() == has_rates(out.rates)) {
    map.report().error(map.mark(), "expected either `factor` or `rates`");
  }
}

void read_modifiers(MapReader& map, std::vector<Modifier>& out) {
  Shape shape = shape_of(Shape::Type::map, "a condition and what it does to the rates");
  const auto read = [](MapReader& inner, Modifier& modifier) {
    inner.map({"when", "all of these must hold", kRequired},
              [&](MapReader& when) { read_condition(when, modifier.when); });
    read_adjustment(inner, modifier.adjustment);
  };
  if (map.describing()) {
    MapReader describer(shape);
    Modifier modifier;
    read(describer, modifier);
  }
  map.table({"modifiers", "by name; a nearer level replaces one of the same name"}, shape,
            [&](const Node::Entry& entry) {
              Modifier modifier;
              modifier.name = entry.key;
              MapReader inner(entry.value, map.report());
              if (entry.value.kind != yaml::Kind::map) return;
              read(inner, modifier);
              inner.finish();
              const Condition& when = modifier.when;
              if (inner.mark().line > 0 && when.service_tier.empty() && when.speed.empty() &&
                  when.region.empty() && when.host.empty() && when.search_context.empty() &&
                  !when.byok) {
                map.report().error(entry.mark, "`when` names no condition");
              }
              out.push_back(std::move(modifier));
            });
}

void read_period(MapReader& map, std::size_t file, PeriodDraft& out) {
  Period& period = out.period;
  period.place = place_of(map.mark(), file);
  period.label = "start";
  period.bands.emplace_back();
  read_time(map, {"from", "first day or moment, UTC; open when absent"}, period.from,
            &period.label);
  const Node* to = read_time(map, {"to", "first moment it no longer holds"}, period.to);
  std::string why;
  out.confirmed =
      map.text({"confirm", "why an unlikely figure of this period is right"}, why) != nullptr;
  read_rates(map, {"rates", "dollars per million tokens, or per so many calls"},
             period.bands.front().rates);
  read_modifiers(map, period.bands.front().modifiers);
  map.list({"tiers", "rates by size of the request, ascending"},
           [&](MapReader& tier, const Node&) { read_tier(tier, out); });
  map.list({"windows", "hours of the day with other prices"},
           [&](MapReader& inner, const Node& item) {
             Window window;
             read_window(inner, window);
             const auto minutes = minutes_of(window);
             for (const Window& other : period.windows) {
               const auto taken = minutes_of(other);
               for (std::size_t i = 0; i < minutes.size(); ++i) {
                 if (!minutes[i] || !taken[i]) continue;
                 inner.report().error(item.mark, "overlaps a window before it");
                 break;
               }
             }
             period.windows.push_back(std::move(window));
           });
  if (map.describing()) return;
  if (to != nullptr && period.to <= period.from) {
    map.report().error(to->mark, "`to` is not after `from`");
  }
  out.has_rates = has_rates(period.bands.front().rates);
  if (out.overlay) return;
  complete_bands(period.bands);
  for (const Band& band : period.bands) {
    check_sanity(band.rates, map.mark(), out.confirmed, map.report());
  }
}

}  // namespace tokenweir::pricing
