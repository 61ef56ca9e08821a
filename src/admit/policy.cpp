#include "admit/policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "admit/model_names.h"

namespace tokenweir::admit {
namespace {

using budget::Measure;
using budget::Property;

budget::Selector selector_of(const config::Match& match) {
  std::vector<budget::Selector::Condition> conditions;
  for (const config::Condition& condition : match) {
    const auto subject = budget::Subject::named(condition.key);
    if (!subject) continue;  // the configuration's reader knows no other words
    budget::Selector::Condition compiled{*subject, {}};
    for (const std::string& glob : condition.globs) compiled.globs.emplace_back(glob);
    conditions.push_back(std::move(compiled));
  }
  return budget::Selector(std::move(conditions));
}

std::vector<budget::Subject> subjects_of(const std::vector<std::string>& per) {
  std::vector<budget::Subject> subjects;
  for (const std::string& word : per) {
    if (auto subject = budget::Subject::named(word)) subjects.push_back(std::move(*subject));
  }
  return subjects;
}

budget::WindowKind window_of(config::Window window) {
  switch (window) {
    case config::Window::run:
      return budget::WindowKind::run;
    case config::Window::minute:
      return budget::WindowKind::minute;
    case config::Window::hour:
      return budget::WindowKind::hour;
    case config::Window::day:
      return budget::WindowKind::day;
    case config::Window::week:
      return budget::WindowKind::week;
    case config::Window::month:
      return budget::WindowKind::month;
    case config::Window::year:
      return budget::WindowKind::year;
    case config::Window::total:
      return budget::WindowKind::total;
    case config::Window::rolling:
      return budget::WindowKind::rolling;
  }
  return budget::WindowKind::total;
}

bool enforces(const std::optional<config::Enforcement>& own) {
  return own.value_or(config::Enforcement::enforce) == config::Enforcement::enforce;
}

Result<budget::Rule, std::string> rule_of(const config::Budget& budget) {
  budget::Rule rule;
  rule.name = budget.name;
  rule.match = selector_of(budget.match);
  rule.per = subjects_of(budget.per);
  const auto limit = [&](Measure measure, const std::optional<std::int64_t>& value) {
    rule.limits[static_cast<std::size_t>(measure)] = value;
  };
  if (budget.limit.usd) limit(Measure::usd, budget.limit.usd->picodollars());
  limit(Measure::requests, budget.limit.requests);
  limit(Measure::input_tokens, budget.limit.input_tokens);
  limit(Measure::output_tokens, budget.limit.output_tokens);
  limit(Measure::total_tokens, budget.limit.total_tokens);
  rule.window.kind = window_of(budget.window);
  rule.window.length = budget.length;
  rule.window.zone_name = budget.timezone;
  if (!budget.timezone_rules.empty()) {
    auto zone = budget::TimeZone::parse(budget.timezone_rules);
    if (!zone) {
      return failure(fmt::format("the time zone {} of the budget {} cannot be read",
                                 budget.timezone, budget.name));
    }
    rule.window.zone = std::make_shared<const budget::TimeZone>(std::move(*zone));
  }
  rule.reject_at.reset();
  for (const config::LadderStep& step : budget.ladder) {
    if (step.reject) rule.reject_at = step.at;
  }
  rule.enforce = enforces(budget.enforcement);
  rule.contact = budget.contact;
  return rule;
}

// Named by its place: rates have no names in the file, and a name of its own must differ from every
// budget's.
budget::Rule rule_of(const config::Rate& rate, std::size_t place) {
  budget::Rule rule;
  rule.name = fmt::format("rates[{}]", place);
  rule.kind = budget::RuleKind::rate;
  rule.match = selector_of(rate.match);
  rule.per = subjects_of(rate.per);
  rule.limits[static_cast<std::size_t>(Measure::requests)] = rate.requests_per_minute;
  rule.limits[static_cast<std::size_t>(Measure::total_tokens)] = rate.tokens_per_minute;
  rule.limits[static_cast<std::size_t>(Measure::concurrent)] = rate.concurrent;
  rule.window.kind = budget::WindowKind::rolling;
  rule.window.length = std::chrono::minutes(1);
  rule.enforce = enforces(rate.enforcement);
  return rule;
}

// A run's caps on money and tokens that stop it are accounts like any other: what is held counts,
// so no number of requests side by side passes them. `remember` ends their window.
std::optional<budget::Rule> rule_of(const config::RunRules& runs) {
  budget::Rule rule;
  rule.name = "runs";
  rule.per = {*budget::Subject::named("run")};
  rule.window.kind = budget::WindowKind::run;
  const auto stops = [](const auto& cap) { return cap && cap->mode == config::RunMode::stop; };
  if (stops(runs.max_usd)) {
    rule.limits[static_cast<std::size_t>(Measure::usd)] = runs.max_usd->limit.picodollars();
  }
  if (stops(runs.max_tokens)) {
    rule.limits[static_cast<std::size_t>(Measure::total_tokens)] = runs.max_tokens->limit;
  }
  if (!stops(runs.max_usd) && !stops(runs.max_tokens)) return std::nullopt;
  return rule;
}

std::vector<std::string> pinned_to(const std::string& budget,
                                   const std::vector<config::Credential>& credentials) {
  std::vector<std::string> names;
  for (const config::Credential& credential : credentials) {
    const auto pin = credential.pins.find("budget");
    if (pin != credential.pins.end() && pin->second == budget) names.push_back(credential.name);
  }
  return names;
}

Allowance tools_of(const config::Permissions& permissions) {
  Allowance allowance;
  for (const std::string& glob : permissions.allow) allowance.allow.emplace_back(glob);
  for (const std::string& glob : permissions.deny) allowance.deny.emplace_back(glob);
  return allowance;
}

// What is denied is compared with folded names, of which one has no provider's prefix.
Allowance models_of(const config::Permissions& permissions) {
  Allowance allowance;
  for (const std::string& glob : permissions.allow) allowance.allow.emplace_back(glob);
  for (const std::string& glob : permissions.deny) {
    const std::string folded = folded_model(glob);
    allowance.deny.emplace_back(folded);
    const std::size_t slash = folded.rfind('/');
    const bool plain = folded.find_first_of("*?") == folded.npos;
    if (plain && slash != folded.npos) allowance.deny.emplace_back(folded.substr(slash + 1));
  }
  return allowance;
}

// Whether a rule asks which model a request is for.
template <typename Rule>
bool goes_by_model(const Rule& rule) {
  const auto named = [](const config::Condition& condition) { return condition.key == "model"; };
  if (std::ranges::any_of(rule.match, named)) return true;
  if constexpr (requires { rule.per; }) {
    return std::ranges::find(rule.per, "model") != rule.per.end();
  }
  return false;
}

template <typename Map>
auto* entry_of(const Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

bool Allowance::denies(std::string_view name) const {
  return std::ranges::any_of(deny, [&](const budget::Glob& glob) { return glob.matches(name); });
}
bool Allowance::allows(std::string_view name) const {
  return allow.empty() ||
         std::ranges::any_of(allow, [&](const budget::Glob& glob) { return glob.matches(name); });
}
bool Allowance::permits(std::string_view name) const { return !denies(name) && allows(name); }

Policy::Permits Policy::permits_of(const config::Permissions& models,
                                   const config::Permissions& tools) {
  return {models_of(models), tools_of(tools), !models.allow.empty() || !models.deny.empty(),
          !tools.allow.empty() || !tools.deny.empty()};
}

Result<Policy, std::string> Policy::compile(const config::Config& config) {
  Policy policy;
  const config::Policy& rules = config.policy;
  for (const config::Budget& budget : rules.budgets) {
    auto rule = rule_of(budget);
    if (!rule) return failure(std::move(rule.error()));
    rule->pinned = pinned_to(budget.name, config.credentials);
    policy.book_rules_.push_back(std::move(*rule));
    const bool only_rejects = std::ranges::all_of(
        budget.ladder, [](const config::LadderStep& step) { return step.reject; });
    if (!only_rejects) policy.ladders_.push_back({budget.name, budget.ladder});
  }
  for (std::size_t i = 0; i < rules.rates.size(); ++i) {
    policy.book_rules_.push_back(rule_of(rules.rates[i], i));
  }
  if (auto rule = rule_of(rules.runs)) policy.book_rules_.push_back(std::move(*rule));
  for (const config::OutputCap& cap : rules.output_caps) {
    policy.output_caps_.push_back({selector_of(cap.match), cap});
  }
  for (const config::InputCap& cap : rules.input_caps) {
    policy.input_caps_.push_back({selector_of(cap.match), cap});
  }
  for (const config::AbortRule& rule : rules.abort_policy.rules) {
    policy.abort_rules_.push_back({selector_of(rule.match), rule});
  }
  config::AbortRule standard;
  standard.action = rules.abort_policy.standard;
  policy.abort_rules_.push_back({budget::Selector(), standard});
  for (const config::Workflow& workflow : config.workflows) {
    policy.by_workflow_[workflow.name] = permits_of(workflow.models, workflow.tools);
  }
  for (const config::Credential& credential : config.credentials) {
    policy.by_credential_[credential.name] =
        permits_of({credential.models_allow, credential.models_deny}, credential.tools);
  }
  const auto any_by_model = [](const auto& list) {
    return std::ranges::any_of(list, [](const auto& rule) { return goes_by_model(rule); });
  };
  policy.selects_models_ = any_by_model(rules.output_caps) || any_by_model(rules.input_caps) ||
                           any_by_model(rules.budgets) || any_by_model(rules.rates);
  policy.enforcing_ = config.enforcement == config::Enforcement::enforce;
  policy.unknown_model_ = config.unknown_model;
  policy.raw_hold_ = rules.raw_hold;
  policy.async_jobs_ = rules.async_jobs;
  return policy;
}

LadderState Policy::climb(std::span<const budget::Standing> standings,
                          std::string_view model) const {
  LadderState state;
  for (const budget::Standing& standing : standings) {
    const auto ladder = std::ranges::find(ladders_, standing.name, &Ladder::budget);
    if (ladder == ladders_.end()) continue;
    bool warned = false;
    // Of several steps of one kind the highest that was reached holds.
    std::optional<std::int64_t> cap;
    std::string instead;
    for (const config::LadderStep& step : ladder->steps) {
      if (standing.millionths < step.at) break;
      warned = warned || step.warn;
      if (step.output_cap) cap = step.output_cap;
      for (const auto& [glob, target] : step.downgrade) {
        if (!budget::Glob(glob).matches(model)) continue;
        instead = target;
        break;
      }
    }
    const auto listed = std::ranges::find(state.warned, ladder->budget);
    if (warned && listed == state.warned.end()) state.warned.push_back(ladder->budget);
    if (cap) state.output_cap = std::min(state.output_cap.value_or(INT64_MAX), *cap);
    if (!instead.empty() && state.model.empty() && instead != model) {
      state.model = instead;
      state.downgraded_by = ladder->budget;
    }
  }
  return state;
}

std::array<const Policy::Permits*, 2> Policy::permits_for(std::string_view workflow,
                                                          std::string_view credential) const {
  return {entry_of(by_workflow_, workflow), entry_of(by_credential_, credential)};
}

bool Policy::judges_models(std::string_view workflow, std::string_view credential) const {
  return std::ranges::any_of(permits_for(workflow, credential), [](const Permits* permits) {
    return permits != nullptr && permits->judges_models;
  });
}

bool Policy::judges_tools(std::string_view workflow, std::string_view credential) const {
  return std::ranges::any_of(permits_for(workflow, credential), [](const Permits* permits) {
    return permits != nullptr && permits->judges_tools;
  });
}

bool Policy::permits_model(std::string_view workflow, std::string_view credential,
                           std::string_view model, std::span<const std::string> names) const {
  if (denies_model(workflow, credential, names)) return false;
  return std::ranges::all_of(permits_for(workflow, credential), [&](const Permits* permits) {
    return permits == nullptr || permits->models.allows(model);
  });
}

bool Policy::denies_model(std::string_view workflow, std::string_view credential,
                          std::span<const std::string> names) const {
  return std::ranges::any_of(permits_for(workflow, credential), [&](const Permits* permits) {
    return permits != nullptr && std::ranges::any_of(names, [&](const std::string& name) {
             return permits->models.denies(name);
           });
  });
}

std::string_view Policy::denied_tool(std::string_view workflow, std::string_view credential,
                                     std::span<const std::string> tools) const {
  for (const std::string& tool : tools) {
    for (const Permits* const permits : permits_for(workflow, credential)) {
      if (permits != nullptr && !permits->tools.permits(tool)) return tool;
    }
  }
  return {};
}

bool Policy::has_hard_usd(const budget::Facts& facts) const {
  return std::ranges::any_of(book_rules_, [&](const budget::Rule& rule) {
    if (!rule.limits[0] || !rule.reject_at || !rule.enforce) return false;
    const bool of_run = std::ranges::any_of(rule.per, [](const budget::Subject& subject) {
      return subject.tag.empty() && subject.property == Property::run;
    });
    if (of_run && facts[Property::run].empty()) return false;
    return rule.concerns(facts);
  });
}

config::AbortRule Policy::abort_rule(const budget::Facts& facts) const {
  for (const AbortMatch& candidate : abort_rules_) {
    if (candidate.match.matches(facts)) return candidate.rule;
  }
  return {};
}

budget::Facts facts_of(const Attribution& attribution, std::string_view provider,
                       std::string_view model, std::string_view endpoint,
                       std::span<const budget::Ancestor> ancestors) {
  budget::Facts facts;
  facts[Property::workflow] = attribution.workflow;
  facts[Property::run] = attribution.run;
  facts[Property::parent_run] = attribution.parent_run;
  facts[Property::user] = attribution.user;
  facts[Property::customer] = attribution.customer;
  facts[Property::team] = attribution.team;
  facts[Property::credential] = attribution.credential;
  facts[Property::provider] = provider;
  facts[Property::model] = model;
  facts[Property::endpoint] = endpoint;
  facts[Property::purpose] = attribution.purpose;
  facts.tags = attribution.tags;
  facts.ancestors = ancestors;
  return facts;
}

}  // namespace tokenweir::admit
