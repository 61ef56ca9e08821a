// The words that many exchanges share, each combination kept once as a row of `context`.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/record.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

class ContextRows {
 public:
  [[nodiscard]] Result<void, SqlError> prepare(const Database& database, std::string instance);

  // The number of the record's row, written now when it is new.
  [[nodiscard]] Result<std::int64_t, SqlError> number_of(const Database& database,
                                                         const Record& record);

  // The transaction around was committed, or rolled back and with it every row made since.
  void committed() { uncommitted_.clear(); }
  void rolled_back();

 private:
  std::string instance_;
  Statement insert_;
  // Identity of a row -> its number. Cleared when full: a second equal row does no harm.
  std::unordered_map<std::string, std::int64_t> numbers_;
  std::vector<std::string> uncommitted_;
  std::string key_;
  std::string edits_;
};

}  // namespace tokenweir::publish
