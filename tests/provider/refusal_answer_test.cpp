#include "provider/refusal_answer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tokenweir::provider {
namespace {

using std::chrono::seconds;

RefusalFacts budget_facts() {
  RefusalFacts facts;
  facts.reason = "budget_exhausted";
  facts.message = "The budget \"daily\" is used up.";
  facts.request_id = "id-1";
  facts.details = {{"budget", std::string("daily")}, {"held", 3}};
  return facts;
}

RefusalAnswer refuse(Family family, std::string_view path, const RefusalFacts& facts,
                     RefusalStyle style = RefusalStyle::never_retried,
                     std::string_view query = "") {
  return refusal_answer(recognise(family, "POST", path, query), family, facts, style);
}

std::string header(const RefusalAnswer& answer, std::string_view name) {
  const auto found =
      std::ranges::find_if(answer.headers, [&](const auto& field) { return field.first == name; });
  return found == answer.headers.end() ? "(none)" : found->second;
}

constexpr std::string_view kChatPath = "/v1/chat/completions";
constexpr std::string_view kMessagesPath = "/v1/messages";
constexpr std::string_view kGenerate = "/v1beta/models/g:generateContent";

TEST(RefusalAnswer, OfABudgetIsFinalInEveryDialect) {
  const RefusalFacts facts = budget_facts();
  const struct {
    Family family;
    std::string_view path;
    int status;
    std::string_view body;
  } cases[] = {
      {Family::openai, kChatPath, 402,
       R"({"error":{"message":"The budget \"daily\" is used up.","type":"insufficient_quota",)"
       R"("param":null,"code":"budget_exceeded","details":{"budget":"daily","held":3}}})"},
      {Family::anthropic, kMessagesPath, 402,
       R"({"type":"error","error":{"type":"billing_error",)"
       R"("message":"The budget \"daily\" is used up.","details":{"error_code":"budget_exceeded",)"
       R"("budget":"daily","held":3}},"request_id":"id-1"})"},
      {Family::gemini, kGenerate, 402,
       R"({"error":{"code":402,"message":"The budget \"daily\" is used up.",)"
       R"("status":"RESOURCE_EXHAUSTED","details":[)"
       R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"budget_exceeded",)"
       R"("domain":"tokenweir","metadata":{"request_id":"id-1","budget":"daily","held":"3"}}]}})"},
      {Family::cohere, "/v2/chat", 402,
       R"({"message":"The budget \"daily\" is used up.","id":"id-1",)"
       R"("details":{"budget":"daily","held":3}})"},
      {Family::ollama, "/api/chat", 403,
       R"({"error":"The budget \"daily\" is used up.","details":{"budget":"daily","held":3}})"},
  };
  for (const auto& one : cases) {
    const RefusalAnswer answer = refuse(one.family, one.path, facts);
    EXPECT_EQ(answer.status, one.status) << one.path;
    EXPECT_EQ(answer.body, one.body);
    EXPECT_EQ(header(answer, "x-should-retry"), "false");
    EXPECT_EQ(header(answer, "Retry-After"), "(none)");
  }
}

TEST(RefusalAnswer, OfABudgetAtVertexIsPermissionDenied) {
  const std::string_view path =
      "/v1/projects/p/locations/l/publishers/google/models/g:generateContent";
  const RefusalAnswer answer = refuse(Family::vertex, path, budget_facts());
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.body.find(R"("status":"PERMISSION_DENIED")"), std::string::npos) << answer.body;
  const RefusalAnswer native = refuse(Family::vertex, path, budget_facts(), RefusalStyle::native);
  EXPECT_EQ(native.status, 429);
  EXPECT_NE(native.body.find(R"("status":"RESOURCE_EXHAUSTED")"), std::string::npos);
}

// wire.md 3.3, the column of native shapes.
TEST(RefusalAnswer, OfABudgetCanLookLikeTheProvidersOwn) {
  const RefusalFacts facts = budget_facts();
  const RefusalAnswer openai =
      refuse(Family::azure, "/openai/deployments/d/chat/completions", facts, RefusalStyle::native);
  EXPECT_EQ(openai.status, 429);
  EXPECT_NE(
      openai.body.find(R"("type":"insufficient_quota","param":null,"code":"insufficient_quota")"),
      std::string::npos)
      << openai.body;
  EXPECT_EQ(header(openai, "x-should-retry"), "false");
  const RefusalAnswer anthropic =
      refuse(Family::anthropic, kMessagesPath, facts, RefusalStyle::native);
  EXPECT_EQ(anthropic.status, 429);
  EXPECT_NE(anthropic.body.find(R"("type":"rate_limit_error")"), std::string::npos);
  EXPECT_NE(anthropic.body.find(R"("error_code":"enforced_spend_limit_reached")"),
            std::string::npos);
  EXPECT_EQ(refuse(Family::gemini, kGenerate, facts, RefusalStyle::native).status, 402);
  EXPECT_EQ(refuse(Family::ollama, "/api/chat", facts, RefusalStyle::native).status, 403);
}

TEST(RefusalAnswer, OfALoopNamesItselfAndNotTheBudget) {
  RefusalFacts facts = budget_facts();
  facts.reason = "loop";
  facts.details = {{"detector", std::string("repeated_tool_call")}, {"limit", 5}};
  const RefusalAnswer answer = refuse(Family::openai, "/v1/responses", facts);
  EXPECT_EQ(answer.status, 402);
  EXPECT_NE(
      answer.body.find(R"("code":"loop","details":{"detector":"repeated_tool_call","limit":5})"),
      std::string::npos)
      << answer.body;
}

TEST(RefusalAnswer, OfARateMayBeTriedAgain) {
  RefusalFacts facts = budget_facts();
  facts.kind = RefusalClass::retryable;
  facts.reason = "rate";
  facts.retry_after = seconds{7};
  for (const RefusalStyle style : {RefusalStyle::never_retried, RefusalStyle::native}) {
    const RefusalAnswer answer = refuse(Family::openai, kChatPath, facts, style);
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(header(answer, "Retry-After"), "7");
    EXPECT_EQ(header(answer, "x-should-retry"), "true");
    EXPECT_EQ(header(answer, "x-request-id"), "id-1");
    EXPECT_NE(answer.body.find(R"("type":"rate_limit_error")"), std::string::npos);
    EXPECT_NE(answer.body.find(R"("code":"rate_limit_exceeded")"), std::string::npos);
  }
  const RefusalAnswer gemini = refuse(Family::gemini, kGenerate, facts);
  EXPECT_TRUE(gemini.body.ends_with(
      R"(}},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}})"))
      << gemini.body;
}

TEST(RefusalAnswer, OfHeldMoneyIsDistinctFromExhaustion) {
  RefusalFacts facts = budget_facts();
  facts.kind = RefusalClass::retryable;
  facts.reason = "budget_reserve";
  const RefusalAnswer answer = refuse(Family::anthropic, kMessagesPath, facts);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(header(answer, "Retry-After"), "1");
  EXPECT_EQ(header(answer, "request-id"), "id-1");
  EXPECT_NE(answer.body.find(R"("error_code":"budget_reserve")"), std::string::npos);
}

TEST(RefusalAnswer, OfAModelIs403AndOfASize400) {
  RefusalFacts facts = budget_facts();
  facts.kind = RefusalClass::forbidden;
  facts.reason = "model_denied";
  EXPECT_EQ(refuse(Family::openai, kChatPath, facts).status, 403);
  EXPECT_NE(
      refuse(Family::anthropic, kMessagesPath, facts).body.find(R"("type":"permission_error")"),
      std::string::npos);
  facts.kind = RefusalClass::invalid;
  facts.reason = "too_large";
  const RefusalAnswer answer = refuse(Family::openai, kChatPath, facts, RefusalStyle::native);
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find(R"("type":"invalid_request_error")"), std::string::npos);
  EXPECT_EQ(header(answer, "x-should-retry"), "false");
}

TEST(RefusalAnswer, OfOpenRouterHasAnIntegerCode) {
  RefusalFacts facts = budget_facts();
  facts.host = "openrouter.ai";
  EXPECT_EQ(refuse(Family::openai, "/api/v1/chat/completions", facts).body,
            R"({"error":{"code":402,"message":"The budget \"daily\" is used up.",)"
            R"("metadata":{"error_type":"budget_exceeded","budget":"daily","held":3}}})");
}

std::string cut(Family family, std::string_view path, const OpenStream& open,
                std::string_view query = "") {
  RefusalFacts facts;
  facts.reason = "budget_exhausted";
  facts.message = "no";
  facts.request_id = "id-1";
  return cut_event(recognise(family, "POST", path, query), family, facts, open);
}

TEST(CutEvent, EndsEachDialectsStreamWithItsError) {
  EXPECT_EQ(cut(Family::openai, kChatPath, {}),
            "data: {\"error\":{\"message\":\"no\",\"type\":\"insufficient_quota\",\"param\":null,"
            "\"code\":\"budget_exceeded\"}}\n\n");
  EXPECT_EQ(cut(Family::anthropic, kMessagesPath, {}),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"billing_error\","
            "\"message\":\"no\",\"details\":{\"error_code\":\"budget_exceeded\"}},"
            "\"request_id\":\"id-1\"}\n\n");
  const std::string gemini =
      R"({"error":{"code":402,"message":"no","status":"RESOURCE_EXHAUSTED","details":[)"
      R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"budget_exceeded",)"
      R"("domain":"tokenweir","metadata":{"request_id":"id-1"}}]}})";
  const std::string_view stream = "/v1beta/models/g:streamGenerateContent";
  EXPECT_EQ(cut(Family::gemini, stream, {}, "alt=sse"), "data: " + gemini + "\r\n\r\n");
  OpenStream array;
  array.form = StreamForm::array;
  EXPECT_EQ(cut(Family::gemini, stream, array), "[" + gemini + "]");
  array.has_elements = true;
  EXPECT_EQ(cut(Family::gemini, stream, array), "," + gemini + "]");
  EXPECT_EQ(cut(Family::cohere, "/v2/chat", {}),
            "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":"
            "{\"finish_reason\":\"ERROR\",\"error\":\"no\"}}\n\n");
  OpenStream lines;
  lines.form = StreamForm::lines;
  EXPECT_EQ(cut(Family::cohere, "/v1/chat", lines),
            "{\"is_finished\":true,\"event_type\":\"stream-end\",\"finish_reason\":\"ERROR\","
            "\"error\":\"no\"}\n");
  EXPECT_EQ(cut(Family::ollama, "/api/chat", lines), "{\"error\":\"no\"}\n");
}

// wire.md 3.4 and the schema: the flat members, the running number, and the member `error` by which
// the Python SDK recognises an error.
TEST(CutEvent, OfResponsesIsNumbered) {
  OpenStream open;
  open.next_sequence = 12;
  EXPECT_EQ(cut(Family::openai, "/v1/responses", open),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"no\","
            "\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"budget_exceeded\"},"
            "\"code\":\"budget_exceeded\",\"message\":\"no\",\"param\":null,"
            "\"sequence_number\":12}\n\n");
}

TEST(CutEvent, OfInteractionsCarriesItsType) {
  const std::string event = cut(Family::gemini, "/v1beta/interactions", {});
  EXPECT_TRUE(event.starts_with("event: error\ndata: {\"event_type\":\"error\",\"error\":{"))
      << event;
}

TEST(CutEvent, OfAStoppedRunIsForbiddenAndNotUnpaid) {
  RefusalFacts facts;
  facts.kind = RefusalClass::forbidden;
  facts.reason = "killed";
  facts.message = "no";
  const Endpoint gemini =
      recognise(Family::gemini, "POST", "/v1beta/models/g:streamGenerateContent", "alt=sse");
  EXPECT_TRUE(
      cut_event(gemini, Family::gemini, facts, {})
          .starts_with(R"(data: {"error":{"code":403,"message":"no","status":"PERMISSION)"));
  EXPECT_NE(cut_event(recognise(Family::openai, "POST", kChatPath, ""), Family::openai, facts, {})
                .find(R"("type":"permission_error","param":null,"code":"killed")"),
            std::string::npos);
}

TEST(CutEvent, EndsAnOpenEventFirst) {
  OpenStream open;
  open.inside_event = true;
  EXPECT_TRUE(cut(Family::openai, kChatPath, open).starts_with("\n\ndata: {\"error\""));
  open.form = StreamForm::lines;
  EXPECT_TRUE(cut(Family::ollama, "/api/chat", open).starts_with("\n{\"error\""));
}

}  // namespace
}  // namespace tokenweir::provider
