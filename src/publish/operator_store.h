// What operators ordered, kept in the ledger's file so that it survives a restart, and the
// append-only audit of it. Every order and its audit line are one synced transaction.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

// One line of the audit. `detail` is a JSON object; the other texts are plain.
struct AuditEntry {
  std::int64_t id = 0;  // given by the store, ascending
  Time at{};
  std::string actor;
  std::string action;  // kill, release, budget.limit, ...
  std::string target;  // what it is about: "run=r-7", "budget=support-daily"
  std::string detail = "{}";
  std::string reason;
};

struct StoredKill {
  std::uint64_t id = 0;
  std::optional<std::string> property;  // no value: everything
  std::string value;
  std::string reason;
  std::string actor;
  Time since{};
  std::optional<Time> until;
};

// By budget::Measure: usd in picodollars, requests, input, output, total tokens, concurrent.
inline constexpr std::size_t kStoredMeasures = 6;

struct StoredOverride {
  std::string budget;
  std::optional<std::string> account;  // key with U+001F; no value: all accounts
  std::array<std::optional<std::int64_t>, kStoredMeasures> limits;
  std::string reason;
  std::string actor;
  Time since{};
  std::optional<Time> until;
};

struct StoredEnforcementOff {
  std::string reason;
  std::string actor;
  Time since{};
  Time until{};
};

// An account whose spend an operator vouched for.
struct StoredConfirmation {
  std::string budget;
  std::string account;
  Time at{};
};

// A change of what a period has spent, in the ledger's sums.
struct SpentCorrection {
  std::string budget;
  std::string account;
  Time period_begin{};  // of a rolling window: of the slice of now
  // Added to the sum; with `replace` the account's older sums become zero and this the only one.
  std::array<std::int64_t, kStoredMeasures> amounts{};
  bool replace = false;
  Time at{};
};

struct OperatorState {
  std::vector<StoredKill> kills;
  std::vector<StoredOverride> overrides;
  std::vector<StoredConfirmation> confirmations;
  std::optional<StoredEnforcementOff> enforcement_off;
  std::optional<Time> distrusted_at;  // since when the sums are not believed
  // How often each action stands in the audit, for the counter.
  std::map<std::string, std::uint64_t> actions;
};

// Thread-safe. A connection of its own beside the ledger's writer; orders are rare and short.
class OperatorStore {
 public:
  // The ledger must have been opened (and so migrated) by this process before. The error is a
  // sentence.
  [[nodiscard]] static Result<std::unique_ptr<OperatorStore>, std::string> open(
      const std::string& path);

  [[nodiscard]] Result<OperatorState, std::string> load();

  // Each of these stores the change and its audit line, or changes nothing.
  Result<void, std::string> put(const StoredKill& kill, const AuditEntry& audit);
  Result<void, std::string> drop_kill(std::uint64_t id, const AuditEntry& audit);
  // Runs of that name that were stopped until then may go on.
  Result<void, std::string> resume(std::string_view run, Time at, const AuditEntry& audit);
  Result<void, std::string> put(const StoredOverride& value, const AuditEntry& audit);
  Result<void, std::string> drop_override(std::string_view budget,
                                          std::optional<std::string_view> account,
                                          const AuditEntry& audit);
  Result<void, std::string> correct(const SpentCorrection& correction, const AuditEntry& audit);
  // The sums are believed again, all of them.
  Result<void, std::string> trust(const AuditEntry& audit);
  Result<void, std::string> put(const StoredEnforcementOff& off, const AuditEntry& audit);
  Result<void, std::string> drop_enforcement_off(const AuditEntry& audit);
  // An order that changes nothing stored, such as a reload.
  Result<void, std::string> note(const AuditEntry& audit);

  // Newest first; with `before` only lines with a smaller id.
  [[nodiscard]] Result<std::vector<AuditEntry>, std::string> audit(
      std::size_t most, std::optional<std::int64_t> before = {});

 private:
  class Change;
  OperatorStore() = default;

  std::mutex mutex_;
  Database database_;
};

}  // namespace tokenweir::publish
