// What the run book keeps behind its mutex. Private to the run book.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/money.h"
#include "runs/run_book.h"

namespace tokenweir::runs {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <typename Value>
using ByText = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

// Spend of the last while, in slices: enough to say how fast money goes.
class Velocity {
 public:
  void add(std::int64_t picodollars, Instant now, std::chrono::milliseconds window);
  // Picodollars a minute over the window; none before it has passed once.
  std::optional<std::int64_t> per_minute(Instant begun, Instant now,
                                         std::chrono::milliseconds window);

 private:
  static constexpr std::int64_t kSlices = 16;
  static std::size_t index(std::int64_t number) {
    return static_cast<std::size_t>((number % kSlices + kSlices) % kSlices);
  }
  void advance(Instant now, std::chrono::milliseconds window);

  std::array<std::int64_t, kSlices> slices_{};
  std::int64_t latest_ = INT64_MIN / 2;
};

[[nodiscard]] std::string run_key(std::string_view credential, std::string_view workflow,
                                  std::string_view run);
[[nodiscard]] std::int64_t clamped(Int128 value);

// What was kept last under each of a bounded number of keys; the oldest keys go first.
template <typename Value>
class Recent {
 public:
  explicit Recent(std::size_t most) : most_(most) {}
  void keep(std::uint64_t key, Value value) {
    if (!known_.contains(key)) {
      by_age_.push_back(key);
      if (known_.size() >= most_) {
        known_.erase(by_age_.front());
        by_age_.pop_front();
      }
    }
    known_.insert_or_assign(key, std::move(value));
  }
  // Null: not known. Valid until the next keep().
  [[nodiscard]] Value* find(std::uint64_t key) {
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const Value* find(std::uint64_t key) const {
    const auto found = known_.find(key);
    return found == known_.end() ? nullptr : &found->second;
  }

 private:
  std::size_t most_;
  std::unordered_map<std::uint64_t, Value> known_;
  std::deque<std::uint64_t> by_age_;
};

struct RunBook::State {
  struct Run {
    std::string key, credential, workflow, run;
    Run* parent = nullptr;
    std::int64_t children = 0;
    std::int64_t depth = 0;
    std::int64_t steps = 0;
    std::int64_t in_flight = 0;
    Int128 own = 0, tree = 0;  // picodollars
    std::int64_t tokens = 0;
    std::int64_t first_input = 0, last_input = 0, most_input = 0;
    Time started_at{}, seen_at{};
    Instant begun{}, used{};
    Velocity velocity;
    Instant velocity_since{};
    std::unique_ptr<LoopMemory> memory;
    std::string ended_by;
    // What a detector stopped it for. Caps need no memory: what they look at does not go away.
    std::optional<Finding> stop;
    // While nothing is enforced: what enforcing would have stopped it for, and what would not have
    // been made and spent. What observing rules say of later requests leaves it out.
    std::optional<Finding> would_stop;
    std::int64_t foregone_steps = 0;
    std::int64_t foregone_tokens = 0;
    Int128 foregone = 0;
    bool finished = false;            // take_finished() has given it out
    std::list<Run*>::iterator place;  // in `by_use`
  };
  struct Request {
    std::string record;
    std::string fault;
    Instant ended{};
  };
  struct Cut {
    std::optional<CutAnswer> answer;  // none: it was given out
    Instant answered{};
  };
  static constexpr std::size_t kRequestsMost = 16'384;

  std::size_t runs_max = 0;
  config::RunRules rules;
  ByText<std::unique_ptr<Run>> runs;
  ByText<Run*> by_run;     // credential and run alone: the latest of that name
  std::list<Run*> by_use;  // latest last
  // By workflow, then detector and what followed.
  using DetectionCounts = std::array<std::uint64_t, kDetectors * 3>;
  std::map<std::string, DetectionCounts, std::less<>> detections;
  Recent<Request> requests{kRequestsMost};
  Recent<Cut> cuts{kRequestsMost};

  Run* find(const RunName& name) {
    const auto found = runs.find(run_key(name.credential, name.workflow, name.run));
    return found == runs.end() ? nullptr : found->second.get();
  }
  Run& open(std::string_view credential, std::string_view workflow, std::string_view run, Time wall,
            Instant now);
  Run& open(const RunName& name, Time wall, Instant now);
  void adopt(Run& run, std::string_view parent, Time wall, Instant now);
  void use(Run& run, Time wall, Instant now);
  void make_room();
  void forget(Run& run);

  void count_detections(std::string_view workflow, const Judgement& judgement, bool enforcing);
  // The stop that holds for a run: its own, or that of the nearest run above it.
  [[nodiscard]] std::optional<Finding> stop_of(const Run& run) const;
  void judge_caps(Run& run, Instant now, bool enforcing, std::vector<Finding>& findings) const;
  void judge_money(Run& run, Instant now, std::vector<Finding>& findings) const;
  void note_retry(const RunName& name, const Signs& signs, Instant now, Judgement& judgement) const;
  void note_request(const RunName& name, const Signs& signs, const StepEnd& end, Instant now);
  std::optional<CutAnswer> take_cut(const RunName& name, const Signs& signs, Instant begun);
  // `content`: a hash of what is asked; 0 where nothing is known of it.
  static std::uint64_t request_key(const RunName& name, std::uint64_t content) {
    return content ^ std::hash<std::string>{}(run_key(name.credential, name.workflow, name.run));
  }
  [[nodiscard]] static RunView view_of(const Run& run);
};

}  // namespace tokenweir::runs
