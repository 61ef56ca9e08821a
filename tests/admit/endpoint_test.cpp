#include "admit/endpoint.h"

#include <gtest/gtest.h>

namespace tokenweir::admit {
namespace {

using provider::Family;
using provider::recognise;

TEST(Endpoint, CanBeCappedWhereTheDialectHasAPlaceForIt) {
  EXPECT_TRUE(can_cap(recognise(Family::openai, "POST", "/v1/chat/completions", "")));
  EXPECT_TRUE(can_cap(recognise(Family::openai, "POST", "/v1/responses", "")));
  EXPECT_TRUE(can_cap(recognise(Family::anthropic, "POST", "/v1/messages", "")));
  EXPECT_TRUE(can_cap(
      recognise(Family::gemini, "POST", "/v1beta/models/gemini-2.5-pro:generateContent", "")));
  EXPECT_TRUE(can_cap(recognise(Family::cohere, "POST", "/v2/chat", "")));
  EXPECT_TRUE(can_cap(recognise(Family::ollama, "POST", "/api/chat", "")));
  for (const char* const path : {"/v1/decisions", "/generate", "/completion", "/infill",
                                 "/client/v4/accounts/a/ai/run/@cf/meta/llama",
                                 "/api/v1/services/aigc/text-generation/generation"}) {
    EXPECT_TRUE(can_cap(recognise(Family::openai, "POST", path, ""))) << path;
  }
  EXPECT_TRUE(can_cap(recognise(Family::anthropic, "POST", "/v1/complete", "")));
  for (const char* const path :
       {"/v1/threads/runs", "/v1/threads/t/runs", "/v1/conversations", "/v1/conversations/c",
        "/v1/conversations/c/restart", "/v1/realtime/client_secrets", "/v1/realtime/sessions"}) {
    EXPECT_TRUE(can_cap(recognise(Family::openai, "POST", path, ""))) << path;
  }
  for (const char* const path :
       {"/v1/threads/t/runs/r/submit_tool_outputs", "/v1/conversations/c/items", "/v1/realtime"}) {
    EXPECT_FALSE(can_cap(recognise(Family::openai, "POST", path, ""))) << path;
  }
  for (const char* const model :
       {"google/models/text-bison:predict", "google/models/gemini-2.5-pro:rawPredict",
        "anthropic/models/claude:rawPredict", "mistralai/models/m:streamRawPredict"}) {
    EXPECT_TRUE(can_cap(recognise(
        Family::vertex, "POST", std::string("/v1/projects/p/locations/l/publishers/") + model, "")))
        << model;
  }
  EXPECT_FALSE(can_cap(recognise(Family::openai, "POST", "/v1/responses/compact", "")));
  EXPECT_FALSE(can_cap(recognise(Family::openai, "POST", "/v1/images/generations", "")));
  EXPECT_FALSE(can_cap(recognise(Family::openai, "GET", "/v1/models", "")));
}

TEST(Endpoint, GeneratesNothingWhereInputAloneIsBilled) {
  for (const auto& endpoint :
       {recognise(Family::openai, "POST", "/v1/embeddings", ""),
        recognise(Family::cohere, "POST", "/v2/embed", ""),
        recognise(Family::cohere, "POST", "/v2/rerank", ""),
        recognise(Family::ollama, "POST", "/api/embed", ""),
        recognise(Family::gemini, "POST", "/v1beta/models/text-embedding-004:embedContent", "")}) {
    EXPECT_TRUE(generates_nothing(endpoint)) << endpoint.name;
    EXPECT_FALSE(can_cap(endpoint)) << endpoint.name;
  }
  EXPECT_FALSE(generates_nothing(recognise(Family::openai, "POST", "/v1/chat/completions", "")));
  EXPECT_FALSE(generates_nothing(recognise(Family::openai, "POST", "/v1/audio/speech", "")));
}

}  // namespace
}  // namespace tokenweir::admit
