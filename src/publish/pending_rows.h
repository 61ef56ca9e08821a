// Offers the rows of a batch to SQLite as the table `pending_exchange`, so that one statement
// inserts them all: with cursors kept open a row costs about half of what a statement a row costs.
#pragma once

#include <span>

#include "publish/exchange_columns.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

class PendingRows {
 public:
  // Makes the table known to the connection. The object must outlive every statement that names it.
  [[nodiscard]] Result<void, SqlError> register_with(const Database& database);

  // The rows to read from now on; borrowed until the next call.
  void offer(std::span<const Row> rows) { rows_ = rows; }

  [[nodiscard]] std::span<const Row> rows() const { return rows_; }
  [[nodiscard]] RowScratch& scratch() { return scratch_; }

 private:
  std::span<const Row> rows_;
  RowScratch scratch_;
};

inline constexpr std::string_view kPendingTable = "pending_exchange";

}  // namespace tokenweir::publish
