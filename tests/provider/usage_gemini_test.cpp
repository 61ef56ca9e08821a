#include <gtest/gtest.h>

#include "provider/usage.h"
#include "provider/usage_json.h"

namespace tokenweir::provider {
namespace {

UsageReading merged_gemini(std::vector<std::string> pieces, bool ended = true) {
  return gemini_usage(pieces, ended);
}

TEST(GeminiUsage, RunningTotalsReplaceFieldByField) {
  const UsageReading r =
      merged_gemini({R"({"promptTokenCount":1000,"totalTokenCount":1000})",
                     R"({"promptTokenCount":1000,"candidatesTokenCount":5,"thoughtsTokenCount":40,
           "cachedContentTokenCount":600,"totalTokenCount":1045})",
                     R"({"promptTokenCount":1000,"candidatesTokenCount":30,"thoughtsTokenCount":40,
           "toolUsePromptTokenCount":50,"totalTokenCount":1120,"trafficType":"ON_DEMAND_FLEX"})"});
  EXPECT_EQ(r.usage[TokenClass::input], 400U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 600U);
  EXPECT_EQ(r.usage[TokenClass::tool_input], 50U);
  EXPECT_EQ(r.usage[TokenClass::output], 30U);
  EXPECT_EQ(r.usage[TokenClass::reasoning], 40U);
  EXPECT_EQ(r.usage.total_input(), 1050U);
  EXPECT_EQ(r.service_tier, "ON_DEMAND_FLEX");
  EXPECT_FALSE(r.anomaly);
}

TEST(GeminiUsage, CachedContentIsAPartOfThePrompt) {
  const UsageReading r = merged_gemini({R"({"promptTokenCount":1000,"cachedContentTokenCount":900,
                                     "candidatesTokenCount":1,"totalTokenCount":1001})"});
  EXPECT_EQ(r.usage[TokenClass::input], 100U);
  EXPECT_EQ(r.usage.total_input(), 1000U);
}

TEST(GeminiUsage, ModalitiesAreSplitIntoFreshAndCached) {
  const UsageReading r = merged_gemini(
      {R"({"promptTokenCount":1000,"cachedContentTokenCount":300,"candidatesTokenCount":150,
           "totalTokenCount":1150,
           "promptTokensDetails":[{"modality":"TEXT","tokenCount":400},
             {"modality":"AUDIO","tokenCount":250},{"modality":"VIDEO","tokenCount":200},
             {"modality":"DOCUMENT","tokenCount":150}],
           "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":100},
             {"modality":"TEXT","tokenCount":200}],
           "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":120}]})"});
  EXPECT_EQ(r.usage[TokenClass::audio_input], 150U);
  EXPECT_EQ(r.usage[TokenClass::audio_cache_read], 100U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 200U);
  EXPECT_EQ(r.usage[TokenClass::video_input], 200U);
  EXPECT_EQ(r.usage[TokenClass::document_input], 150U);
  EXPECT_EQ(r.usage[TokenClass::input], 200U);
  EXPECT_EQ(r.usage.total_input(), 1000U);
  EXPECT_EQ(r.usage[TokenClass::image_output], 120U);
  EXPECT_EQ(r.usage[TokenClass::output], 30U);
}

TEST(GeminiUsage, EnumsAsIntegersNameTheSameModalities) {
  const UsageReading r =
      merged_gemini({R"({"promptTokenCount":20,"candidatesTokenCount":6,"totalTokenCount":26,
      "promptTokensDetails":[{"modality":1,"tokenCount":8},{"modality":4,"tokenCount":12}]})"});
  EXPECT_EQ(r.usage[TokenClass::audio_input], 12U);
  EXPECT_EQ(r.usage[TokenClass::input], 8U);
}

TEST(GeminiUsage, OneMissingPartFollowsFromTheTotalOnceTheAnswerIsOver) {
  const std::string blocked = R"({"promptTokenCount":12,"totalTokenCount":12})";
  EXPECT_EQ(merged_gemini({blocked}).usage.total_output(), 0U);
  EXPECT_EQ(merged_gemini({blocked}, false).usage.total_output(), std::nullopt);
  const UsageReading no_prompt = merged_gemini(
      {R"({"candidatesTokenCount":1,"totalTokenCount":698,"thoughtsTokenCount":122})"});
  EXPECT_EQ(no_prompt.usage.total_input(), 575U);
  EXPECT_EQ(no_prompt.usage.total_output(), 123U);
  const UsageReading neither =
      merged_gemini({R"({"totalTokenCount":390,"thoughtsTokenCount":94})"});
  EXPECT_EQ(neither.usage.total_input(), std::nullopt);
  EXPECT_EQ(neither.usage.total_output(), 94U);
  EXPECT_TRUE(neither.anomaly);
}

TEST(GeminiUsage, ATotalThatDoesNotAddUpIsAnAnomaly) {
  EXPECT_TRUE(
      merged_gemini({R"({"promptTokenCount":4,"candidatesTokenCount":2,"totalTokenCount":9})"})
          .anomaly);
  EXPECT_TRUE(
      merged_gemini({R"({"promptTokenCount":4,"cachedContentTokenCount":5,"candidatesTokenCount":2,
                          "totalTokenCount":6})"})
          .anomaly);
}

TEST(InteractionsUsage, CountsThoughtsBesideTheOutputAndGroundingByGeneration) {
  const std::string raw =
      R"({"total_input_tokens":53,"total_cached_tokens":10,"total_output_tokens":269,
      "total_thought_tokens":279,"total_tool_use_tokens":7,"total_tokens":608,
      "grounding_tool_count":[{"type":"google_search","count":3},{"type":"google_maps","count":1}]})";
  const UsageReading third = interactions_usage(raw, 3);
  EXPECT_EQ(third.usage[TokenClass::input], 43U);
  EXPECT_EQ(third.usage[TokenClass::cache_read], 10U);
  EXPECT_EQ(third.usage[TokenClass::tool_input], 7U);
  EXPECT_EQ(third.usage[TokenClass::output], 269U);
  EXPECT_EQ(third.usage[TokenClass::reasoning], 279U);
  EXPECT_EQ(third.usage[CallClass::search_query], 3U);
  EXPECT_EQ(third.usage[CallClass::maps], 1U);
  EXPECT_EQ(interactions_usage(raw, 2).usage[CallClass::grounded_prompt], 1U);
}

TEST(GeminiGeneration, IsTheNumberBehindTheName) {
  EXPECT_EQ(gemini_generation("gemini-2.5-pro"), 2);
  EXPECT_EQ(gemini_generation("gemini-3-flash-preview"), 3);
  EXPECT_EQ(gemini_generation("models/gemini-3.5-flash"), 3);
  EXPECT_EQ(gemini_generation("gemini-flash-latest"), 0);
  EXPECT_EQ(gemini_generation("gemma-4"), 0);
}

TEST(CohereUsage, BillsBilledUnitsAndNotPhysicalTokens) {
  const UsageReading r = cohere_usage(
      R"({"billed_units":{"input_tokens":8,"output_tokens":5},"tokens":{"input_tokens":74,"output_tokens":5},
          "cached_tokens":64})");
  EXPECT_EQ(r.usage.total_input(), 8U);
  EXPECT_EQ(r.usage.total_output(), 5U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], std::nullopt);
  EXPECT_EQ(cohere_usage(R"({"search_units":1})").usage[CallClass::search_unit], 1U);
  EXPECT_EQ(cohere_usage(R"({"input_tokens":3,"images":1,"image_tokens":40})").usage.total_input(),
            43U);
}

TEST(MoneyFromDecimal, ReadsEveryNotationAndRoundsHalfEven) {
  const auto pico = [](std::string_view text) -> std::optional<std::int64_t> {
    const std::optional<Money> money = money_from_decimal(text);
    return money ? std::optional(money->picodollars()) : std::nullopt;
  };
  EXPECT_EQ(pico("0.006"), 6'000'000'000);
  EXPECT_EQ(pico("3.5e-05"), 35'000'000);
  EXPECT_EQ(pico("1E+1"), 10'000'000'000'000);
  EXPECT_EQ(pico("12"), 12'000'000'000'000);
  EXPECT_EQ(pico("0"), 0);
  EXPECT_EQ(pico("0e99"), 0);
  EXPECT_EQ(pico("0.0004970133333333333"), 497'013'333);
  EXPECT_EQ(pico("0.0000000000005"), 0);
  EXPECT_EQ(pico("0.0000000000015"), 2);
  EXPECT_EQ(pico("0.00000000000050000001"), 1);
  EXPECT_EQ(pico("1e-400"), 0);
  EXPECT_EQ(pico("9000000"), 9'000'000'000'000'000'000);
  for (const std::string_view bad :
       {"", ".", "-1", "1e", "1e99", "1e401", "0x1", "1 ", "nan", "10000000", "1.2.3"}) {
    EXPECT_EQ(pico(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace tokenweir::provider
