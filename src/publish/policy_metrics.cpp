#include "publish/policy_metrics.h"

#include <algorithm>
#include <array>

#include "publish/family.h"
#include "publish/gauges.h"
#include "publish/text.h"

namespace tokenweir::publish {
namespace {

using Budget = PolicySample::Budget;

std::string full_name(std::string_view name) { return std::string(kMetricPrefix).append(name); }

// Money keeps its last digit, so it does not go through a double.
void append_usd(std::string& out, std::string_view name, const Budget& budget, Int128 value) {
  out += name;
  out += "{budget=\"";
  append_label_value(out, presentable(budget.name));
  out += "\",window=\"";
  append_label_value(out, budget.window);
  out += "\"} ";
  append_decimal(out, value, 12);
  out += '\n';
}

template <typename Value>
void append_usd_gauge(std::string& out, const PolicySample& sample, std::string_view name,
                      std::string_view help, Value value) {
  const std::string full = full_name(name);
  append_header(out, full, MetricType::gauge, help);
  for (const Budget& budget : sample.budgets) {
    if (budget.limit) append_usd(out, full, budget, value(budget));
  }
}

template <typename Value>
void append_edges(std::string& out, const PolicySample& sample, std::string_view name,
                  std::string_view help, Value edge) {
  const std::string full = full_name(name);
  append_header(out, full, MetricType::gauge, help);
  for (const Budget& budget : sample.budgets) {
    const std::optional<Time> time = edge(budget);
    if (!time) continue;
    append_sample(out, full, {{"budget", budget.name}, {"window", budget.window}},
                  static_cast<double>(time->time_since_epoch().count()) / 1e6);
  }
}

std::string_view state_of(const Budget& budget, const std::map<std::string, LadderMarks>& marks) {
  const auto found = marks.find(budget.name);
  const LadderMarks ladder = found == marks.end() ? LadderMarks{} : found->second;
  if (budget.spent_millionths >= ladder.reject_at.value_or(1'000'000)) return "exhausted";
  if (ladder.warn_at && budget.spent_millionths >= *ladder.warn_at) return "warned";
  return "ok";
}

void append_budgets(std::string& out, const PolicySample& sample,
                    const std::map<std::string, LadderMarks>& marks) {
  if (sample.budgets.empty()) return;
  append_usd_gauge(out, sample, "budget_limit_usd", "Limit of the budget, overrides applied.",
                   [](const Budget& b) { return Int128{*b.limit}; });
  append_usd_gauge(out, sample, "budget_spent_usd", "Settled in the window of now.",
                   [](const Budget& b) { return Int128{b.spent}; });
  append_usd_gauge(out, sample, "budget_reserved_usd", "Held for requests in flight.",
                   [](const Budget& b) { return Int128{b.held}; });
  append_usd_gauge(out, sample, "budget_remaining_usd",
                   "Limit minus spent minus reserved; may be negative.",
                   [](const Budget& b) { return Int128{*b.limit} - b.spent - b.held; });
  append_edges(out, sample, "budget_window_start_timestamp_seconds",
               "Unix time at which the window of now began.",
               [](const Budget& b) { return b.begins; });
  append_edges(out, sample, "budget_window_end_timestamp_seconds",
               "Unix time at which the window of now ends.",
               [](const Budget& b) { return b.ends; });
  const std::string full = full_name("budget_state");
  append_header(out, full, MetricType::gauge, "1 for the state the budget is in.");
  for (const Budget& budget : sample.budgets) {
    const std::string_view now = state_of(budget, marks);
    for (const std::string_view state : {"ok", "warned", "exhausted"}) {
      append_sample(out, full,
                    {{"budget", budget.name}, {"window", budget.window}, {"state", state}},
                    state == now ? 1 : 0);
    }
  }
}

void append_runs(std::string& out, const PolicySample& sample, std::size_t workflows_max) {
  std::string full = full_name("runs_active");
  append_header(out, full, MetricType::gauge, "Runs that made a request within the idle window.");
  std::size_t shown = 0;
  std::int64_t others = 0;
  for (const auto& [workflow, count] : sample.runs_active) {
    if (++shown > workflows_max) {
      others += count;
      continue;
    }
    append_sample(out, full, {{"workflow", workflow.empty() ? "_unset" : workflow}},
                  static_cast<double>(count));
  }
  if (others > 0) append_sample(out, full, {{"workflow", "_other"}}, static_cast<double>(others));
  full = full_name("loop_detections_total");
  append_header(out, full, MetricType::counter,
                "Findings of run caps and loop detectors by what followed.");
  for (const PolicySample::Detection& found : sample.detections) {
    append_sample(out, full,
                  {{"workflow", found.workflow.empty() ? "_unset" : found.workflow},
                   {"detector", found.detector},
                   {"action", found.action}},
                  static_cast<double>(found.count));
  }
}

void append_orders(std::string& out, const PolicySample& sample) {
  std::string full = full_name("kill_switches_active");
  append_header(out, full, MetricType::gauge, "Kill switches in force by scope.");
  for (const auto& [scope, count] : sample.kill_switches) {
    append_sample(out, full, {{"scope", scope}}, static_cast<double>(count));
  }
  full = full_name("admin_actions_total");
  append_header(out, full, MetricType::counter, "Orders of operators by action.");
  for (const auto& [action, count] : sample.admin_actions) {
    append_sample(out, full, {{"action", action}}, static_cast<double>(count));
  }
}

}  // namespace

std::map<std::string, LadderMarks> ladder_marks(const config::Config& config) {
  std::map<std::string, LadderMarks> marks;
  for (const config::Budget& budget : config.policy.budgets) {
    LadderMarks& mark = marks[budget.name];
    for (const config::LadderStep& step : budget.ladder) {
      auto& slot = step.reject ? mark.reject_at : mark.warn_at;
      // Every step before the last is a word of warning: a downgrade, a smaller cap.
      slot = std::min(slot.value_or(step.at), step.at);
    }
  }
  return marks;
}

void append_policy(std::string& out, const PolicySample& sample,
                   const std::map<std::string, LadderMarks>& marks, std::size_t workflows_max) {
  append_budgets(out, sample, marks);
  append_runs(out, sample, workflows_max);
  append_orders(out, sample);
}

}  // namespace tokenweir::publish
