// Caps and budgets that the traffic of the last while would have stayed under: where a team that
// has observed for a week begins.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace tokenweir::cli {

struct WorkflowHistory {
  std::vector<std::int64_t> inputs;   // tokens of each answered request, every input class
  std::vector<std::int64_t> outputs;  // tokens of each complete answer, reasoning included
  std::map<std::string, std::int64_t> usd_of_day;  // UTC day -> picodollars
};
struct RunHistory {
  std::int64_t steps = 0;
  std::int64_t picodollars = 0;
  std::string workflow;
};
struct History {
  std::map<std::string, WorkflowHistory> workflows;
  std::map<std::string, RunHistory> runs;  // by credential, workflow and run
  std::int64_t requests = 0;
};
[[nodiscard]] Result<History, std::string> read_history(const std::string& ledger, Time since,
                                                        std::optional<Time> until);

// The smallest value that at least `share` of all lie at or under; the values are sorted. 0 when
// there are none.
[[nodiscard]] std::int64_t percentile(const std::vector<std::int64_t>& sorted, double share);
// Up to two leading digits: 1234 -> 1300.
[[nodiscard]] std::int64_t rounded_up(std::int64_t value);

// Sections of a configuration, with the figures they come from as comments. Workflows with fewer
// requests than `requests_min` are only named.
[[nodiscard]] std::string suggestion_yaml(History history, std::int64_t requests_min);

}  // namespace tokenweir::cli
