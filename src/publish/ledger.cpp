#include "publish/ledger.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "publish/ledger_schema.h"
#include "publish/text.h"

namespace tokenweir::publish {
namespace {

using Kind = LedgerError::Kind;

// Beyond this size a full structural check at every start would take seconds.
constexpr off_t kCheckedSizeMax = 64 * 1024 * 1024;

LedgerError system_error(Kind kind, std::string_view doing, const std::string& path) {
  return {kind, fmt::format("ledger {}: cannot {}: {}", path, doing, std::strerror(errno))};
}

// The lock lives on a file of its own: closing any descriptor of the database file would drop
// SQLite's own locks on it. The kernel frees it when the process ends, however it ends.
Result<OwnerLock, LedgerError> take_lock(const std::string& path) {
  const std::string lock_path = path + ".lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return failure(system_error(Kind::cannot_open, "open its lock file", path));
  OwnerLock held(lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return held;
  const bool taken = errno == EWOULDBLOCK;
  const LedgerError error =
      taken ? LedgerError{Kind::in_use,
                          fmt::format("ledger {}: in use by another tokenweir process", path)}
            : system_error(Kind::cannot_open, "lock it", path);
  return failure(error);
}

// SQLite gives -wal and -shm the mode of the database file, so it is made by us first.
Result<off_t, LedgerError> ensure_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return failure(system_error(Kind::cannot_open, "open it", path));
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0;
  // An operator may have granted his group read access; strangers never.
  if (known && (status.st_mode & 07) != 0) {
    static_cast<void>(::fchmod(file, status.st_mode & 0770));
  }
  ::close(file);
  if (!known) return failure(system_error(Kind::cannot_open, "inspect it", path));
  if (!S_ISREG(status.st_mode)) {
    return failure(LedgerError{Kind::unusable, fmt::format("ledger {}: not a regular file", path)});
  }
  return status.st_size;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

LedgerError unusable(const std::string& path, std::string_view why) {
  return {Kind::unusable, fmt::format("ledger {}: {}", path, why)};
}

Result<void, LedgerError> check_identity(const Database& database, const std::string& path,
                                         off_t size) {
  const auto application = database.integer("PRAGMA application_id");
  if (!application) return failure(unusable(path, application.error().message));
  const auto version = database.integer("PRAGMA user_version");
  const auto objects = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!version || !objects) return failure(unusable(path, database.last_error().message));
  const bool fresh = application->value_or(0) == 0 && objects->value_or(0) == 0;
  if (!fresh && application->value_or(0) != kApplicationId) {
    return failure(unusable(path, "this is a database of another program"));
  }
  if (version->value_or(0) > kSchemaVersion) {
    return failure(
        unusable(path, fmt::format("written by a newer version (schema {}, this program knows {})",
                                   version->value_or(0), kSchemaVersion)));
  }
  if (fresh || size > kCheckedSizeMax) return {};
  auto check = database.prepare("PRAGMA quick_check(1)");
  if (!check) return failure(unusable(path, check.error().message));
  const auto row = check->step();
  if (!row) return failure(unusable(path, row.error().message));
  if (*row && check->text(0) != "ok") {
    return failure(unusable(path, fmt::format("damaged: {}", check->text(0))));
  }
  return {};
}

}  // namespace

LedgerError ledger_error(const SqlError& error) {
  const int primary = error.code & 0xFF;
  const std::string message = fmt::format("{} (SQLite {})", error.message, error.code);
  if (primary == SQLITE_FULL) return {Kind::full, message};
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || error.code == SQLITE_IOERR_FSYNC ||
      error.code == SQLITE_IOERR_DIR_FSYNC) {
    return {Kind::untrusted, message};
  }
  return {Kind::failing, message};
}

Result<std::unique_ptr<Ledger>, LedgerError> Ledger::open(const std::string& path, Time now,
                                                          Options options) {
  auto lock = take_lock(path);
  if (!lock) return failure(lock.error());
  std::unique_ptr<Ledger> ledger(new Ledger);
  ledger->path_ = path;
  ledger->lock_ = std::move(*lock);
  if (auto prepared = ledger->prepare(now, options); !prepared) return failure(prepared.error());
  return ledger;
}

Result<void, LedgerError> Ledger::prepare(Time now, const Options& options) {
  const auto size = ensure_private_file(path_);
  if (!size) return failure(size.error());
  const auto fail = [&](const SqlError& error) {
    LedgerError result = ledger_error(error);
    result.message = fmt::format("ledger {}: {}", path_, result.message);
    return failure(std::move(result));
  };
  auto database = Database::open(path_, Database::Access::read_write);
  if (!database) return fail(database.error());
  database_ = std::move(*database);
  if (auto known = check_identity(database_, path_, *size); !known) return failure(known.error());

  // A synced commit is the promise; 16 MiB between checkpoints writes a hot page once, not often.
  auto set = database_.execute(
      "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
      "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 67108864;"
      "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;");
  if (!set) return fail(set.error());
  if (options.page_limit > 0) {
    set = database_.execute(fmt::format("PRAGMA max_page_count = {}", options.page_limit));
    if (!set) return fail(set.error());
  }
  const auto version = database_.integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (auto done = migrate(database_, version->value_or(0), now); !done) return fail(done.error());

  if (auto ready =
          writer_.prepare(database_, options.instance.empty() ? host_name() : options.instance);
      !ready) {
    return fail(ready.error());
  }
  if (auto ready = sums_.prepare(database_); !ready) return fail(ready.error());
  const std::array<std::pair<Statement*, std::string_view>, 6> statements = {{
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&count_commit_, "UPDATE identity SET commits = commits + 1 RETURNING commits"},
      {&find_id_, "SELECT 1 FROM exchange WHERE id = ?1 LIMIT 1"},
      {&store_total_,
       "INSERT INTO total VALUES (?, ?, ?) "
       "ON CONFLICT (family, labels) DO UPDATE SET value = excluded.value"},
      {&store_cover_,
       "UPDATE total_covers SET sequence = (SELECT coalesce(max(sequence), 0) "
       "FROM exchange)"},
  }};
  for (const auto& [statement, sql] : statements) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return fail(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

OwnerLock::~OwnerLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

LedgerError Ledger::roll_back(const SqlError& error) {
  if (database_.in_transaction()) static_cast<void>(database_.execute("ROLLBACK"));
  writer_.rolled_back();
  return ledger_error(error);
}

Result<void, SqlError> Ledger::store_totals(std::span<const Total> totals) {
  for (const Total& total : totals) {
    std::string value;
    append_decimal(value, total.value, 0);
    store_total_.bind(1, std::string_view(total.family));
    store_total_.bind(2, std::string_view(total.labels));
    store_total_.bind(3, std::string_view(value));
    const auto stored = store_total_.step();
    store_total_.reset();
    if (!stored) return failure(stored.error());
  }
  const auto covered = store_cover_.step();
  store_cover_.reset();
  if (!covered) return failure(covered.error());
  return {};
}

Result<std::vector<Entry>, SqlError> Ledger::unknown_among(std::span<const Entry> entries) {
  std::vector<Entry> unknown;
  std::set<std::string_view> seen;
  for (const Entry& entry : entries) {
    find_id_.bind(1, std::string_view(entry.record->id));
    const auto found = find_id_.step();
    find_id_.reset();
    if (!found) return failure(found.error());
    if (!*found && seen.insert(entry.record->id).second) unknown.push_back(entry);
  }
  return unknown;
}

Result<void, SqlError> Ledger::append_within(std::span<const Entry> entries,
                                             std::span<const Total> totals, Appended& appended) {
  const auto begun = begin_.step();
  begin_.reset();
  if (!begun) return failure(begun.error());
  const auto written = writer_.write(entries);
  if (!written) return failure(written.error());
  appended.written = *written;
  if (*written != entries.size()) return {};  // the caller finds out which, and tries again
  if (auto marked = writer_.mark_waste(entries); !marked) return marked;
  if (auto added = sums_.add(entries); !added) return added;
  if (!totals.empty()) {
    if (auto stored = store_totals(totals); !stored) return stored;
  }
  const auto counted = count_commit_.step();
  if (counted) appended.commits = count_commit_.integer(0);
  count_commit_.reset();
  if (!counted) return failure(counted.error());
  const auto committed = commit_.step();
  commit_.reset();
  if (!committed) return failure(committed.error());
  return {};
}

Result<Appended, LedgerError> Ledger::append(std::span<const Entry> entries,
                                             std::span<const Total> totals) {
  Appended appended;
  std::vector<Entry> unknown;
  auto done = append_within(entries, totals, appended);
  if (done && appended.written != entries.size()) {
    static_cast<void>(roll_back({}));
    auto found = unknown_among(entries);
    if (!found) return failure(ledger_error(found.error()));
    unknown = std::move(*found);
    done = append_within(unknown, totals, appended);
    appended.already_there = entries.size() - unknown.size();
  }
  if (!done) return failure(roll_back(done.error()));
  writer_.committed();
  return appended;
}

}  // namespace tokenweir::publish
