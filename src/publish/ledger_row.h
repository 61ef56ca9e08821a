// Writes one Record as a row of `exchange`, and the words it shares with others as a row of
// `context`. Used by the ledger on the publisher's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/record.h"
#include "publish/figures.h"
#include "publish/sqlite.h"
#include "publish/text.h"

namespace tokenweir::publish {

class RowWriter {
 public:
  [[nodiscard]] static Result<RowWriter, SqlError> prepare(const Database& database,
                                                           std::string instance);

  // False: a row with this id and revision is already there, nothing was written.
  [[nodiscard]] Result<bool, SqlError> write(const Record& record, const Figures& figures,
                                             std::int64_t revision = 0);

  // The surrounding transaction was committed, or was rolled back and with it every context row
  // made since the last commit.
  void committed() { uncommitted_.clear(); }
  void rolled_back();

 private:
  explicit RowWriter(const Database& database) : database_(&database) {}

  Result<std::int64_t, SqlError> context_of(const Record& record);
  void bind_names(const Record& record);
  void bind_tokens(const Record& record, const Figures& figures);
  void bind_money(const Record& record);
  void bind_text(int at, std::string_view text);
  void bind_json(int at, std::string& json);

  // Ownership of the database stays with the ledger, which outlives its writer.
  const Database* database_;
  std::string instance_;
  Statement insert_exchange_;
  Statement insert_context_;
  // Identity of a context row -> its number. Cleared when full: a duplicate context row is
  // harmless.
  std::unordered_map<std::string, std::int64_t> contexts_;
  std::vector<std::string> uncommitted_;
  std::string key_;
  std::string edits_;
  TimeText started_text_;
  TimeText finished_text_;
  // Text made for one row; SQLite borrows it until the row is written.
  std::vector<std::string> made_;
  std::size_t made_count_ = 0;
};

// An exchange whose answer the provider keeps and serves again: reading it must not be billed
// twice.
[[nodiscard]] bool is_replayable(const Record& record);

}  // namespace tokenweir::publish
