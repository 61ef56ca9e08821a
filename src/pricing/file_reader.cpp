#include "pricing/file_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <regex>

#include "pricing/model_id.h"
#include "pricing/row_reader.h"

namespace tokenweir::pricing {
namespace {

using yaml::Key;
using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;
using yaml::Report;

constexpr std::int64_t kSchema = 1;
constexpr std::size_t kPatternMax = 300;

// A contract's `discount`, `kinds`, `from`, `to`. No value when no discount is given.
std::optional<Contract> read_discount(MapReader& map, std::size_t file) {
  Contract contract;
  contract.place = place_of(map.mark(), file);
  std::int64_t millionths = 0;
  const Node* node = map.millionths({"discount", "share taken off the list price: 0.15"},
                                    millionths, 0, 1'000'000);
  contract.kinds.set();
  read_kinds(map, contract.kinds);
  const Node* to = nullptr;
  read_time(map, {"from", "when the discount begins"}, contract.from);
  to = read_time(map, {"to", "when it no longer holds"}, contract.to);
  if (to != nullptr && contract.to <= contract.from) {
    map.report().error(to->mark, "`to` is not after `from`");
  }
  if (node == nullptr) return std::nullopt;
  const std::int64_t paid = 1'000'000 - millionths;
  const std::int64_t divisor = std::gcd(paid, std::int64_t{1'000'000});
  contract.factor = Factor{paid / divisor, 1'000'000 / divisor};
  return contract;
}

void check_pattern(const Node& node, const std::string& pattern, const Report& report) {
  if (pattern.size() > kPatternMax) {
    report.error(node.mark, fmt::format("a pattern has at most {} characters", kPatternMax));
    return;
  }
  try {
    const std::regex compiled(pattern, std::regex::ECMAScript);
  } catch (const std::regex_error&) {
    report.error(node.mark, fmt::format("not a regular expression: {}", yaml::in_quotes(pattern)));
  }
}

void read_match(const Node& node, const Report& report, std::size_t file, std::vector<Match>& out) {
  if (node.kind == yaml::Kind::scalar) {
    if (auto text = yaml::read_text(node, report)) {
      out.push_back({place_of(node.mark, file), Match::Form::exact, normal_model_id(*text)});
    }
    return;
  }
  MapReader map(node, report);
  if (node.kind != yaml::Kind::map) return;
  std::string prefix;
  std::string regex;
  const Node* prefix_node = map.text({"prefix", "the model's name begins with this"}, prefix);
  const Node* regex_node = map.text({"regex", "the whole name fits, in lower case"}, regex);
  map.finish();
  if ((prefix_node == nullptr) == (regex_node == nullptr)) {
    report.error(node.mark, "expected either `prefix` or `regex`");
    return;
  }
  if (prefix_node != nullptr) {
    out.push_back({place_of(node.mark, file), Match::Form::prefix, normal_model_id(prefix)});
  } else {
    check_pattern(*regex_node, regex, report);
    out.push_back({place_of(node.mark, file), Match::Form::regex, regex});
  }
}

// The later of two neighbouring periods must not change a rate tenfold unseen.
void check_change(const Period& before, const PeriodDraft& after, const Report& report) {
  if (after.confirmed) return;
  for (Kind k = 0; k < kKinds; ++k) {
    const auto& old_rate = before.bands.front().rates[k];
    const auto& new_rate = after.period.bands.front().rates[k];
    if (!old_rate || !new_rate || old_rate->picodollars == 0 || new_rate->picodollars == 0)
      continue;
    const auto tenfold = [](Rate rate) {
      rate.picodollars *= 10;
      return rate;
    };
    if (new_rate->dearer_than(tenfold(*old_rate)) || old_rate->dearer_than(tenfold(*new_rate))) {
      const yaml::Mark mark{after.period.place.line, after.period.place.column};
      report.error(mark,
                   fmt::format("{} changes more than tenfold, from {} to {}; if that is right, "
                               "add `confirm: \"why\"`",
                               file_name_of(k), dollars_per_million(*old_rate),
                               dollars_per_million(*new_rate)));
    }
  }
}

// Sorts by time, lets each period end where the next begins, refuses overlaps.
void arrange_periods(std::vector<PeriodDraft>& drafts, const Report& report) {
  std::ranges::stable_sort(
      drafts, [](const auto& a, const auto& b) { return a.period.from < b.period.from; });
  for (std::size_t i = 1; i < drafts.size(); ++i) {
    Period& before = drafts[i - 1].period;
    const Period& next = drafts[i].period;
    const yaml::Mark mark{next.place.line, next.place.column};
    if (before.from == next.from) {
      report.error(mark, fmt::format("a period from {} is already there", next.label));
    } else if (before.to == Time::max()) {
      before.to = next.from;
    } else if (before.to > next.from) {
      report.error(mark,
                   fmt::format("overlaps the period from {}, whose `to` is later", before.label));
    }
    check_change(before, drafts[i], report);
  }
}

void read_model(MapReader& map, std::size_t file, FileDraft& draft,
                std::vector<bool>& lists_rates) {
  Model model;
  model.place = place_of(map.mark(), file);
  map.text({"id", "the name in bills and metrics; matches itself", kRequired}, model.id);
  model.id = normal_model_id(model.id);
  const Node* match = map.take({"match", "further names: text, {prefix: } or {regex: }"});
  if (match != nullptr && match->kind == yaml::Kind::list) {
    for (const Node& item : match->items) read_match(item, map.report(), file, model.match);
  } else if (match != nullptr) {
    read_match(*match, map.report(), file, model.match);
  }
  std::string comment;
  map.text({"comment", "for people: where catalogues disagree, what is not modelled"}, comment);
  // The most anybody's model is said to read, several times over: a slip of the keyboard is more.
  constexpr std::int64_t kTokensMax = 1'000'000'000;
  map.map({"limits", "what it reads and says at most, in tokens"}, [&](MapReader& inner) {
    inner.integer({"context", "input of one request"}, model.limits.context, 1, kTokensMax);
    inner.integer({"output", "output of one answer"}, model.limits.output, 1, kTokensMax);
  });
  read_modifiers(map, model.modifiers);
  if (auto discount = read_discount(map, file)) model.contracts.push_back(std::move(*discount));
  std::vector<PeriodDraft> periods;
  map.list({"periods", "what it costs, and when"}, [&](MapReader& inner, const Node&) {
    PeriodDraft period;
    period.overlay = draft.is_overlay;
    read_period(inner, file, period);
    periods.push_back(std::move(period));
  });
  if (map.describing()) return;
  arrange_periods(periods, map.report());
  bool complete = true;
  for (PeriodDraft& period : periods) {
    complete = complete && period.has_rates;
    model.periods.push_back(std::move(period.period));
  }
  lists_rates.push_back(complete && !model.periods.empty());
  draft.list.models.push_back(std::move(model));
}

void read_alias(MapReader& map, std::size_t file, std::vector<Alias>& out) {
  Alias alias;
  alias.place = place_of(map.mark(), file);
  map.text({"name", "a name that points at different models over time", kRequired}, alias.name);
  map.text({"model", "id of the model it means", kRequired}, alias.model);
  read_time(map, {"from", "since when"}, alias.from);
  read_time(map, {"to", "until when, exclusive"}, alias.to);
  alias.name = normal_model_id(alias.name);
  alias.model = normal_model_id(alias.model);
  if (!map.describing()) out.push_back(std::move(alias));
}

// A list has prices and no discounts; an overlay has contracted prices over a list's.
void check_form(const FileDraft& draft, const std::vector<bool>& lists_rates, const Node& root,
                const Report& report) {
  for (std::size_t i = 0; i < draft.list.models.size(); ++i) {
    const Model& model = draft.list.models[i];
    const yaml::Mark mark{model.place.line, model.place.column};
    if (draft.is_overlay) {
      if (!model.match.empty() || !model.modifiers.empty()) {
        report.error(mark,
                     "an overlay's model has no `match` and no `modifiers`: the list has them");
      }
      if (model.limits != ModelLimits{}) {
        report.error(mark, "an overlay's model has no `limits`: the list has them");
      }
      if (model.contracts.empty() == model.periods.empty()) {
        report.error(mark, "expected either `discount` or `periods` with contracted rates");
      }
    } else {
      if (!model.contracts.empty()) {
        report.error(mark, "`discount` belongs into an overlay, not into a list");
      }
      if (!lists_rates[i]) {
        report.error(mark, fmt::format("model {} has no rates; every period needs some",
                                       yaml::in_quotes(model.id)));
      }
    }
  }
  if (!draft.is_overlay && !draft.list.contracts.empty()) {
    report.error(root.mark, "`discount` belongs into an overlay, not into a list");
  }
}

// An overlay's periods are contracts in the making.
void turn_into_contracts(Model& model) {
  for (Period& period : model.periods) {
    Contract contract;
    contract.place = period.place;
    contract.from = period.from;
    contract.to = period.to;
    contract.bands = std::move(period.bands);
    model.contracts.push_back(std::move(contract));
  }
  model.periods.clear();
}

}  // namespace

void read_root(MapReader& map, std::size_t file_index, FileDraft& draft) {
  PriceList& list = draft.list;
  std::int64_t schema = kSchema;
  map.integer({"schema", "version of this format", kRequired}, schema, kSchema, kSchema);
  const Node* name = map.text({"list", "the list's name, as in a provider's `prices:`"}, list.name);
  std::string overlay;
  const Node* over =
      map.text({"overlay", "name of the list whose prices a contract changes"}, overlay);
  map.text({"provider", "the OpenTelemetry name of the provider"}, list.provider);
  const Node* checked = map.text({"checked", "day the figures were last compared"}, list.checked);
  map.texts({"sources", "where the figures come from"}, list.sources);
  map.texts({"inherits", "lists asked for models that are not listed here"}, list.inherits);
  std::string comment;
  map.text({"comment", "for people"}, comment);
  read_modifiers(map, list.modifiers);
  if (auto discount = read_discount(map, file_index))
    list.contracts.push_back(std::move(*discount));
  map.list({"aliases", "names whose meaning has dates"},
           [&](MapReader& inner, const Node&) { read_alias(inner, file_index, list.aliases); });
  draft.is_overlay = over != nullptr;
  std::vector<bool> lists_rates;
  const Node* models = map.list(
      {"models", "the priced models"},
      [&](MapReader& inner, const Node&) { read_model(inner, file_index, draft, lists_rates); });
  if (map.describing()) return;

  const yaml::Mark top = map.mark();
  list.place = place_of(name != nullptr ? name->mark : top, file_index);
  if ((name == nullptr) == (over == nullptr)) {
    map.report().error(top,
                       "expected either `list` (prices) or `overlay` (a contract over a list)");
  }
  if (checked != nullptr && (list.checked.size() != 10 || !parse_rfc3339(list.checked))) {
    map.report().error(checked->mark, "expected a day like 2026-11-20");
  }
  if (!draft.is_overlay) {
    if (list.provider.empty()) map.report().error(top, "missing key \"provider\"");
    if (checked == nullptr) map.report().error(top, "missing key \"checked\"");
    if (list.sources.empty()) map.report().error(top, "missing key \"sources\"");
    if (models == nullptr && list.inherits.empty())
      map.report().error(top, "missing key \"models\"");
  }
  yaml::Node root;
  root.mark = top;
  check_form(draft, lists_rates, root, map.report());
  if (!draft.is_overlay) return;
  list.place = place_of(over->mark, file_index);
  list.name = overlay;
  for (Model& model : list.models) turn_into_contracts(model);
}

std::optional<FileDraft> read_file_draft(const yaml::Document& document, std::size_t file_index,
                                         yaml::Problems& problems) {
  const Report report{document.file, &problems};
  MapReader map(document.root, report);
  if (document.root.kind != yaml::Kind::map) return std::nullopt;
  FileDraft draft;
  read_root(map, file_index, draft);
  map.finish();
  return draft;
}

}  // namespace tokenweir::pricing
