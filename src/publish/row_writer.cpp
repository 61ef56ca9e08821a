#include "publish/row_writer.h"

#include <fmt/format.h>

#include <utility>

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

}  // namespace tokenweir::publish
