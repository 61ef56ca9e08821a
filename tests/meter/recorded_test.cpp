// Every recording of tests/recorded/ against the figures it must come to (wire.md 17 and the
// pitfalls of 15), however its bytes are cut.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "metering.h"

namespace tokenweir::meter {
namespace {

using provider::Family;
using Count = std::optional<std::uint64_t>;
constexpr std::nullopt_t kAbsent = std::nullopt;

struct Recording {
  std::string_view file;
  Family family;
  std::string_view path;
  int status;
  EndState end;
  // Sums over all inferences.
  Count total_input, total_output, cache_read, reasoning;
  std::string_view model;
  std::string_view error = {};
  std::string_view query = {};
};

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kText = "/v1/completions";
constexpr std::string_view kResponses = "/v1/responses";
constexpr std::string_view kEmbeddings = "/v1/embeddings";
constexpr std::string_view kImages = "/v1/images/generations";
constexpr std::string_view kHear = "/v1/audio/transcriptions";
constexpr std::string_view kMessages = "/v1/messages";
constexpr std::string_view kGenerate = "/v1beta/models/gemini-x:generateContent";
constexpr std::string_view kStream = "/v1beta/models/gemini-x:streamGenerateContent";
constexpr std::string_view kInteractions = "/v1beta/interactions";
constexpr EndState kWhole = EndState::complete;
constexpr EndState kAtLimit = EndState::truncated;
constexpr EndState kFailed = EndState::provider_error;

const Recording kRecordings[] = {
    {"openai_chat/plain.json", Family::openai, kChat, 200, kWhole, 1200, 300, 800, 200,
     "gpt-x-2026-06-01"},
    {"openai_chat/stream.sse", Family::azure, kChat, 200, kWhole, 9, 2, kAbsent, kAbsent,
     "gpt-x-2026-06-01"},
    {"openai_chat/cut.sse", Family::openai, kChat, 200, kFailed, kAbsent, kAbsent, kAbsent, kAbsent,
     "gpt-x"},
    {"openai_chat/error.json", Family::openai, kChat, 429, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, "", "rate_limit_exceeded"},
    {"openai_chat/error_in_stream.sse", Family::openai, kChat, 200, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "vendor/model", "provider_unavailable"},
    {"openai_chat/error_in_200.json", Family::openai, kChat, 200, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "", "502"},
    {"openai_chat/hostile.json", Family::openai, kChat, 200, kWhole, 70, 30, kAbsent, kAbsent,
     "gpt-x"},
    {"openai_chat/groq.sse", Family::openai, kChat, 200, kWhole, 3, 4, kAbsent, kAbsent,
     "openai/gpt-oss-20b"},
    {"openai_chat/groq_error.sse", Family::openai, kChat, 200, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, "m"},
    {"openai_chat/perplexity.sse", Family::openai, kChat, 200, kWhole, 10, 3, kAbsent, kAbsent,
     "sonar"},
    {"openai_chat/deepseek_waiting.json", Family::openai, kChat, 200, kAtLimit, 100, 8, 64, kAbsent,
     "deepseek-x"},
    {"openai_completions/plain.json", Family::openai, kText, 200, kAtLimit, 5, 32, kAbsent, kAbsent,
     "davinci-x"},
    {"openai_completions/stream.sse", Family::openai, kText, 200, kWhole, 6, 2, kAbsent, kAbsent,
     "m"},
    {"openai_completions/cut.sse", Family::openai, kText, 200, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, "m"},
    {"openai_completions/error.json", Family::openai, kText, 404, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "", "model_not_found"},
    {"openai_responses/plain.json", Family::openai, kResponses, 200, kWhole, 75, 20, 0, 12,
     "gpt-y-2026-05-05"},
    {"openai_responses/stream.sse", Family::openai, kResponses, 200, kAtLimit, 550, 1016, 100, 16,
     "gpt-y"},
    {"openai_responses/failed.sse", Family::openai, kResponses, 200, kFailed, 40, 3, kAbsent,
     kAbsent, "gpt-y", "server_error"},
    {"openai_responses/cut.sse", Family::openai, kResponses, 200, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "gpt-y"},
    {"openai_responses/error.json", Family::openai, kResponses, 400, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "", "context_length_exceeded"},
    {"openai_responses/error_in_stream.sse", Family::openai, kResponses, 200, kFailed, kAbsent,
     kAbsent, kAbsent, kAbsent, "", "insufficient_quota"},
    {"openai_responses/queued.json", Family::openai, kResponses, 200, kWhole, kAbsent, kAbsent,
     kAbsent, kAbsent, "gpt-y"},
    {"openai_embeddings/plain.json", Family::openai, kEmbeddings, 200, kWhole, 8, kAbsent, kAbsent,
     kAbsent, "embed-x"},
    {"openai_embeddings/cut.json", Family::openai, kEmbeddings, 200, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, ""},
    {"openai_embeddings/error.json", Family::openai, kEmbeddings, 400, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "", "invalid_request_error"},
    {"openai_images/plain.json", Family::openai, kImages, 200, kWhole, 50, 272, kAbsent, kAbsent,
     ""},
    {"openai_images/per_image.json", Family::openai, kImages, 200, kWhole, kAbsent, kAbsent,
     kAbsent, kAbsent, ""},
    {"openai_images/stream.sse", Family::openai, kImages, 200, kWhole, 11, 300, kAbsent, kAbsent,
     ""},
    {"openai_images/cut.sse", Family::openai, kImages, 200, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, ""},
    {"openai_images/error.json", Family::openai, kImages, 400, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, "", "moderation_blocked"},
    {"openai_audio/plain.json", Family::openai, kHear, 200, kWhole, kAbsent, kAbsent, kAbsent,
     kAbsent, ""},
    {"openai_audio/verbose.json", Family::openai, kHear, 200, kWhole, kAbsent, kAbsent, kAbsent,
     kAbsent, ""},
    {"openai_audio/stream.sse", Family::openai, kHear, 200, kWhole, 14, 45, kAbsent, kAbsent, ""},
    {"openai_audio/cut.sse", Family::openai, kHear, 200, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, ""},
    {"openai_audio/error.json", Family::openai, kHear, 400, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, "", "invalid_request_error"},
    {"openai_audio/subtitles.txt", Family::openai, kHear, 200, kWhole, kAbsent, kAbsent, kAbsent,
     kAbsent, ""},
    {"anthropic_messages/plain.json", Family::anthropic, kMessages, 200, kWhole, 5, 50, kAbsent,
     kAbsent, "claude-x-20260101"},
    {"anthropic_messages/stream.sse", Family::anthropic, kMessages, 200, kWhole, 7725, 90, 7000,
     kAbsent, "claude-x-20260101"},
    {"anthropic_messages/cut.sse", Family::anthropic, kMessages, 200, kFailed, 7325, kAbsent, 7000,
     kAbsent, "claude-x-20260101"},
    {"anthropic_messages/error.json", Family::anthropic, kMessages, 429, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "", "rate_limit_error"},
    {"anthropic_messages/error_in_stream.sse", Family::anthropic, kMessages, 200, kFailed, 7325,
     kAbsent, 7000, kAbsent, "claude-x-20260101", "overloaded_error"},
    {"anthropic_messages/iterations.json", Family::anthropic, kMessages, 200, kWhole, 9410, 780,
     kAbsent, kAbsent, "claude-x-20260101"},
    {"gemini/plain.json", Family::gemini, kGenerate, 200, kWhole, 12, 42, kAbsent, 40,
     "gemini-3-pro"},
    {"gemini/stream.sse",
     Family::gemini,
     kStream,
     200,
     kAtLimit,
     1050,
     70,
     600,
     40,
     "gemini-2.5-pro",
     {},
     "alt=sse"},
    {"gemini/array.json", Family::gemini, kStream, 200, kWhole, 4, 2, kAbsent, kAbsent, ""},
    {"gemini/cut.sse",
     Family::gemini,
     kStream,
     200,
     kFailed,
     1000,
     kAbsent,
     kAbsent,
     kAbsent,
     "",
     {},
     "alt=sse"},
    {"gemini/cut_array.json", Family::gemini, kStream, 200, kFailed, 4, kAbsent, kAbsent, kAbsent,
     ""},
    {"gemini/error.json", Family::gemini, kGenerate, 400, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, "", "INVALID_ARGUMENT"},
    {"gemini/error_in_stream.sse", Family::gemini, kStream, 200, kFailed, 9, kAbsent, kAbsent,
     kAbsent, "", "UNAVAILABLE", "alt=sse"},
    {"gemini/blocked.json", Family::gemini, kGenerate, 200, kWhole, 31, 0, kAbsent, kAbsent,
     "gemini-2.5-flash"},
    {"gemini/predict.json", Family::vertex,
     "/v1/projects/p/locations/l/publishers/google/models/e:predict", 200, kWhole, 11, kAbsent,
     kAbsent, kAbsent, ""},
    {"gemini_interactions/plain.json", Family::gemini, kInteractions, 200, kWhole, 50, 59, 0, 56,
     "gemini-3-flash"},
    {"gemini_interactions/stream.sse", Family::gemini, kInteractions, 200, kWhole, 14, 256, 4, 222,
     "gemini-3-flash"},
    {"gemini_interactions/cut.sse", Family::gemini, kInteractions, 200, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "gemini-3-flash"},
    {"gemini_interactions/error.json", Family::gemini, kInteractions, 404, kFailed, kAbsent,
     kAbsent, kAbsent, kAbsent, "", "NOT_FOUND"},
    {"cohere/plain.json", Family::cohere, "/v2/chat", 200, kWhole, 8, 5, kAbsent, kAbsent, ""},
    {"cohere/stream.sse", Family::cohere, "/v2/chat", 200, kAtLimit, 8, 5, kAbsent, kAbsent, ""},
    {"cohere/lines.ndjson", Family::cohere, "/v1/chat", 200, kWhole, 7, 2, kAbsent, kAbsent, ""},
    {"cohere/cut.sse", Family::cohere, "/v2/chat", 200, kFailed, kAbsent, kAbsent, kAbsent, kAbsent,
     ""},
    {"cohere/error.json", Family::cohere, "/v2/chat", 401, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, ""},
    {"cohere/error_in_stream.sse", Family::cohere, "/v2/chat", 200, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "", "ERROR"},
    {"cohere/embeddings.json", Family::cohere, "/v2/embed", 200, kWhole, 3, kAbsent, kAbsent,
     kAbsent, ""},
    {"ollama/plain.json", Family::ollama, "/api/chat", 200, kWhole, 26, 7, kAbsent, kAbsent,
     "llama-x"},
    {"ollama/stream.ndjson", Family::ollama, "/api/chat", 200, kAtLimit, kAbsent, 7, kAbsent,
     kAbsent, "llama-x"},
    {"ollama/cut.ndjson", Family::ollama, "/api/chat", 200, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, "llama-x"},
    {"ollama/error.json", Family::ollama, "/api/chat", 404, kFailed, kAbsent, kAbsent, kAbsent,
     kAbsent, ""},
    {"ollama/error_in_stream.ndjson", Family::ollama, "/api/chat", 200, kFailed, kAbsent, kAbsent,
     kAbsent, kAbsent, "llama-x"},
};

Metered how(const Recording& recording) {
  Metered metered;
  metered.family = recording.family;
  metered.path = recording.path;
  metered.query = recording.query;
  metered.status = recording.status;
  metered.whole = recording.file.find("/cut") == std::string_view::npos;
  if (recording.file.ends_with(".sse")) metered.content_type = "text/event-stream; charset=utf-8";
  if (recording.file.ends_with(".ndjson")) metered.content_type = "application/x-ndjson";
  if (recording.file.ends_with(".txt")) metered.content_type = "text/plain";
  return metered;
}

TEST(Recorded, EveryRecordingComesToItsFigures) {
  for (const Recording& one : kRecordings) {
    SCOPED_TRACE(one.file);
    const std::string body = recorded(one.file);
    ASSERT_FALSE(body.empty());
    const Answer answer = meter_whole(how(one), body);
    const Usage sum = sum_of(answer);
    EXPECT_EQ(sum.total_input(), one.total_input);
    EXPECT_EQ(sum.total_output(), one.total_output);
    EXPECT_EQ(sum[TokenClass::cache_read], one.cache_read);
    EXPECT_EQ(sum[TokenClass::reasoning], one.reasoning);
    EXPECT_EQ(answer.model_served, one.model);
    EXPECT_EQ(name_of(answer.end_state), name_of(one.end));
    EXPECT_EQ(answer.error_type, one.error);
    EXPECT_FALSE(answer.usage_anomaly);
    EXPECT_EQ(answer.source, answer.inferences.empty() ? UsageSource::none : UsageSource::reported);
  }
}

TEST(Recorded, HowTheBytesAreCutChangesNothing) {
  for (const Recording& one : kRecordings) {
    SCOPED_TRACE(one.file);
    const std::string body = recorded(one.file);
    const Answer whole = meter_whole(how(one), body);
    for (const std::size_t size : {1U, 2U, 3U, 7U, 61U}) {
      EXPECT_EQ(meter_in_pieces(how(one), body, size), whole) << size;
    }
  }
}

TEST(Recorded, ACutAtAnyPlaceNeverInventsAFigure) {
  for (const Recording& one : kRecordings) {
    SCOPED_TRACE(one.file);
    const std::string body = recorded(one.file);
    const Answer whole = meter_whole(how(one), body);
    Metered cut_off = how(one);
    cut_off.whole = false;
    for (std::size_t size = 0; size < body.size(); ++size) {
      const Answer answer = meter_whole(cut_off, std::string_view(body).substr(0, size));
      // A part's figures are running totals: never more than the whole's.
      const Count output = sum_of(answer).total_output();
      if (output && sum_of(whole).total_output()) {
        ASSERT_LE(*output, *sum_of(whole).total_output()) << size;
      }
    }
  }
}

TEST(Recorded, NoRecordingIsLeftUnread) {
  std::set<std::string> listed;
  for (const Recording& one : kRecordings) listed.insert(std::string(one.file));
  const std::filesystem::path root = TOKENWEIR_SOURCE_DIR "/tests/recorded";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || entry.path().parent_path() == root) continue;
    EXPECT_TRUE(listed.contains(std::filesystem::relative(entry.path(), root).string()))
        << entry.path();
  }
}

TEST(Recorded, AResponseWithToolsBecomesTwoInferences) {
  const Answer answer = meter_whole(how({"openai_responses/stream.sse",
                                         Family::openai,
                                         kResponses,
                                         200,
                                         kAtLimit,
                                         {},
                                         {},
                                         {},
                                         {},
                                         ""}),
                                    recorded("openai_responses/stream.sse"));
  ASSERT_EQ(answer.inferences.size(), 2U);
  const Usage& own = answer.inferences[0].usage;
  EXPECT_EQ(answer.inferences[0].model, "");
  EXPECT_EQ(own[TokenClass::input], 200U);
  EXPECT_EQ(own[TokenClass::cache_write_30m], 150U);
  EXPECT_EQ(own[TokenClass::cache_write_12h], 50U);
  EXPECT_EQ(own[CallClass::web_search], 1U);
  EXPECT_EQ(answer.inferences[1].model, "gpt-image-x");
  EXPECT_EQ(answer.inferences[1].usage[TokenClass::image_output], 1000U);
  EXPECT_EQ(answer.service_tier, "flex");
  EXPECT_EQ(answer.response_id, "resp_1");
}

Answer answer_of(std::string_view file) {
  for (const Recording& one : kRecordings) {
    if (one.file == file) return meter_whole(how(one), recorded(file));
  }
  ADD_FAILURE() << file;
  return {};
}

TEST(Recorded, CallsAndUnitsAreCountedWhereTheyAreTold) {
  EXPECT_EQ(sum_of(answer_of("openai_responses/plain.json"))[CallClass::web_search], 1U);
  EXPECT_EQ(sum_of(answer_of("openai_responses/plain.json"))[CallClass::file_search], 1U);
  EXPECT_EQ(sum_of(answer_of("openai_images/per_image.json"))[CallClass::image], 2U);
  EXPECT_EQ(sum_of(answer_of("openai_images/plain.json"))[CallClass::image], kAbsent);
  EXPECT_EQ(sum_of(answer_of("openai_audio/plain.json"))[CallClass::second_input], 12U);
  EXPECT_EQ(sum_of(answer_of("openai_audio/verbose.json"))[CallClass::second_input], 9U);
  EXPECT_EQ(sum_of(answer_of("anthropic_messages/stream.sse"))[CallClass::web_search], 2U);
  // Two queries of a third-generation model are two charges; to the second it was one prompt.
  EXPECT_EQ(sum_of(answer_of("gemini/plain.json"))[CallClass::search_query], 2U);
  EXPECT_EQ(sum_of(answer_of("gemini/stream.sse"))[CallClass::grounded_prompt], 1U);
  EXPECT_EQ(sum_of(answer_of("gemini/predict.json"))[CallClass::character_input], 31U);
}

TEST(Recorded, WhatElseTheAnswerTellsIsKept) {
  EXPECT_EQ(answer_of("openai_chat/plain.json").service_tier, "priority");
  EXPECT_EQ(answer_of("openai_chat/perplexity.sse").provider_cost->to_dollars(), "0.006");
  EXPECT_EQ(answer_of("anthropic_messages/stream.sse").region, "us");
  EXPECT_EQ(answer_of("anthropic_messages/stream.sse").speed, "standard");
  EXPECT_EQ(answer_of("gemini/stream.sse").service_tier, "ON_DEMAND_FLEX");
  EXPECT_EQ(answer_of("gemini/stream.sse").response_id, "resp-b");
  EXPECT_EQ(answer_of("openai_responses/queued.json").job_id, "resp_4");
  EXPECT_EQ(answer_of("ollama/stream.ndjson").raw_usage, R"({"eval_count":7})");
  EXPECT_EQ(answer_of("openai_chat/stream.sse").raw_usage,
            R"({"prompt_tokens":9,"completion_tokens":2,"total_tokens":11})");
}

}  // namespace
}  // namespace tokenweir::meter
