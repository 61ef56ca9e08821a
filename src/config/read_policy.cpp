// The rules: caps, rates, budgets, run limits and what happens when a client leaves.
#include <algorithm>

#include "config/names.h"
#include "config/reading.h"

namespace tokenweir::config {
namespace {

using std::chrono::milliseconds;
using yaml::kRequired;
using yaml::MapReader;
using yaml::Node;

constexpr std::int64_t kMostTokens = 1'000'000'000'000;
constexpr std::int64_t kMostTimes = 1'000'000;

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void read_output_cap(Reading& reading, MapReader& map) {
  OutputCap cap;
  read_match(reading, map, cap.match);
  map.integer({"max", "most output tokens a request may ask for"}, cap.most, 1, kMostTokens);
  const Node* standard = map.integer(
      {"default", "inserted where the client sets no cap; nothing is inserted without it"},
      cap.standard, 1, kMostTokens);
  map.integer({"reasoning_floor", "models that think are never capped below this"},
              cap.reasoning_floor, 1, kMostTokens);
  map.choice({"on_exceed", "what happens to a request for more"}, cap.on_exceed,
             {{"clamp", OutputCap::OnExceed::clamp}, {"reject", OutputCap::OnExceed::reject}});
  read_enforcement(map, cap.enforcement);
  if (!map.describing() && !cap.most && !cap.standard) {
    map.report().error(map.mark(), "expected max, default or both");
  }
  if (standard != nullptr && cap.most && *cap.standard > *cap.most) {
    map.report().error(standard->mark, "the default is larger than max");
  }
  reading.config.policy.output_caps.push_back(std::move(cap));
}

void read_input_cap(Reading& reading, MapReader& map) {
  InputCap cap;
  read_match(reading, map, cap.match);
  map.integer({"max_input_tokens", "judged on the count", kRequired}, cap.max_input_tokens, 1,
              kMostTokens);
  enum class OnExceed : std::uint8_t { reject };
  OnExceed on_exceed = OnExceed::reject;
  map.choice({"on_exceed", "input is never shortened"}, on_exceed, {{"reject", OnExceed::reject}});
  read_enforcement(map, cap.enforcement);
  reading.config.policy.input_caps.push_back(std::move(cap));
}

void read_rate(Reading& reading, MapReader& map) {
  Rate rate;
  read_match(reading, map, rate.match);
  read_per(map, rate.per);
  map.integer({"requests_per_minute", "a sliding minute"}, rate.requests_per_minute, 1,
              kMostTokens);
  map.integer({"tokens_per_minute", "input and output"}, rate.tokens_per_minute, 1, kMostTokens);
  map.integer({"concurrent", "requests in flight"}, rate.concurrent, 1, kMostTimes);
  read_enforcement(map, rate.enforcement);
  const bool bounded = rate.requests_per_minute || rate.tokens_per_minute || rate.concurrent;
  if (!bounded && !map.describing()) {
    map.report().error(map.mark(), "expected requests_per_minute, tokens_per_minute or concurrent");
  }
  reading.config.policy.rates.push_back(std::move(rate));
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
  const Node* reject = map.boolean({"reject", "refuse what comes next"}, step.reject);
  if (map.describing()) return;
  const int actions =
      (step.warn ? 1 : 0) + (step.reject ? 1 : 0) + (step.downgrade.empty() ? 0 : 1);
  const bool misread =
      (warn == nullptr && downgrade == nullptr && reject == nullptr) || actions != 1;
  if (misread) {
    map.report().error(map.mark(), "expected exactly one of warn: true, downgrade, reject: true");
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
bool is_timezone(const Reading& reading, const std::string& name) {
  if (name == "UTC") return true;
  const bool plain = !name.empty() && name.front() != '/' && name.front() != '.' &&
                     name.find("..") == std::string::npos &&
                     name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_+-/") == std::string::npos;
  if (!plain) return false;
  std::string why;
  const auto zone = reading.environment->file("/usr/share/zoneinfo/" + name, why);
  return zone && zone->starts_with("TZif");
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
                          {"hour", Window::hour},
                          {"day", Window::day},
                          {"week", Window::week},
                          {"month", Window::month},
                          {"year", Window::year},
                          {"total", Window::total}});
  if (window != nullptr && budget.window == Window::run && !has(budget.per, "run")) {
    map.report().error(window->mark, "a window of a run needs `per: [run]`");
  }
  const Node* timezone = map.text({"timezone", "IANA name, for calendar windows"}, budget.timezone);
  if (timezone != nullptr && !is_timezone(reading, budget.timezone)) {
    map.report().error(timezone->mark, "no such time zone under /usr/share/zoneinfo: " +
                                           yaml::in_quotes(*timezone));
  }
  const bool calendar = budget.window != Window::run && budget.window != Window::total;
  if (timezone != nullptr && window != nullptr && !calendar) {
    map.report().error(timezone->mark, "a time zone has no meaning for this window");
  }
  const Node* ladder =
      map.list({"ladder", "what happens on the way up; reject at 1 when absent"},
               [&](MapReader& item, const Node&) { read_step(item, budget.ladder); });
  if (ladder == nullptr) budget.ladder = {LadderStep{1'000'000, false, true, {}}};
  read_name(map, {"contact", "named in refusals"}, budget.contact);
  read_enforcement(map, budget.enforcement);
  reading.config.policy.budgets.push_back(std::move(budget));
}

void read_mode(MapReader& map, RunMode& mode) {
  map.choice({"mode", "note it, slow the run down (at most 5 s a step), or stop it"}, mode,
             {{"observe", RunMode::observe}, {"slow", RunMode::slow}, {"stop", RunMode::stop}});
}

AbortAction read_drain(MapReader& map, AbortRule& rule) {
  const Node* node = map.map({"drain", "read on, within these bounds"}, [&](MapReader& inner) {
    inner.integer({"max_tokens", "then cancel"}, rule.max_tokens, 1, kMostTokens);
    inner.integer({"max_seconds", "then cancel"}, rule.max_seconds, 1, 86'400);
  });
  return node == nullptr ? AbortAction::automatic : AbortAction::drain;
}

void read_abort_rule(Reading& reading, MapReader& map) {
  AbortRule rule;
  read_match(reading, map, rule.match);
  bool automatic = false;
  bool cancel = false;
  map.boolean({"auto", "drain where cancelling saves nothing"}, automatic);
  map.boolean({"cancel", "close the connection to the provider"}, cancel);
  rule.action = read_drain(map, rule);
  const bool drain = rule.action == AbortAction::drain;
  if (!map.describing() && (automatic ? 1 : 0) + (cancel ? 1 : 0) + (drain ? 1 : 0) != 1) {
    map.report().error(map.mark(), "expected exactly one of auto: true, cancel: true, drain");
  }
  if (cancel) rule.action = AbortAction::cancel;
  reading.config.policy.abort_policy.rules.push_back(std::move(rule));
}

}  // namespace

void read_caps_and_rates(Reading& reading, MapReader& map) {
  reading.inert(map.list({"output_caps", "caps on output tokens; the first match wins"},
                         [&](MapReader& item, const Node&) { read_output_cap(reading, item); }),
                "output_caps");
  reading.inert(map.list({"input_caps", "caps on input tokens; the first match wins"},
                         [&](MapReader& item, const Node&) { read_input_cap(reading, item); }),
                "input_caps");
  reading.inert(map.list({"rates", "limits per minute and in flight; all that match hold"},
                         [&](MapReader& item, const Node&) { read_rate(reading, item); }),
                "rates");
}

void read_budgets(Reading& reading, MapReader& map) {
  std::set<std::string> names;
  reading.inert(map.list({"budgets", "limits on money, requests and tokens; all that match hold"},
                         [&](MapReader& item, const Node&) { read_budget(reading, item, names); }),
                "budgets");
}

void read_runs(Reading& reading, MapReader& map) {
  RunRules& runs = reading.config.policy.runs;
  const auto section = [](MapReader& inner, const char* key, std::string_view doc, auto& slot,
                          auto read) {
    inner.map({key, doc}, [&](MapReader& rule) {
      slot.emplace();
      read(rule, *slot);
      read_mode(rule, slot->mode);
    });
  };
  const Node* node = map.map({"runs", "limits on single runs, and loop detectors"}, [&](MapReader&
                                                                                            inner) {
    inner.duration({"remember", "how long an idle run is known"}, runs.remember,
                   milliseconds{60'000}, milliseconds{366 * 86'400'000ll});
    section(inner, "max_steps", "exchanges of one run", runs.max_steps,
            [](MapReader& rule, StepLimit& steps) {
              rule.integer({"limit", "exchanges", kRequired}, steps.limit, 1, kMostTimes);
            });
    section(
        inner, "max_retries", "attempts at one step", runs.max_retries,
        [](MapReader& rule, RetryLimit& retries) {
          rule.integer({"per_step", "attempts after the first"}, retries.per_step, 0, kMostTimes);
        });
    section(inner, "repeated_request", "the same request again", runs.repeated_request,
            [](MapReader& rule, RepeatedRequest& repeated) {
              rule.integer({"times", "sightings"}, repeated.times, 2, kMostTimes);
              rule.duration({"within", "of this time"}, repeated.within, milliseconds{1'000},
                            milliseconds{7 * 86'400'000ll});
            });
    section(inner, "repeated_tool_call", "the same tool call again", runs.repeated_tool_call,
            [](MapReader& rule, RepeatedToolCall& repeated) {
              rule.integer({"times", "sightings"}, repeated.times, 2, kMostTimes);
            });
    section(inner, "cycle", "a sequence of steps that repeats", runs.cycle,
            [](MapReader& rule, Cycle& cycle) {
              rule.integer({"length_max", "longest sequence"}, cycle.length_max, 1, 64);
              rule.integer({"repeats", "times in a row"}, cycle.repeats, 2, kMostTimes);
            });
    section(inner, "cost_velocity", "money per minute", runs.cost_velocity,
            [](MapReader& rule, CostVelocity& velocity) {
              rule.money({"usd_per_minute", "dollars", kRequired}, velocity.usd_per_minute);
              rule.duration({"sustained", "for this long"}, velocity.sustained, milliseconds{1'000},
                            milliseconds{86'400'000});
            });
  });
  reading.inert(node, "runs");
}

void read_abort_policy(Reading& reading, MapReader& map) {
  AbortPolicy& policy = reading.config.policy.abort_policy;
  const Node* node = map.map(
      {"abort_policy", "what happens to an answer whose client has left"}, [&](MapReader& inner) {
        inner.choice({"default", "auto drains where cancelling saves nothing"}, policy.standard,
                     {{"auto", AbortAction::automatic},
                      {"cancel", AbortAction::cancel},
                      {"drain", AbortAction::drain}});
        inner.list({"rules", "the first match wins"},
                   [&](MapReader& item, const Node&) { read_abort_rule(reading, item); });
      });
  const bool changed = policy.standard != AbortAction::automatic || !policy.rules.empty();
  if (changed) reading.inert(node, "abort_policy");
}

}  // namespace tokenweir::config
