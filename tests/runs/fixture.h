// Scripted runs: a transcript that grows turn by turn, and a book that judges each step.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "runs/run_book.h"

namespace tokenweir::runs {

inline std::uint64_t hash_of(std::string_view text) {
  return std::hash<std::string_view>{}(text) | 1;
}

// What a reader of bodies would find in the transcript of one agent.
class Transcript {
 public:
  Transcript() { add(PartKind::system, "system"); }
  void add(PartKind kind, std::string_view text) { signs_.parts.push_back({kind, hash_of(text)}); }
  void user(std::string_view text) { add(PartKind::user, text); }
  void says(std::string_view text) { add(PartKind::assistant, text); }
  // The model calls a tool and is told the result.
  void tool(std::string name, std::string_view arguments, std::string_view result,
            bool failed = false, bool waiting = false) {
    const auto part = static_cast<std::uint32_t>(signs_.parts.size());
    add(PartKind::assistant, "call " + name + std::string(arguments));
    signs_.calls.push_back(
        {part, std::move(name), hash_of(arguments), hash_of(result), failed, waiting});
    add(PartKind::tool_result, result);
  }
  [[nodiscard]] Signs signs() const {
    Signs signs = signs_;
    signs.body = 7;
    for (const Part& part : signs.parts) signs.body = signs.body * 31 + part.hash;
    return signs;
  }

 private:
  Signs signs_;
};

class Loop : public ::testing::Test {
 protected:
  static constexpr RunName kName{"app", "coding", "run-1", ""};

  Judgement step(const Transcript& transcript, std::string_view fault = {},
                 std::chrono::milliseconds takes = std::chrono::seconds(2)) {
    return step(transcript.signs(), fault, takes);
  }
  Judgement step(const Signs& signs, std::string_view fault = {},
                 std::chrono::milliseconds takes = std::chrono::seconds(2)) {
    book_.configure(rules_);
    Judgement judgement = book_.begin(kName, signs, wall_, now_);
    now_ += takes;
    wall_ += takes;
    if (judgement.action == Action::stop) return judgement;
    StepEnd end;
    end.cost = cost_;
    end.tokens = 100;
    end.input_tokens = input_tokens_;
    end.provider_fault = fault;
    end.record = "record";
    book_.end(kName, signs, end, wall_, now_);
    return judgement;
  }
  [[nodiscard]] static bool stopped_by(const Judgement& judgement, Detector detector) {
    return judgement.stopped_by && judgement.stopped_by->detector == detector;
  }

  config::RunRules rules_;
  RunBook book_;
  Time wall_ = Time{std::chrono::seconds(1'800'000'000)};
  Instant now_ = Instant{} + std::chrono::hours(1'000);
  Money cost_ = Money::picodollars(1'000'000'000);
  std::int64_t input_tokens_ = 100;
};

}  // namespace tokenweir::runs
