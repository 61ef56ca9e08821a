// The words that many exchanges share, each combination kept once as a row of `context`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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

  // The number of the row that differs from another by its `waste` alone.
  [[nodiscard]] Result<std::int64_t, SqlError> number_of_waste(const Database& database,
                                                               std::int64_t number,
                                                               std::string_view waste);

  // The transaction around was committed, or rolled back and with it every row made since.
  void committed() { uncommitted_.clear(); }
  void rolled_back();

 private:
  // Keeps the row that was made last as that of `key_`.
  std::int64_t remember(const Database& database);

  std::string instance_;
  Statement insert_;
  Statement copy_;
  // Identity of a row -> its number. Cleared when full: a second equal row does no harm.
  std::unordered_map<std::string, std::int64_t> numbers_;
  std::vector<std::string> uncommitted_;
  std::string key_;
  std::string edits_;
};

}  // namespace tokenweir::publish
