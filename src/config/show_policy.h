// The rules of a configuration as `config show` writes them: caps, rates, budgets, runs, aborts.
// Private to the room's show_*.cpp files.
#pragma once

#include <vector>

#include "config/show_flow.h"

namespace tokenweir::config {

[[nodiscard]] std::vector<Flow> show_output_caps(const Policy& policy);
[[nodiscard]] std::vector<Flow> show_input_caps(const Policy& policy);
[[nodiscard]] std::vector<Flow> show_rates(const Policy& policy);
[[nodiscard]] std::vector<Flow> show_budgets(const Policy& policy);
[[nodiscard]] Flow show_runs(const RunRules& rules);
[[nodiscard]] Flow show_abort_policy(const AbortPolicy& policy);

}  // namespace tokenweir::config
