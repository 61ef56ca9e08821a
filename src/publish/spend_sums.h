// The sums beside the rows: what each account and each run has spent. Written in the transaction of
// the rows they are the sum of, read at start, so that a restart need not add up the ledger.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "budget/amounts.h"
#include "core/money.h"
#include "core/time.h"
#include "publish/row_writer.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

struct BudgetSum {
  std::string budget;
  std::string account;  // the book's key
  Time period_begin{};
  Time posted_at{};
  budget::Amounts spent;
};

struct RunSum {
  std::string credential, workflow, run, parent_run;
  std::int64_t steps = 0;
  Money spent;
  std::int64_t tokens = 0;
  Time started_at{};
  Time seen_at{};
};

// A run that was stopped for good and that nobody has let go on since.
struct StoppedRun {
  std::string credential, workflow, run;
  exchange::RunStop stop;
};

class SpendSums {
 public:
  // The database must outlive this.
  [[nodiscard]] Result<void, SqlError> prepare(const Database& database);

  // Within the caller's transaction. Every entry is new in the ledger.
  [[nodiscard]] Result<void, SqlError> add(std::span<const Entry> entries);

  // At start. `since` leaves out runs that nothing was heard of since; the latest come first, at
  // most `runs_max`.
  [[nodiscard]] static Result<void, SqlError> read_budgets(
      const Database& database, const std::function<void(const BudgetSum&)>& on_sum);
  [[nodiscard]] static Result<void, SqlError> read_runs(
      const Database& database, Time since, std::int64_t runs_max,
      const std::function<void(const RunSum&)>& on_sum);
  [[nodiscard]] static Result<void, SqlError> read_stops(
      const Database& database, Time since, const std::function<void(const StoppedRun&)>& on_stop);
  // Removes sums of accounts and runs untouched since then; those that never end are kept.
  [[nodiscard]] static Result<void, SqlError> expire(const Database& database, Time runs_before,
                                                     Time periods_before);

 private:
  Result<void, SqlError> add_postings(std::span<const Entry> entries);
  Result<void, SqlError> add_runs(std::span<const Entry> entries);
  Result<void, SqlError> add_stops(std::span<const Entry> entries);

  Statement add_budget_;
  Statement add_run_;
  Statement add_stop_;
};

}  // namespace tokenweir::publish
