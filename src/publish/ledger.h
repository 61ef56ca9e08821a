// The ledger: one SQLite file in WAL mode whose view `records` is a public interface
// (docs/ledger.md). One process owns it; within that process one thread writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/record.h"
#include "core/result.h"
#include "core/time.h"
#include "publish/figures.h"
#include "publish/row_writer.h"
#include "publish/spend_sums.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

struct LedgerError {
  enum class Kind : std::uint8_t {
    in_use,       // another process owns the file; exit code 75
    unusable,     // not a ledger, made by a newer version, or damaged
    cannot_open,  // missing folder, permissions
    full,         // no space left: may end by itself
    failing,      // another failure of a write: may end by itself
    untrusted,    // a sync failed or the file is damaged: only a restart may trust it again
  };
  Kind kind = Kind::failing;
  std::string message;
};

// An exact counter of the metrics, kept beside the rows it is the sum of.
struct Total {
  std::string family;
  std::string labels;  // JSON array of label values
  Int128 value = 0;
};

struct Appended {
  std::uint64_t written = 0;
  std::uint64_t already_there = 0;  // the same id was in the ledger
  std::int64_t commits = 0;         // of this ledger's life, this one included
};

// The mark that this process owns the ledger. The kernel removes it however the process ends.
class OwnerLock {
 public:
  explicit OwnerLock(int descriptor = -1) : descriptor_(descriptor) {}
  ~OwnerLock();
  OwnerLock(OwnerLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OwnerLock& operator=(OwnerLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

 private:
  int descriptor_;
};

class Ledger {
 public:
  struct Options {
    std::string instance;  // empty: the host's name
    // Pages the file may grow to; 0 is SQLite's own limit. Lets a test meet a full disk.
    std::int64_t page_limit = 0;
  };

  // Creates the file (mode 0600) where it is missing, takes the owner's lock, checks and migrates.
  [[nodiscard]] static Result<std::unique_ptr<Ledger>, LedgerError> open(const std::string& path,
                                                                         Time now, Options options);
  [[nodiscard]] static Result<std::unique_ptr<Ledger>, LedgerError> open(const std::string& path,
                                                                         Time now) {
    return open(path, now, Options{});
  }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Writes all entries with what is booked with them, and totals, in one transaction and syncs it,
  // or changes nothing. What belongs to an id that is already there is not booked again. When
  // totals are given they are taken to cover every row up to the last of `entries`.
  [[nodiscard]] Result<Appended, LedgerError> append(std::span<const Entry> entries,
                                                     std::span<const Total> totals = {});

  // The counters as last stored, then every row written after that, oldest first, with what the
  // exact counters are made of: records in their first form with the row's figures, and records
  // that turned out to be waste later, which changed nothing else of them.
  [[nodiscard]] Result<void, LedgerError> restore(
      const std::function<void(const Total&)>& on_total,
      const std::function<void(const Record&, const Figures&)>& on_record,
      const std::function<void(const Record&)>& on_waste) const;

  // Removes raw usage and whole rows that started before the given times, at most `rows_max` of
  // each a call. Rows not yet covered by a stored total are kept. Returns how many were touched.
  [[nodiscard]] Result<std::int64_t, LedgerError> expire(std::optional<Time> raw_usage_before,
                                                         std::optional<Time> records_before,
                                                         std::int64_t rows_max);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const Database& database() const { return database_; }

 private:
  Ledger() = default;

  Result<void, LedgerError> prepare(Time now, const Options& options);
  Result<void, SqlError> store_totals(std::span<const Total> totals);
  Result<void, SqlError> append_within(std::span<const Entry> entries,
                                       std::span<const Total> totals, Appended& appended);
  // Those of `entries` whose ids are not in the ledger.
  Result<std::vector<Entry>, SqlError> unknown_among(std::span<const Entry> entries);
  LedgerError roll_back(const SqlError& error);

  std::string path_;
  OwnerLock lock_;  // outlives the database: members go in reverse order
  Database database_;
  RowWriter writer_;
  SpendSums sums_;
  Statement begin_;
  Statement commit_;
  Statement count_commit_;
  Statement find_id_;
  Statement store_total_;
  Statement store_cover_;
  // Every row that started before this has no raw usage any more; empty: not known.
  std::string raw_usage_expired_;
};

[[nodiscard]] LedgerError ledger_error(const SqlError& error);

}  // namespace tokenweir::publish
