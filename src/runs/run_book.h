// All runs: the tree of agent loops, their steps, money and caps. A run begins with the first
// request that names it. Shared by all event loops behind one short mutex.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "budget/selector.h"
#include "config/policy.h"
#include "core/money.h"
#include "core/time.h"
#include "runs/loop_guard.h"
#include "runs/signs.h"

namespace tokenweir::runs {

// Credential, workflow and run together are a run's identity: nobody can spend, or stop, another's.
struct RunName {
  std::string_view credential;
  std::string_view workflow;
  std::string_view run;         // empty: the request belongs to no run
  std::string_view parent_run;  // of the same credential, or empty; its workflow may be another
};

enum class Action : std::uint8_t { pass, slow, stop };

struct Judgement {
  Action action = Action::pass;
  std::int64_t step = 0;                    // number of this request in its run, from 1; 0: no run
  std::chrono::milliseconds delay{};        // of slow: at most five seconds
  std::vector<Finding> findings;            // all of them, also those that only observe
  std::optional<Finding> stopped_by;        // of stop
  std::optional<Finding> would_stop;        // a stop while nothing is enforced
  std::optional<Finding> observed;          // the first of a rule that only observes
  std::vector<budget::Ancestor> ancestors;  // nearest first
  // The request repeats one that failed: its record and why it is taken for a retry.
  std::string retry_of;
  std::string_view retry_cause;  // sdk_header, same_body, after_429, after_5xx, after_timeout
};

// How a step ended.
struct StepEnd {
  std::optional<Money> cost;
  std::int64_t tokens = 0;          // input and output
  std::int64_t input_tokens = 0;    // the context of this step
  std::string_view provider_fault;  // the record's
  std::string_view record;          // its id
  bool refused = false;             // after begin(), by another rule: nothing was made
  bool foregone = false;            // made only because nothing is enforced
  // A cap cut the answer short that the client had not asked for, and the answer is no waste yet.
  bool cut = false;
  Instant answered{};  // of `cut`: when the client was handed the last of it, at the earliest
};

// An answer that was cut short, and whose question has been asked again since.
struct CutAnswer {
  std::string record;
  std::optional<Money> cost;
};

struct RunView {
  std::string credential, workflow, run, parent_run;
  std::int64_t steps = 0;
  std::int64_t in_flight = 0;
  std::int64_t depth = 0;   // 0: a root
  Money own;                // of its own steps
  Int128 tree = 0;          // picodollars, with all runs below
  std::int64_t tokens = 0;  // with all runs below
  Time started_at{};
  Time seen_at{};
  std::string ended_by;  // detector that stopped it; empty: going on
  std::string evidence;  // what the detector saw; empty for caps
};

// How often a detector found something in runs of a workflow, and what followed.
struct Detections {
  std::string workflow;  // "_other" for those beyond a few hundred
  Detector detector = Detector::max_steps;
  config::RunMode action = config::RunMode::observe;  // what it led to, not what it asked for
  std::uint64_t count = 0;
};

// A run that nothing has been heard of for a while.
struct FinishedRun {
  RunView view;
  std::chrono::microseconds lasted{};  // from the first request to the last word
  std::int64_t first_input = 0;        // tokens of the first known context; 0: none is known
  std::int64_t most_input = 0;         // of the largest
};

class RunBook {
 public:
  // Beyond so many runs the one unused for longest is forgotten.
  explicit RunBook(std::size_t runs_max = 50'000);
  ~RunBook();
  RunBook(const RunBook&) = delete;
  RunBook& operator=(const RunBook&) = delete;

  void configure(const config::RunRules& rules);

  // Once a request, before anything is held. A step that is stopped counts as asked, not as made;
  // one that passes is in flight until end(). `enforcing` false: nothing stops or slows.
  [[nodiscard]] Judgement begin(const RunName& name, const Signs& signs, Time wall, Instant now,
                                bool enforcing = true);
  // Exactly once for each begin() that did not stop, however the exchange went.
  void end(const RunName& name, const Signs& signs, const StepEnd& end, Time wall, Instant now);

  // The cut answer to what this request asks, whatever limits it asks with. It was there when the
  // request began, and not longer ago than retries are recognised. Each is given out once.
  [[nodiscard]] std::optional<CutAnswer> take_cut(const RunName& name, const Signs& signs,
                                                  Instant begun);

  // The runs above this one, nearest first.
  [[nodiscard]] std::vector<budget::Ancestor> ancestors(const RunName& name) const;

  // A detector's stop lasts: every further request of the run, and of the runs below it, is refused
  // with the same evidence, until this, or until the run is forgotten. The detectors begin anew for
  // it. Runs of that name, of whatever credential and workflow; how many there were.
  std::size_t resume(std::string_view run, Instant now);
  // A stop of the former process.
  void restore_stop(const RunName& name, Finding stop, Time wall, Instant now);

  // Stored sums of a run, at start.
  void restore(const RunView& stored, Time wall, Instant now);
  [[nodiscard]] std::vector<RunView> view(std::size_t most) const;
  [[nodiscard]] std::optional<RunView> find(const RunName& name) const;
  // For the metrics. Since the process began, every combination that occurred.
  [[nodiscard]] std::vector<Detections> detections() const;
  // Runs used within `idle`, by workflow.
  [[nodiscard]] std::map<std::string, std::int64_t> active(Instant now,
                                                           std::chrono::microseconds idle) const;
  // Runs that have been idle for so long since they were last given out here, at most `most`. One
  // that is taken up again is given out once more when it rests.
  [[nodiscard]] std::vector<FinishedRun> take_finished(Instant now, std::chrono::microseconds idle,
                                                       std::size_t most);
  // Forgets runs that nothing has asked for since `remember`. Returns how many.
  std::size_t sweep(Instant now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  mutable std::mutex mutex_;
};

}  // namespace tokenweir::runs
