#include "publish/operator_store.h"

#include <fmt/format.h>

#include "publish/text.h"

namespace tokenweir::publish {
namespace {

using Outcome = Result<void, std::string>;

constexpr std::string_view kMeasureColumns =
    "usd, requests, input_tokens, output_tokens, total_tokens";
constexpr std::string_view kNone = "";  // a view without bytes would be bound as NULL
constexpr std::size_t kSummed = 5;      // what is in flight is never posted

std::int64_t stored(Time time) { return time.time_since_epoch().count(); }
std::optional<std::int64_t> stored(const std::optional<Time>& time) {
  if (!time) return std::nullopt;
  return stored(*time);
}
std::optional<Time> optional_time_of(const std::optional<std::int64_t>& value) {
  if (!value) return std::nullopt;
  return time_of(*value);
}

std::string sentence(const SqlError& error) {
  return fmt::format("the ledger's file did not take the order: {} (SQLite {})", error.message,
                     error.code);
}

}  // namespace

// One transaction: steps, then the audit line, then the synced commit. Left without commit() it
// rolls back.
class OperatorStore::Change {
 public:
  explicit Change(const Database& database) : database_(database) {
    if (auto begun = database_.execute("BEGIN IMMEDIATE"); !begun) fail(begun.error());
  }
  ~Change() {
    if (database_.in_transaction()) static_cast<void>(database_.execute("ROLLBACK"));
  }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  template <typename... Values>
  Change& step(std::string_view sql, const Values&... values) {
    if (error_) return *this;
    auto statement = database_.prepare(sql);
    if (!statement) return fail(statement.error());
    int at = 0;
    (statement->bind(++at, values), ...);
    if (const auto done = statement->step(); !done) fail(done.error());
    return *this;
  }

  Outcome commit(const AuditEntry& audit) {
    const std::string actor = to_storable(audit.actor);
    const std::string target = to_storable(audit.target);
    const std::string reason = to_storable(audit.reason);
    const std::string at = format_rfc3339(audit.at);
    step("INSERT INTO audit (at, actor, action, target, detail, reason) VALUES (?, ?, ?, ?, ?, ?)",
         std::string_view(at), std::string_view(actor), std::string_view(audit.action),
         std::string_view(target), std::string_view(audit.detail), std::string_view(reason));
    step("COMMIT");
    if (error_) return failure(sentence(*error_));
    return {};
  }

 private:
  Change& fail(const SqlError& error) {
    error_ = error;
    return *this;
  }

  const Database& database_;
  std::optional<SqlError> error_;
};

Result<std::unique_ptr<OperatorStore>, std::string> OperatorStore::open(const std::string& path) {
  auto database = Database::open(path, Database::Access::read_write);
  if (!database) return failure(sentence(database.error()));
  // The writer's own settings: WAL is the file's, syncing is the connection's.
  if (auto set = database->execute("PRAGMA synchronous = FULL"); !set) {
    return failure(sentence(set.error()));
  }
  std::unique_ptr<OperatorStore> store(new OperatorStore);
  store->database_ = std::move(*database);
  return store;
}

Outcome OperatorStore::put(const StoredKill& kill, const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  const auto id = static_cast<std::int64_t>(kill.id);
  const std::string value = to_storable(kill.value);
  const std::string reason = to_storable(kill.reason);
  const std::string actor = to_storable(kill.actor);
  // Expired switches of an earlier process may have the id or the target.
  change.step("DELETE FROM kill_switch WHERE id = ? OR (property IS ? AND value = ?)", id,
              kill.property ? std::string_view(*kill.property) : kNone, std::string_view(value));
  if (kill.property) {
    change.step("INSERT INTO kill_switch VALUES (?, ?, ?, ?, ?, ?, ?)", id,
                std::string_view(*kill.property), std::string_view(value), std::string_view(reason),
                std::string_view(actor), stored(kill.since), stored(kill.until));
  } else {
    change.step("DELETE FROM kill_switch WHERE property IS NULL");
    change.step("INSERT INTO kill_switch VALUES (?, NULL, ?, ?, ?, ?, ?)", id,
                std::string_view(value), std::string_view(reason), std::string_view(actor),
                stored(kill.since), stored(kill.until));
  }
  return change.commit(audit);
}

Outcome OperatorStore::drop_kill(std::uint64_t id, const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  change.step("DELETE FROM kill_switch WHERE id = ?", static_cast<std::int64_t>(id));
  return change.commit(audit);
}

Outcome OperatorStore::resume(std::string_view run, Time at, const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  change.step("INSERT OR REPLACE INTO run_resumed VALUES (?, ?)", run, stored(at));
  return change.commit(audit);
}

Outcome OperatorStore::put(const StoredOverride& value, const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  const std::string reason = to_storable(value.reason);
  const std::string actor = to_storable(value.actor);
  change.step(
      "INSERT OR REPLACE INTO budget_override VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      std::string_view(value.budget), std::int64_t{value.account ? 0 : 1},
      value.account ? std::string_view(*value.account) : kNone, value.limits[0], value.limits[1],
      value.limits[2], value.limits[3], value.limits[4], value.limits[5], std::string_view(reason),
      std::string_view(actor), stored(value.since), stored(value.until));
  return change.commit(audit);
}

Outcome OperatorStore::drop_override(std::string_view budget,
                                     std::optional<std::string_view> account,
                                     const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  change.step("DELETE FROM budget_override WHERE budget = ? AND every_account = ? AND account = ?",
              budget, std::int64_t{account ? 0 : 1}, account.value_or(kNone));
  return change.commit(audit);
}

Outcome OperatorStore::correct(const SpentCorrection& correction, const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  const std::string_view budget = correction.budget;
  const std::string_view account = correction.account;
  if (correction.replace) {
    change.step(
        "UPDATE budget_sum SET usd = 0, requests = 0, input_tokens = 0, output_tokens = 0, "
        "total_tokens = 0 WHERE budget = ? AND account = ?",
        budget, account);
  }
  static_assert(kSummed + 1 == kStoredMeasures);
  static const std::string add = fmt::format(
      "INSERT INTO budget_sum (budget, account, period_begin, {}, posted_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (budget, account, period_begin) DO UPDATE "
      "SET usd = usd + excluded.usd, requests = requests + excluded.requests, "
      "input_tokens = input_tokens + excluded.input_tokens, "
      "output_tokens = output_tokens + excluded.output_tokens, "
      "total_tokens = total_tokens + excluded.total_tokens, posted_at = excluded.posted_at",
      kMeasureColumns);
  const auto& amounts = correction.amounts;
  change.step(add, budget, account, stored(correction.period_begin), amounts[0], amounts[1],
              amounts[2], amounts[3], amounts[4], stored(correction.at));
  change.step("INSERT OR REPLACE INTO account_confirmed VALUES (?, ?, ?)", budget, account,
              stored(correction.at));
  return change.commit(audit);
}

Outcome OperatorStore::trust(const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  change.step("UPDATE identity SET distrusted_at = NULL");
  return change.commit(audit);
}

Outcome OperatorStore::put(const StoredEnforcementOff& off, const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  const std::string reason = to_storable(off.reason);
  const std::string actor = to_storable(off.actor);
  change.step("INSERT OR REPLACE INTO enforcement_off VALUES (1, ?, ?, ?, ?)",
              std::string_view(reason), std::string_view(actor), stored(off.since),
              stored(off.until));
  return change.commit(audit);
}

Outcome OperatorStore::drop_enforcement_off(const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  Change change(database_);
  change.step("DELETE FROM enforcement_off");
  return change.commit(audit);
}

Outcome OperatorStore::note(const AuditEntry& audit) {
  const std::lock_guard lock(mutex_);
  return Change(database_).commit(audit);
}

namespace {

// Calls `take` for each row; the error of the first failing step.
template <typename Take>
std::optional<SqlError> each(const Database& database, std::string_view sql, Take take) {
  auto statement = database.prepare(sql);
  if (!statement) return statement.error();
  while (true) {
    const auto row = statement->step();
    if (!row) return row.error();
    if (!*row) return std::nullopt;
    take(*statement);
  }
}

std::optional<SqlError> load_kills(const Database& database, OperatorState& state) {
  return each(database,
              "SELECT id, property, value, reason, actor, since, until FROM kill_switch "
              "ORDER BY id",
              [&](const Statement& row) {
                StoredKill& kill = state.kills.emplace_back();
                kill.id = static_cast<std::uint64_t>(row.integer(0));
                if (!row.is_null(1)) kill.property = row.text(1);
                kill.value = row.text(2);
                kill.reason = row.text(3);
                kill.actor = row.text(4);
                kill.since = time_of(row.integer(5));
                kill.until = optional_time_of(row.optional_integer(6));
              });
}

std::optional<SqlError> load_overrides(const Database& database, OperatorState& state) {
  static const std::string sql = fmt::format(
      "SELECT budget, every_account, account, reason, actor, since, until, {}, concurrent "
      "FROM budget_override",
      kMeasureColumns);
  return each(database, sql, [&](const Statement& row) {
    StoredOverride& value = state.overrides.emplace_back();
    value.budget = row.text(0);
    if (row.integer(1) == 0) value.account = row.text(2);
    value.reason = row.text(3);
    value.actor = row.text(4);
    value.since = time_of(row.integer(5));
    value.until = optional_time_of(row.optional_integer(6));
    for (std::size_t i = 0; i < kStoredMeasures; ++i) {
      value.limits[i] = row.optional_integer(static_cast<int>(7 + i));
    }
  });
}

std::optional<SqlError> load_rest(const Database& database, OperatorState& state) {
  auto error = each(
      database, "SELECT budget, account, at FROM account_confirmed", [&](const Statement& row) {
        state.confirmations.push_back(
            {std::string(row.text(0)), std::string(row.text(1)), time_of(row.integer(2))});
      });
  if (error) return error;
  error = each(database, "SELECT reason, actor, since, until FROM enforcement_off",
               [&](const Statement& row) {
                 state.enforcement_off = {std::string(row.text(0)), std::string(row.text(1)),
                                          time_of(row.integer(2)), time_of(row.integer(3))};
               });
  if (error) return error;
  error = each(
      database, "SELECT action, count(*) FROM audit GROUP BY action", [&](const Statement& row) {
        state.actions[std::string(row.text(0))] = static_cast<std::uint64_t>(row.integer(1));
      });
  if (error) return error;
  return each(database, "SELECT distrusted_at FROM identity", [&](const Statement& row) {
    state.distrusted_at = optional_time_of(row.optional_integer(0));
  });
}

}  // namespace

Result<OperatorState, std::string> OperatorStore::load() {
  const std::lock_guard lock(mutex_);
  OperatorState state;
  for (const auto part : {load_kills, load_overrides, load_rest}) {
    if (const auto error = part(database_, state)) {
      return failure(
          fmt::format("the operators' orders cannot be read from the ledger: {}", error->message));
    }
  }
  return state;
}

Result<std::vector<AuditEntry>, std::string> OperatorStore::audit(
    std::size_t most, std::optional<std::int64_t> before) {
  const std::lock_guard lock(mutex_);
  auto statement = database_.prepare(
      "SELECT id, at, actor, action, target, detail, reason FROM audit WHERE id < ? "
      "ORDER BY id DESC LIMIT ?");
  if (!statement) return failure(statement.error().message);
  statement->bind(1, before.value_or(INT64_MAX));
  statement->bind(2, static_cast<std::int64_t>(most));
  std::vector<AuditEntry> entries;
  while (true) {
    const auto row = statement->step();
    if (!row) return failure(row.error().message);
    if (!*row) return entries;
    AuditEntry& entry = entries.emplace_back();
    entry.id = statement->integer(0);
    entry.at = parse_rfc3339(statement->text(1)).value_or(Time{});
    entry.actor = statement->text(2);
    entry.action = statement->text(3);
    entry.target = statement->text(4);
    entry.detail = statement->text(5);
    entry.reason = statement->text(6);
  }
}

}  // namespace tokenweir::publish
