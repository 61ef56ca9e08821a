#include "publish/publisher.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

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
  publisher.publish(std::make_unique<Record>(record));
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
}

}  // namespace
}  // namespace tokenweir::publish
