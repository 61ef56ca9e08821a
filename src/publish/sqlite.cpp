#include "publish/sqlite.h"

namespace tokenweir::publish {
namespace {

SqlError error_of(sqlite3* handle, int code) {
  return {handle ? sqlite3_extended_errcode(handle) : code,
          handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code)};
}

}  // namespace

Result<bool, SqlError> Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(error_of(sqlite3_db_handle(handle_.get()), code));
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (!data) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

Result<Database, SqlError> Database::open(const std::string& path, Access access) {
  // SQLite's allocation statistics take a mutex at every allocation and nobody reads them. Must
  // come before the first connection; later it is refused, which does no harm.
  static const int statistics_off = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(statistics_off);
  // Each connection is used by one thread at a time, so SQLite's own mutexes would be waste.
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database;
  database.handle_.reset(raw);
  if (code != SQLITE_OK) return failure(error_of(raw, code));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, 2'000);
  return database;
}

Result<Statement, SqlError> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return failure(error_of(handle_.get(), code));
  Statement statement;
  statement.handle_.reset(raw);
  return statement;
}

Result<void, SqlError> Database::execute(const std::string& sql) const {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(error_of(handle_.get(), code));
  return {};
}

Result<std::optional<std::int64_t>, SqlError> Database::integer(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return failure(statement.error());
  const auto row = statement->step();
  if (!row) return failure(row.error());
  return *row ? statement->optional_integer(0) : std::nullopt;
}

SqlError Database::last_error() const { return error_of(handle_.get(), SQLITE_OK); }

}  // namespace tokenweir::publish
