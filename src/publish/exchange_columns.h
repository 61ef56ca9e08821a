// The columns of the table `exchange`: one line each, its name and where its value comes from.
#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/record.h"
#include "publish/figures.h"
#include "publish/text.h"

namespace tokenweir::publish {

// Text made for one row. SQLite borrows it until the row is written, then it is used again.
struct RowScratch {
  TimeText started;
  TimeText finished;
  std::array<std::string, 24> texts;
  std::size_t used = 0;

  [[nodiscard]] std::string& next() {
    std::string& text = texts[used++ % texts.size()];
    text.clear();
    return text;
  }
};

// Takes the value of one column of one row.
class Cell {
 public:
  Cell(sqlite3_context* context, RowScratch& scratch) : context_(context), scratch_(scratch) {}

  void integer(std::int64_t value) { sqlite3_result_int64(context_, value); }
  void integer(const std::optional<std::int64_t>& value) {
    if (value) integer(*value);  // otherwise NULL
  }
  void money(const std::optional<Money>& value) {
    if (value) integer(value->picodollars());
  }
  // Empty text is NULL: not told. Text that no reader could take is repaired.
  void text(std::string_view value);
  // Text that may be empty and still is a value.
  void plain(std::string_view value) {
    sqlite3_result_text(context_, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
  }
  [[nodiscard]] RowScratch& scratch() { return scratch_; }

 private:
  sqlite3_context* context_;
  RowScratch& scratch_;
};

struct Row {
  const Record& record;
  const Figures& figures;
  std::int64_t context = 0;
  std::int64_t revision = 0;
  std::string_view evidence;  // of the loop guard
};

struct ExchangeColumn {
  std::string_view name;
  void (*value)(const Row&, Cell&);
};

[[nodiscard]] std::span<const ExchangeColumn> exchange_columns();

// An exchange whose answer the provider keeps and serves again: reading it must not be billed
// twice.
[[nodiscard]] bool is_replayable(const Record& record);

}  // namespace tokenweir::publish
