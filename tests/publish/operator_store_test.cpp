#include "publish/operator_store.h"

#include <gtest/gtest.h>

#include "publish/ledger.h"
#include "sample.h"

namespace tokenweir::publish {
namespace {

using testing::kMorning;
using testing::query;
using testing::TemporaryFolder;

constexpr std::chrono::hours kHour{1};

class OperatorOrders : public ::testing::Test {
 protected:
  void SetUp() override {
    auto ledger = Ledger::open(path(), kMorning);
    ASSERT_TRUE(ledger.has_value()) << ledger.error().message;
    ledger_ = std::move(*ledger);
    reopen();
  }
  // As after a restart.
  void reopen() {
    store_.reset();
    auto store = OperatorStore::open(path());
    ASSERT_TRUE(store.has_value()) << store.error();
    store_ = std::move(*store);
  }
  OperatorState load() {
    auto state = store_->load();
    EXPECT_TRUE(state.has_value()) << state.error();
    return state ? std::move(*state) : OperatorState{};
  }
  static AuditEntry line(const std::string& action, const std::string& target) {
    AuditEntry entry;
    entry.at = kMorning;
    entry.actor = "maria";
    entry.action = action;
    entry.target = target;
    entry.reason = "burns money";
    return entry;
  }
  [[nodiscard]] std::string path() const { return folder_.file("ledger.db"); }
  // What the store must refuse, with SQLite's message.
  std::string refused(const std::string& sql) {
    auto database = Database::open(path(), Database::Access::read_write);
    const auto done = database->execute(sql);
    return done ? "not refused" : done.error().message;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<OperatorStore> store_;
};

TEST_F(OperatorOrders, KillSwitchesSurviveARestart) {
  ASSERT_TRUE(store_
                  ->put(StoredKill{3, "run", "r'7\"", "loops", "maria", kMorning, {}},
                        line("kill", "run=r'7\""))
                  .has_value());
  ASSERT_TRUE(store_
                  ->put(StoredKill{4, {}, "", "fire", "jo", kMorning, kMorning + kHour},
                        line("kill", "everything"))
                  .has_value());
  reopen();
  const OperatorState state = load();
  ASSERT_EQ(state.kills.size(), 2u);
  EXPECT_EQ(state.kills[0].property, "run");
  EXPECT_EQ(state.kills[0].value, "r'7\"");
  EXPECT_EQ(state.kills[0].since, kMorning);
  EXPECT_FALSE(state.kills[0].until.has_value());
  EXPECT_FALSE(state.kills[1].property.has_value());
  EXPECT_EQ(state.kills[1].until, kMorning + kHour);
  ASSERT_TRUE(store_->drop_kill(3, line("release", "run=r'7\"")).has_value());
  EXPECT_EQ(load().kills.size(), 1u);
  EXPECT_EQ(load().actions.at("kill"), 2u);
}

TEST_F(OperatorOrders, TheSameTargetIsStoredOnce) {
  for (const char* reason : {"first", "second"}) {
    ASSERT_TRUE(store_
                    ->put(StoredKill{1, "workflow", "w", reason, "jo", kMorning, {}},
                          line("kill", "workflow=w"))
                    .has_value());
    ASSERT_TRUE(
        store_->put(StoredKill{2, {}, "", reason, "jo", kMorning, {}}, line("kill", "everything"))
            .has_value());
  }
  const OperatorState state = load();
  ASSERT_EQ(state.kills.size(), 2u);
  EXPECT_EQ(state.kills[0].reason, "second");
  EXPECT_EQ(state.kills[1].reason, "second");
}

TEST_F(OperatorOrders, OverridesAreKeptByBudgetAndAccount) {
  StoredOverride all{"each-user", {}, {}, "launch", "jo", kMorning, kMorning + kHour};
  all.limits[0] = 5'000'000'000'000;
  StoredOverride shared = all;
  shared.account = "";
  shared.limits = {};
  shared.limits[1] = 80;
  StoredOverride one = shared;
  one.account = "app\x1fmaria";
  for (const auto& value : {all, shared, one}) {
    ASSERT_TRUE(store_->put(value, line("budget.limit", "budget=each-user")).has_value());
  }
  reopen();
  EXPECT_EQ(load().overrides.size(), 3u);
  ASSERT_TRUE(store_->drop_override("each-user", {}, line("budget.clear", "budget=each-user")));
  ASSERT_TRUE(store_->drop_override("each-user", "", line("budget.clear", "budget=each-user")));
  const OperatorState state = load();
  ASSERT_EQ(state.overrides.size(), 1u);
  EXPECT_EQ(state.overrides[0].account, "app\x1fmaria");
  EXPECT_FALSE(state.overrides[0].limits[0].has_value());
  EXPECT_EQ(state.overrides[0].limits[1], 80);
}

TEST_F(OperatorOrders, ASpentCorrectionIsAPostingThatLaterOnesAddTo) {
  const auto sum = [&] {
    return query(path(), "SELECT usd || ' ' || requests FROM budget_sum WHERE budget = 'day'");
  };
  SpentCorrection correction{"day", "", kMorning, {500, 2}, false, kMorning};
  ASSERT_TRUE(store_->correct(correction, line("budget.spent", "budget=day")).has_value());
  EXPECT_EQ(sum(), "500 2");
  correction.amounts = {-120, -1};
  ASSERT_TRUE(store_->correct(correction, line("budget.spent", "budget=day")).has_value());
  EXPECT_EQ(sum(), "380 1");
  ASSERT_EQ(load().confirmations.size(), 1u);
  EXPECT_EQ(load().confirmations[0].at, kMorning);
}

TEST_F(OperatorOrders, ACorrectionOfARollingWindowReplacesItsSlices) {
  SpentCorrection correction{"rolling", "a", kMorning, {500}, false, kMorning};
  ASSERT_TRUE(store_->correct(correction, line("budget.spent", "")).has_value());
  correction.period_begin += kHour;
  correction.amounts = {70};
  correction.replace = true;
  ASSERT_TRUE(store_->correct(correction, line("budget.spent", "")).has_value());
  EXPECT_EQ(query(path(), "SELECT group_concat(usd) FROM budget_sum"), "0,70");
}

TEST_F(OperatorOrders, TrustEndsDistrust) {
  auto database = Database::open(path(), Database::Access::read_write);
  ASSERT_TRUE(database->execute("UPDATE identity SET distrusted_at = 5").has_value());
  EXPECT_EQ(load().distrusted_at, Time{std::chrono::microseconds(5)});
  ASSERT_TRUE(store_->trust(line("trust", "budgets")).has_value());
  EXPECT_FALSE(load().distrusted_at.has_value());
}

TEST_F(OperatorOrders, EnforcementOffIsOneStateWithAnEnd) {
  ASSERT_TRUE(store_->put(StoredEnforcementOff{"fire", "jo", kMorning, kMorning + kHour},
                          line("enforcement.off", "enforcement")));
  ASSERT_TRUE(store_->put(StoredEnforcementOff{"more", "jo", kMorning, kMorning + 2 * kHour},
                          line("enforcement.off", "enforcement")));
  EXPECT_EQ(load().enforcement_off->until, kMorning + 2 * kHour);
  ASSERT_TRUE(store_->drop_enforcement_off(line("enforcement.on", "enforcement")).has_value());
  EXPECT_FALSE(load().enforcement_off.has_value());
}

TEST_F(OperatorOrders, TheAuditIsNewestFirstAndInPages) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store_->note(line("reload", std::to_string(i))).has_value());
  }
  const auto page = store_->audit(2);
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ(page->at(0).target, "4");
  EXPECT_EQ(page->at(0).actor, "maria");
  EXPECT_EQ(page->at(0).at, parse_rfc3339("2026-11-21T04:08:56.123Z"));
  const auto next = store_->audit(100, page->at(1).id);
  ASSERT_EQ(next->size(), 3u);
  EXPECT_EQ(next->at(0).target, "2");
}

TEST_F(OperatorOrders, NothingCanChangeTheAudit) {
  ASSERT_TRUE(store_->note(line("reload", "configuration")).has_value());
  const std::string no = "the audit is append-only";
  EXPECT_EQ(refused("UPDATE audit SET actor = 'nobody'"), no);
  EXPECT_EQ(refused("DELETE FROM audit"), no);
  EXPECT_EQ(refused("INSERT OR REPLACE INTO audit VALUES (1, '', '', '', '', '', '')"), no);
  EXPECT_EQ(query(path(), "SELECT actor FROM audit"), "maria");
}

TEST_F(OperatorOrders, AnOrderThatCannotBeStoredChangesNothing) {
  // Another writer keeps the file; the busy wait ends and the order is told as failed.
  auto other = Database::open(path(), Database::Access::read_write);
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE").has_value());
  const auto done =
      store_->put(StoredKill{1, "run", "r", "why", "jo", kMorning, {}}, line("kill", "run=r"));
  ASSERT_FALSE(done.has_value());
  EXPECT_NE(done.error().find("did not take the order"), std::string::npos) << done.error();
  ASSERT_TRUE(other->execute("ROLLBACK").has_value());
  EXPECT_TRUE(load().kills.empty());
  EXPECT_TRUE(load().actions.empty());
  EXPECT_TRUE(store_->note(line("reload", "")).has_value());
}

TEST_F(OperatorOrders, OlderLedgersGainTheTables) {
  ledger_.reset();
  store_.reset();
  {
    auto database = Database::open(path(), Database::Access::read_write);
    ASSERT_TRUE(database
                    ->execute("DROP TABLE audit; DROP TABLE kill_switch; DROP TABLE "
                              "budget_override; DROP TABLE account_confirmed; DROP TABLE "
                              "enforcement_off; DROP TABLE run_stop; DROP TABLE run_resumed;"
                              "PRAGMA user_version = 2;"
                              "DROP VIEW records; DROP VIEW corrections;"
                              "ALTER TABLE context DROP COLUMN counted_tokenizer;"
                              "ALTER TABLE context DROP COLUMN counted_confidence;"
                              "ALTER TABLE exchange DROP COLUMN counted_upper_bound;"
                              "ALTER TABLE exchange DROP COLUMN evidence;"
                              "DELETE FROM schema_migration WHERE version >= 3")
                    .has_value());
  }
  auto ledger = Ledger::open(path(), kMorning);
  ASSERT_TRUE(ledger.has_value()) << ledger.error().message;
  reopen();
  EXPECT_TRUE(store_->note(line("reload", "")).has_value());
}

}  // namespace
}  // namespace tokenweir::publish
