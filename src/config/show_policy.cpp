#include "config/show_policy.h"

#include "yaml/values.h"

namespace tokenweir::config {
namespace {

std::string_view word(RunMode mode) {
  constexpr std::string_view kWords[] = {"observe", "slow", "stop"};
  return kWords[static_cast<std::size_t>(mode)];
}
std::string_view word(Window window) {
  constexpr std::string_view kWords[] = {"run",   "minute", "hour",  "day",    "week",
                                         "month", "year",   "total", "rolling"};
  return kWords[static_cast<std::size_t>(window)];
}
std::string_view word(AbortAction action) {
  constexpr std::string_view kWords[] = {"auto", "cancel", "drain"};
  return kWords[static_cast<std::size_t>(action)];
}

void add_enforcement(Flow& flow, const std::optional<Enforcement>& enforcement) {
  if (enforcement) flow.raw("enforcement", word(*enforcement));
}

Flow match_flow(const Match& match) {
  Flow flow;
  for (const Condition& condition : match) flow.list(quoted_text(condition.key), condition.globs);
  return flow;
}

std::string ladder(const Budget& budget) {
  std::string out;
  for (const LadderStep& step : budget.ladder) {
    Flow flow;
    flow.raw("at", yaml::format_millionths(step.at));
    if (step.warn) flow.flag("warn", true);
    if (step.reject) flow.flag("reject", true);
    Flow models;
    for (const auto& [from, to] : step.downgrade) models.text(quoted_text(from), to);
    if (!models.empty()) flow.map("downgrade", models);
    flow.number("output_cap", step.output_cap);
    out += (out.empty() ? "" : ", ") + flow.done();
  }
  return "[" + out + "]";
}

}  // namespace

std::vector<Flow> show_output_caps(const Policy& policy) {
  std::vector<Flow> items;
  for (const OutputCap& cap : policy.output_caps) {
    Flow flow;
    flow.map("match", match_flow(cap.match)).number("max", cap.most);
    flow.number("default", cap.standard).number("reasoning_floor", cap.reasoning_floor);
    flow.raw("on_exceed", cap.on_exceed == OutputCap::OnExceed::clamp ? "clamp" : "reject");
    add_enforcement(flow, cap.enforcement);
    items.push_back(std::move(flow));
  }
  return items;
}

std::vector<Flow> show_input_caps(const Policy& policy) {
  std::vector<Flow> items;
  for (const InputCap& cap : policy.input_caps) {
    Flow flow;
    flow.map("match", match_flow(cap.match)).number("max_input_tokens", cap.max_input_tokens);
    flow.raw("on_exceed", "reject");
    add_enforcement(flow, cap.enforcement);
    items.push_back(std::move(flow));
  }
  return items;
}

std::vector<Flow> show_rates(const Policy& policy) {
  std::vector<Flow> items;
  for (const Rate& rate : policy.rates) {
    Flow flow;
    flow.map("match", match_flow(rate.match)).list("per", rate.per);
    flow.number("requests_per_minute", rate.requests_per_minute);
    flow.number("tokens_per_minute", rate.tokens_per_minute);
    flow.number("concurrent", rate.concurrent);
    add_enforcement(flow, rate.enforcement);
    items.push_back(std::move(flow));
  }
  return items;
}

std::vector<Flow> show_budgets(const Policy& policy) {
  std::vector<Flow> items;
  for (const Budget& budget : policy.budgets) {
    const BudgetLimit& limit = budget.limit;
    Flow flow;
    flow.text("name", budget.name).map("match", match_flow(budget.match)).list("per", budget.per);
    flow.map("limit", Flow()
                          .money("usd", limit.usd)
                          .number("requests", limit.requests)
                          .number("input_tokens", limit.input_tokens)
                          .number("output_tokens", limit.output_tokens)
                          .number("total_tokens", limit.total_tokens));
    flow.raw("window", word(budget.window));
    if (budget.window == Window::rolling) flow.raw("length", show_duration(budget.length));
    if (is_calendar(budget.window)) flow.text("timezone", budget.timezone);
    flow.raw("ladder", ladder(budget)).text("contact", budget.contact);
    add_enforcement(flow, budget.enforcement);
    items.push_back(std::move(flow));
  }
  return items;
}

Flow show_runs(const RunRules& rules) {
  Flow flow;
  flow.raw("remember", show_duration(rules.remember));
  const auto add = [&](std::string_view key, const auto& rule, auto fill) {
    if (!rule) return;
    Flow inner;
    fill(inner, *rule);
    flow.map(key, inner.raw("mode", word(rule->mode)));
  };
  add("max_steps", rules.max_steps, [](Flow& f, const auto& r) { f.number("limit", r.limit); });
  add("max_usd", rules.max_usd, [](Flow& f, const auto& r) { f.money("limit", r.limit); });
  add("max_tokens", rules.max_tokens, [](Flow& f, const auto& r) { f.number("limit", r.limit); });
  add("max_wall_time", rules.max_wall_time,
      [](Flow& f, const auto& r) { f.raw("limit", show_duration(r.limit)); });
  add("max_concurrent", rules.max_concurrent,
      [](Flow& f, const auto& r) { f.number("limit", r.limit); });
  add("max_depth", rules.max_depth, [](Flow& f, const auto& r) { f.number("limit", r.limit); });
  add("max_retries", rules.max_retries,
      [](Flow& f, const auto& r) { f.number("per_step", r.per_step); });
  add("repeated_request", rules.repeated_request, [](Flow& f, const auto& r) {
    f.number("times", r.times).raw("within", show_duration(r.within));
  });
  add("near_repeated_request", rules.near_repeated_request,
      [](Flow& f, const auto& r) { f.number("times", r.times); });
  add("repeated_tool_call", rules.repeated_tool_call,
      [](Flow& f, const auto& r) { f.number("times", r.times).flag("any_result", r.any_result); });
  add("error_loop", rules.error_loop, [](Flow& f, const auto& r) { f.number("times", r.times); });
  add("no_progress", rules.no_progress, [](Flow& f, const auto& r) { f.number("steps", r.steps); });
  add("context_growth", rules.context_growth, [](Flow& f, const auto& r) {
    f.number("input_tokens", r.input_tokens).number("factor", r.factor);
  });
  add("cycle", rules.cycle, [](Flow& f, const auto& r) {
    f.number("length_max", r.length_max).number("repeats", r.repeats);
  });
  add("cost_velocity", rules.cost_velocity, [](Flow& f, const auto& r) {
    f.money("usd_per_minute", r.usd_per_minute).raw("sustained", show_duration(r.sustained));
  });
  return flow;
}

Flow show_abort_policy(const AbortPolicy& policy) {
  std::string rules;
  for (const AbortRule& rule : policy.rules) {
    Flow flow;
    flow.map("match", match_flow(rule.match));
    if (rule.action == AbortAction::drain) {
      flow.map(
          "drain",
          Flow().number("max_tokens", rule.max_tokens).number("max_seconds", rule.max_seconds));
    } else {
      flow.flag(word(rule.action), true);
    }
    rules += (rules.empty() ? "" : ", ") + flow.done();
  }
  return Flow().raw("default", word(policy.standard)).raw("rules", "[" + rules + "]");
}

}  // namespace tokenweir::config
