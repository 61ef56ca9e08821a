// What operators order, what it does to requests, and what is left of it after a restart.
#include "admin/operators.h"

#include "house.h"

namespace tokenweir::admin {
namespace {

using budget::kDollar;
using budget::Property;
using std::chrono::hours;
using std::chrono::minutes;

bool contains(const Reply& reply, std::string_view text) {
  return reply.body.find(text) != std::string::npos;
}

TEST_F(House, AKillStopsRequestsAtOnceAndAfterARestart) {
  const Reply reply = ask("POST", "/api/v1/kill", R"({"run":"r-7","reason":"loops"})");
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_TRUE(
      contains(reply, R"("id":1,"scope":"run","value":"r-7","reason":"loops","by":"maria")"))
      << reply.body;
  EXPECT_TRUE(killed(Property::run, "r-7"));
  EXPECT_FALSE(killed(Property::run, "r-8"));
  restart();
  EXPECT_TRUE(killed(Property::run, "r-7"));
  EXPECT_TRUE(contains(ask("GET", "/api/v1/kill"), R"("value":"r-7","reason":"loops")"));
  EXPECT_EQ(ask("DELETE", "/api/v1/kill/1").status, 200);
  EXPECT_FALSE(killed(Property::run, "r-7"));
  restart();
  EXPECT_FALSE(killed(Property::run, "r-7"));
  EXPECT_EQ(query("SELECT group_concat(action || ' ' || target) FROM audit"),
            "kill run=r-7,release run=r-7");
}

TEST_F(House, EveryScopeCanBeKilledAndReleasedByName) {
  for (const char* scope : {"run", "workflow", "user", "credential", "model", "provider"}) {
    const std::string target = "\"" + std::string(scope) + R"(":"x/ü \"1\"")";
    EXPECT_EQ(ask("POST", "/api/v1/kill", "{" + target + R"(,"reason":"why"})").status, 201);
    EXPECT_TRUE(killed(*budget::property_named(scope), "x/ü \"1\"")) << scope;
    EXPECT_EQ(ask("POST", "/api/v1/release", "{" + target + "}").status, 200);
    EXPECT_FALSE(killed(*budget::property_named(scope), "x/ü \"1\"")) << scope;
  }
  EXPECT_EQ(ask("POST", "/api/v1/kill", R"({"everything":true,"reason":"fire"})").status, 201);
  EXPECT_TRUE(killed(Property::workflow, "anything"));
  EXPECT_EQ(ask("POST", "/api/v1/release", R"({"everything":true})").status, 200);
  EXPECT_FALSE(killed(Property::workflow, "anything"));
  EXPECT_EQ(ask("POST", "/api/v1/release", R"({"everything":true})").status, 404);
}

TEST_F(House, AKillEndsByItselfAndTheAuditSaysSo) {
  ASSERT_EQ(ask("POST", "/api/v1/kill", R"({"workflow":"w","reason":"why","for":"1h"})").status,
            201);
  clock_.advance(minutes(59));
  operators().tick();
  EXPECT_TRUE(killed(Property::workflow, "w"));
  clock_.advance(minutes(1));
  EXPECT_FALSE(killed(Property::workflow, "w")) << "without waiting for the tick";
  operators().tick();
  EXPECT_EQ(query("SELECT action || ' by ' || actor FROM audit ORDER BY id DESC"),
            "kill.expired by tokenweir");
  EXPECT_EQ(query("SELECT count(*) FROM kill_switch"), "0");
}

TEST_F(House, AKillThatCannotBeStoredIsStillInForceAndSaysSo) {
  auto other =
      publish::Database::open(folder_.file("ledger.db"), publish::Database::Access::read_write);
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE").has_value());
  const Reply reply = ask("POST", "/api/v1/kill", R"({"run":"r-7","reason":"loops"})");
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(contains(reply, "is in force, but it is not stored")) << reply.body;
  EXPECT_TRUE(killed(Property::run, "r-7"));
  ASSERT_TRUE(other->execute("ROLLBACK").has_value());
  EXPECT_EQ(ask("POST", "/api/v1/kill", R"({"run":"r-7","reason":"loops"})").status, 201);
  restart();
  EXPECT_TRUE(killed(Property::run, "r-7"));
}

TEST_F(House, EndingARunKillsIt) {
  EXPECT_EQ(ask("DELETE", "/api/v1/runs/a%2Fb", R"({"reason":"done"})").status, 201);
  EXPECT_TRUE(killed(Property::run, "a/b"));
}

TEST_F(House, OrdersNeedAReasonATargetAndNothingUnknown) {
  const auto status = [&](std::string_view target, std::string_view body) {
    return ask("POST", target, body).status;
  };
  EXPECT_EQ(status("/api/v1/kill", R"({"run":"r"})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"everything":false,"reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"run":"r","workflow":"w","reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"run":"","reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"run":"r","reason":"why","fro":"1h"})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"run":"r","reason":"why","for":"soon"})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"run":"r","run":"s","reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"(["run"])"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"run":"r","reason":"why"} {})"), 400);
  EXPECT_EQ(status("/api/v1/kill", R"({"team":"t","reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/kill",
                   std::string(R"({"reason":"why","run":")") + std::string(300, 'x') + "\"}"),
            400);
  EXPECT_EQ(status("/api/v1/enforcement", R"({"state":"off","reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/enforcement", R"({"state":"off","for":"25h","reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/enforcement", R"({"state":"off","for":"1h"})"), 400);
  EXPECT_EQ(status("/api/v1/budgets/daily", R"({"limit":{"usd":"5"}})"), 400);
  EXPECT_EQ(status("/api/v1/budgets/daily", R"({"limit":{},"reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/budgets/daily", R"({"limit":{"eur":"5"},"reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/budgets/daily", R"({"limit":{"usd":"-5"},"reason":"why"})"), 400);
  EXPECT_EQ(status("/api/v1/budgets/daily", R"({"limit":{"usd":5.5},"reason":"why"})"), 400)
      << "a float is not an exact amount";
  EXPECT_EQ(status("/api/v1/budgets/nope", R"({"limit":{"usd":"5"},"reason":"why"})"), 404);
  EXPECT_EQ(query("SELECT count(*) FROM audit"), "0");
  EXPECT_FALSE(process_->kills.any());
}

TEST_F(House, ALimitIsRaisedForAWhile) {
  EXPECT_FALSE(admits(11 * kDollar));
  const Reply reply = ask("POST", "/api/v1/budgets/daily",
                          R"({"limit":{"usd":"12.5"},"for":"24h","reason":"launch"})");
  ASSERT_EQ(reply.status, 201) << reply.body;
  EXPECT_TRUE(admits(11 * kDollar));
  restart();
  EXPECT_TRUE(admits(11 * kDollar)) << "an override survives a restart";
  const Reply shown = ask("GET", "/api/v1/budgets/daily");
  EXPECT_TRUE(contains(shown, R"("limit":{"usd":"12.5"})")) << shown.body;
  EXPECT_TRUE(contains(shown, R"("reason":"launch","by":"maria")")) << shown.body;
  clock_.advance(hours(24));
  EXPECT_FALSE(admits(11 * kDollar));
  operators().tick();
  EXPECT_EQ(query("SELECT action FROM audit ORDER BY id DESC"), "budget.expired");
  EXPECT_TRUE(contains(ask("GET", "/api/v1/budgets/daily"), R"("override":null)"));
}

TEST_F(House, ALimitCanBeLoweredToNothingAndCleared) {
  ASSERT_EQ(ask("POST", "/api/v1/budgets/daily", R"({"limit":{"usd":0},"reason":"stop"})").status,
            201);
  EXPECT_FALSE(admits(1));
  EXPECT_EQ(ask("DELETE", "/api/v1/budgets/daily/override").status, 200);
  EXPECT_TRUE(admits(1));
  EXPECT_EQ(ask("DELETE", "/api/v1/budgets/daily/override").status, 404);
}

TEST_F(House, OneAccountOfManyIsNamedByItsValues) {
  budget::Facts facts;
  facts[Property::user] = "maria";
  facts[Property::customer] = "acme";
  // Nobody has asked for this account yet.
  const std::string_view by_name =
      R"({"limit":{"usd":"5"},"account":"maria/acme","reason":"launch"})";
  EXPECT_EQ(ask("POST", "/api/v1/budgets/each-user", by_name).status, 404);
  EXPECT_FALSE(admits(4 * kDollar, facts));  // creates the account
  EXPECT_EQ(ask("POST", "/api/v1/budgets/each-user", by_name).status, 201);
  restart();
  EXPECT_TRUE(admits(4 * kDollar, facts));
  facts[Property::user] = "jo";
  EXPECT_FALSE(admits(4 * kDollar, facts));
  // A value with a slash is told by its list; `create` makes the account beforehand.
  const Reply made =
      ask("POST", "/api/v1/budgets/each-user",
          R"({"limit":{"usd":"5"},"account":["a/b","c"],"create":true,"reason":"x"})");
  EXPECT_EQ(made.status, 201) << made.body;
  facts[Property::user] = "a/b";
  facts[Property::customer] = "c";
  EXPECT_TRUE(admits(4 * kDollar, facts));
}

TEST_F(House, AReloadThatDropsTheAccountsKeepsTheOverrides) {
  ASSERT_EQ(ask("POST", "/api/v1/budgets/daily", R"({"limit":{"usd":"20"},"reason":"x"})").status,
            201);
  process_->book.configure({budget::usd_rule("daily", 10 * kDollar, budget::WindowKind::month)});
  EXPECT_FALSE(admits(15 * kDollar));
  operators().after_reload();
  EXPECT_TRUE(admits(15 * kDollar));
}

TEST_F(House, SpentIsCorrectedInTheBookAndInTheLedgersSums) {
  ASSERT_EQ(ask("POST", "/api/v1/budgets/daily/spent",
                R"({"spent":{"usd":"9.5","requests":3},"reason":"invoice"})")
                .status,
            200);
  EXPECT_FALSE(admits(kDollar));
  EXPECT_TRUE(admits(kDollar / 2));
  EXPECT_EQ(query("SELECT usd || ' ' || requests FROM budget_sum WHERE budget = 'daily'"),
            "9500000000000 3");
  ASSERT_EQ(ask("POST", "/api/v1/budgets/daily/spent", R"({"spent":{"usd":"1"},"reason":"credit"})")
                .status,
            200);
  EXPECT_EQ(query("SELECT usd || ' ' || requests FROM budget_sum WHERE budget = 'daily'"),
            "1000000000000 3");
  EXPECT_EQ(query("SELECT detail FROM audit ORDER BY id DESC"),
            R"({"usd":{"from":9500000000000,"to":1000000000000}})");
  const Reply shown = ask("GET", "/api/v1/budgets/daily");
  EXPECT_TRUE(contains(shown, R"("spent":{"usd":"1","usd_picodollars":1000000000000,"requests":3)"))
      << shown.body;
  EXPECT_TRUE(contains(shown, R"("used_percent":10.0)") || contains(shown, R"("used_percent":10)"));
}

TEST_F(House, SpentOfARollingWindowReplacesWhatItHeld) {
  for (const char* usd : {"29.5", "28"}) {
    ASSERT_EQ(ask("POST", "/api/v1/budgets/rolling/spent",
                  R"({"spent":{"usd":")" + std::string(usd) + R"("},"reason":"x"})")
                  .status,
              200);
    clock_.advance(minutes(5));
  }
  EXPECT_TRUE(admits(2 * kDollar));
  EXPECT_FALSE(admits(2 * kDollar + kDollar / 2));
  EXPECT_EQ(query("SELECT sum(usd) FROM budget_sum WHERE budget = 'rolling'"), "28000000000000");
}

TEST_F(House, AnUnknownBudgetIsMadeKnownByItsSpendOrByTrust) {
  const auto distrust = [&] {
    auto database =
        publish::Database::open(folder_.file("ledger.db"), publish::Database::Access::read_write);
    ASSERT_TRUE(database
                    ->execute("UPDATE identity SET distrusted_at = " +
                              std::to_string(clock_.now().time_since_epoch().count()))
                    .has_value());
    process_->book.distrust(moment());
  };
  distrust();
  EXPECT_FALSE(admits(kDollar));
  EXPECT_TRUE(contains(ask("GET", "/api/v1/budgets/daily"), R"("unknown":true)"));
  for (const char* name : {"daily", "rolling"}) {
    ASSERT_EQ(ask("POST", "/api/v1/budgets/" + std::string(name) + "/spent",
                  R"({"spent":{"usd":"0.5"},"reason":"from the invoice"})")
                  .status,
              200);
  }
  EXPECT_TRUE(admits(kDollar));
  // The next process distrusts the sums too, until it has read what was confirmed.
  restart();
  process_->book.distrust(moment());
  EXPECT_FALSE(admits(kDollar));
  ASSERT_TRUE(operators().restore().has_value());
  EXPECT_TRUE(admits(kDollar));
  distrust();
  ASSERT_EQ(ask("POST", "/api/v1/trust", R"({"reason":"restored from a backup"})").status, 200);
  EXPECT_TRUE(admits(kDollar));
  EXPECT_EQ(query("SELECT distrusted_at FROM identity"), "NULL");
}

TEST_F(House, EnforcementReturnsByItself) {
  EXPECT_TRUE(enforcing());
  ASSERT_EQ(
      ask("POST", "/api/v1/enforcement", R"({"state":"off","for":"1h","reason":"false alarms"})")
          .status,
      201);
  EXPECT_FALSE(enforcing());
  EXPECT_TRUE(contains(ask("GET", "/api/v1/enforcement"),
                       R"("enforcing":false,"until":"2026-11-21T05:08:56.123Z")"));
  clock_.advance(minutes(30));
  restart();
  EXPECT_FALSE(enforcing());
  clock_.advance(minutes(30));
  EXPECT_TRUE(enforcing()) << "without waiting for the tick";
  operators().tick();
  EXPECT_EQ(query("SELECT group_concat(action) FROM audit"),
            "enforcement.off,enforcement.returned");
  restart();
  EXPECT_TRUE(enforcing());
}

TEST_F(House, AWallClockPutBackDoesNotProlongBrokenGlass) {
  ASSERT_EQ(
      ask("POST", "/api/v1/enforcement", R"({"state":"off","for":"1h","reason":"test"})").status,
      201);
  clock_.advance(minutes(61));
  clock_.set_wall(publish::testing::kMorning - hours(24));
  operators().tick();
  EXPECT_TRUE(enforcing());
  EXPECT_EQ(query("SELECT count(*) FROM enforcement_off"), "0");
}

TEST_F(House, EnforcementIsSwitchedOnAgainByHand) {
  ASSERT_EQ(
      ask("POST", "/api/v1/enforcement", R"({"state":"off","for":"1h","reason":"test"})").status,
      201);
  EXPECT_EQ(ask("POST", "/api/v1/enforcement", R"({"state":"on"})").status, 200);
  EXPECT_TRUE(enforcing());
  restart();
  EXPECT_TRUE(enforcing());
  EXPECT_EQ(ask("POST", "/api/v1/enforcement", R"({"state":"on"})").status, 200)
      << "switching on what is on is no error";
}

TEST_F(House, RunsAreListedWithWhatStopsThem) {
  runs::Signs signs;
  for (const char* run : {"r-1", "r-2"}) {
    const runs::RunName name{"app", "triage", run, {}};
    (void)process_->runs.begin(name, signs, clock_.now(), clock_.monotonic());
    runs::StepEnd end;
    end.cost = Money::picodollars(1'250'000'000'000);
    end.tokens = 900;
    process_->runs.end(name, signs, end, clock_.now(), clock_.monotonic());
  }
  ASSERT_EQ(ask("POST", "/api/v1/kill", R"({"run":"r-2","reason":"loops"})").status, 201);
  const Reply one = ask("GET", "/api/v1/runs/r-1");
  EXPECT_TRUE(contains(one, R"("run":"r-1","workflow":"triage","credential":"app")")) << one.body;
  EXPECT_TRUE(contains(one, R"("state":"idle")"));
  EXPECT_TRUE(contains(one, R"("usd":"1.25")"));
  EXPECT_TRUE(contains(one, R"("known":2)"));
  EXPECT_TRUE(contains(ask("GET", "/api/v1/runs?run=r-2"), R"("state":"killed")"));
  EXPECT_TRUE(contains(ask("GET", "/api/v1/runs?workflow=other"), R"("runs":[])"));
  EXPECT_TRUE(contains(ask("GET", "/api/v1/runs?active=true"), R"("runs":[])"));
}

TEST_F(House, SpendIsSummedByKeyToThePicodollar) {
  std::vector<Record> records;
  for (int i = 0; i < 6; ++i) {
    Record record = publish::testing::sample(std::to_string(i));
    record.attribution.workflow = i < 4 ? "big" : "small";
    record.bill.cost = Money::picodollars(INT64_MAX / 8 - i);
    record.started_at = clock_.now() - minutes(i);
    records.push_back(std::move(record));
  }
  records.back().bill.cost.reset();
  std::vector<publish::Figures> figures;
  for (const Record& record : records) figures.push_back(publish::figures_of(record));
  std::vector<publish::Entry> entries;
  for (std::size_t i = 0; i < records.size(); ++i) entries.push_back({&records[i], &figures[i]});
  ASSERT_TRUE(process_->ledger->append(entries).has_value());

  const Reply by = ask("GET", "/api/v1/spend?by=workflow&since=1h");
  // 4 * (2^63 - 1) / 8, rounded down each, minus 0 + 1 + 2 + 3.
  EXPECT_TRUE(contains(by, R"({"workflow":"big","requests":4,"refused":0,"unpriced":0)"))
      << by.body;
  EXPECT_TRUE(contains(by, R"("usd_picodollars":4611686018427387894)")) << by.body;
  EXPECT_TRUE(contains(by, R"({"workflow":"small","requests":2,"refused":0,"unpriced":1)"));
  EXPECT_TRUE(contains(ask("GET", "/api/v1/spend?since=2m&until=1m"), R"("requests":1)"));
  EXPECT_EQ(ask("GET", "/api/v1/spend?by=secret").status, 400);
  EXPECT_EQ(ask("GET", "/api/v1/spend?since=yesterday").status, 400);
  const Reply top = ask("GET", "/api/v1/top");
  EXPECT_TRUE(contains(top, R"("minutes":5)"));
  EXPECT_TRUE(contains(top, R"("workflow":"big","run":"run-7","credential":"support-app")"))
      << top.body;
  EXPECT_TRUE(contains(top, R"("of_run":null)"));
}

TEST_F(House, ReloadsAndDrainsAreAudited) {
  EXPECT_EQ(ask("POST", "/-/reload").status, 200);
  actions_.reload_problems = "tokenweir.yaml:3: no such key";
  EXPECT_EQ(ask("POST", "/-/reload").status, 400);
  EXPECT_EQ(ask("POST", "/-/drain").status, 202);
  EXPECT_TRUE(actions_.drained);
  const Reply audit = ask("GET", "/api/v1/audit?limit=2");
  EXPECT_TRUE(contains(audit, R"("actor":"maria","action":"drain")")) << audit.body;
  EXPECT_TRUE(contains(audit, R"("action":"reload.refused")"));
  EXPECT_FALSE(contains(audit, R"("action":"reload",)"));
  const auto counts = operators().policy_sample().admin_actions;
  EXPECT_EQ(counts.at("reload"), 1u);
  EXPECT_EQ(counts.at("drain"), 1u);
}

TEST_F(House, TheMetricsSeeTheFullestAccountAndEachRestingRunOnce) {
  process_->book.charge({}, budget::usd(4 * kDollar), clock_.now(), moment());
  budget::Facts facts;
  facts[Property::user] = "maria";
  process_->book.charge(facts, budget::usd(kDollar), clock_.now(), moment());
  facts[Property::user] = "jo";
  process_->book.charge(facts, budget::usd(kDollar / 2), clock_.now(), moment());
  runs::StepEnd end;
  end.cost = Money::picodollars(kDollar);
  end.input_tokens = 100;
  const runs::RunName name{"app", "triage", "r", {}};
  for (int step = 0; step < 2; ++step) {
    (void)process_->runs.begin(name, {}, clock_.now(), clock_.monotonic());
    clock_.advance(minutes(1));
    process_->runs.end(name, {}, end, clock_.now(), clock_.monotonic());
    end.input_tokens = 250;
  }
  ASSERT_EQ(ask("POST", "/api/v1/kill", R"({"run":"r","reason":"x"})").status, 201);

  publish::PolicySample sample = operators().policy_sample();
  ASSERT_EQ(sample.budgets.size(), 3u);
  EXPECT_EQ(sample.budgets[0].name, "daily");
  EXPECT_EQ(sample.budgets[0].window, "day");
  EXPECT_EQ(sample.budgets[0].spent, 5 * kDollar + kDollar / 2);
  EXPECT_EQ(sample.budgets[0].spent_millionths, 550'000);
  EXPECT_EQ(sample.budgets[0].ends, parse_rfc3339("2026-11-22"));
  EXPECT_EQ(sample.budgets[1].name, "each-user");
  EXPECT_EQ(sample.budgets[1].spent, kDollar);
  EXPECT_FALSE(sample.budgets[2].begins.has_value());
  EXPECT_EQ(sample.runs_active.at("triage"), 1);
  EXPECT_EQ(sample.kill_switches.at("run"), 1u);
  EXPECT_EQ(sample.kill_switches.at("everything"), 0u);
  EXPECT_TRUE(sample.finished_runs.empty());

  clock_.advance(minutes(6));
  sample = operators().policy_sample();
  EXPECT_TRUE(sample.runs_active.empty());
  ASSERT_EQ(sample.finished_runs.size(), 1u);
  EXPECT_EQ(sample.finished_runs[0].end, "killed");
  EXPECT_EQ(sample.finished_runs[0].steps, 2);
  EXPECT_EQ(static_cast<std::int64_t>(sample.finished_runs[0].picodollars), 2 * kDollar);
  EXPECT_EQ(sample.finished_runs[0].lasted, minutes(2));
  EXPECT_EQ(sample.finished_runs[0].growth_millionths, 2'500'000);
  EXPECT_TRUE(operators().policy_sample().finished_runs.empty());
}

TEST_F(House, HostileTextsAreEscapedEverywhere) {
  ASSERT_EQ(ask("POST", "/api/v1/kill", R"({"workflow":"<script>\"\u0007","reason":"line\nbreak"})")
                .status,
            201);
  const Reply shown = ask("GET", "/api/v1/kill");
  EXPECT_TRUE(contains(shown, R"("value":"<script>\"\u0007","reason":"line\nbreak")"))
      << shown.body;
  EXPECT_EQ(ask("POST", "/api/v1/kill", "{\"run\":\"\xFF\",\"reason\":\"x\"}").status, 400);
}

// A correction is believed when eight comparisons are remembered, of which old ones fade.
void compare(count::Calibration& calibration, std::string_view provider, std::string_view model,
             count::Grade grade, int times = 9) {
  for (int i = 1; i <= times; ++i) {
    calibration.add(provider, model, count::RequestKind::text, grade, 1000 * i, 1200 * i, Time{});
  }
}

TEST_F(House, WhatCountingLearnedIsShown) {
  compare(process_->calibration, "anthropic", "claude-x", count::Grade::estimated);
  compare(process_->calibration, "openai", "gpt-4o", count::Grade::exact, 2);
  const Reply all = ask("GET", "/api/v1/calibration");
  EXPECT_EQ(all.status, 200);
  EXPECT_TRUE(contains(all, R"({"provider":"anthropic","kind":"text","requests":9,"equal":0,)"
                            R"("counted_tokens":45000,"reported_tokens":54000,"ratio":1.2000})"))
      << all.body;
  EXPECT_TRUE(contains(all, R"("model":"claude-x","kind":"text","samples":8.9,"factor":1.2000,)"))
      << all.body;
  EXPECT_TRUE(contains(all, R"("applied":true,"exact":false)")) << all.body;
  EXPECT_TRUE(contains(all, R"("applied":false,"exact":true)")) << all.body;
  const Reply one = ask("GET", "/api/v1/calibration?provider=openai&model=gpt-4o");
  EXPECT_FALSE(contains(one, "anthropic")) << one.body;
  EXPECT_TRUE(contains(one, "gpt-4o"));
}

TEST_F(House, WhatCountingLearnedIsForgottenOnOrderAndTheAuditSaysSo) {
  compare(process_->calibration, "anthropic", "claude-x", count::Grade::estimated);
  compare(process_->calibration, "anthropic", "claude-y", count::Grade::estimated);
  const Reply reply = ask("POST", "/api/v1/calibration/reset",
                          R"({"model":"claude-x","reason":"a new tokenizer"})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.body, "{\"forgotten\":1}\n");
  const Reply left = ask("GET", "/api/v1/calibration");
  EXPECT_FALSE(contains(left, "claude-x"));
  EXPECT_TRUE(contains(left, "claude-y"));
  EXPECT_TRUE(contains(left, R"("requests":18)")) << "what was compared stays";
  EXPECT_EQ(process_->kept.find("claude-x"), std::string::npos) << "also after a restart";
  EXPECT_NE(process_->kept.find("claude-y"), std::string::npos);

  EXPECT_EQ(ask("DELETE", "/api/v1/calibration").body, "{\"forgotten\":1}\n");
  EXPECT_EQ(query("SELECT group_concat(actor || ' ' || action || ' ' || target) FROM audit"),
            "maria calibration.reset calibration model=claude-x,"
            "maria calibration.reset calibration");
}

TEST_F(House, AnOrderToForgetThatCannotBeKeptIsNotConfirmed) {
  compare(process_->calibration, "anthropic", "claude-x", count::Grade::estimated);
  process_->can_keep = false;
  const Reply reply = ask("DELETE", "/api/v1/calibration");
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(contains(reply, "the disk is full")) << reply.body;
  EXPECT_EQ(ask("POST", "/api/v1/calibration").status, 405);
  EXPECT_EQ(ask("POST", "/api/v1/calibration/reset", R"({"modell":"x"})").status, 400);
}

}  // namespace
}  // namespace tokenweir::admin
