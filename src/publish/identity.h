// Which ledger this is, and how far it can be relied on: what a journal of holds is compared with.
#pragma once

#include <cstdint>
#include <optional>

#include "core/result.h"
#include "core/time.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

struct Identity {
  std::uint64_t number = 0;  // random, made with the file
  std::int64_t commits = 0;  // groups of records stored in its life
  bool has_journal = false;  // a journal of holds belongs to it
  // Since then its sums are in doubt, until an operator confirms them.
  std::optional<Time> distrusted_at;
};

[[nodiscard]] Result<Identity, SqlError> read_identity(const Database& database);
// `commits` are counted by the ledger alone and not written here.
[[nodiscard]] Result<void, SqlError> write_identity(const Database& database,
                                                    const Identity& identity);

}  // namespace tokenweir::publish
