#include "publish/spend_sums.h"

#include <map>
#include <tuple>
#include <utility>

#include "publish/text.h"

namespace tokenweir::publish {
namespace {

using budget::Amounts;
using budget::Measure;
using budget::saturating_add;

// In the order of the columns of budget_sum.
constexpr std::array kKept = {Measure::usd, Measure::requests, Measure::input_tokens,
                              Measure::output_tokens, Measure::total_tokens};

std::int64_t micros(Time time) { return time.time_since_epoch().count(); }

Result<void, SqlError> run(Statement& statement) {
  const auto stepped = statement.step();
  statement.reset();
  if (!stepped) return failure(stepped.error());
  return {};
}

Result<void, SqlError> for_each_row(Statement& statement, const std::function<void()>& on_row) {
  while (true) {
    const auto row = statement.step();
    if (!row) return failure(row.error());
    if (!*row) return {};
    on_row();
  }
}

}  // namespace

Result<void, SqlError> SpendSums::prepare(const Database& database) {
  auto add_budget = database.prepare(
      "INSERT INTO budget_sum VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE "
      "SET usd = usd + ?4, requests = requests + ?5, input_tokens = input_tokens + ?6, "
      "output_tokens = output_tokens + ?7, total_tokens = total_tokens + ?8, posted_at = ?9");
  if (!add_budget) return failure(add_budget.error());
  auto add_run = database.prepare(
      "INSERT INTO run_sum VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE "
      "SET parent_run = CASE parent_run WHEN '' THEN ?4 ELSE parent_run END, steps = steps + ?5, "
      "picodollars = picodollars + ?6, tokens = tokens + ?7, seen_at = max(seen_at, ?9)");
  if (!add_run) return failure(add_run.error());
  auto add_stop = database.prepare(
      "INSERT INTO run_stop VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE "
      "SET detector = ?4, seen = ?5, most = ?6, tool = ?7, hash = ?8, stopped_at = ?9");
  if (!add_stop) return failure(add_stop.error());
  add_stop_ = std::move(*add_stop);
  add_budget_ = std::move(*add_budget);
  add_run_ = std::move(*add_run);
  return {};
}

Result<void, SqlError> SpendSums::add(std::span<const Entry> entries) {
  if (auto added = add_postings(entries); !added) return added;
  if (auto added = add_runs(entries); !added) return added;
  return add_stops(entries);
}

Result<void, SqlError> SpendSums::add_stops(std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    if (entry.booking == nullptr || !entry.booking->run_stop) continue;
    const exchange::RunStop* stop = &*entry.booking->run_stop;
    const Attribution& who = entry.record->attribution;
    int column = 0;
    for (const std::string* text : {&who.credential, &who.workflow, &who.run, &stop->detector}) {
      add_stop_.bind(++column, std::string_view(*text));
    }
    add_stop_.bind(++column, stop->seen);
    add_stop_.bind(++column, stop->limit);
    const std::string tool = to_storable(stop->tool);
    add_stop_.bind(++column, std::string_view(tool));
    add_stop_.bind(++column, static_cast<std::int64_t>(stop->hash));
    add_stop_.bind(++column, micros(entry.record->started_at));
    if (auto done = run(add_stop_); !done) return done;
  }
  return {};
}

Result<void, SqlError> SpendSums::add_postings(std::span<const Entry> entries) {
  // Many requests of one group touch the same account: it is written once.
  using Key = std::tuple<std::string_view, std::string_view, Time>;
  std::map<Key, std::pair<Amounts, Time>> sums;
  for (const Entry& entry : entries) {
    if (entry.booking == nullptr) continue;
    for (const budget::Posting& posting : entry.booking->postings) {
      auto& [amounts, at] =
          sums[Key(posting.account->budget, posting.account->key, posting.period_begin)];
      amounts.add(posting.amounts);
      at = std::max(at, entry.record->finished_at);
    }
  }
  for (const auto& [key, sum] : sums) {
    int column = 0;
    add_budget_.bind(++column, std::get<0>(key));
    add_budget_.bind(++column, std::get<1>(key));
    add_budget_.bind(++column, micros(std::get<2>(key)));
    for (const Measure measure : kKept) add_budget_.bind(++column, sum.first[measure]);
    add_budget_.bind(++column, micros(sum.second));
    if (auto done = run(add_budget_); !done) return done;
  }
  return {};
}

Result<void, SqlError> SpendSums::add_runs(std::span<const Entry> entries) {
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Key, RunSum> sums;
  for (const Entry& entry : entries) {
    const Record& record = *entry.record;
    const Attribution& who = record.attribution;
    if (who.run.empty() || !record.refusal.empty()) continue;
    const auto [at, first] = sums.try_emplace(Key(who.credential, who.workflow, who.run));
    RunSum& sum = at->second;
    if (first) sum.started_at = record.started_at;
    if (sum.parent_run.empty()) sum.parent_run = who.parent_run;
    sum.steps += 1;
    if (record.bill.cost) {
      sum.spent = Money::picodollars(
          saturating_add(sum.spent.picodollars(), record.bill.cost->picodollars()));
    }
    sum.tokens = saturating_add(sum.tokens, entry.figures->total_input.value_or(0));
    sum.tokens = saturating_add(sum.tokens, entry.figures->total_output.value_or(0));
    sum.seen_at = std::max(sum.seen_at, record.finished_at);
  }
  for (const auto& [key, sum] : sums) {
    int column = 0;
    add_run_.bind(++column, std::get<0>(key));
    add_run_.bind(++column, std::get<1>(key));
    add_run_.bind(++column, std::get<2>(key));
    add_run_.bind(++column, std::string_view(sum.parent_run));
    add_run_.bind(++column, sum.steps);
    add_run_.bind(++column, sum.spent.picodollars());
    add_run_.bind(++column, sum.tokens);
    add_run_.bind(++column, micros(sum.started_at));
    add_run_.bind(++column, micros(sum.seen_at));
    if (auto done = run(add_run_); !done) return done;
  }
  return {};
}

Result<void, SqlError> SpendSums::read_budgets(
    const Database& database, const std::function<void(const BudgetSum&)>& on_sum) {
  auto statement = database.prepare(
      "SELECT budget, account, period_begin, posted_at, usd, requests, input_tokens, "
      "output_tokens, total_tokens FROM budget_sum ORDER BY budget, account, period_begin");
  if (!statement) return failure(statement.error());
  return for_each_row(*statement, [&] {
    BudgetSum sum{std::string(statement->text(0)),
                  std::string(statement->text(1)),
                  time_of(statement->integer(2)),
                  time_of(statement->integer(3)),
                  {}};
    int column = 4;
    for (const Measure measure : kKept) sum.spent[measure] = statement->integer(column++);
    on_sum(sum);
  });
}

Result<void, SqlError> SpendSums::read_runs(const Database& database, Time since,
                                            std::int64_t runs_max,
                                            const std::function<void(const RunSum&)>& on_sum) {
  auto statement = database.prepare(
      "SELECT credential, workflow, run, parent_run, steps, picodollars, tokens, started_at, "
      "seen_at FROM run_sum WHERE seen_at >= ?1 ORDER BY seen_at DESC LIMIT ?2");
  if (!statement) return failure(statement.error());
  statement->bind(1, micros(since));
  statement->bind(2, runs_max);
  return for_each_row(*statement, [&] {
    const auto text = [&](int column) { return std::string(statement->text(column)); };
    on_sum({text(0), text(1), text(2), text(3), statement->integer(4),
            Money::picodollars(statement->integer(5)), statement->integer(6),
            time_of(statement->integer(7)), time_of(statement->integer(8))});
  });
}

Result<void, SqlError> SpendSums::read_stops(
    const Database& database, Time since, const std::function<void(const StoppedRun&)>& on_stop) {
  auto statement = database.prepare(
      "SELECT credential, workflow, run, detector, seen, most, tool, hash FROM run_stop s "
      "WHERE stopped_at >= ?1 AND NOT EXISTS (SELECT 1 FROM run_resumed r WHERE r.run = s.run "
      "AND r.at >= s.stopped_at)");
  if (!statement) return failure(statement.error());
  statement->bind(1, micros(since));
  return for_each_row(*statement, [&] {
    const auto text = [&](int column) { return std::string(statement->text(column)); };
    on_stop({text(0), text(1), text(2),
             exchange::RunStop{text(3), statement->integer(4), statement->integer(5), text(6),
                               static_cast<std::uint64_t>(statement->integer(7))}});
  });
}

Result<void, SqlError> SpendSums::expire(const Database& database, Time runs_before,
                                         Time periods_before) {
  auto runs = database.prepare("DELETE FROM run_sum WHERE seen_at < ?1");
  if (!runs) return failure(runs.error());
  runs->bind(1, micros(runs_before));
  if (auto done = run(*runs); !done) return done;
  for (const std::string_view table : {"run_stop WHERE stopped_at", "run_resumed WHERE at"}) {
    auto stops = database.prepare("DELETE FROM " + std::string(table) + " < ?1");
    if (!stops) return failure(stops.error());
    stops->bind(1, micros(runs_before));
    if (auto done = run(*stops); !done) return done;
  }
  // Totals and runs begin with time itself; a total is spent for ever.
  auto periods =
      database.prepare("DELETE FROM budget_sum WHERE posted_at < ?1 AND period_begin > ?2");
  if (!periods) return failure(periods.error());
  periods->bind(1, micros(periods_before));
  periods->bind(2, micros(Time::min()));
  return run(*periods);
}

}  // namespace tokenweir::publish
