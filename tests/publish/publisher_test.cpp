#include "publish/publisher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "faulty_disk.h"
#include "sample.h"

namespace tokenweir::publish {
namespace {

using namespace testing;

std::unique_ptr<Publisher> started(const config::Config& config, const Clock& clock) {
  auto publisher = Publisher::start(config, pricing::PriceBook(), clock);
  EXPECT_TRUE(publisher.has_value()) << publisher.error().message;
  return publisher ? std::move(*publisher) : nullptr;
}

void publish(Publisher& publisher, const Record& record) {
  ASSERT_TRUE(publisher.try_reserve());
  publisher.publish(std::make_unique<Record>(record), {});
}

// The samples of the families that are restored, without what a restart may change.
std::set<std::string> restored_samples(const std::string& exposition) {
  std::istringstream lines(exposition);
  std::set<std::string> out;
  for (std::string line; std::getline(lines, line);) {
    for (const char* family :
         {"tokenweir_requests_total{", "tokenweir_tokens_total{", "tokenweir_cost_usd_total{",
          "tokenweir_cache_read_savings_usd_total{", "tokenweir_rejections_total{",
          "tokenweir_unpriced_requests_total{", "tokenweir_request_body_bytes_total{",
          "tokenweir_wasted_cost_usd_total{"}) {
      if (line.starts_with(family) && !line.ends_with(" 0")) out.insert(line);
    }
  }
  return out;
}

TEST(Publisher, ARecordReachesLedgerMetricsAndAccessLog) {
  const TemporaryFolder folder;
  const FixedClock clock;
  config::Config config = configuration(folder);
  config.access_log = folder.file("access.log");
  const auto publisher = started(config, clock);
  publish(*publisher, sample("a1"));
  publisher->flush();
  EXPECT_EQ(query(config.ledger.path, "SELECT cost_picodollars FROM records"), "14700000000");
  EXPECT_NE(publisher->expose({}).find("tokenweir_cost_usd_total{workflow=\"support-triage\","
                                       "provider=\"openai\",model=\"gpt-x\",kind=\"cache_read\"} "
                                       "0.006\n"),
            std::string::npos);
  publisher->stop();
  const std::string line = read_file(config.access_log);
  EXPECT_NE(line.find("\"cost_picodollars\":14700000000,\"cost_usd\":\"0.0147\""),
            std::string::npos)
      << line;
}

TEST(Publisher, StoppingWritesEverythingThatWasPublished) {
  const TemporaryFolder folder;
  const FixedClock clock;
  const config::Config config = configuration(folder);
  const auto publisher = started(config, clock);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2'500; ++i) {
        publish(*publisher, sample(std::to_string(thread) + "-" + std::to_string(i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  publisher->stop();
  EXPECT_EQ(query(config.ledger.path, "SELECT count(*) FROM records"), "10000");
}

TEST(Publisher, PlacesAreBoundedAndComeBackWhenRecordsAreDurable) {
  const TemporaryFolder folder;
  const FixedClock clock;
  config::Config config = configuration(folder);
  config.limits.ledger_queue = 3;
  const auto publisher = started(config, clock);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(publisher->try_reserve());
  EXPECT_FALSE(publisher->try_reserve());
  publisher->publish(std::make_unique<Record>(sample("a")), {});
  publisher->flush();
  EXPECT_TRUE(publisher->try_reserve());
  EXPECT_FALSE(publisher->try_reserve());
}

TEST(Publisher, AFullDiskMakesItUnhealthyAndLosesNothing) {
  const TemporaryFolder folder;
  const FixedClock clock;
  FaultyDisk disk;
  config::Config config = configuration(folder);
  config.access_log = folder.file("access.log");
  const auto publisher = started(config, clock);
  publish(*publisher, sample("before"));
  publisher->flush();
  EXPECT_TRUE(publisher->healthy());

  disk.full = true;
  for (int i = 0; i < 100; ++i) publish(*publisher, sample("during-" + std::to_string(i)));
  publisher->flush();
  EXPECT_FALSE(publisher->healthy());
  EXPECT_NE(publisher->expose({}).find("tokenweir_ledger_queue_length 100\n"), std::string::npos);

  disk.full = false;
  publisher->flush();
  EXPECT_TRUE(publisher->healthy());
  EXPECT_EQ(query(config.ledger.path, "SELECT count(*) FROM records"), "101");
  const std::string metrics = publisher->expose({});
  EXPECT_NE(metrics.find("tokenweir_ledger_queue_length 0\n"), std::string::npos);
  EXPECT_NE(metrics.find("tokenweir_ledger_records_total{result=\"retried\"} 100\n"),
            std::string::npos);
  // What waited was counted and logged once, not once an attempt.
  EXPECT_NE(metrics.find("outcome=\"ok\"} 101\n"), std::string::npos);
  publisher->stop();
  const std::string log = read_file(config.access_log);
  EXPECT_EQ(std::ranges::count(log, '\n'), 101);
}

TEST(Publisher, AFailedSyncIsFinalUntilARestart) {
  const TemporaryFolder folder;
  const FixedClock clock;
  FaultyDisk disk;
  const config::Config config = configuration(folder);
  const auto publisher = started(config, clock);
  publish(*publisher, sample("before"));
  publisher->flush();
  disk.fail_next_sync = true;
  publish(*publisher, sample("during"));
  publisher->flush();
  EXPECT_FALSE(publisher->healthy());
  publish(*publisher, sample("after"));
  publisher->flush();
  EXPECT_FALSE(publisher->healthy());
  EXPECT_EQ(query(config.ledger.path, "SELECT count(*) FROM records WHERE id = 'after'"), "0");
}

TEST(Publisher, CountersGoOnAfterARestart) {
  const TemporaryFolder folder;
  const FixedClock clock;
  const config::Config config = configuration(folder);
  Record refused = sample("refused");
  refused.answer = {};
  refused.answer.end_state = EndState::refused;
  refused.refusal = "too_large";
  refused.sent = false;
  refused.bill.cost = Money{};
  refused.bill.by_kind = {};
  Record unpriced = sample("unpriced");
  unpriced.bill = {};
  std::set<std::string> before;
  {
    const auto publisher = started(config, clock);
    for (int i = 0; i < 10; ++i) publish(*publisher, sample("a-" + std::to_string(i)));
    publish(*publisher, refused);
    publish(*publisher, unpriced);
    publisher->flush();
    before = restored_samples(publisher->expose({}));
    publisher->stop();
  }
  EXPECT_TRUE(
      before.contains("tokenweir_rejections_total{workflow=\"support-triage\","
                      "reason=\"too_large\"} 1"));
  EXPECT_TRUE(
      before.contains("tokenweir_unpriced_requests_total{provider=\"openai\","
                      "model=\"gpt-x-2026-08-01\"} 1"));
  {
    // From the totals that the stop stored.
    const auto publisher = started(config, clock);
    EXPECT_EQ(restored_samples(publisher->expose({})), before);
    publish(*publisher, sample("b"));
    publisher->flush();
    before = restored_samples(publisher->expose({}));
    publisher->stop();
  }
  // And with no totals at all, from the rows alone, as after kill -9.
  {
    auto database = Database::open(config.ledger.path, Database::Access::read_write);
    ASSERT_TRUE(
        database->execute("DELETE FROM total; UPDATE total_covers SET sequence = 0").has_value());
  }
  const auto publisher = started(config, clock);
  EXPECT_EQ(restored_samples(publisher->expose({})), before);
}

TEST(Publisher, TotalsAreStoredWhileRunningAndRowsAfterThemAreCountedOnce) {
  const TemporaryFolder folder;
  FixedClock clock;
  const config::Config config = configuration(folder);
  std::set<std::string> before;
  {
    const auto publisher = started(config, clock);
    publish(*publisher, sample("a"));
    publisher->flush();
    clock.advance(std::chrono::minutes(10));
    publish(*publisher, sample("b"));
    publisher->flush();
    EXPECT_EQ(query(config.ledger.path, "SELECT sequence FROM total_covers"), "2");
    publish(*publisher, sample("c"));
    publisher->flush();
    EXPECT_EQ(query(config.ledger.path, "SELECT sequence FROM total_covers"), "2");
    before = restored_samples(publisher->expose({}));
    // What a crash leaves: the files as they are now.
    std::filesystem::copy(config.ledger.path, folder.file("crashed.db"));
    std::filesystem::copy(config.ledger.path + "-wal", folder.file("crashed.db-wal"));
  }
  config::Config crashed = config;
  crashed.ledger.path = folder.file("crashed.db");
  const auto publisher = started(crashed, clock);
  EXPECT_EQ(restored_samples(publisher->expose({})), before);
  EXPECT_TRUE(
      before.contains("tokenweir_requests_total{workflow=\"support-triage\",provider=\"openai\","
                      "model=\"gpt-x\",outcome=\"ok\"} 3"));
}

TEST(Publisher, AnAnswerThatTurnsOutToBeWasteIsCountedOnceAlsoAfterARestart) {
  const TemporaryFolder folder;
  FixedClock clock;
  const config::Config config = configuration(folder);
  const auto asked_again = [&](Publisher& publisher, const std::string& id,
                               const std::string& earlier) {
    ASSERT_TRUE(publisher.try_reserve());
    exchange::Booking booking;
    booking.wasted = exchange::Wasted{earlier, "truncated", sample(earlier).bill.cost};
    publisher.publish(std::make_unique<Record>(sample(id)), std::move(booking));
    publisher.flush();
  };
  const auto copied = [&](const std::string& name) {
    config::Config copy = config;
    copy.ledger.path = folder.file(name);
    std::filesystem::copy(config.ledger.path, copy.ledger.path);
    std::filesystem::copy(config.ledger.path + "-wal", copy.ledger.path + "-wal");
    return copy;
  };
  const auto publisher = started(config, clock);
  publish(*publisher, sample("first"));
  publisher->flush();
  EXPECT_FALSE(publisher->expose({}).find("cause=\"truncated\"} 0.0147") != std::string::npos);

  // The first row and its correction are both beyond the stored totals.
  asked_again(*publisher, "again", "first");
  std::set<std::string> now = restored_samples(publisher->expose({}));
  EXPECT_TRUE(
      now.contains("tokenweir_wasted_cost_usd_total{workflow=\"support-triage\","
                   "cause=\"truncated\"} 0.0147"));
  EXPECT_EQ(restored_samples(started(copied("both-after.db"), clock)->expose({})), now);

  // Totals cover the first row, the correction comes after them.
  publish(*publisher, sample("second"));
  publisher->flush();
  clock.advance(std::chrono::minutes(10));
  publish(*publisher, sample("third"));
  publisher->flush();
  EXPECT_EQ(query(config.ledger.path, "SELECT sequence FROM total_covers"), "5");
  asked_again(*publisher, "again-2", "second");
  now = restored_samples(publisher->expose({}));
  EXPECT_EQ(restored_samples(started(copied("between.db"), clock)->expose({})), now);

  // Totals are stored together with a correction, and cover it.
  clock.advance(std::chrono::minutes(10));
  asked_again(*publisher, "again-3", "third");
  now = restored_samples(publisher->expose({}));
  EXPECT_TRUE(
      now.contains("tokenweir_wasted_cost_usd_total{workflow=\"support-triage\","
                   "cause=\"truncated\"} 0.0441"));
  EXPECT_TRUE(
      now.contains("tokenweir_requests_total{workflow=\"support-triage\","
                   "provider=\"openai\",model=\"gpt-x\",outcome=\"ok\"} 6"));
  EXPECT_EQ(restored_samples(started(copied("covered.db"), clock)->expose({})), now);
  EXPECT_EQ(query(config.ledger.path,
                  "SELECT sum(cost_picodollars) || ' ' || sum(iif(waste = 'truncated', "
                  "cost_picodollars, 0)) FROM records"),
            "88200000000 44100000000");
}

TEST(Publisher, ASecondOneOnTheSameLedgerIsRefused) {
  const TemporaryFolder folder;
  const FixedClock clock;
  const config::Config config = configuration(folder);
  const auto first = started(config, clock);
  const auto second = Publisher::start(config, pricing::PriceBook(), clock);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, LedgerError::Kind::in_use);
}

TEST(Publisher, OldUsageIsEmptiedAndOldRecordsAreRemovedAtTheirAge) {
  const TemporaryFolder folder;
  FixedClock clock;
  config::Config config = configuration(folder);
  config.ledger.raw_usage_retention = std::chrono::hours(24);
  config.ledger.records_retention = std::chrono::hours(72);
  auto publisher = started(config, clock);
  const auto kept = [&] {
    return query(config.ledger.path,
                 "SELECT group_concat(id || ':' || (raw_usage IS NULL), ' ') FROM records");
  };
  // Each record begins now; the flush gives the thread its turn.
  const auto next = [&](const std::string& id, std::chrono::hours later) {
    clock.advance(later);
    Record record = sample(id);
    record.started_at = record.finished_at = clock.now();
    record.answer.raw_usage = "{}";
    publish(*publisher, record);
    publisher->flush();
  };
  next("a", std::chrono::hours(0));
  next("b", std::chrono::hours(23));
  EXPECT_EQ(kept(), "a:0 b:0");
  next("c", std::chrono::hours(2));
  EXPECT_EQ(kept(), "a:1 b:0 c:0");
  next("d", std::chrono::hours(48));
  EXPECT_EQ(kept(), "b:1 c:1 d:0");
  // A row that was replaced goes with the one that replaced it.
  ASSERT_TRUE(publisher->try_reserve());
  exchange::Booking booking;
  booking.wasted = exchange::Wasted{"d", "truncated", std::nullopt};
  Record again = sample("e");
  again.started_at = again.finished_at = clock.now();
  publisher->publish(std::make_unique<Record>(again), std::move(booking));
  publisher->flush();
  EXPECT_EQ(query(config.ledger.path, "SELECT count(*) FROM corrections"), "1");
  next("f", std::chrono::hours(71));
  next("g", std::chrono::hours(2));
  EXPECT_EQ(kept(), "f:0 g:0");
  EXPECT_EQ(query(config.ledger.path, "SELECT count(*) FROM correction"), "0");
  // What is gone from the ledger stays in the counters, also over a restart.
  EXPECT_NE(publisher->expose({}).find("outcome=\"ok\"} 7\n"), std::string::npos);
  publisher.reset();
  EXPECT_NE(started(config, clock)->expose({}).find("outcome=\"ok\"} 7\n"), std::string::npos);
}

TEST(Publisher, AStoredAnswerIsClaimedOnceAlsoAfterARestart) {
  const TemporaryFolder folder;
  const FixedClock clock;
  const config::Config config = configuration(folder);
  Record record = sample("create");
  record.dialect = "openai_responses";
  record.answer.response_id = "resp_1";
  {
    const auto publisher = started(config, clock);
    EXPECT_TRUE(publisher->claim_stored_answer("openai", "resp_0"));
    EXPECT_FALSE(publisher->claim_stored_answer("openai", "resp_0"));
    publish(*publisher, record);
    EXPECT_FALSE(publisher->claim_stored_answer("openai", "resp_1"));
    EXPECT_TRUE(publisher->claim_stored_answer("azure", "resp_1"));
  }
  const auto publisher = started(config, clock);
  EXPECT_FALSE(publisher->claim_stored_answer("openai", "resp_1"));
  EXPECT_TRUE(publisher->claim_stored_answer("openai", "resp_2"));
}

TEST(Publisher, RecordsCanBeReadAsJson) {
  const TemporaryFolder folder;
  const FixedClock clock;
  const config::Config config = configuration(folder);
  const auto publisher = started(config, clock);
  Record first = sample("a");
  first.answer.raw_usage = R"({"cut":)";
  Record second = sample("b");
  second.started_at += std::chrono::minutes(1);
  second.attribution.workflow = "other \"quoted\"";
  publish(*publisher, first);
  publish(*publisher, second);
  publisher->flush();
  const auto one = publisher->record_json("a");
  ASSERT_TRUE(one.has_value());
  EXPECT_NE(one->find("\"cost_picodollars\":14700000000,\"cost_usd\":\"0.0147\""),
            std::string::npos);
  EXPECT_NE(one->find("\"raw_usage\":\"{\\\"cut\\\":\""), std::string::npos) << *one;
  EXPECT_NE(one->find("\"cost_by_kind\":{\"input\":2500000000,"), std::string::npos);
  EXPECT_EQ(publisher->record_json("nobody"), std::nullopt);
  const std::string newest_first = publisher->records_json({});
  EXPECT_LT(newest_first.find("\"id\":\"b\""), newest_first.find("\"id\":\"a\""));
  EXPECT_NE(newest_first.find("\"workflow\":\"other \\\"quoted\\\"\""), std::string::npos);
  const auto count = [&](const std::map<std::string, std::string, std::less<>>& query) {
    const std::string json = publisher->records_json(query);
    std::size_t found = 0;
    for (auto at = json.find("\"id\":"); at != std::string::npos;
         at = json.find("\"id\":", at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count({{"workflow", "support-triage"}}), 1u);
  EXPECT_EQ(count({{"limit", "1"}}), 1u);
  EXPECT_EQ(count({{"limit", "x"}}), 2u);
  EXPECT_EQ(count({{"since", "2026-11-21T04:09:00Z"}}), 1u);
  EXPECT_EQ(count({{"before", "2026-11-21T04:09:00Z"}, {"workflow", "' OR 1=1 --"}}), 0u);
}

}  // namespace
}  // namespace tokenweir::publish
