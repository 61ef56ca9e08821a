// The little of SQLite the ledger needs, with ownership and errors as values. A Database and its
// Statements belong to one thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/time.h"

namespace tokenweir::publish {

// The ledger stores times as microseconds of the Unix epoch.
[[nodiscard]] inline Time time_of(std::int64_t micros) {
  return Time(std::chrono::microseconds(micros));
}

struct SqlError {
  int code = 0;  // SQLite's extended result code
  std::string message;
};

class Statement {
 public:
  Statement() = default;

  // Bind parameters are numbered from 1. Text is borrowed until the next reset.
  void bind(int at, std::int64_t value) { sqlite3_bind_int64(handle_.get(), at, value); }
  void bind(int at, std::optional<std::int64_t> value) {
    if (value) bind(at, *value);
  }
  void bind(int at, std::string_view text) {
    sqlite3_bind_text(handle_.get(), at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void bind_null(int at) { sqlite3_bind_null(handle_.get(), at); }

  // True: a row is there; false: done.
  [[nodiscard]] Result<bool, SqlError> step();
  void reset() {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
  }

  [[nodiscard]] int columns() const { return sqlite3_column_count(handle_.get()); }
  [[nodiscard]] std::string_view name(int column) const {
    return sqlite3_column_name(handle_.get(), column);
  }
  [[nodiscard]] int type(int column) const { return sqlite3_column_type(handle_.get(), column); }
  [[nodiscard]] bool is_null(int column) const { return type(column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
  }
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
  }
  // Valid until the next step; empty for NULL.
  [[nodiscard]] std::string_view text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Database {
 public:
  enum class Access : std::uint8_t { read_only, read_write };

  [[nodiscard]] static Result<Database, SqlError> open(const std::string& path, Access access);

  [[nodiscard]] Result<Statement, SqlError> prepare(std::string_view sql) const;
  // Runs one or more statements and discards their rows.
  [[nodiscard]] Result<void, SqlError> execute(const std::string& sql) const;
  // First column of the first row; no value when there is no row or it is NULL.
  [[nodiscard]] Result<std::optional<std::int64_t>, SqlError> integer(std::string_view sql) const;

  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }
  [[nodiscard]] std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  [[nodiscard]] SqlError last_error() const;
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace tokenweir::publish
