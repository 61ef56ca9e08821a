#include "app/restart.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "budget/recovery.h"
#include "exchange/recovered_record.h"
#include "publish/identity.h"
#include "publish/spend_sums.h"
#include "publish/sqlite.h"

namespace tokenweir::app {
namespace {

using publish::Identity;

// Besides the requests under way, those whose rows wait for the ledger keep their slots.
constexpr std::size_t kMostWaiting = 8'192;
constexpr std::int64_t kRunsMost = 50'000;

std::size_t slots_wanted(const config::SizeLimits& limits) {
  return limits.connections + std::min(limits.ledger_queue, kMostWaiting);
}

budget::Now now_of(const Clock& clock) { return {clock.now(), clock.monotonic()}; }

// Why what the ledger says about spend cannot be relied on; empty: it can.
std::string_view doubt(const exchange::HoldJournal& journal, const Identity& identity) {
  const auto header = journal.header();
  if (!header) {
    return identity.has_journal ? "the journal of holds is missing or unreadable" : "";
  }
  if (header->ledger != identity.number) return "the ledger is not the one of the journal of holds";
  if (journal.commits() > identity.commits) return "the ledger is an older copy";
  return "";
}

// Charges what the dead process had let out. True: every row is durable.
bool settle_left_over(const exchange::HoldJournal& journal, const publish::Database& database,
                      const exchange::Snapshot& snapshot, publish::Publisher& publisher,
                      const Clock& clock, bool& torn) {
  const std::vector<budget::ReadSlot> slots = journal.slots();
  auto find = database.prepare("SELECT 1 FROM exchange WHERE id = ?1 LIMIT 1");
  if (!find) return false;
  const auto in_ledger = [&](std::string_view id) {
    find->bind(1, id);
    const auto found = find->step();
    find->reset();
    return found.has_value() && *found;
  };
  const budget::RecoveryPlan plan =
      budget::plan_recovery(slots, in_ledger, budget::RecoveryPolicy::worst_case);
  torn = !plan.torn.empty();
  // The accounts are read back from the ledger's sums afterwards, so these only say what to post.
  budget::Book accounts;
  accounts.configure(snapshot.policy.book_rules());
  for (const budget::Recovered& recovered : plan.charges) {
    if (!publisher.try_reserve()) return false;
    const budget::StoredFacts stored = budget::facts_of(recovered.entry);
    budget::Settlement settlement =
        accounts.charge(stored.facts, recovered.charged, recovered.entry.held_at, now_of(clock));
    auto record = std::make_unique<Record>(exchange::recovered_record(recovered, clock.now()));
    exchange::Booking booking;
    booking.postings = std::move(settlement.postings);
    booking.evidence = exchange::recovered_evidence(recovered.entry);
    publisher.publish(std::move(record), std::move(booking));
  }
  if (!plan.charges.empty()) {
    spdlog::warn("{} request(s) of the process before this one were settled from the journal",
                 plan.charges.size());
  }
  publisher.flush();
  return publisher.healthy();
}

// A sum whose period is over says nothing any more.
bool matters(const publish::BudgetSum& sum, const budget::Rule& rule, Time now,
             std::chrono::microseconds remember) {
  using budget::WindowKind;
  switch (rule.window.kind) {
    case WindowKind::run:
      return sum.posted_at >= now - remember;
    case WindowKind::rolling:
      return sum.period_begin >= now - rule.window.length;
    case WindowKind::total:
      return true;
    default:
      // A clock that was put back may still look into the window before.
      return budget::period_at(rule.window, sum.period_begin).end > now;
  }
}

Result<void, publish::SqlError> read_sums(exchange::Books& books,
                                          const exchange::Snapshot& snapshot,
                                          const publish::Database& database, const Clock& clock) {
  const budget::Now now = now_of(clock);
  const auto remember = snapshot.config.policy.runs.remember;
  std::map<std::string, budget::Rule, std::less<>> rules;
  for (budget::Rule& rule : snapshot.policy.book_rules()) {
    const std::string name = rule.name;
    rules.emplace(name, std::move(rule));
  }
  auto read = publish::SpendSums::read_budgets(database, [&](const publish::BudgetSum& sum) {
    const auto rule = rules.find(sum.budget);
    if (rule == rules.end() || !matters(sum, rule->second, now.wall, remember)) return;
    books.accounts.restore(sum.budget, sum.account, sum.period_begin, sum.spent, now);
  });
  if (!read) return read;
  const auto runs = publish::SpendSums::read_runs(
      database, now.wall - remember, kRunsMost, [&](const publish::RunSum& sum) {
        runs::RunView view;
        view.credential = sum.credential;
        view.workflow = sum.workflow;
        view.run = sum.run;
        view.parent_run = sum.parent_run;
        view.steps = sum.steps;
        view.own = sum.spent;
        view.tree = sum.spent.picodollars();
        view.tokens = sum.tokens;
        view.started_at = sum.started_at;
        view.seen_at = sum.seen_at;
        books.runs.restore(view, now.wall, now.monotonic);
      });
  if (!runs) return runs;
  const auto on_stop = [&](const publish::StoppedRun& stopped) {
    const auto detector = runs::detector_named(stopped.stop.detector);
    if (!detector) return;
    runs::Finding stop;
    stop.detector = *detector;
    stop.mode = config::RunMode::stop;
    stop.seen = stopped.stop.seen;
    stop.limit = stopped.stop.limit;
    stop.tool = stopped.stop.tool;
    stop.hash = stopped.stop.hash;
    books.runs.restore_stop({stopped.credential, stopped.workflow, stopped.run, ""},
                            std::move(stop), now.wall, now.monotonic);
  };
  return publish::SpendSums::read_stops(database, now.wall - remember, on_stop);
}

}  // namespace

Result<void, std::string> restart(exchange::Books& books, const exchange::Snapshot& snapshot,
                                  publish::Publisher& publisher, const Clock& clock) {
  const config::Config& config = snapshot.config;
  books.accounts.configure(snapshot.policy.book_rules());
  books.runs.configure(config.policy.runs);

  const auto unreadable = [&](const publish::SqlError& error) {
    return failure("ledger " + config.ledger.path + ": " + error.message);
  };
  auto database =
      publish::Database::open(config.ledger.path, publish::Database::Access::read_write);
  if (!database) return unreadable(database.error());
  auto identity = publish::read_identity(*database);
  if (!identity) return unreadable(identity.error());
  auto journal =
      exchange::HoldJournal::open(config.ledger.path + ".holds", slots_wanted(config.limits));
  if (!journal) return failure(journal.error());

  const std::string_view why = doubt(**journal, *identity);
  bool torn = false;
  if (!settle_left_over(**journal, *database, snapshot, publisher, clock, torn)) {
    return failure("ledger " + config.ledger.path +
                   ": the requests of the former process could not be stored; nothing was lost, "
                   "make room and start again");
  }
  if (auto read = read_sums(books, snapshot, *database, clock); !read) {
    return unreadable(read.error());
  }
  if (!why.empty() || torn) {
    spdlog::critical(
        "{}: what was spent is not known, hard budgets refuse until `tokenweir "
        "budget spent` or `budget trust` says it",
        torn ? "the journal of holds is damaged" : why);
    identity->distrusted_at = clock.now();
  }
  if (identity->distrusted_at) {
    const budget::Now since{*identity->distrusted_at, clock.monotonic()};
    books.accounts.distrust(since);
  }
  // First the ledger knows that a journal is its own, then the journal forgets.
  identity->has_journal = true;
  if (auto written = publish::write_identity(*database, *identity); !written) {
    return unreadable(written.error());
  }
  const auto latest = publish::read_identity(*database);
  if (!latest) return unreadable(latest.error());
  (*journal)->begin(latest->number, latest->commits);
  books.journal = std::move(*journal);
  publisher.set_durable_watch(books.journal.get());
  return {};
}

}  // namespace tokenweir::app
