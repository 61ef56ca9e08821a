// The gauges and counters of a PolicySample in the text format.
#pragma once

#include <map>
#include <string>

#include "config/config.h"
#include "publish/policy_sample.h"

namespace tokenweir::publish {

// At which share of a budget its ladder first warns, and from which it refuses; millionths.
struct LadderMarks {
  std::optional<std::int64_t> warn_at;
  std::optional<std::int64_t> reject_at;
};
[[nodiscard]] std::map<std::string, LadderMarks> ladder_marks(const config::Config& config);

// Workflows beyond `workflows_max` are added up as `_other`.
void append_policy(std::string& out, const PolicySample& sample,
                   const std::map<std::string, LadderMarks>& marks, std::size_t workflows_max);

}  // namespace tokenweir::publish
