#include "provider/dialect.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tokenweir::provider {
namespace {

struct Case {
  Family family;
  std::string_view method;
  std::string_view path;
  std::string_view query;
  Dialect dialect;
  std::string_view name;
  std::string_view model;
};

// Paths as the official SDKs and the providers' references write them.
const Case kCases[] = {
    {Family::openai, "POST", "/v1/chat/completions", "", Dialect::openai_chat, "chat.completions",
     ""},
    {Family::openai, "POST", "//v1//chat/completions/", "", Dialect::openai_chat,
     "chat.completions", ""},
    {Family::openai, "POST", "/openai/v1/chat/completions", "", Dialect::openai_chat,
     "chat.completions", ""},
    {Family::openai, "POST", "/api/v1/chat/completions", "", Dialect::openai_chat,
     "chat.completions", ""},
    {Family::openai, "POST", "/inference/v1/chat/completions", "", Dialect::openai_chat,
     "chat.completions", ""},
    {Family::openai, "POST", "/chat/completions", "", Dialect::openai_chat, "chat.completions", ""},
    {Family::openai, "POST", "/v1/completions", "", Dialect::openai_completions, "completions", ""},
    {Family::openai, "POST", "/v1/fim/completions", "", Dialect::openai_chat, "fim.completions",
     ""},
    {Family::openai, "POST", "/v1/responses", "", Dialect::openai_responses, "responses", ""},
    {Family::openai, "GET", "/v1/responses/resp_1", "", Dialect::openai_responses, "responses.get",
     ""},
    {Family::openai, "POST", "/v1/responses/resp_1/cancel", "", Dialect::openai_responses,
     "responses.cancel", ""},
    {Family::openai, "POST", "/v1/responses/compact", "", Dialect::openai_responses,
     "responses.compact", ""},
    {Family::openai, "POST", "/v1/responses/input_tokens", "", Dialect::openai_misc,
     "responses.input_tokens", ""},
    {Family::openai, "POST", "/v1/embeddings", "", Dialect::openai_embeddings, "embeddings", ""},
    {Family::openai, "POST", "/v1/images/edits", "", Dialect::openai_images, "images", ""},
    {Family::openai, "POST", "/v1/audio/transcriptions", "", Dialect::openai_audio,
     "audio.transcriptions", ""},
    {Family::openai, "POST", "/v1/audio/speech", "", Dialect::openai_audio, "audio.speech", ""},
    {Family::openai, "POST", "/v1/moderations", "", Dialect::openai_misc, "moderations", ""},
    {Family::openai, "GET", "/v1/models", "", Dialect::openai_misc, "models", ""},
    {Family::openai, "POST", "/v1/files", "", Dialect::openai_misc, "files", ""},
    {Family::openai, "POST", "/v1/batches", "", Dialect::openai_misc, "batches", ""},
    {Family::openai, "POST", "/v1/threads/thread_1/runs", "", Dialect::openai_misc, "threads.runs",
     ""},
    {Family::openai, "POST", "/v1/threads/thread_1/messages", "", Dialect::openai_misc, "threads",
     ""},
    {Family::openai, "POST", "/v1/rerank", "", Dialect::openai_misc, "rerank", ""},
    {Family::openai, "POST", "/v1/messages", "", Dialect::anthropic_messages, "messages", ""},
    {Family::openai, "POST", "/v2/chat", "", Dialect::cohere, "chat", ""},
    {Family::openai, "POST", "/api/chat", "", Dialect::ollama, "chat", ""},
    {Family::openai, "POST", "/frobnicate", "", Dialect::opaque, "raw", ""},
    {Family::azure, "POST", "/openai/deployments/my%2Dgpt/chat/completions",
     "api-version=2024-10-21", Dialect::openai_chat, "chat.completions", "my-gpt"},
    {Family::azure, "POST", "/openai/deployments/d/embeddings", "", Dialect::openai_embeddings,
     "embeddings", "d"},
    {Family::azure, "POST", "/openai/v1/responses", "", Dialect::openai_responses, "responses", ""},
    {Family::azure, "POST", "/models/chat/completions", "", Dialect::openai_chat,
     "chat.completions", ""},
    {Family::azure, "POST", "/anthropic/v1/messages", "", Dialect::anthropic_messages, "messages",
     ""},
    {Family::anthropic, "POST", "/v1/messages", "beta=true", Dialect::anthropic_messages,
     "messages", ""},
    {Family::anthropic, "POST", "/v1/messages/count_tokens", "", Dialect::anthropic_misc,
     "count_tokens", ""},
    {Family::anthropic, "POST", "/v1/messages/batches", "", Dialect::anthropic_misc,
     "messages.batches", ""},
    {Family::anthropic, "POST", "/v1/chat/completions", "", Dialect::openai_chat,
     "chat.completions", ""},
    {Family::gemini, "POST", "/v1beta/models/gemini-2.5-flash:generateContent", "", Dialect::gemini,
     "generateContent", "gemini-2.5-flash"},
    {Family::gemini, "POST", "/v1/models/gemini-2.5-flash:streamGenerateContent", "alt=sse",
     Dialect::gemini, "streamGenerateContent", "gemini-2.5-flash"},
    {Family::gemini, "POST", "/v1beta/models/models%2Fgemini-x:countTokens", "",
     Dialect::gemini_misc, "countTokens", "gemini-x"},
    {Family::gemini, "POST", "/v1beta/models/e:batchEmbedContents", "", Dialect::gemini,
     "embedContent", "e"},
    {Family::gemini, "POST", "/v1beta/interactions", "", Dialect::gemini_interactions,
     "interactions", ""},
    {Family::gemini, "POST", "/v1beta/openai/chat/completions", "", Dialect::openai_chat,
     "chat.completions", ""},
    {Family::vertex, "POST",
     "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent", "",
     Dialect::gemini, "generateContent", "gemini-2.5-pro"},
    {Family::vertex, "POST",
     "/v1/projects/p/locations/l/publishers/anthropic/models/"
     "claude-sonnet-4@20250514:streamRawPredict",
     "", Dialect::anthropic_messages, "messages", "claude-sonnet-4@20250514"},
    {Family::vertex, "POST",
     "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict", "",
     Dialect::anthropic_misc, "count_tokens", ""},
    {Family::vertex, "POST",
     "/v1/projects/p/locations/l/publishers/mistralai/models/codestral:rawPredict", "",
     Dialect::openai_chat, "chat.completions", "codestral"},
    {Family::vertex, "POST", "/v1/projects/p/locations/l/endpoints/openapi/chat/completions", "",
     Dialect::openai_chat, "chat.completions", ""},
    {Family::vertex, "POST",
     "/v1/projects/p/locations/l/publishers/google/models/text-embedding-004:predict", "",
     Dialect::gemini_misc, "predict", "text-embedding-004"},
    {Family::cohere, "POST", "/v1/chat", "", Dialect::cohere, "chat", ""},
    {Family::cohere, "POST", "/v2/embed", "", Dialect::cohere, "embeddings", ""},
    {Family::cohere, "POST", "/v2/rerank", "", Dialect::cohere, "rerank", ""},
    {Family::cohere, "POST", "/compatibility/v1/chat/completions", "", Dialect::openai_chat,
     "chat.completions", ""},
    {Family::ollama, "POST", "/api/generate", "", Dialect::ollama, "generate", ""},
    {Family::ollama, "POST", "/v1/chat/completions", "", Dialect::openai_chat, "chat.completions",
     ""},
    {Family::opaque, "POST", "/v1/chat/completions", "", Dialect::openai_chat, "chat.completions",
     ""},
};

TEST(Recognise, NamesTheEndpointOfEveryKnownPath) {
  for (const Case& one : kCases) {
    const Endpoint endpoint = recognise(one.family, one.method, one.path, one.query);
    EXPECT_EQ(name_of(endpoint.dialect), name_of(one.dialect)) << one.path;
    EXPECT_EQ(endpoint.name, one.name) << one.path;
    EXPECT_EQ(endpoint.model, one.model) << one.path;
  }
}

TEST(Recognise, GeminiPathsDecideWhetherAndHowTheAnswerStreams) {
  const std::string stream = "/v1beta/models/m:streamGenerateContent";
  EXPECT_EQ(recognise(Family::gemini, "POST", stream, "alt=sse&key=k").streams, true);
  EXPECT_TRUE(recognise(Family::gemini, "POST", stream, "alt=sse").server_sent_events);
  EXPECT_TRUE(recognise(Family::gemini, "POST", stream, "x=1&$alt=sse").server_sent_events);
  EXPECT_FALSE(recognise(Family::gemini, "POST", stream, "").server_sent_events);
  EXPECT_FALSE(recognise(Family::gemini, "POST", stream, "balt=sse").server_sent_events);
  EXPECT_EQ(recognise(Family::gemini, "POST", "/v1/models/m:generateContent", "").streams, false);
}

TEST(Recognise, OllamaStreamsUnlessToldOtherwise) {
  EXPECT_TRUE(recognise(Family::ollama, "POST", "/api/chat", "").streams_by_default);
  EXPECT_FALSE(recognise(Family::ollama, "POST", "/api/embed", "").streams_by_default);
  EXPECT_FALSE(recognise(Family::ollama, "POST", "/v1/chat/completions", "").streams_by_default);
}

TEST(Recognise, CountingAndListingAreFreeAndInferenceIsNot) {
  EXPECT_TRUE(recognise(Family::anthropic, "POST", "/v1/messages/count_tokens", "").free);
  EXPECT_TRUE(recognise(Family::openai, "POST", "/v1/responses/input_tokens", "").free);
  EXPECT_TRUE(recognise(Family::gemini, "POST", "/v1/models/m:countTokens", "").free);
  EXPECT_TRUE(recognise(Family::openai, "GET", "/v1/models/gpt-x", "").free);
  EXPECT_TRUE(recognise(Family::gemini, "GET", "/v1beta/models", "").free);
  const Endpoint chat = recognise(Family::openai, "POST", "/v1/chat/completions", "");
  EXPECT_FALSE(chat.free);
  EXPECT_TRUE(chat.metered);
  EXPECT_TRUE(chat.cappable);
  // What a background response used is told when it is fetched.
  const Endpoint fetched = recognise(Family::openai, "GET", "/v1/responses/resp_1", "");
  EXPECT_TRUE(fetched.metered);
  EXPECT_FALSE(fetched.cappable);
}

TEST(Recognise, BatchesAndVideosAreJobsWhoseUsageArrivesElsewhere) {
  EXPECT_TRUE(recognise(Family::openai, "POST", "/v1/batches", "").async_job);
  EXPECT_TRUE(recognise(Family::anthropic, "POST", "/v1/messages/batches", "").async_job);
  EXPECT_FALSE(recognise(Family::anthropic, "GET", "/v1/messages/batches/b/results", "").async_job);
  EXPECT_TRUE(
      recognise(Family::gemini, "POST", "/v1beta/models/veo:predictLongRunning", "").async_job);
}

TEST(Recognise, AMethodThatStartsNothingIsNoInference) {
  EXPECT_FALSE(recognise(Family::openai, "GET", "/v1/chat/completions", "").metered);
  EXPECT_FALSE(recognise(Family::openai, "OPTIONS", "/v1/responses", "").metered);
  EXPECT_EQ(recognise(Family::anthropic, "GET", "/v1/messages", "").dialect, Dialect::opaque);
}

TEST(Recognise, AbsurdPathsAreOpaqueAndCheap) {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "/v1";
  EXPECT_EQ(recognise(Family::openai, "POST", deep + "/chat/completions", "").dialect,
            Dialect::opaque);
  EXPECT_EQ(recognise(Family::openai, "POST", "", "").dialect, Dialect::opaque);
  EXPECT_EQ(recognise(Family::gemini, "POST", "/:", "").dialect, Dialect::opaque);
  EXPECT_EQ(recognise(Family::gemini, "POST", "/v1/models/%zz:generateContent", "").model, "%zz");
}

TEST(WellKnownFamily, FollowsThePathAndWhereItIsSharedTheHeaders) {
  const std::vector<http::Field> none;
  const std::vector<http::Field> anthropic = {{"Anthropic-Version", "2023-06-01"}};
  const std::vector<http::Field> google = {{"x-goog-api-key", "k"}};
  const std::vector<http::Field> azure = {{"api-key", "k"}};
  EXPECT_EQ(well_known_family("POST", "/v1/chat/completions", none), Family::openai);
  EXPECT_EQ(well_known_family("POST", "/v1/messages", none), Family::anthropic);
  EXPECT_EQ(well_known_family("POST", "/v1beta/models/m:generateContent", none), Family::gemini);
  EXPECT_EQ(well_known_family("POST", "/v1/models/m:generateContent", none), Family::gemini);
  EXPECT_EQ(well_known_family("POST", "/v1beta/openai/chat/completions", none), Family::gemini);
  EXPECT_EQ(well_known_family(
                "POST", "/v1/projects/p/locations/l/publishers/google/models/m:predict", none),
            Family::vertex);
  EXPECT_EQ(well_known_family("POST", "/openai/deployments/d/chat/completions", none),
            Family::azure);
  EXPECT_EQ(well_known_family("POST", "/openai/v1/chat/completions", azure), Family::azure);
  EXPECT_EQ(well_known_family("POST", "/openai/v1/chat/completions", none), Family::openai);
  EXPECT_EQ(well_known_family("POST", "/v2/chat", none), Family::cohere);
  EXPECT_EQ(well_known_family("POST", "/api/chat", none), Family::ollama);
  EXPECT_EQ(well_known_family("GET", "/v1/models", none), Family::openai);
  EXPECT_EQ(well_known_family("GET", "/v1/models", anthropic), Family::anthropic);
  EXPECT_EQ(well_known_family("GET", "/v1/models", google), Family::gemini);
  EXPECT_EQ(well_known_family("GET", "/", none), std::nullopt);
  EXPECT_EQ(well_known_family("POST", "/admin/v1/chat/completions", none), std::nullopt);
  EXPECT_EQ(well_known_family("POST", "/v1/frobnicate", none), std::nullopt);
}

TEST(Names, AreTheConfigsAndTheLedgersWords) {
  for (const std::string_view word :
       {"openai", "azure", "anthropic", "gemini", "vertex", "cohere", "ollama", "opaque"}) {
    const auto family = family_named(word);
    ASSERT_TRUE(family.has_value()) << word;
    EXPECT_EQ(name_of(*family), word);
  }
  EXPECT_EQ(family_named("OpenAI"), std::nullopt);
  EXPECT_EQ(name_of(Dialect::openai_responses), "openai_responses");
  EXPECT_EQ(name_of(Dialect::gemini_interactions), "gemini_interactions");
  EXPECT_EQ(name_of(Dialect::opaque), "opaque");
}

std::string error_body(Family family, std::string_view path, int status,
                       std::string_view query = "") {
  Problem problem;
  problem.status = status;
  problem.code = "budget_exceeded";
  problem.message = "say \"no\"";
  problem.request_id = "id-1";
  return error_answer(recognise(family, "POST", path, query), family, problem).body;
}

// reliability.md 5.3, F1: what one server takes for nothing another takes for an inference.
TEST(Recognise, TakesALooselyWrittenPathForWhatItMayCost) {
  const auto dialect = [](Family family, std::string_view path, std::string_view method = "POST") {
    return recognise(family, method, path, "").dialect;
  };
  for (const std::string_view path :
       {"/v1/Chat/Completions", "/V1/CHAT/COMPLETIONS", "/v1/chat/completions;x=1",
        "/v1/chat;v=2/completions", "/v1/chat%2Fcompletions", "/v1/chat/completions%2F",
        "/v1/chat%252Fcompletions", "/v1/chat/completions.", "/v1/chat/completions%20",
        "/v1/chat/completions/;files"}) {
    EXPECT_EQ(dialect(Family::openai, path), Dialect::openai_chat) << path;
    EXPECT_TRUE(recognise(Family::openai, "POST", path, "").cappable) << path;
  }
  EXPECT_EQ(dialect(Family::openai, "/v1/chat/completions", "post"), Dialect::openai_chat);
  EXPECT_EQ(dialect(Family::anthropic, "/v1/Messages"), Dialect::anthropic_messages);
  EXPECT_EQ(dialect(Family::ollama, "/API/chat"), Dialect::ollama);
  EXPECT_EQ(dialect(Family::gemini, "/v1beta/models/m:GENERATEcontent"), Dialect::gemini);
  EXPECT_TRUE(*recognise(Family::gemini, "POST", "/v1/models/m:StreamGenerateContent", "").streams);
  EXPECT_EQ(dialect(Family::openai, "/v1/completely/else"), Dialect::opaque);
  EXPECT_EQ(dialect(Family::openai, "/v1/Chat/Completions", "GET"), Dialect::opaque);
}

TEST(ErrorAnswer, SpeaksEachDialectsEnvelope) {
  EXPECT_EQ(error_body(Family::openai, "/v1/chat/completions", 402),
            R"({"error":{"message":"say \"no\"","type":"insufficient_quota","param":null,)"
            R"("code":"budget_exceeded"}})");
  EXPECT_EQ(error_body(Family::anthropic, "/v1/messages", 402),
            R"({"type":"error","error":{"type":"billing_error","message":"say \"no\"",)"
            R"("details":{"error_code":"budget_exceeded"}},"request_id":"id-1"})");
  EXPECT_EQ(
      error_body(Family::gemini, "/v1/models/m:generateContent", 402),
      R"({"error":{"code":402,"message":"say \"no\"","status":"RESOURCE_EXHAUSTED","details":[)"
      R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"budget_exceeded",)"
      R"("domain":"tokenweir","metadata":{"request_id":"id-1"}}]}})");
  EXPECT_EQ(error_body(Family::cohere, "/v2/chat", 402), R"({"message":"say \"no\"","id":"id-1"})");
  EXPECT_EQ(error_body(Family::ollama, "/api/chat", 403), R"({"error":"say \"no\""})");
}

// wire.md 3.2: the SDK validates that the code is an integer.
TEST(ErrorAnswer, OpenRoutersCodeIsAnInteger) {
  Problem problem;
  problem.status = 402;
  problem.code = "budget_exceeded";
  problem.message = "no";
  problem.host = "openrouter.ai";
  const Endpoint chat = recognise(Family::openai, "POST", "/api/v1/chat/completions", "");
  EXPECT_EQ(error_answer(chat, Family::openai, problem).body,
            R"({"error":{"code":402,"message":"no","metadata":{"error_type":"budget_exceeded"}}})");
  problem.host = "notopenrouter.ai";
  EXPECT_NE(error_answer(chat, Family::openai, problem).body.find(R"("code":"budget_exceeded")"),
            std::string::npos);
}

TEST(ErrorAnswer, FollowsThePathBeforeTheFamily) {
  EXPECT_EQ(error_body(Family::ollama, "/v1/chat/completions", 502).find(R"({"error":{"message")"),
            0U);
  EXPECT_EQ(error_body(Family::vertex,
                       "/v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict", 502)
                .find(R"({"type":"error","error":{"type":"api_error")"),
            0U);
  EXPECT_EQ(error_body(Family::anthropic, "/v1/nothing", 404).find(R"({"type":"error")"), 0U);
}

TEST(ErrorAnswer, IsAnArrayWhereGeminiStreamsAnArray) {
  const std::string body = error_body(Family::gemini, "/v1/models/m:streamGenerateContent", 502);
  EXPECT_TRUE(body.starts_with(R"([{"error":{"code":502)")) << body;
  EXPECT_TRUE(body.ends_with("}]")) << body;
}

TEST(ErrorAnswer, NamesTheRequestIdAsTheProviderWould) {
  Problem problem;
  const auto header = [&](Family family, std::string_view path) {
    return error_answer(recognise(family, "POST", path, ""), family, problem).request_id_header;
  };
  EXPECT_EQ(header(Family::openai, "/v1/chat/completions"), "x-request-id");
  EXPECT_EQ(header(Family::anthropic, "/v1/messages"), "request-id");
  EXPECT_EQ(header(Family::gemini, "/v1/models/m:generateContent"), "");
}

TEST(ErrorAnswer, EscapesWhatWouldBreakTheJson) {
  Problem problem;
  problem.status = 400;
  problem.code = "bad";
  problem.message = "a\"b\\c\nd\x01\xFF";
  const ErrorAnswer answer = error_answer({}, Family::openai, problem);
  EXPECT_NE(answer.body.find("a\\\"b\\\\c\\nd\\u0001\xEF\xBF\xBD"), std::string::npos)
      << answer.body;
}

}  // namespace
}  // namespace tokenweir::provider
