// Sums of the ledger by key, for operators who ask what is being spent now. Reads beside the
// writer; a question that would read too much is refused, because `report` is the tool for that.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/money.h"
#include "core/time.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

struct SpendLine {
  std::vector<std::optional<std::string>> keys;  // no value: the records have none
  std::int64_t requests = 0;
  std::int64_t refused = 0;
  std::int64_t unpriced = 0;  // sent, and nobody knows what it cost
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  Int128 picodollars = 0;
};

// Thread-safe.
class SpendReader {
 public:
  explicit SpendReader(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] static bool is_key(std::string_view word);
  [[nodiscard]] static std::string key_names();  // comma between

  // Records that started in [since, until), dearest first, at most `most` lines. Every key must be
  // one (is_key); none gives one line. The error is a sentence.
  [[nodiscard]] Result<std::vector<SpendLine>, std::string> spend(std::span<const std::string> keys,
                                                                  Time since,
                                                                  std::optional<Time> until,
                                                                  std::size_t most);

 private:
  std::string path_;
  std::mutex mutex_;
  std::optional<Database> database_;
};

}  // namespace tokenweir::publish
