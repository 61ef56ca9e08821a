// How rules stand, for the metrics.
#include <algorithm>
#include <limits>

#include "admin/operators.h"

namespace tokenweir::admin {
namespace {

using budget::Measure;
using budget::Property;
using publish::PolicySample;

// A run that asked for nothing for so long has come to rest.
constexpr std::chrono::minutes kIdle{5};
constexpr std::size_t kRunsAtOnce = 10'000;
// Of a budget with more accounts than this only so many are looked at: the book's lock is short.
constexpr std::size_t kAccountsLookedAt = 1'000;

// The largest share of a limit that is spent, in millionths.
std::int64_t spent_millionths(const budget::AccountView& view) {
  std::int64_t most = 0;
  for (const Measure measure : budget::kEveryMeasure) {
    const auto& limit = view.limits[static_cast<std::size_t>(measure)];
    if (!limit || measure == Measure::concurrent) continue;
    const Int128 spent = view.spent[measure];
    const Int128 share = *limit > 0 ? spent * 1'000'000 / *limit : 1'000'000;
    most = std::max(most, static_cast<std::int64_t>(
                              std::min<Int128>(share, std::numeric_limits<std::int64_t>::max())));
  }
  return most;
}

void sample_budgets(budget::Book& accounts, budget::Now now, PolicySample& sample) {
  for (const budget::AccountView& view : accounts.view(now, kAccountsLookedAt)) {
    if (view.kind != budget::RuleKind::budget) continue;
    const std::int64_t share = spent_millionths(view);
    // Views of one budget come one after the other.
    const bool another = sample.budgets.empty() || sample.budgets.back().name != view.name->budget;
    if (!another && sample.budgets.back().spent_millionths >= share) continue;
    if (another) sample.budgets.emplace_back();
    PolicySample::Budget& line = sample.budgets.back();
    line = {};
    line.name = view.name->budget;
    line.window = name_of(view.window);
    line.limit = view.limits[static_cast<std::size_t>(Measure::usd)];
    line.spent = view.spent[Measure::usd];
    line.held = view.held[Measure::usd];
    line.spent_millionths = share;
    if (view.period.begin == Time::min()) continue;
    line.begins = view.period.begin;
    line.ends = view.period.end;
  }
}

std::string_view word_of(config::RunMode mode) {
  switch (mode) {
    case config::RunMode::observe:
      return "observe";
    case config::RunMode::slow:
      return "slow";
    case config::RunMode::stop:
      return "stop";
  }
  return "observe";
}

std::string_view end_of(const runs::RunView& run, const admit::KillSwitches& kills, Time now) {
  budget::Facts facts;
  facts[Property::run] = run.run;
  facts[Property::workflow] = run.workflow;
  facts[Property::credential] = run.credential;
  facts[Property::parent_run] = run.parent_run;
  if (kills.find(facts, now)) return "killed";
  if (run.ended_by.empty()) return "idle";
  const bool money = run.ended_by == name_of(runs::Detector::max_usd) ||
                     run.ended_by == name_of(runs::Detector::max_tokens);
  return money ? "budget" : "blocked";
}

void sample_runs(runs::RunBook& book, const admit::KillSwitches& kills, budget::Now now,
                 PolicySample& sample) {
  sample.runs_active = book.active(now.monotonic, kIdle);
  for (const runs::Detections& found : book.detections()) {
    sample.detections.push_back(
        {found.workflow, name_of(found.detector), word_of(found.action), found.count});
  }
  for (const runs::FinishedRun& run : book.take_finished(now.monotonic, kIdle, kRunsAtOnce)) {
    PolicySample::FinishedRun& line = sample.finished_runs.emplace_back();
    line.workflow = run.view.workflow;
    line.end = end_of(run.view, kills, now.wall);
    line.steps = run.view.steps;
    line.picodollars = run.view.tree;
    line.lasted = run.lasted;
    if (run.first_input > 0) {
      line.growth_millionths =
          static_cast<std::int64_t>(Int128{run.most_input} * 1'000'000 / run.first_input);
    }
  }
}

}  // namespace

PolicySample Operators::policy_sample() {
  PolicySample sample;
  const budget::Now at = moment();
  sample_budgets(house_.accounts, at, sample);
  sample_runs(house_.runs, house_.kills, at, sample);
  for (const Property scope : {Property::run, Property::workflow, Property::user,
                               Property::credential, Property::model, Property::provider}) {
    sample.kill_switches[std::string(name_of(scope))] = 0;
  }
  sample.kill_switches["everything"] = 0;
  for (const admit::KillSwitch& kill : house_.kills.all()) {
    if (kill.until && at.wall >= *kill.until) continue;
    ++sample.kill_switches[kill.property ? std::string(name_of(*kill.property)) : "everything"];
  }
  const std::lock_guard lock(mutex_);
  sample.admin_actions = actions_;
  return sample;
}

}  // namespace tokenweir::admin
