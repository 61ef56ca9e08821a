// The detectors of runaway runs. Each looks at a bounded memory of one run and says what it saw in
// words an operator can check: tool name, counts, a hash. Pure; the run book calls it under its
// lock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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
[[nodiscard]] std::optional<Detector> detector_named(std::string_view name);
// What the rules say a detector does; no value: it is off.
[[nodiscard]] std::optional<config::RunMode> mode_of(const config::RunRules& rules,
                                                     Detector detector);
// Explicit caps of a run, as opposed to detectors that judge its content.
[[nodiscard]] bool is_cap(Detector detector);

struct Finding {
  Detector detector = Detector::max_steps;
  config::RunMode mode = config::RunMode::observe;
  std::int64_t seen = 0;   // picodollars, milliseconds, tokens or a count, as the detector has it
  std::int64_t limit = 0;  // the configured threshold in the same unit
  std::string tool;        // of a tool call or cycle: "search", "search > fetch"
  std::uint64_t hash = 0;  // of what repeated; 0: nothing did
  std::string above;       // the run further up that was stopped; empty: the run itself
  // "the same call of search, 5 times with the same result"
  [[nodiscard]] std::string evidence() const;

 private:
  [[nodiscard]] std::string found() const;
};

// The content of the run goes round in circles, as opposed to being merely long or dear.
[[nodiscard]] bool looks_like_loop(std::span<const Finding> findings);

// What the guard remembers of a run's content. Bounded whatever the run does.
class LoopMemory {
 public:
  // A request arrives. Findings are appended in the order of the detectors.
  void judge(const config::RunRules& rules, const Signs& signs, Instant now,
             std::vector<Finding>& findings);
  // The request that was judged last is let through.
  void begun(const Signs& signs);
  // It is over; `failed` when the provider answered with an error or not at all.
  void ended(const Signs& signs, bool failed);
  // Another rule refused it after it had begun.
  void refused(const Signs& signs);

 private:
  static constexpr std::size_t kThreads = 8;        // transcripts that grow side by side
  static constexpr std::size_t kCalls = 256;        // latest tool calls of a thread
  static constexpr std::size_t kBodies = 64;        // different requests
  static constexpr std::size_t kSightings = 1'024;  // of one request
  static constexpr std::size_t kKnown = 2'048;      // parts seen
  static constexpr std::size_t kLately = 256;       // latest additions to a thread
  // A job that is asked for its state may take so many times longer than anything else.
  static constexpr std::int64_t kPatience = 5;
  // So many times more of the same failure with other calls between.
  static constexpr std::int64_t kBetween = 2;
  // SDKs make three attempts at one request; more than that is the agent's own doing.
  static constexpr std::int64_t kSdkAttempts = 3;

  struct Body {
    std::uint64_t hash = 0;
    std::int64_t in_flight = 0;
    std::int64_t failures = 0;  // in a row
    std::vector<Instant> seen;  // not counting requests side by side
  };
  struct Thread {
    std::uint64_t chain = 0;  // hash over all its parts but instructions, which may tell the time
    std::uint64_t tail = 0;   // of the last two of them
    std::uint64_t addition = 0;
    std::int64_t same_additions = 0;
    std::int64_t stale_steps = 0;       // in a row that added nothing new
    std::vector<std::uint64_t> lately;  // what the latest steps added
    bool waiting = false;               // the last one asked a job for its state
    bool calling = false;               // the last one was about calls of tools
    std::vector<ToolCall> calls;
  };

  Body& body_of(std::uint64_t hash);
  void judge_body(const config::RunRules& rules, const Signs& signs, Instant now,
                  std::vector<Finding>& findings);
  void judge_thread(const config::RunRules& rules, const Thread& thread,
                    std::vector<Finding>& findings) const;
  void judge_calls(const config::RunRules& rules, const std::vector<ToolCall>& calls,
                   std::vector<Finding>& findings) const;
  Thread& thread_of(const Signs& signs, std::size_t& first_new);
  Thread& latest(std::vector<Thread>::iterator continued);
  Thread& stored_thread(const Signs& signs, std::vector<ToolCall>& calls);
  void extend(const config::RunRules& rules, Thread& thread, const Signs& signs,
              const std::vector<ToolCall>& calls, std::size_t first_new);
  bool remember(std::uint64_t part);

  std::vector<Body> bodies_;     // latest last
  std::vector<ToolCall> made_;   // by the latest answer to a request of a stored conversation
  std::vector<Thread> threads_;  // latest last
  std::unordered_set<std::uint64_t> known_;
  std::vector<std::uint64_t> known_ring_;
  std::size_t known_next_ = 0;
  std::int64_t failures_ = 0;  // steps in a row that failed
};

}  // namespace tokenweir::runs
