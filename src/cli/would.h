// What rules did, and what observed rules would have done: `report --would`. Read it before
// switching from observe to enforce.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/table.h"
#include "core/money.h"
#include "core/result.h"
#include "core/time.h"

namespace tokenweir::cli {

struct WouldLine {
  std::string workflow;
  std::string verdict;  // refused, clamped, would refuse, would clamp
  std::string rule;     // the reason of a refusal, the source of a cap
  std::int64_t requests = 0;
  std::int64_t of_requests = 0;  // all of the workflow's in that time
  // Of "would refuse": what they cost, and so would not have cost.
  Int128 picodollars = 0;
  // Of "would clamp": output beyond the cap.
  std::int64_t output_tokens = 0;
  std::string first, last;  // RFC 3339
};

// Every line the ledger has, by workflow and verdict. The error is a sentence.
[[nodiscard]] Result<std::vector<WouldLine>, std::string> would_lines(const std::string& ledger,
                                                                      std::optional<Time> since,
                                                                      std::optional<Time> until);
[[nodiscard]] Table would_table(const std::vector<WouldLine>& lines);
// An array of objects.
[[nodiscard]] std::string would_json(const std::vector<WouldLine>& lines);

}  // namespace tokenweir::cli
