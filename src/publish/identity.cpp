#include "publish/identity.h"

namespace tokenweir::publish {

Result<Identity, SqlError> read_identity(const Database& database) {
  auto statement =
      database.prepare("SELECT number, commits, has_journal, distrusted_at FROM identity");
  if (!statement) return failure(statement.error());
  const auto row = statement->step();
  if (!row) return failure(row.error());
  Identity identity;
  if (!*row) return identity;
  identity.number = static_cast<std::uint64_t>(statement->integer(0));
  identity.commits = statement->integer(1);
  identity.has_journal = statement->integer(2) != 0;
  if (const auto at = statement->optional_integer(3)) {
    identity.distrusted_at = Time(std::chrono::microseconds(*at));
  }
  return identity;
}

Result<void, SqlError> write_identity(const Database& database, const Identity& identity) {
  auto statement = database.prepare("UPDATE identity SET has_journal = ?1, distrusted_at = ?2");
  if (!statement) return failure(statement.error());
  statement->bind(1, std::int64_t{identity.has_journal});
  if (identity.distrusted_at)
    statement->bind(2, identity.distrusted_at->time_since_epoch().count());
  const auto stepped = statement->step();
  if (!stepped) return failure(stepped.error());
  return {};
}

}  // namespace tokenweir::publish
