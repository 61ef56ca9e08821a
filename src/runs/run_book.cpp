#include "runs/run_book.h"

#include <algorithm>

#include "budget/amounts.h"
#include "runs/run_state.h"

namespace tokenweir::runs {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlowStep{1'000};
constexpr milliseconds kSlowMost{5'000};

}  // namespace

RunBook::RunBook(std::size_t runs_max) : state_(std::make_unique<State>()) {
  state_->runs_max = std::max<std::size_t>(runs_max, 1);
}
RunBook::~RunBook() = default;

void RunBook::configure(const config::RunRules& rules) {
  const std::lock_guard lock(mutex_);
  state_->rules = rules;
}

Judgement RunBook::begin(const RunName& name, const Signs& signs, Time wall, Instant now,
                         bool enforcing) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  Judgement judgement;
  state.note_retry(name, signs, now, judgement);
  if (name.run.empty()) return judgement;

  State::Run& run = state.open(name, wall, now);
  for (const State::Run* up = run.parent; up != nullptr; up = up->parent) {
    judgement.ancestors.push_back({up->workflow, up->run});
  }
  const auto stopped = state.stop_of(run);
  if (stopped && enforcing) {
    judgement.action = Action::stop;
    judgement.step = run.steps;
    judgement.findings.push_back(*stopped);
    judgement.stopped_by = stopped;
    return judgement;
  }
  judgement.would_stop = stopped;
  if (!enforcing && !judgement.would_stop && run.would_stop &&
      mode_of(state.rules, run.would_stop->detector) == config::RunMode::stop) {
    judgement.would_stop = run.would_stop;
  }
  state.judge_caps(run, now, enforcing, judgement.findings);
  const bool has_content = signs.body != 0 || !signs.parts.empty();
  if (has_content && run.memory == nullptr) run.memory = std::make_unique<LoopMemory>();
  if (run.memory != nullptr) run.memory->judge(state.rules, signs, now, judgement.findings);
  state.judge_money(run, now, judgement.findings);

  for (const Finding& finding : judgement.findings) {
    if (finding.mode == config::RunMode::stop) {
      auto& slot = enforcing ? judgement.stopped_by : judgement.would_stop;
      if (!slot) slot = finding;
    } else if (finding.mode == config::RunMode::observe) {
      if (!judgement.observed) judgement.observed = finding;
    } else if (finding.mode == config::RunMode::slow && enforcing) {
      const std::int64_t over = std::clamp<std::int64_t>(finding.seen - finding.limit + 1, 1, 5);
      const milliseconds delay = is_cap(finding.detector) ? kSlowMost : kSlowStep * over;
      judgement.delay = std::max(judgement.delay, std::min(delay, kSlowMost));
    }
  }
  state.count_detections(name.workflow, judgement, enforcing);
  if (judgement.stopped_by) {
    judgement.action = Action::stop;
    judgement.delay = {};
    judgement.step = run.steps;
    run.ended_by = name_of(judgement.stopped_by->detector);
    if (!is_cap(judgement.stopped_by->detector)) run.stop = judgement.stopped_by;
    return judgement;
  }
  if (judgement.would_stop && !is_cap(judgement.would_stop->detector)) {
    run.would_stop = judgement.would_stop;
  }
  if (judgement.delay > milliseconds{0}) judgement.action = Action::slow;
  judgement.step = ++run.steps;
  ++run.in_flight;
  run.ended_by.clear();
  if (run.memory != nullptr) run.memory->begun(signs);
  return judgement;
}

void RunBook::end(const RunName& name, const Signs& signs, const StepEnd& end, Time wall,
                  Instant now) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  if (!end.refused) state.note_request(name, signs, end, now);
  if (name.run.empty()) return;
  State::Run* const run = state.find(name);
  if (run == nullptr) return;
  state.use(*run, wall, now);
  run->in_flight = std::max<std::int64_t>(run->in_flight - 1, 0);
  if (end.refused) {
    // A step that another rule refused was asked for, not made.
    run->steps = std::max<std::int64_t>(run->steps - 1, 0);
    if (run->memory != nullptr) run->memory->refused(signs);
    return;
  }
  if (end.foregone) ++run->foregone_steps;
  const std::int64_t cost = end.cost ? end.cost->picodollars() : 0;
  run->own += cost;
  if (end.input_tokens > 0) {
    if (run->first_input == 0) run->first_input = end.input_tokens;
    run->last_input = end.input_tokens;
    run->most_input = std::max(run->most_input, end.input_tokens);
  }
  const milliseconds window =
      state.rules.cost_velocity ? state.rules.cost_velocity->sustained : milliseconds{180'000};
  for (State::Run* up = run; up != nullptr; up = up->parent) {
    up->tree += cost;
    up->tokens = budget::saturating_add(up->tokens, end.tokens);
    if (end.foregone) {
      up->foregone += cost;
      up->foregone_tokens = budget::saturating_add(up->foregone_tokens, end.tokens);
    }
    up->velocity.add(cost, now, window);
  }
  if (run->memory != nullptr) run->memory->ended(signs, !end.provider_fault.empty());
}

std::optional<CutAnswer> RunBook::take_cut(const RunName& name, const Signs& signs, Instant begun) {
  const std::lock_guard lock(mutex_);
  return state_->take_cut(name, signs, begun);
}

std::vector<budget::Ancestor> RunBook::ancestors(const RunName& name) const {
  const std::lock_guard lock(mutex_);
  std::vector<budget::Ancestor> ancestors;
  if (name.run.empty()) return ancestors;
  const State::Run* run = state_->find(name);
  const State::Run* up = run != nullptr ? run->parent : nullptr;
  if (up == nullptr && !name.parent_run.empty()) {
    const auto known = state_->by_run.find(run_key(name.credential, "", name.parent_run));
    if (known == state_->by_run.end())
      return {{std::string(name.workflow), std::string(name.parent_run)}};
    up = known->second;
  }
  for (; up != nullptr; up = up->parent) ancestors.push_back({up->workflow, up->run});
  return ancestors;
}

std::size_t RunBook::resume(std::string_view name, Instant now) {
  const std::lock_guard lock(mutex_);
  std::size_t resumed = 0;
  for (const auto& [key, run] : state_->runs) {
    if (run->run != name || (!run->stop && !run->would_stop)) continue;
    run->stop.reset();
    run->would_stop.reset();
    run->ended_by.clear();
    run->memory.reset();
    run->velocity = {};
    run->velocity_since = now;
    run->first_input = run->last_input = 0;
    ++resumed;
  }
  return resumed;
}

void RunBook::restore_stop(const RunName& name, Finding stop, Time wall, Instant now) {
  const std::lock_guard lock(mutex_);
  State::Run& run = state_->open(name, wall, now);
  run.ended_by = name_of(stop.detector);
  run.stop = std::move(stop);
}

void RunBook::restore(const RunView& stored, Time wall, Instant now) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  State::Run& run = state.open({stored.credential, stored.workflow, stored.run, stored.parent_run},
                               stored.seen_at, now);
  const std::int64_t own = stored.own.picodollars();
  run.steps += stored.steps;
  run.own += own;
  for (State::Run* up = &run; up != nullptr; up = up->parent) {
    up->tree += own;
    up->tokens = budget::saturating_add(up->tokens, stored.tokens);
  }
  run.finished = true;  // its figures were the former process' to tell
  run.started_at = stored.started_at;
  run.begun = now - std::max(wall - stored.started_at, std::chrono::microseconds{0});
  run.used = now - std::max(wall - stored.seen_at, std::chrono::microseconds{0});
}

std::vector<RunView> RunBook::view(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<RunView> views;
  for (auto run = state_->by_use.rbegin(); run != state_->by_use.rend(); ++run) {
    if (views.size() >= most) break;
    views.push_back(State::view_of(**run));
  }
  return views;
}

std::optional<RunView> RunBook::find(const RunName& name) const {
  const std::lock_guard lock(mutex_);
  const State::Run* const run = state_->find(name);
  if (run == nullptr) return std::nullopt;
  return State::view_of(*run);
}

std::size_t RunBook::sweep(Instant now) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  std::size_t forgotten = 0;
  for (auto place = state.by_use.begin(); place != state.by_use.end();) {
    State::Run& run = **place++;
    if (now - run.used < state.rules.remember) break;
    if (run.in_flight > 0 || run.children > 0) continue;
    state.forget(run);
    ++forgotten;
  }
  return forgotten;
}

std::size_t RunBook::size() const {
  const std::lock_guard lock(mutex_);
  return state_->runs.size();
}

}  // namespace tokenweir::runs
