#include "publish/row_writer.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/time.h"

namespace tokenweir::publish {

Result<void, SqlError> RowWriter::prepare(const Database& database, std::string instance) {
  database_ = &database;
  if (auto made = contexts_.prepare(database, std::move(instance)); !made) return made;
  if (auto known = pending_.register_with(database); !known) return known;
  std::string columns;
  for (const ExchangeColumn& column : exchange_columns()) {
    if (!columns.empty()) columns += ", ";
    columns += column.name;
  }
  // SQLite needs the WHERE to tell the conflict clause from a join.
  auto insert =
      database.prepare(fmt::format("INSERT INTO exchange ({0}) SELECT {0} FROM {1} WHERE true "
                                   "ON CONFLICT DO NOTHING",
                                   columns, kPendingTable));
  if (!insert) return failure(insert.error());
  insert_ = std::move(*insert);

  std::string values;
  for (const ExchangeColumn& column : exchange_columns()) {
    if (!values.empty()) values += ", ";
    values += column.name == "revision"  ? "revision + 1"
              : column.name == "context" ? "?2"
                                         : column.name;
  }
  const std::array<std::pair<Statement*, std::string>, 3> corrections = {{
      {&find_newest_,
       "SELECT e.sequence, e.context FROM exchange e JOIN context c ON c.number = e.context "
       "WHERE e.id = ?1 AND c.waste IS NULL AND e.sequence NOT IN "
       "(SELECT superseded FROM correction)"},
      {&copy_, fmt::format("INSERT INTO exchange ({}) SELECT {} FROM exchange WHERE sequence = ?1",
                           columns, values)},
      {&replace_, "INSERT INTO correction VALUES (?1, last_insert_rowid(), ?2, ?3)"},
  }};
  for (const auto& [statement, sql] : corrections) {
    auto prepared = database.prepare(sql);
    if (!prepared) return failure(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

Result<std::uint64_t, SqlError> RowWriter::write(std::span<const Entry> entries,
                                                 std::int64_t revision) {
  rows_.clear();
  for (const Entry& entry : entries) {
    const auto context = contexts_.number_of(*database_, *entry.record);
    if (!context) return failure(context.error());
    rows_.push_back({*entry.record, *entry.figures, *context, revision,
                     entry.booking != nullptr ? std::string_view(entry.booking->evidence)
                                              : std::string_view()});
  }
  if (rows_.empty()) return std::uint64_t{0};
  pending_.offer(rows_);
  const auto stepped = insert_.step();
  insert_.reset();
  if (!stepped) return failure(stepped.error());
  return static_cast<std::uint64_t>(database_->changes());
}

Result<void, SqlError> RowWriter::mark_waste(std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    if (entry.booking == nullptr || !entry.booking->wasted) continue;
    if (auto done = mark_waste(*entry.booking->wasted, *entry.record); !done) return done;
  }
  return {};
}

Result<void, SqlError> RowWriter::mark_waste(const exchange::Wasted& wasted, const Record& by) {
  const auto run = [](Statement& statement) -> Result<void, SqlError> {
    const auto stepped = statement.step();
    statement.reset();
    if (!stepped) return failure(stepped.error());
    return {};
  };
  find_newest_.bind(1, std::string_view(wasted.record));
  const auto found = find_newest_.step();
  const bool exists = found && *found;
  const std::int64_t sequence = exists ? find_newest_.integer(0) : 0;
  const std::int64_t context = exists ? find_newest_.integer(1) : 0;
  find_newest_.reset();
  if (!found) return failure(found.error());
  if (!exists) return {};

  const auto corrected = contexts_.number_of_waste(*database_, context, wasted.waste);
  if (!corrected) return failure(corrected.error());
  copy_.bind(1, sequence);
  copy_.bind(2, *corrected);
  if (auto done = run(copy_); !done) return done;
  const std::string at = format_rfc3339(by.finished_at);
  const std::string reason = fmt::format("asked again by {}", by.id);
  replace_.bind(1, sequence);
  replace_.bind(2, std::string_view(at));
  replace_.bind(3, std::string_view(reason));
  return run(replace_);
}

}  // namespace tokenweir::publish
