// Budgets: what is limited, when it starts anew, and what happens on the way up.
#include <algorithm>

#include "config/names.h"
#include "config/reading.h"

namespace tokenweir::config {
namespace {

using std::chrono::milliseconds;
using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void read_limit(MapReader& map, BudgetLimit& limit) {
  const Node* node = map.map({"limit", "at least one", kRequired}, [&](MapReader& inner) {
    const Node* usd = inner.money({"usd", "dollars"}, limit.usd);
    if (usd != nullptr && *limit.usd == Money{}) {
      inner.report().error(usd->mark, "a limit must be more than nothing");
    }
    inner.integer({"requests", "exchanges"}, limit.requests, 1);
    inner.integer({"input_tokens", "of any class"}, limit.input_tokens, 1);
    inner.integer({"output_tokens", "of any class"}, limit.output_tokens, 1);
    inner.integer({"total_tokens", "input and output"}, limit.total_tokens, 1);
  });
  if (node != nullptr && node->entries.empty()) {
    map.report().error(node->mark, "expected a limit in usd, requests or tokens");
  }
}

// One step takes exactly one action.
void read_step(MapReader& map, std::vector<LadderStep>& ladder) {
  LadderStep step;
  const Node* at = map.millionths({"at", "share of the limit, more than 0, at most 1", kRequired},
                                  step.at, 1, 1'000'000);
  const Node* warn = map.boolean({"warn", "note it"}, step.warn);
  yaml::Shape model;
  model.type = yaml::Shape::Type::text;
  const Node* downgrade = map.table(
      {"downgrade", "model: the model asked for instead"}, model, [&](const Node::Entry& entry) {
        const auto target = yaml::read_text(entry.value, map.report());
        if (target && (!is_good_text(entry.key) || !is_good_text(*target))) {
          map.report().error(entry.mark, "a model has 1 to 128 printable bytes");
        }
        if (target) step.downgrade.emplace_back(entry.key, *target);
      });
  map.integer({"output_cap", "most output tokens of one answer"}, step.output_cap, 1, kMostTokens);
  const Node* reject = map.boolean({"reject", "refuse what comes next"}, step.reject);
  if (map.describing()) return;
  const int actions = (step.warn ? 1 : 0) + (step.reject ? 1 : 0) +
                      (step.downgrade.empty() ? 0 : 1) + (step.output_cap ? 1 : 0);
  const bool misread =
      (warn == nullptr && downgrade == nullptr && reject == nullptr && !step.output_cap) ||
      actions != 1;
  if (misread) {
    map.report().error(map.mark(),
                       "expected exactly one of warn: true, downgrade, output_cap, reject: true");
  }
  if (at != nullptr && !ladder.empty() && step.at <= ladder.back().at) {
    map.report().error(at->mark, "the steps of a ladder rise");
  }
  if (!ladder.empty() && ladder.back().reject) {
    map.report().error(map.mark(), "no step can follow one that rejects");
  }
  ladder.push_back(std::move(step));
}

// Zone files begin with a fixed word (RFC 8536, 3.1); names never leave their folder.
bool read_timezone(const Reading& reading, const std::string& name, std::string& rules) {
  if (name == "UTC") return true;
  const bool plain = !name.empty() && name.front() != '/' && name.front() != '.' &&
                     name.find("..") == std::string::npos &&
                     name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_+-/") == std::string::npos;
  if (!plain) return false;
  std::string why;
  auto zone = reading.environment->file("/usr/share/zoneinfo/" + name, why);
  if (!zone || !zone->starts_with("TZif")) return false;
  rules = std::move(*zone);
  return true;
}

void read_budget(Reading& reading, MapReader& map, std::set<std::string>& names) {
  Budget budget;
  const Node* name =
      read_name(map, {"name", "in refusals, metrics and reports", kRequired}, budget.name);
  check_unique(names, budget.name, name, map.report(), "budget");
  read_match(reading, map, budget.match);
  read_per(map, budget.per);
  read_limit(map, budget.limit);
  const Node* window =
      map.choice<Window>({"window", "when it starts anew", kRequired}, budget.window,
                         {{"run", Window::run},
                          {"minute", Window::minute},
                          {"hour", Window::hour},
                          {"day", Window::day},
                          {"week", Window::week},
                          {"month", Window::month},
                          {"year", Window::year},
                          {"total", Window::total},
                          {"rolling", Window::rolling}});
  const Node* length = map.duration({"length", "of a rolling window"}, budget.length,
                                    milliseconds{60'000}, milliseconds{366 * 86'400'000ll});
  if (window != nullptr && (budget.window == Window::rolling) != (length != nullptr)) {
    map.report().error(length != nullptr ? length->mark : window->mark,
                       length != nullptr ? "only a rolling window has a length"
                                         : "a rolling window needs a length");
  }
  if (window != nullptr && budget.window == Window::run && !has(budget.per, "run")) {
    map.report().error(window->mark, "a window of a run needs `per: [run]`");
  }
  const Node* timezone = map.text({"timezone", "IANA name, for calendar windows"}, budget.timezone);
  if (timezone != nullptr && !read_timezone(reading, budget.timezone, budget.timezone_rules)) {
    map.report().error(timezone->mark, "no such time zone under /usr/share/zoneinfo: " +
                                           yaml::in_quotes(*timezone));
  }
  if (timezone != nullptr && window != nullptr && !is_calendar(budget.window)) {
    map.report().error(timezone->mark, "a time zone has no meaning for this window");
  }
  const Node* ladder =
      map.list({"ladder", "what happens on the way up; reject at 1 when absent"},
               [&](MapReader& item, const Node&) { read_step(item, budget.ladder); });
  if (ladder == nullptr) budget.ladder = {LadderStep{1'000'000, false, true, {}, {}}};
  read_name(map, {"contact", "named in refusals"}, budget.contact);
  read_enforcement(map, budget.enforcement);
  reading.config.policy.budgets.push_back(std::move(budget));
}

}  // namespace

void read_budgets(Reading& reading, MapReader& map) {
  std::set<std::string> names;
  map.list({"budgets", "limits on money, requests and tokens; all that match hold"},
           [&](MapReader& item, const Node&) { read_budget(reading, item, names); });
}

}  // namespace tokenweir::config
