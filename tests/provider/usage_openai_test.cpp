#include <gtest/gtest.h>

#include "provider/usage.h"

namespace tokenweir::provider {
namespace {

using Count = std::optional<std::uint64_t>;

UsageReading text(std::string_view raw) { return openai_usage(raw, OpenAiUse::text); }

TEST(OpenAiUsage, CachedAndWrittenTokensArePartsOfThePromptAndReasoningOfTheCompletion) {
  const UsageReading r = text(
      R"({"prompt_tokens":1200,"completion_tokens":300,"total_tokens":1500,
          "prompt_tokens_details":{"cached_tokens":800,"cache_write_tokens":100,"audio_tokens":0},
          "completion_tokens_details":{"reasoning_tokens":200,"rejected_prediction_tokens":10}})");
  EXPECT_EQ(r.usage[TokenClass::input], 300U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 800U);
  EXPECT_EQ(r.usage[TokenClass::cache_write_unknown], 100U);
  EXPECT_EQ(r.usage[TokenClass::reasoning], 200U);
  EXPECT_EQ(r.usage[TokenClass::output], 100U);
  EXPECT_EQ(r.usage.total_input(), 1200U);
  EXPECT_EQ(r.usage.total_output(), 300U);
  EXPECT_FALSE(r.anomaly);
}

TEST(OpenAiUsage, TheResponsesSpellingSplitsCacheWritesByTheirTimeToLive) {
  const UsageReading r = text(
      R"({"input_tokens":500,"input_tokens_details":{"cached_tokens":100,"cache_write_tokens":200,
          "cache_write_tokens_details":{"ttl_30m_tokens":150,"ttl_12h_tokens":50}},
          "output_tokens":16,"output_tokens_details":{"reasoning_tokens":16},"total_tokens":516})");
  EXPECT_EQ(r.usage[TokenClass::input], 200U);
  EXPECT_EQ(r.usage[TokenClass::cache_write_30m], 150U);
  EXPECT_EQ(r.usage[TokenClass::cache_write_12h], 50U);
  EXPECT_EQ(r.usage[TokenClass::cache_write_unknown], std::nullopt);
  EXPECT_EQ(r.usage[TokenClass::reasoning], 16U);
  EXPECT_EQ(r.usage[TokenClass::output], 0U);
}

TEST(OpenAiUsage, AGapUpToTheTotalIsHiddenThinkingAtGeminisCompatibleForm) {
  const UsageReading r = text(R"({"prompt_tokens":7,"completion_tokens":12,"total_tokens":402})");
  EXPECT_EQ(r.usage[TokenClass::input], 7U);
  EXPECT_EQ(r.usage[TokenClass::output], 12U);
  EXPECT_EQ(r.usage[TokenClass::reasoning], 383U);
  const UsageReading silent = text(R"({"prompt_tokens":7,"total_tokens":8})");
  EXPECT_EQ(silent.usage.total_output(), 1U);
}

TEST(OpenAiUsage, ReasoningStandsBesideTheOutputAtXaiChatAndInsideItAtXaiResponses) {
  const UsageReading chat = text(
      R"({"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,
          "completion_tokens_details":{"reasoning_tokens":94},"cost_in_usd_ticks":1234500})");
  EXPECT_EQ(chat.usage[TokenClass::output], 9U);
  EXPECT_EQ(chat.usage[TokenClass::reasoning], 94U);
  ASSERT_TRUE(chat.cost.has_value());
  EXPECT_EQ(chat.cost->to_dollars(), "0.00012345");
  EXPECT_FALSE(chat.anomaly);
  const UsageReading responses = text(
      R"({"input_tokens":32,"output_tokens":103,"total_tokens":135,
          "output_tokens_details":{"reasoning_tokens":94}})");
  EXPECT_EQ(responses.usage[TokenClass::output], 9U);
  EXPECT_EQ(responses.usage[TokenClass::reasoning], 94U);
  // Without a total only the host can tell.
  const std::string_view no_total =
      R"({"prompt_tokens":32,"completion_tokens":9,"completion_tokens_details":{"reasoning_tokens":94}})";
  EXPECT_EQ(openai_usage(no_total, OpenAiUse::text, true).usage.total_output(), 103U);
}

TEST(OpenAiUsage, SuppressedStopSequencesInTheTotalAreNobodysReasoning) {
  const UsageReading r = text(
      R"({"prompt_tokens":25,"completion_tokens":2,"total_tokens":32,
          "completion_tokens_details":{"reasoning_tokens":0}})");
  EXPECT_EQ(r.usage.total_output(), 2U);
  EXPECT_TRUE(r.anomaly);
}

TEST(OpenAiUsage, AudioThatOnlyTheTotalKnowsIsAudioInput) {
  const UsageReading r = text(
      R"({"prompt_tokens":12,"completion_tokens":20,"total_tokens":407,"prompt_audio_seconds":30})");
  EXPECT_EQ(r.usage[TokenClass::input], 12U);
  EXPECT_EQ(r.usage[TokenClass::audio_input], 375U);
  EXPECT_EQ(r.usage[CallClass::second_input], 30U);
  EXPECT_EQ(r.usage[TokenClass::reasoning], std::nullopt);
  EXPECT_EQ(text(R"({"prompt_tokens":3,"total_tokens":3,"prompt_audio_seconds":{}})").anomaly,
            false);
}

TEST(OpenAiUsage, MoreCachedThanPromptMeansBothAreCountedSideBySide) {
  const UsageReading r = text(
      R"({"prompt_tokens":24,"completion_tokens":5,"total_tokens":29,
          "prompt_tokens_details":{"cached_tokens":161}})");
  EXPECT_EQ(r.usage[TokenClass::input], 24U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 161U);
}

TEST(OpenAiUsage, OverlappingDetailsNeverGoBelowZero) {
  const UsageReading audio = text(
      R"({"prompt_tokens":500,"completion_tokens":1,"total_tokens":501,
          "prompt_tokens_details":{"cached_tokens":500,"audio_tokens":500}})");
  EXPECT_EQ(audio.usage[TokenClass::input], 0U);
  EXPECT_EQ(audio.usage[TokenClass::audio_input], 0U);
  EXPECT_EQ(audio.usage[TokenClass::audio_cache_read], 500U);
  EXPECT_EQ(audio.usage[TokenClass::cache_read], 0U);
  EXPECT_EQ(audio.usage.total_input(), 500U);
  const UsageReading written = text(
      R"({"prompt_tokens":2168,"completion_tokens":100,"total_tokens":2268,
          "prompt_tokens_details":{"cached_tokens":2161,"cache_write_tokens":2161}})");
  EXPECT_EQ(written.usage.total_input(), 2168U);
  EXPECT_EQ(written.usage[TokenClass::cache_read], 2161U);
  EXPECT_TRUE(written.anomaly);
  const UsageReading reasoning = text(
      R"({"prompt_tokens":21,"completion_tokens":16,"total_tokens":37,
          "completion_tokens_details":{"reasoning_tokens":21}})");
  EXPECT_EQ(reasoning.usage.total_output(), 16U);
  EXPECT_TRUE(reasoning.anomaly);
}

TEST(OpenAiUsage, CachedDetailsByModalityAreTakenAsTold) {
  const UsageReading r = text(
      R"({"input_tokens":100,"output_tokens":10,"total_tokens":110,
          "input_token_details":{"cached_tokens":60,"text_tokens":40,"audio_tokens":60,
            "cached_tokens_details":{"text_tokens":20,"audio_tokens":40}},
          "output_token_details":{"text_tokens":4,"audio_tokens":6}})");
  EXPECT_EQ(r.usage[TokenClass::input], 20U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 20U);
  EXPECT_EQ(r.usage[TokenClass::audio_input], 20U);
  EXPECT_EQ(r.usage[TokenClass::audio_cache_read], 40U);
}

TEST(OpenAiUsage, AudioAndVideoArePartsOfTheirTotals) {
  const UsageReading r = text(
      R"({"prompt_tokens":200,"completion_tokens":50,"total_tokens":250,
          "prompt_tokens_details":{"audio_tokens":120,"video_tokens":30,"cached_tokens":0},
          "completion_tokens_details":{"audio_tokens":40,"reasoning_tokens":0}})");
  EXPECT_EQ(r.usage[TokenClass::input], 50U);
  EXPECT_EQ(r.usage[TokenClass::audio_input], 120U);
  EXPECT_EQ(r.usage[TokenClass::video_input], 30U);
  EXPECT_EQ(r.usage[TokenClass::audio_output], 40U);
  EXPECT_EQ(r.usage[TokenClass::output], 10U);
}

TEST(OpenAiUsage, DeepSeeksHitsAreThePromptsCachedPart) {
  const UsageReading r = text(
      R"({"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,
          "prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})");
  EXPECT_EQ(r.usage[TokenClass::input], 36U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], 64U);
  const UsageReading split_only =
      text(R"({"completion_tokens":5,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36})");
  EXPECT_EQ(split_only.usage.total_input(), 100U);
}

TEST(OpenAiUsage, EveryMistralSpellingOfCachedTokensIsRead) {
  for (const std::string_view field :
       {R"("num_cached_tokens":40)", R"("prompt_tokens_details":{"cached_tokens":40})",
        R"("prompt_token_details":{"cached_tokens":40})",
        R"("prompt_tokens_details":{"cached_tokens":0},"num_cached_tokens":40)",
        R"("cached_tokens":40)", R"("cache_read_input_tokens":40)"}) {
    const UsageReading r = text(R"({"prompt_tokens":50,"completion_tokens":1,"total_tokens":51,)" +
                                std::string(field) + "}");
    EXPECT_EQ(r.usage[TokenClass::cache_read], 40U) << field;
    EXPECT_EQ(r.usage[TokenClass::input], 10U) << field;
  }
}

TEST(OpenAiUsage, PerplexityCountsReasoningAndCitationsApartAndChargesQueries) {
  const UsageReading r = text(
      R"({"prompt_tokens":33,"completion_tokens":7163,"total_tokens":7196,"citation_tokens":14497,
          "num_search_queries":18,"reasoning_tokens":193946,"search_context_size":"low",
          "cost":{"request_cost":0.005,"total_cost":0.006}})");
  EXPECT_EQ(r.usage[TokenClass::input], 33U);
  EXPECT_EQ(r.usage[TokenClass::citation_input], 14497U);
  EXPECT_EQ(r.usage[TokenClass::output], 7163U);
  EXPECT_EQ(r.usage[TokenClass::reasoning], 193946U);
  EXPECT_EQ(r.usage[CallClass::search_query], 18U);
  EXPECT_EQ(r.cost->to_dollars(), "0.006");
}

TEST(OpenAiUsage, AResellersCostIsWhatIsPaidInAll) {
  const UsageReading plain = text(
      R"({"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"cost":3.5e-05,"is_byok":false})");
  EXPECT_EQ(plain.cost->to_dollars(), "0.000035");
  EXPECT_FALSE(plain.byok);
  // With the client's own key `cost` is the fee alone.
  const UsageReading own_key = text(
      R"({"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"cost":0.001,"is_byok":true,
          "cost_details":{"upstream_inference_cost":0.02}})");
  EXPECT_TRUE(own_key.byok);
  EXPECT_EQ(own_key.cost->to_dollars(), "0.021");
}

TEST(OpenAiUsage, AbsentIsAbsentAndZeroIsZero) {
  const UsageReading r = text(
      R"({"prompt_tokens":5,"completion_tokens":0,"total_tokens":5,"prompt_tokens_details":null})");
  EXPECT_EQ(r.usage[TokenClass::output], 0U);
  EXPECT_EQ(r.usage[TokenClass::cache_read], std::nullopt);
  EXPECT_EQ(r.usage[TokenClass::reasoning], std::nullopt);
  EXPECT_EQ(r.usage[TokenClass::audio_input], std::nullopt);
  EXPECT_TRUE(text("{}").usage.empty());
}

TEST(OpenAiUsage, HostileNumbersAreAnAnomalyAndNeverAFigure) {
  for (const std::string_view number :
       {"-5", "1.5", "1e300", "99999999999999999999999", "true", "\"many\"", "\"-3\""}) {
    const UsageReading r = text("{\"prompt_tokens\":" + std::string(number) + "}");
    EXPECT_EQ(r.usage[TokenClass::input], std::nullopt) << number;
    EXPECT_TRUE(r.anomaly) << number;
  }
  for (const std::string_view number : {"12", "12.0", "\"12\"", "1.2e1"}) {
    EXPECT_EQ(text("{\"prompt_tokens\":" + std::string(number) + "}").usage[TokenClass::input],
              12U);
  }
  for (const std::string_view raw : {"", "7", "[]", "{", "nonsense"}) {
    EXPECT_FALSE(text(raw).readable) << raw;
    EXPECT_TRUE(text(raw).anomaly) << raw;
  }
}

TEST(OpenAiUsage, EmbeddingsHaveNoOutputAndVoyageTellsOnlyATotal) {
  const UsageReading r =
      openai_usage(R"({"prompt_tokens":8,"total_tokens":8})", OpenAiUse::input_only);
  EXPECT_EQ(r.usage[TokenClass::input], 8U);
  EXPECT_EQ(r.usage.total_output(), std::nullopt);
  EXPECT_EQ(openai_usage(R"({"total_tokens":6})", OpenAiUse::input_only).usage.total_input(), 6U);
}

TEST(OpenAiUsage, GeneratedImageTokensAreImageOutput) {
  const UsageReading r = openai_usage(
      R"({"input_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},
          "output_tokens":272,"output_tokens_details":{"image_tokens":272,"text_tokens":0},
          "total_tokens":322})",
      OpenAiUse::image);
  EXPECT_EQ(r.usage[TokenClass::input], 10U);
  EXPECT_EQ(r.usage[TokenClass::image_input], 40U);
  EXPECT_EQ(r.usage[TokenClass::image_output], 272U);
  EXPECT_EQ(r.usage[TokenClass::output], 0U);
}

TEST(OpenAiUsage, TranscriptionsTellTokensOrSeconds) {
  const UsageReading duration = text(R"({"type":"duration","seconds":12})");
  EXPECT_EQ(duration.usage[CallClass::second_input], 12U);
  EXPECT_EQ(text(R"({"type":"duration","seconds":12.2})").usage[CallClass::second_input], 13U);
  const UsageReading tokens = text(
      R"({"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},
          "output_tokens":45,"total_tokens":59})");
  EXPECT_EQ(tokens.usage[TokenClass::audio_input], 14U);
  EXPECT_EQ(tokens.usage[TokenClass::input], 0U);
  EXPECT_EQ(tokens.usage[TokenClass::output], 45U);
}

TEST(OpenAiUsage, ToolsOfAResponseAreChargedBesideItsTokens) {
  UsageReading r = text(R"({"input_tokens":500,"output_tokens":16,"total_tokens":516})");
  EXPECT_TRUE(openai_tool_usage(
      R"({"image_gen":{"input_tokens":50,"input_tokens_details":{"image_tokens":0,"text_tokens":50},
          "output_tokens":1000,"total_tokens":1050},"web_search":{"num_requests":1}})",
      "gpt-image-x", r));
  EXPECT_EQ(r.usage[CallClass::web_search], 1U);
  ASSERT_EQ(r.others.size(), 1U);
  EXPECT_EQ(r.others[0].model, "gpt-image-x");
  EXPECT_EQ(r.others[0].usage[TokenClass::input], 50U);
  EXPECT_EQ(r.others[0].usage[TokenClass::image_output], 1000U);

  UsageReading unused = text(R"({"input_tokens":5,"output_tokens":1,"total_tokens":6})");
  EXPECT_TRUE(openai_tool_usage(
      R"({"image_gen":{"input_tokens":0,"output_tokens":0,"total_tokens":0},"web_search":{"num_requests":0}})",
      "gpt-image-x", unused));
  EXPECT_TRUE(unused.others.empty());
  EXPECT_EQ(unused.usage[CallClass::web_search], 0U);
}

TEST(OpenAiUsage, ACompoundModelsPartsKeepTheirModels) {
  bool anomaly = false;
  const auto parts = openai_usage_breakdown(
      R"({"models":[{"model":"a","usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}},
          {"model":"b","usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}]})",
      anomaly);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].model, "b");
  EXPECT_EQ(parts[1].usage.total_input(), 5U);
  EXPECT_TRUE(openai_usage_breakdown(R"({"models":null})", anomaly).empty());
  EXPECT_TRUE(openai_usage_breakdown("null", anomaly).empty());
  EXPECT_FALSE(anomaly);
}

}  // namespace
}  // namespace tokenweir::provider
