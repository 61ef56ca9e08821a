#include "publish/pending_rows.h"

#include <new>
#include <string>

namespace tokenweir::publish {
namespace {

// SQLite's callback tables are C: these structures begin with the ones it knows.
struct Table : sqlite3_vtab {
  PendingRows* pending = nullptr;
};
struct Cursor : sqlite3_vtab_cursor {
  std::size_t at = 0;
};

PendingRows& pending_of(sqlite3_vtab_cursor* cursor) {
  return *static_cast<Table*>(cursor->pVtab)->pending;
}

int connect(sqlite3* database, void* pending, int, const char* const*, sqlite3_vtab** out, char**) {
  std::string declaration = "CREATE TABLE x (";
  for (const ExchangeColumn& column : exchange_columns()) {
    if (declaration.back() != '(') declaration += ", ";
    declaration += column.name;
  }
  declaration += ")";
  if (const int code = sqlite3_declare_vtab(database, declaration.c_str()); code != SQLITE_OK) {
    return code;
  }
  auto* const table = new (std::nothrow) Table;
  if (table == nullptr) return SQLITE_NOMEM;
  table->pending = static_cast<PendingRows*>(pending);
  *out = table;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

int best_index(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }

int open_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  *out = new (std::nothrow) Cursor;
  return *out == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
  static_cast<Cursor*>(cursor)->at = 0;
  pending_of(cursor).scratch().used = 0;
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  ++static_cast<Cursor*>(cursor)->at;
  pending_of(cursor).scratch().used = 0;
  return SQLITE_OK;
}

int at_end(sqlite3_vtab_cursor* cursor) {
  return static_cast<Cursor*>(cursor)->at >= pending_of(cursor).rows().size() ? 1 : 0;
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int number) {
  PendingRows& pending = pending_of(cursor);
  Cell cell(context, pending.scratch());
  exchange_columns()[static_cast<std::size_t>(number)].value(
      pending.rows()[static_cast<Cursor*>(cursor)->at], cell);
  return SQLITE_OK;
}

int row_number(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
  *out = static_cast<sqlite3_int64>(static_cast<Cursor*>(cursor)->at);
  return SQLITE_OK;
}

// Without xCreate the table exists by itself in the connection and is never part of the file.
const sqlite3_module& module_table() {
  static const sqlite3_module table = [] {
    sqlite3_module module{};
    module.xConnect = connect;
    module.xBestIndex = best_index;
    module.xDisconnect = disconnect;
    module.xOpen = open_cursor;
    module.xClose = close_cursor;
    module.xFilter = filter;
    module.xNext = next;
    module.xEof = at_end;
    module.xColumn = column;
    module.xRowid = row_number;
    return module;
  }();
  return table;
}

}  // namespace

Result<void, SqlError> PendingRows::register_with(const Database& database) {
  const std::string name(kPendingTable);
  const int code = sqlite3_create_module(database.handle(), name.c_str(), &module_table(), this);
  if (code != SQLITE_OK) return failure(database.last_error());
  return {};
}

}  // namespace tokenweir::publish
