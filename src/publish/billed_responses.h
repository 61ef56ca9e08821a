// Which stored answers were billed. OpenAI Responses, Gemini interactions and assistants' runs can
// be read again by id, with the same usage inside: only the first reading that carries usage may
// cost money.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "core/record.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

// Thread-safe. Knows what was claimed since the start and what the ledger holds.
class BilledResponses {
 public:
  // Reads the ledger at `path`, which must exist. Without a reader only memory answers.
  explicit BilledResponses(const std::string& path);

  // True exactly once for each stored answer, over restarts: the caller bills it, nobody else does.
  // May read the disk (tens of microseconds): for reads of stored answers, not for every exchange.
  [[nodiscard]] bool claim(std::string_view provider, std::string_view response_id) noexcept;
  [[nodiscard]] bool already_billed(std::string_view provider,
                                    std::string_view response_id) noexcept;
  // The record is on its way to the ledger.
  void note(const Record& record) noexcept;

 private:
  bool known(const std::string& key, std::string_view provider, std::string_view response_id);
  void remember(std::string key);

  std::mutex mutex_;
  Database database_;
  std::optional<Statement> find_;
  // Two generations: when the younger is full it becomes the older. By then its rows are durable.
  std::unordered_set<std::string> young_;
  std::unordered_set<std::string> old_;
};

}  // namespace tokenweir::publish
