// Reads records of a ledger that a server may be writing at the same time. For the admin API.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "publish/sqlite.h"

namespace tokenweir::publish {

// Thread-safe.
class LedgerReader {
 public:
  explicit LedgerReader(std::string path) : path_(std::move(path)) {}

  // One record as a JSON object, its columns those of the view `records` plus `cost_usd`.
  [[nodiscard]] std::optional<std::string> record_json(std::string_view id);

  // A JSON array, newest first. Keys of the query: `limit` (100, at most 1000), `before` and
  // `since` (RFC 3339), and equality on workflow, run, provider, model_served, model_requested,
  // credential, user, customer, team, end_state, endpoint. Unknown keys are ignored.
  [[nodiscard]] std::string records_json(
      const std::map<std::string, std::string, std::less<>>& query);

 private:
  [[nodiscard]] Database* database();

  std::string path_;
  std::mutex mutex_;
  std::optional<Database> database_;
};

}  // namespace tokenweir::publish
