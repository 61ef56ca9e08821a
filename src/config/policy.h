// The rules of the configuration as values: caps, rates, budgets, run limits, refusals. Validated
// here; what a build acts on and what it only checks is listed in Config::inert.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/money.h"

namespace tokenweir::config {

// `observe` refuses and clamps nothing; what would have happened is recorded.
enum class Enforcement : std::uint8_t { enforce, observe };

// One condition of a `match`: the named property equals one of the globs.
struct Condition {
  std::string key;  // workflow run parent_run user customer team credential provider model endpoint
                    // purpose, or tag.<name>
  std::vector<std::string> globs;
  friend bool operator==(const Condition&, const Condition&) = default;
};
using Match = std::vector<Condition>;  // all must hold; empty matches everything

struct OutputCap {
  Match match;
  std::optional<std::int64_t> most;             // `max`: tokens
  std::optional<std::int64_t> standard;         // `default`: inserted where the client gives none
  std::optional<std::int64_t> reasoning_floor;  // least cap for models that think before they speak
  enum class OnExceed : std::uint8_t { clamp, reject } on_exceed = OnExceed::clamp;
  std::optional<Enforcement> enforcement;
};

struct InputCap {
  Match match;
  std::int64_t max_input_tokens = 0;
  std::optional<Enforcement> enforcement;
};

struct Rate {
  Match match;
  std::vector<std::string> per;
  std::optional<std::int64_t> requests_per_minute;
  std::optional<std::int64_t> tokens_per_minute;
  std::optional<std::int64_t> concurrent;
  std::optional<Enforcement> enforcement;
};

struct BudgetLimit {
  std::optional<Money> usd;
  std::optional<std::int64_t> requests;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<std::int64_t> total_tokens;
};

// One step of a budget's ladder: from `at` millionths of the limit on, exactly one action holds.
struct LadderStep {
  std::int64_t at = 1'000'000;
  bool warn = false;
  bool reject = false;
  std::vector<std::pair<std::string, std::string>> downgrade;  // model glob -> model
  std::optional<std::int64_t> output_cap;  // tokens an answer may have from here on
};

enum class Window : std::uint8_t { run, minute, hour, day, week, month, year, total, rolling };
// Windows that follow a calendar, and so a time zone.
[[nodiscard]] constexpr bool is_calendar(Window window) {
  return window >= Window::minute && window <= Window::year;
}

struct Budget {
  std::string name;
  Match match;
  std::vector<std::string> per;
  BudgetLimit limit;
  Window window = Window::month;
  std::chrono::milliseconds length{};  // of a rolling window
  std::string timezone = "UTC";
  std::string timezone_rules;      // the bytes of its zone file; empty for UTC
  std::vector<LadderStep> ladder;  // ascending; default: reject at 1
  std::string contact;
  std::optional<Enforcement> enforcement;
};

enum class RunMode : std::uint8_t { observe, slow, stop };

struct StepLimit {
  std::int64_t limit = 0;
  RunMode mode = RunMode::stop;
};

struct MoneyLimit {
  Money limit;
  RunMode mode = RunMode::stop;
};

struct TimeLimit {
  std::chrono::milliseconds limit{};
  RunMode mode = RunMode::stop;
};

struct RetryLimit {
  std::int64_t per_step = 3;
  RunMode mode = RunMode::observe;
};

struct RepeatedRequest {
  std::int64_t times = 8;
  std::chrono::milliseconds within{600'000};
  RunMode mode = RunMode::observe;
};

// The same turn is added to a growing transcript again and again.
struct NearRepeatedRequest {
  std::int64_t times = 5;
  RunMode mode = RunMode::observe;
};

struct RepeatedToolCall {
  std::int64_t times = 5;
  bool any_result = false;  // also when the results differ, as those of polling may
  RunMode mode = RunMode::observe;
};

struct Cycle {
  std::int64_t length_max = 4;
  std::int64_t repeats = 4;
  RunMode mode = RunMode::observe;
};

// Tool calls or requests that fail one after the other.
struct ErrorLoop {
  std::int64_t times = 5;
  RunMode mode = RunMode::observe;
};

// Steps in a row that add nothing to the transcript that was not in it before.
struct NoProgress {
  std::int64_t steps = 6;
  RunMode mode = RunMode::observe;
};

// The context of a step, where it has grown `factor` times since the run began.
struct ContextGrowth {
  std::int64_t input_tokens = 0;
  std::int64_t factor = 4;
  RunMode mode = RunMode::observe;
};

struct CostVelocity {
  Money usd_per_minute;
  std::chrono::milliseconds sustained{180'000};
  RunMode mode = RunMode::observe;
};

struct RunRules {
  std::chrono::milliseconds remember{7 * 86'400'000ll};
  std::optional<StepLimit> max_steps;
  std::optional<MoneyLimit> max_usd;  // this and the next with all runs below
  std::optional<StepLimit> max_tokens;
  std::optional<TimeLimit> max_wall_time;   // since the run's first request
  std::optional<StepLimit> max_concurrent;  // requests of one run in flight
  std::optional<StepLimit> max_depth;       // 1: a run may have sub-runs, those may not
  std::optional<RetryLimit> max_retries;
  std::optional<RepeatedRequest> repeated_request;
  std::optional<NearRepeatedRequest> near_repeated_request;
  std::optional<RepeatedToolCall> repeated_tool_call;
  std::optional<Cycle> cycle;
  std::optional<ErrorLoop> error_loop;
  std::optional<NoProgress> no_progress;
  std::optional<CostVelocity> cost_velocity;
  std::optional<ContextGrowth> context_growth;
};

// How a refusal that must not be retried looks: so that no SDK retries it, or as the provider
// itself would put it.
enum class RefusalStyle : std::uint8_t { never_retried, native };

enum class AsyncJobs : std::uint8_t { refuse, hold, observe };

// What happens to the provider's answer when the client has left.
enum class AbortAction : std::uint8_t { automatic, cancel, drain };
struct AbortRule {
  Match match;
  AbortAction action = AbortAction::automatic;
  std::optional<std::int64_t> max_tokens;  // of a drain
  std::optional<std::int64_t> max_seconds;
};
struct AbortPolicy {
  AbortAction standard = AbortAction::automatic;  // `default`
  std::vector<AbortRule> rules;                   // the first match wins
};

struct Metrics {
  std::vector<std::string> disable;      // metric names
  std::vector<std::string> drop_labels;  // label names
};

struct Policy {
  Money raw_hold;  // raw_endpoints.hold_usd
  AsyncJobs async_jobs = AsyncJobs::observe;
  std::vector<OutputCap> output_caps;  // the first match wins
  std::vector<InputCap> input_caps;
  std::vector<Rate> rates;
  std::vector<Budget> budgets;
  RunRules runs;
  RefusalStyle refusal_style = RefusalStyle::never_retried;
  AbortPolicy abort_policy;
  Metrics metrics;
};

}  // namespace tokenweir::config
