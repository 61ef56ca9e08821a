#include <gtest/gtest.h>

#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

UsageReading merged(std::vector<std::string> pieces) { return anthropic_usage(pieces); }

// Resellers that speak this dialect add their price to the last usage.
TEST(AnthropicUsage, AResellersCostIsRead) {
  const std::vector<std::string> pieces = {
      R"({"input_tokens":20,"output_tokens":1})",
      R"({"output_tokens":10,"cost":0.00007,"is_byok":false,"cost_details":{"upstream_inference_cost":0.00007}})"};
  EXPECT_EQ(anthropic_usage(pieces).cost, Money::picodollars(70'000'000));
  const std::vector<std::string> own_key = {
      R"({"input_tokens":20,"output_tokens":10,"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":0.00007}})"};
  const UsageReading reading = anthropic_usage(own_key);
  EXPECT_TRUE(reading.byok);
  EXPECT_EQ(reading.cost, Money::picodollars(70'000'000));
  EXPECT_EQ(anthropic_usage(std::span(pieces).first(1)).cost, std::nullopt);
}

TEST(AnthropicUsage, InputStandsBesideTheCacheAndNeverGoesNegative) {
  const UsageReading r =
      merged({R"({"input_tokens":5,"cache_read_input_tokens":30000,"output_tokens":50})"});
  EXPECT_EQ(r.usage[TokenClass::input], 5U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 30000U);
  EXPECT_EQ(r.usage.total_input(), 30005U);
  EXPECT_EQ(r.usage[TokenClass::cache_write_5m], std::nullopt);
}

TEST(AnthropicUsage, ALaterEventReplacesWhatItTellsAndKeepsWhatItDoesNot) {
  const UsageReading r = merged(
      {R"({"input_tokens":25,"cache_creation_input_tokens":300,"cache_read_input_tokens":7000,
           "cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},
           "output_tokens":1,"service_tier":"standard","inference_geo":"us","speed":"standard"})",
       R"({"input_tokens":425,"cache_creation_input_tokens":300,"cache_read_input_tokens":7000,
           "output_tokens":90,"server_tool_use":{"web_search_requests":2,"web_fetch_requests":0}})"});
  EXPECT_EQ(r.usage[TokenClass::input], 425U);
  EXPECT_EQ(r.usage[TokenClass::cache_write_5m], 100U);
  EXPECT_EQ(r.usage[TokenClass::cache_write_1h], 200U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 7000U);
  EXPECT_EQ(r.usage[TokenClass::output], 90U);
  EXPECT_EQ(r.usage[CallClass::web_search], 2U);
  EXPECT_EQ(r.usage.total_input(), 7725U);
  EXPECT_EQ(r.region, "us");
  EXPECT_EQ(r.speed, "standard");
  EXPECT_EQ(r.service_tier, "standard");
}

TEST(AnthropicUsage, NullDoesNotOverwriteANumber) {
  const UsageReading r =
      merged({R"({"input_tokens":9,"cache_read_input_tokens":70,"output_tokens":1})",
              R"({"output_tokens":57,"cache_read_input_tokens":null})"});
  EXPECT_EQ(r.usage[TokenClass::cache_read], 70U);
  EXPECT_EQ(r.usage[TokenClass::output], 57U);
}

TEST(AnthropicUsage, InputMayShrinkBetweenTheEvents) {
  const UsageReading r =
      merged({R"({"input_tokens":34824,"output_tokens":1})",
              R"({"input_tokens":3883,"cache_read_input_tokens":30464,"output_tokens":5})"});
  EXPECT_EQ(r.usage[TokenClass::input], 3883U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 30464U);
}

TEST(AnthropicUsage, TheLastOfSeveralDeltasCounts) {
  const UsageReading r = merged({R"({"input_tokens":1,"output_tokens":1})",
                                 R"({"output_tokens":20})", R"({"output_tokens":44})"});
  EXPECT_EQ(r.usage[TokenClass::output], 44U);
}

TEST(AnthropicUsage, CacheWritesWithoutASplitLiveFiveMinutes) {
  const UsageReading r = merged({R"({"input_tokens":1,"cache_creation_input_tokens":80,
                                     "cache_creation":null,"output_tokens":1})"});
  EXPECT_EQ(r.usage[TokenClass::cache_write_5m], 80U);
  // The split of the first event was still zero when a server tool filled the cache.
  const UsageReading later =
      merged({R"({"input_tokens":1,"cache_creation_input_tokens":0,"output_tokens":1,
           "cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}})",
              R"({"cache_creation_input_tokens":14789,"output_tokens":9})"});
  EXPECT_EQ(later.usage[TokenClass::cache_write_5m], 14789U);
  EXPECT_EQ(later.usage[TokenClass::cache_write_1h], 0U);
  // With hour-long writes in play nobody knows what the rest was.
  const UsageReading mixed =
      merged({R"({"input_tokens":1,"cache_creation_input_tokens":50,"output_tokens":1,
           "cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":40}})"});
  EXPECT_EQ(mixed.usage[TokenClass::cache_write_1h], 40U);
  EXPECT_EQ(mixed.usage[TokenClass::cache_write_unknown], 10U);
}

TEST(AnthropicUsage, ThinkingIsAPartOfTheOutput) {
  const UsageReading r = merged({R"({"input_tokens":1,"output_tokens":90,
                                     "output_tokens_details":{"thinking_tokens":70}})"});
  EXPECT_EQ(r.usage[TokenClass::reasoning], 70U);
  EXPECT_EQ(r.usage[TokenClass::output], 20U);
}

TEST(AnthropicUsage, AdvisorsAndCompactionsAreInferencesOfTheirOwn) {
  const UsageReading r = merged({R"({"input_tokens":10,"output_tokens":20,"iterations":[
           {"type":"message","model":null,"input_tokens":10,"output_tokens":20},
           {"type":"advisor_message","model":"claude-big","input_tokens":400,"output_tokens":60},
           {"type":"compaction","input_tokens":9000,"output_tokens":700}]})"});
  EXPECT_EQ(r.usage.total_input(), 10U);
  EXPECT_EQ(r.usage.total_output(), 20U);
  ASSERT_EQ(r.others.size(), 2U);
  EXPECT_EQ(r.others[0].model, "claude-big");
  EXPECT_EQ(r.others[0].usage.total_input(), 400U);
  EXPECT_EQ(r.others[0].usage.total_output(), 60U);
  EXPECT_EQ(r.others[1].model, "");
  EXPECT_EQ(r.others[1].usage.total_input(), 9000U);
  EXPECT_EQ(r.others[1].usage.total_output(), 700U);
}

TEST(AnthropicUsage, OrdinaryTurnsAreAlreadyInTheTopLevel) {
  const UsageReading r = merged({R"({"input_tokens":30,"output_tokens":50,"iterations":[
           {"type":"message","input_tokens":10,"output_tokens":20},
           {"type":"message","input_tokens":20,"output_tokens":30}]})"});
  EXPECT_EQ(r.usage.total_input(), 30U);
  EXPECT_TRUE(r.others.empty());
}

TEST(AnthropicUsage, ARedeemedFallbackCreditIsFlagged) {
  EXPECT_TRUE(merged({R"({"input_tokens":1,"output_tokens":1,
                          "fallback_credit":{"status":{"type":"redeemed"}}})"})
                  .anomaly);
  EXPECT_FALSE(merged({R"({"input_tokens":1,"output_tokens":1,
                           "fallback_credit":{"status":{"type":"not_applied"}}})"})
                   .anomaly);
}

TEST(AnthropicUsage, HostileFiguresAreAnAnomaly) {
  const UsageReading r = merged({R"({"input_tokens":-1,"output_tokens":5})"});
  EXPECT_EQ(r.usage[TokenClass::input], std::nullopt);
  EXPECT_EQ(r.usage[TokenClass::output], 5U);
  EXPECT_TRUE(r.anomaly);
  EXPECT_TRUE(merged({"{"}).anomaly);
  EXPECT_FALSE(merged({"{"}).readable);
}

TEST(Pieces, AreKeptOnlyWhileALaterOneDoesNotTellEverythingAgain) {
  std::vector<std::string> pieces;
  keep_piece(pieces, R"({"a":1})");
  keep_piece(pieces, R"({"a":2,"b":1})");
  EXPECT_EQ(joined(pieces), R"({"a":2,"b":1})");
  keep_piece(pieces, R"({"a":3,"b":null})");
  keep_piece(pieces, R"({"a":4})");
  EXPECT_EQ(joined(pieces), R"([{"a":2,"b":1},{"a":4}])");
  keep_piece(pieces, R"({"a":5,"b":6})");
  EXPECT_EQ(joined(pieces), R"({"a":5,"b":6})");
}

TEST(Pieces, StayBoundedWhateverAServerSends) {
  std::vector<std::string> pieces;
  for (int i = 0; i < 1000; ++i) {
    keep_piece(pieces, "{\"k" + std::to_string(i) + "\":\"" + std::string(10'000, 'x') + "\"}");
  }
  EXPECT_LE(pieces.size(), 8U);
  EXPECT_LE(joined(pieces).size(), 70'000U);
  EXPECT_NE(pieces.back().find("k999"), std::string::npos);
}

}  // namespace
}  // namespace tokenweir::provider
