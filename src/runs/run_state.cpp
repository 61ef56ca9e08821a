#include "runs/run_state.h"

#include <algorithm>
#include <utility>

#include "budget/amounts.h"

namespace tokenweir::runs {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kDepthMost = 64;
constexpr std::chrono::minutes kRetryWithin{2};
constexpr char kJoint = '\x1f';

// What is asked, whatever limits it is asked with.
std::uint64_t question_of(const Signs& signs) {
  return signs.question != 0 ? signs.question : signs.body;
}

// Why the same request comes again after it had ended that way; empty: it had gone well.
std::string_view cause_after(std::string_view fault) {
  if (fault == "429" || fault == "529") return "after_429";
  if (fault == "5xx" || fault == "sse_error" || fault == "protocol") return "after_5xx";
  if (fault == "timeout" || fault == "connect" || fault == "reset" || fault == "tls") {
    return "after_timeout";
  }
  return "same_body";
}

}  // namespace

std::string run_key(std::string_view credential, std::string_view workflow, std::string_view run) {
  std::string key;
  key.reserve(credential.size() + workflow.size() + run.size() + 2);
  key.append(credential).push_back(kJoint);
  key.append(workflow).push_back(kJoint);
  key.append(run);
  return key;
}

std::int64_t clamped(Int128 value) {
  if (value > INT64_MAX) return INT64_MAX;
  return value < INT64_MIN ? INT64_MIN : static_cast<std::int64_t>(value);
}

void Velocity::add(std::int64_t picodollars, Instant now, milliseconds window) {
  advance(now, window);
  slices_[index(latest_)] = budget::saturating_add(slices_[index(latest_)], picodollars);
}

std::optional<std::int64_t> Velocity::per_minute(Instant begun, Instant now, milliseconds window) {
  if (now - begun < window) return std::nullopt;
  advance(now, window);
  Int128 sum = 0;
  for (const std::int64_t slice : slices_) sum += slice;
  return clamped(sum * 60'000 / std::max<std::int64_t>(window.count(), 1));
}

void Velocity::advance(Instant now, milliseconds window) {
  const auto length = std::max<std::int64_t>(window.count() / kSlices, 1);
  const auto since = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  const std::int64_t number = since / length;
  if (number - latest_ >= kSlices || latest_ > number) slices_.fill(0);
  while (latest_ < number && number - latest_ < kSlices) slices_[index(++latest_)] = 0;
  latest_ = number;
}

// Runs that others hang from, or that have requests under way, are not forgotten.
void RunBook::State::make_room() {
  for (auto place = by_use.begin(); runs.size() >= runs_max && place != by_use.end();) {
    Run& run = **place++;
    if (run.in_flight == 0 && run.children == 0) forget(run);
  }
}

void RunBook::State::forget(Run& run) {
  if (run.parent != nullptr) --run.parent->children;
  by_use.erase(run.place);
  const std::string short_key = run_key(run.credential, "", run.run);
  if (const auto found = by_run.find(short_key); found != by_run.end() && found->second == &run) {
    by_run.erase(found);
  }
  runs.erase(runs.find(run.key));
}

RunBook::State::Run& RunBook::State::open(std::string_view credential, std::string_view workflow,
                                          std::string_view name, Time wall, Instant now) {
  std::string key = run_key(credential, workflow, name);
  if (const auto found = runs.find(key); found != runs.end()) return *found->second;
  make_room();
  auto run = std::make_unique<Run>();
  run->key = key;
  run->credential = credential;
  run->workflow = workflow;
  run->run = name;
  run->started_at = wall;
  run->begun = now;
  by_use.push_back(run.get());
  run->place = std::prev(by_use.end());
  by_run[run_key(credential, "", name)] = run.get();
  return *runs.emplace(std::move(key), std::move(run)).first->second;
}

RunBook::State::Run& RunBook::State::open(const RunName& name, Time wall, Instant now) {
  Run& run = open(name.credential, name.workflow, name.run, wall, now);
  if (run.parent == nullptr && !name.parent_run.empty()) adopt(run, name.parent_run, wall, now);
  use(run, wall, now);
  return run;
}

// Hangs a run under its parent, which may not have been seen yet. The first word counts: a run does
// not change its parent, and a circle is no tree.
void RunBook::State::adopt(Run& run, std::string_view parent, Time wall, Instant now) {
  const auto known = by_run.find(run_key(run.credential, "", parent));
  ++run.in_flight;  // it may not make room for its own parent
  Run& above = known != by_run.end() ? *known->second
                                     : open(run.credential, run.workflow, parent, wall, now);
  --run.in_flight;
  std::size_t depth = 1;
  for (const Run* up = &above; up != nullptr; up = up->parent) {
    if (up == &run || ++depth > kDepthMost) return;
  }
  run.parent = &above;
  run.depth = above.depth + 1;
  ++above.children;
  for (Run* up = &above; up != nullptr; up = up->parent) {
    up->tree += run.tree;
    up->tokens = budget::saturating_add(up->tokens, run.tokens);
  }
}

// A run is alive as long as one below it is.
void RunBook::State::use(Run& run, Time wall, Instant now) {
  for (Run* up = &run; up != nullptr; up = up->parent) {
    up->seen_at = wall;
    up->used = now;
    up->finished = false;
    by_use.splice(by_use.end(), by_use, up->place);
  }
}

// A rule that does not stop any more lets go of what it has stopped.
std::optional<Finding> RunBook::State::stop_of(const Run& run) const {
  for (const Run* up = &run; up != nullptr; up = up->parent) {
    if (!up->stop || mode_of(rules, up->stop->detector) != config::RunMode::stop) continue;
    Finding stop = *up->stop;
    if (up != &run) stop.above = up->run;
    return stop;
  }
  return std::nullopt;
}

void RunBook::State::judge_caps(Run& run, Instant now, bool enforcing,
                                std::vector<Finding>& findings) const {
  const auto check = [&](Detector detector, const auto& rule, std::int64_t seen,
                         std::int64_t limit) {
    if (seen <= limit) return;
    Finding finding;
    finding.detector = detector;
    finding.mode = rule.mode;
    finding.seen = seen;
    finding.limit = limit;
    findings.push_back(std::move(finding));
  };
  if (rules.max_steps) {
    const std::int64_t steps = run.steps - (enforcing ? 0 : run.foregone_steps);
    check(Detector::max_steps, *rules.max_steps, steps + 1, rules.max_steps->limit);
  }
  if (rules.max_wall_time) {
    const auto age = std::chrono::duration_cast<milliseconds>(now - run.begun);
    check(Detector::max_wall_time, *rules.max_wall_time, age.count(),
          rules.max_wall_time->limit.count());
  }
  if (rules.max_concurrent) {
    check(Detector::max_concurrent, *rules.max_concurrent, run.in_flight + 1,
          rules.max_concurrent->limit);
  }
  if (rules.max_depth) {
    check(Detector::max_depth, *rules.max_depth, run.depth, rules.max_depth->limit);
  }
  // Money that is spent stops every run on the way up; what is not spent yet is the budgets'
  // matter.
  for (const Run* up = &run; up != nullptr; up = up->parent) {
    if (rules.max_usd) {
      const std::int64_t limit = rules.max_usd->limit.picodollars();
      check(Detector::max_usd, *rules.max_usd,
            clamped(up->tree - (enforcing ? Int128{0} : up->foregone) + 1), limit);
    }
    if (rules.max_tokens) {
      check(Detector::max_tokens, *rules.max_tokens,
            budget::saturating_add(up->tokens, enforcing ? 1 : 1 - up->foregone_tokens),
            rules.max_tokens->limit);
    }
  }
}

void RunBook::State::judge_money(Run& run, Instant now, std::vector<Finding>& findings) const {
  if (const auto& rule = rules.cost_velocity) {
    const auto speed =
        run.velocity.per_minute(std::max(run.begun, run.velocity_since), now, rule->sustained);
    if (speed && *speed >= rule->usd_per_minute.picodollars()) {
      findings.push_back({Detector::cost_velocity,
                          rule->mode,
                          *speed,
                          rule->usd_per_minute.picodollars(),
                          {},
                          0,
                          {}});
    }
  }
  if (const auto& rule = rules.context_growth) {
    const bool grown = run.first_input > 0 && run.last_input / rule->factor >= run.first_input;
    if (grown && run.last_input >= rule->input_tokens) {
      findings.push_back(
          {Detector::context_growth, rule->mode, run.last_input, rule->input_tokens, {}, 0, {}});
    }
  }
}

void RunBook::State::note_retry(const RunName& name, const Signs& signs, Instant now,
                                Judgement& judgement) const {
  if (signs.body == 0) return;
  const Request* const earlier = requests.find(request_key(name, signs.body));
  if (earlier == nullptr || now - earlier->ended > kRetryWithin) return;
  judgement.retry_of = earlier->record;
  judgement.retry_cause = signs.sdk_retries > 0 ? "sdk_header" : cause_after(earlier->fault);
}

void RunBook::State::note_request(const RunName& name, const Signs& signs, const StepEnd& end,
                                  Instant now) {
  if (signs.body == 0) return;
  requests.keep(request_key(name, signs.body),
                {std::string(end.record), std::string(end.provider_fault), now});
  if (!end.cut) return;
  cuts.keep(request_key(name, question_of(signs)),
            {CutAnswer{std::string(end.record), end.cost}, end.answered});
}

// Two that run side by side ask the same once each: only what begins after an answer asks again.
std::optional<CutAnswer> RunBook::State::take_cut(const RunName& name, const Signs& signs,
                                                  Instant begun) {
  if (signs.body == 0) return std::nullopt;
  Cut* const cut = cuts.find(request_key(name, question_of(signs)));
  if (cut == nullptr || begun < cut->answered || begun - cut->answered > kRetryWithin) {
    return std::nullopt;
  }
  return std::exchange(cut->answer, std::nullopt);
}

RunView RunBook::State::view_of(const Run& run) {
  RunView view;
  view.credential = run.credential;
  view.workflow = run.workflow;
  view.run = run.run;
  if (run.parent != nullptr) view.parent_run = run.parent->run;
  view.steps = run.steps;
  view.in_flight = run.in_flight;
  view.depth = run.depth;
  view.own = Money::picodollars(clamped(run.own));
  view.tree = run.tree;
  view.tokens = run.tokens;
  view.started_at = run.started_at;
  view.seen_at = run.seen_at;
  view.ended_by = run.ended_by;
  if (run.stop) view.evidence = run.stop->evidence();
  return view;
}

}  // namespace tokenweir::runs
