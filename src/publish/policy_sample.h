// How rules stand when the metrics are asked for: budgets, runs, operators' orders. Filled by who
// owns the books; plain values, so that this room needs to know none of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/money.h"
#include "core/time.h"

namespace tokenweir::publish {

struct PolicySample {
  // One line a budget. Of a budget with `per` it is the account that is used most: who it belongs
  // to is never a label.
  struct Budget {
    std::string name;
    std::string window;
    std::optional<std::int64_t> limit;  // picodollars; no value: no limit in money
    std::int64_t spent = 0;
    std::int64_t held = 0;
    std::optional<Time> begins, ends;   // of calendar windows
    std::int64_t spent_millionths = 0;  // of the limit that is used most, in money or not
  };
  struct Detection {
    std::string workflow;
    std::string_view detector;  // the configuration's words
    std::string_view action;
    std::uint64_t count = 0;
  };
  struct FinishedRun {
    std::string workflow;
    std::string_view end;  // idle, blocked, killed, budget
    std::int64_t steps = 0;
    Int128 picodollars = 0;
    std::chrono::microseconds lasted{};
    std::optional<std::int64_t> growth_millionths;  // largest over first context
  };

  std::vector<Budget> budgets;
  std::vector<Detection> detections;
  std::vector<FinishedRun> finished_runs;  // each is given once
  std::map<std::string, std::int64_t> runs_active;
  std::map<std::string, std::uint64_t> kill_switches;  // by scope
  std::map<std::string, std::uint64_t> admin_actions;
};

}  // namespace tokenweir::publish
