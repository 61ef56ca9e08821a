#include <gtest/gtest.h>

#include "../publish/sample.h"
#include "cli/suggestion.h"
#include "cli/would.h"
#include "config/load.h"
#include "publish/ledger.h"

namespace tokenweir::cli {
namespace {

using publish::testing::kMorning;
using publish::testing::sample;
using publish::testing::TemporaryFolder;

class Observed : public ::testing::Test {
 protected:
  void write(const std::vector<Record>& records) {
    auto ledger = publish::Ledger::open(path(), kMorning);
    ASSERT_TRUE(ledger.has_value()) << ledger.error().message;
    std::vector<publish::Figures> figures;
    figures.reserve(records.size());
    std::vector<publish::Entry> entries;
    for (const Record& record : records) {
      figures.push_back(publish::figures_of(record));
      entries.push_back({&record, &figures.back()});
    }
    ASSERT_TRUE((*ledger)->append(entries).has_value());
  }
  std::string suggestion(std::int64_t requests_min) {
    auto history = read_history(path(), kMorning - std::chrono::hours(1), {});
    EXPECT_TRUE(history.has_value()) << history.error();
    return history ? suggestion_yaml(std::move(*history), requests_min) : std::string();
  }
  [[nodiscard]] std::string path() const { return folder_.file("ledger.db"); }

  TemporaryFolder folder_;
};

TEST_F(Observed, WhatWouldHaveHappenedIsCountedByWorkflowAndRule) {
  std::vector<Record> records;
  for (int i = 0; i < 8; ++i) records.push_back(sample(std::to_string(i)));
  records[0].would_refuse = "budget_exhausted";
  records[1].would_refuse = "budget_exhausted";
  records[2].would_refuse = "loop";
  records[3].would_clamp = "500";  // of 500 visible and 120 hidden tokens
  records[4].would_clamp = "2000";
  records[5].refusal = "rate";
  records[5].answer.end_state = EndState::refused;
  records[6].cap_applied = 100;
  records[6].cap_source = "budget";
  records[7].attribution.workflow = "other";
  write(records);
  const auto lines = would_lines(path(), {}, {});
  ASSERT_TRUE(lines.has_value()) << lines.error();
  EXPECT_EQ(csv(would_table(*lines), true),
            "workflow,verdict,rule,requests,%,cost_usd,tokens beyond cap,first,last\r\n"
            "support-triage,would refuse,budget_exhausted,2,28.6,0.0294,,2026-11-21T04:08:56.123Z,"
            "2026-11-21T04:08:56.123Z\r\n"
            "support-triage,would refuse,loop,1,14.3,0.0147,,2026-11-21T04:08:56.123Z,"
            "2026-11-21T04:08:56.123Z\r\n"
            "support-triage,would clamp,cap,2,28.6,,120,2026-11-21T04:08:56.123Z,"
            "2026-11-21T04:08:56.123Z\r\n"
            "support-triage,refused,rate,1,14.3,,,2026-11-21T04:08:56.123Z,"
            "2026-11-21T04:08:56.123Z\r\n"
            "support-triage,clamped,budget,1,14.3,,,2026-11-21T04:08:56.123Z,"
            "2026-11-21T04:08:56.123Z\r\n");
  EXPECT_TRUE(would_json(*lines).starts_with(
      R"([{"workflow":"support-triage","verdict":"would refuse","rule":"budget_exhausted",)"
      R"("requests":2,"of_requests":7,"cost_usd":"0.0294","output_tokens_beyond_cap":0,)"));
  EXPECT_TRUE(would_lines(path(), kMorning + std::chrono::hours(1), {})->empty());
}

TEST_F(Observed, SuggestionsAreAConfigurationThatWouldHaveCutNothing) {
  std::vector<Record> records;
  for (int i = 0; i < 100; ++i) {
    Record record = sample(std::to_string(i));
    record.attribution.workflow = "say \"hi\"";
    record.attribution.run = "run-" + std::to_string(i % 10);
    record.answer.inferences[0].usage[TokenClass::output] = 100 + i;
    record.answer.inferences[0].usage[TokenClass::reasoning] = 0;
    if (i % 2 == 0) record.started_at += std::chrono::hours(24);
    records.push_back(std::move(record));
  }
  records.push_back(sample("rare"));
  write(records);
  const std::string text = suggestion(50);
  const std::string file =
      "schema: 1\nlisten: [{address: \"127.0.0.1:8080\"}]\n"
      "providers: [{name: p, origin: https://api.openai.com, dialect: openai}]\n" +
      text;
  yaml::Problems problems;
  const auto config =
      config::load_text(file, "suggested.yaml", yaml::SystemEnvironment(), problems);
  ASSERT_TRUE(config) << problems.text() << text;
  EXPECT_EQ(config->enforcement, config::Enforcement::observe);
  ASSERT_EQ(config->policy.output_caps.size(), 1u) << text;
  EXPECT_EQ(config->policy.output_caps[0].most, 300);  // 199 * 3 / 2, rounded up
  EXPECT_EQ(config->policy.output_caps[0].match[0].globs[0], "say \"hi\"");
  ASSERT_EQ(config->policy.input_caps.size(), 1u);
  EXPECT_EQ(config->policy.input_caps[0].max_input_tokens, 38'000);  // 25000 * 3 / 2
  ASSERT_EQ(config->policy.budgets.size(), 1u);
  EXPECT_EQ(config->policy.budgets[0].limit.usd, Money::from_dollars("1.2"));  // 50 * 0.0147 * 3/2
  EXPECT_EQ(config->policy.runs.max_steps->limit, 15);                         // 10 steps
  EXPECT_EQ(config->policy.runs.max_usd->limit, Money::from_dollars("0.23"));
  EXPECT_NE(text.find("half up to 149, 99 % up to 198, the longest 199 tokens; 0 would"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("#   \"support-triage\": 1 request(s)"), std::string::npos) << text;
}

TEST(Suggestion, PercentilesAreValuesThatWereSeen) {
  EXPECT_EQ(percentile({}, 0.5), 0);
  EXPECT_EQ(percentile({7}, 0.99), 7);
  EXPECT_EQ(percentile({1, 2, 3, 4}, 0.5), 2);
  EXPECT_EQ(percentile({1, 2, 3, 4}, 0.51), 3);
  EXPECT_EQ(percentile({1, 2, 3, 4}, 1), 4);
}

TEST(Suggestion, LimitsHaveTwoDigitsThatCount) {
  EXPECT_EQ(rounded_up(0), 0);
  EXPECT_EQ(rounded_up(7), 7);
  EXPECT_EQ(rounded_up(99), 99);
  EXPECT_EQ(rounded_up(101), 110);
  EXPECT_EQ(rounded_up(1234), 1300);
  EXPECT_EQ(rounded_up(INT64_MAX), INT64_MAX);
}

}  // namespace
}  // namespace tokenweir::cli
