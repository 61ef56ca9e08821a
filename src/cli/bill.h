// The bill: records of a ledger summed by any of their keys, exactly. Money and tokens are added in
// 128 bits, so the total is the ledger's to the picodollar however large it is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "cli/time_zone.h"
#include "core/money.h"
#include "core/record.h"
#include "core/result.h"
#include "core/time.h"

namespace tokenweir::cli {

struct BillLine {
  // One value a key; no value where the record has none.
  std::vector<std::optional<std::string>> keys;
  std::uint64_t requests = 0;
  std::unordered_set<std::string> runs;  // identities: credential, workflow, run
  Int128 input_tokens = 0;
  Int128 cache_read_tokens = 0;
  Int128 cache_write_tokens = 0;
  Int128 output_tokens = 0;
  Int128 reasoning_tokens = 0;
  Int128 media_tokens = 0;        // audio and image, both ways
  Int128 media_input_tokens = 0;  // the part of them that was input
  Int128 cost = 0;                // picodollars
  Int128 cost_in_runs = 0;        // of requests that named a run
  std::array<Int128, kCostKinds> cost_by_kind{};
  std::uint64_t unpriced = 0;  // requests that reached the provider and whose cost is not known

  void add(const BillLine& other);
  // Parts of the cost and of the input, 0 to 1; no value where there is nothing to divide.
  [[nodiscard]] std::optional<double> share(std::initializer_list<CostKind> kinds) const;
  [[nodiscard]] std::optional<double> cached_share() const;
};

struct BillSummary {
  std::vector<BillLine> lines;
  BillLine total;
};

struct BillQuestion {
  std::vector<std::string> keys = {};
  std::optional<Time> since = {};  // started_at at or after
  std::optional<Time> until = {};  // started_at before
  std::size_t top = 0;             // 0: every line; otherwise the rest becomes one line "(others)"
};

// Names that --by takes, for help and messages.
[[nodiscard]] std::string bill_key_names();
[[nodiscard]] bool is_bill_key(std::string_view key);

// Reads the ledger at `path`, which a server may be writing at the same time. Lines come dearest
// first, or in order of time where the first key is hour, day or month.
[[nodiscard]] Result<BillSummary, std::string> make_bill(const std::string& path,
                                                         const BillQuestion& question,
                                                         TimeZone& zone);

}  // namespace tokenweir::cli
