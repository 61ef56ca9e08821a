// Writes records as rows of `exchange`. Used by the ledger on the publisher's thread, within its
// transactions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "exchange/publisher.h"
#include "publish/context_rows.h"
#include "publish/pending_rows.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

// A record with its figures, ready to be written. Owns nothing.
struct Entry {
  const Record* record = nullptr;
  const Figures* figures = nullptr;
  const exchange::Booking* booking = nullptr;  // null: nothing is booked with it
};

class RowWriter {
 public:
  RowWriter() = default;
  RowWriter(const RowWriter&) = delete;  // SQLite keeps a pointer to pending_
  RowWriter& operator=(const RowWriter&) = delete;

  // The database must outlive the writer; both must stay where they are.
  [[nodiscard]] Result<void, SqlError> prepare(const Database& database, std::string instance);

  // Returns how many rows were written. An entry whose id and revision are already there is not.
  [[nodiscard]] Result<std::uint64_t, SqlError> write(std::span<const Entry> entries,
                                                      std::int64_t revision = 0);

  // For each entry that shows an earlier answer to be waste: the newest row of that answer is
  // replaced by a copy that says so and is the same otherwise, so no sum has to follow. What is not
  // there, or waste already, is left alone.
  [[nodiscard]] Result<void, SqlError> mark_waste(std::span<const Entry> entries);

  void committed() { contexts_.committed(); }
  void rolled_back() { contexts_.rolled_back(); }

 private:
  Result<void, SqlError> mark_waste(const exchange::Wasted& wasted, const Record& by);

  const Database* database_ = nullptr;
  ContextRows contexts_;
  PendingRows pending_;
  Statement insert_;
  Statement find_newest_;
  Statement copy_;
  Statement replace_;
  std::vector<Row> rows_;
};

}  // namespace tokenweir::publish
