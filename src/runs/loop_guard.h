// The detectors of runaway runs. Each looks at a bounded memory of one run and says what it saw in
// words an operator can check: tool name, counts, a hash. Pure; the run book calls it under its
// lock.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "config/policy.h"
#include "core/money.h"
#include "core/time.h"
#include "runs/signs.h"

namespace tokenweir::runs {

enum class Detector : std::uint8_t {
  max_steps,
  max_usd,
  max_tokens,
  max_wall_time,
  max_concurrent,
  max_depth,
  max_retries,
  repeated_request,
  near_repeated_request,
  repeated_tool_call,
  cycle,
  error_loop,
  no_progress,
  cost_velocity,
  context_growth,
};
inline constexpr std::size_t kDetectors = 15;
// The configuration's word, which metrics and refusals use too.
[[nodiscard]] std::string_view name_of(Detector detector);
// Explicit caps of a run, as opposed to detectors that judge its content.
[[nodiscard]] bool is_cap(Detector detector);

struct Finding {
  Detector detector = Detector::max_steps;
  config::RunMode mode = config::RunMode::observe;
  std::int64_t seen = 0;   // picodollars, milliseconds, tokens or a count, as the detector has it
  std::int64_t limit = 0;  // the configured threshold in the same unit
  std::string tool;        // of a tool call or cycle: "search", "search > fetch"
  std::uint64_t hash = 0;  // of what repeated; 0: nothing did
  // "the same call of search, 5 times with the same result"
  [[nodiscard]] std::string evidence() const;
};

// What the guard remembers of a run's content. Bounded whatever the run does.
class LoopMemory {
 public:
  // A request arrives. Findings are appended in the order of the detectors.
  void judge(const config::RunRules& rules, const Signs& signs, Instant now,
             std::vector<Finding>& findings);
  // A request is over; `failed` when the provider answered with an error or not at all.
  void finished(const Signs& signs, bool failed);

 private:
  static constexpr std::size_t kThreads = 16;   // transcripts that grow side by side
  static constexpr std::size_t kCalls = 512;    // latest tool calls of a thread
  static constexpr std::size_t kBodies = 64;    // different requests
  static constexpr std::size_t kKnown = 4'096;  // parts seen

  struct Body {
    std::uint64_t hash = 0;
    std::int64_t in_flight = 0;
    std::int64_t failures = 0;  // in a row
    std::deque<Instant> repeats;
  };
  struct Call {
    std::string name;
    std::uint64_t arguments = 0;
    std::optional<std::uint64_t> result;
    bool failed = false;
    [[nodiscard]] bool same_as(const Call& other) const {
      return name == other.name && arguments == other.arguments && result == other.result;
    }
  };
  struct Thread {
    std::uint64_t chain = 0;  // hash over all its parts
    std::uint64_t addition = 0;
    std::int64_t same_additions = 0;
    std::int64_t stale_steps = 0;  // in a row that added nothing new
    std::deque<Call> calls;
  };

  void judge_body(const config::RunRules& rules, const Signs& signs, Instant now,
                  std::vector<Finding>& findings);
  void judge_thread(const config::RunRules& rules, const Signs& signs,
                    std::vector<Finding>& findings);
  void judge_calls(const config::RunRules& rules, const Thread& thread,
                   std::vector<Finding>& findings);
  Thread& continue_thread(const Signs& signs, std::size_t& first_new);

  std::deque<Body> bodies_;     // latest last
  std::deque<Thread> threads_;  // latest last
  std::unordered_set<std::uint64_t> known_;
  std::deque<std::uint64_t> known_order_;
};

}  // namespace tokenweir::runs
