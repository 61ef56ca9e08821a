// The story of an exchange over scripted ends. Whatever fails, one record is published for what was
// begun, and a cut answer is never passed on as a whole one.
#include "exchange/exchange.h"

#include <gtest/gtest.h>

#include "fake_links.h"

namespace tokenweir::exchange::testing {
namespace {

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: proxy\r\nContent-Type: application/json\r\n" +
         "X-LLM-Workflow: triage\r\nAuthorization: Bearer canary\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string kQuestion = R"({"model":"gpt-x","messages":[]})";
const std::string kStreamQuestion = R"({"model":"gpt-x","stream":true,"messages":[]})";
// The usage of wire.md's first chat fixture.
const std::string kAnswer =
    R"({"model":"gpt-x-2026","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})";

std::string plain_answer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_1\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string body_of(const std::string& message) {
  return message.substr(message.find("\r\n\r\n") + 4);
}

TEST(Exchange, RelaysAnAnswerAndRecordsItsUsage) {
  Stage stage;
  stage.provider.answer = {plain_answer(kAnswer)};
  EXPECT_EQ(stage.run(post("/p/openai/v1/chat/completions", kQuestion)), After::keep_alive);

  EXPECT_EQ(body_of(stage.client->received), kAnswer);
  EXPECT_NE(stage.client->received.find("X-LLM-Request-Id: id"), std::string::npos);
  EXPECT_TRUE(stage.provider.received.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_NE(stage.provider.received.find("Host: api.openai.com\r\n"), std::string::npos);
  EXPECT_EQ(stage.provider.received.find("X-LLM"), std::string::npos);
  EXPECT_EQ(body_of(stage.provider.received), kQuestion);
  EXPECT_EQ(stage.provider.given_back, 1);

  ASSERT_EQ(stage.publisher.records.size(), 1u);
  const Record& record = *stage.publisher.records.front();
  EXPECT_EQ(record.attribution.workflow, "triage");
  EXPECT_EQ(record.dialect, "openai_chat");
  EXPECT_EQ(record.model_requested, "gpt-x");
  EXPECT_EQ(record.answer.model_served, "gpt-x-2026");
  ASSERT_EQ(record.answer.inferences.size(), 1u);
  EXPECT_EQ(record.answer.inferences[0].usage.total_input(), 9u);
  EXPECT_EQ(record.answer.inferences[0].usage.total_output(), 2u);
  EXPECT_EQ(record.answer.end_state, EndState::complete);
  EXPECT_EQ(record.provider_request_id, "req_1");
}

// wire.md fixture F2: the usage chunk that only we asked for does not reach the client.
TEST(Exchange, AsksForStreamUsageAndHidesTheChunk) {
  const std::string first =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n";
  const std::string usage =
      "data: "
      "{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}"
      "\n\n";
  const std::string done = "data: [DONE]\n\n";
  Stage stage;
  stage.provider.answer = {
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n", first,
      usage, done};
  stage.provider.closes_after = true;
  EXPECT_EQ(stage.run(post("/p/openai/v1/chat/completions", kStreamQuestion)), After::keep_alive);

  EXPECT_NE(stage.provider.received.find(R"("stream_options":{"include_usage":true})"),
            std::string::npos);
  EXPECT_NE(stage.client->received.find(first), std::string::npos);
  EXPECT_NE(stage.client->received.find(done), std::string::npos);
  EXPECT_EQ(stage.client->received.find("prompt_tokens"), std::string::npos);
  EXPECT_TRUE(stage.client->received.ends_with("0\r\n\r\n"));
  const Record& record = *stage.publisher.records.front();
  EXPECT_EQ(record.answer.inferences.at(0).usage.total_input(), 9u);
  EXPECT_EQ(record.edits, std::vector<std::string>{"stream_options.include_usage"});
}

TEST(Exchange, ForgetsAboutUsageWhereAServerRefusesTheField) {
  const std::string refusal = R"({"error":{"message":"unknown field stream_options"}})";
  const std::string stream = "data: {\"choices\":[{\"delta\":{}}]}\n\ndata: [DONE]\n\n";
  Stage stage;
  stage.provider.answer = {"HTTP/1.1 400 Bad Request\r\nContent-Length: " +
                           std::to_string(refusal.size()) + "\r\n\r\n" + refusal};
  stage.run(post("/p/openai/v1/chat/completions", kStreamQuestion));
  // The script answers every connection alike, so the second try's 400 is the client's answer.
  EXPECT_EQ(stage.provider.opened, 2);
  EXPECT_EQ(body_of(stage.client->received), refusal);
  EXPECT_TRUE(stage.publisher.records.front()->edits.empty());
}

TEST(Exchange, CompressedStreamsPassUntouched) {
  Stage stage;
  const std::string packed = "\x1f\x8b\x08 not really \n\n packed";
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: "
      "gzip\r\nContent-Length: " +
      std::to_string(packed.size()) + "\r\n\r\n" + packed;
  stage.provider.answer = {answer};
  stage.run(post("/p/openai/v1/chat/completions", kStreamQuestion));
  EXPECT_EQ(body_of(stage.client->received), packed);
  EXPECT_NE(stage.provider.received.find("include_usage"), std::string::npos);
}

TEST(Exchange, AnswersInTheDialectWhenTheProviderCannotBeReached) {
  Stage stage;
  stage.failures.fail_at = 0;
  stage.run(post("/p/openai/v1/chat/completions", kQuestion));
  EXPECT_TRUE(stage.client->received.starts_with("HTTP/1.1 502 "));
  EXPECT_NE(stage.client->received.find(R"("error":{)"), std::string::npos);
  const Record& record = *stage.publisher.records.front();
  EXPECT_EQ(record.provider_fault, "connect");
  EXPECT_FALSE(record.sent);
  EXPECT_EQ(record.answer.end_state, EndState::provider_error);
}

TEST(Exchange, RefusesWhatItCannotRoute) {
  Stage stage;
  stage.run(post("/nowhere", kQuestion));
  EXPECT_TRUE(stage.client->received.starts_with("HTTP/1.1 404 "));
  EXPECT_EQ(stage.provider.opened, 0);
  ASSERT_EQ(stage.publisher.records.size(), 1u);
  EXPECT_EQ(stage.publisher.records[0]->answer.end_state, EndState::refused);
  EXPECT_EQ(stage.publisher.records[0]->bill.cost, Money{});
}

TEST(Exchange, RefusesAnUnroutedPathInItsDialect) {
  Stage stage;
  stage.run(post("/nowhere/v1/messages", kQuestion));
  EXPECT_TRUE(body_of(stage.client->received)
                  .starts_with(R"({"type":"error","error":{"type":"not_found_error")"))
      << stage.client->received;
  EXPECT_NE(stage.client->received.find("request-id: id"), std::string::npos);
}

TEST(Exchange, RefusesAModelWithoutAPriceWhereTheConfigurationSaysSo) {
  Stage stage;
  auto strict = std::make_shared<Snapshot>(*stage.snapshot);
  strict->config.unknown_model = pricing::UnknownModel::reject;
  stage.snapshot = strict;
  EXPECT_EQ(stage.run(post("/p/openai/v1/chat/completions", kQuestion)), After::keep_alive);
  EXPECT_TRUE(stage.client->received.starts_with("HTTP/1.1 403 "));
  EXPECT_NE(stage.client->received.find("x-should-retry: false"), std::string::npos);
  EXPECT_EQ(stage.provider.opened, 0);
  EXPECT_EQ(stage.publisher.records.at(0)->refusal, "unpriced_model");

  strict->config.enforcement = config::Enforcement::observe;
  strict->policy = *admit::Policy::compile(strict->config);
  stage.provider.answer = {plain_answer(kAnswer)};
  stage.run(post("/p/openai/v1/chat/completions", kQuestion));
  EXPECT_EQ(stage.provider.opened, 1);
  EXPECT_EQ(stage.publisher.records.at(1)->refusal, "");
  EXPECT_EQ(stage.publisher.records.at(1)->would_refuse, "unpriced_model");
}

// wire.md 1.5: reading a stored response again returns the same usage.
TEST(Exchange, AStoredResponseReadTwiceIsBilledOnce) {
  Stage stage;
  const std::string stored =
      R"({"id":"resp_1","status":"completed","model":"gpt-x","usage":{"input_tokens":9,"output_tokens":2,"total_tokens":11}})";
  for (int reading = 0; reading < 2; ++reading) {
    stage.provider.answer = {plain_answer(stored)};
    stage.run("GET /p/openai/v1/responses/resp_1 HTTP/1.1\r\nHost: proxy\r\n\r\n");
    EXPECT_EQ(body_of(stage.client->received), stored);
  }
  ASSERT_EQ(stage.publisher.records.size(), 2u);
  EXPECT_EQ(stage.publisher.records[0]->answer.inferences.size(), 1u);
  const Record& again = *stage.publisher.records[1];
  EXPECT_TRUE(again.answer.inferences.empty());
  EXPECT_EQ(again.bill.cost, Money{});
  EXPECT_EQ(again.bill.price_id, "billed_before");
}

TEST(Exchange, PassesATruncatedAnswerOnAsTruncated) {
  for (const std::string& framing :
       {std::string("Content-Length: 500\r\n"), std::string("Transfer-Encoding: chunked\r\n")}) {
    Stage stage;
    stage.provider.answer = {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + framing +
                             "\r\n" + (framing.starts_with("C") ? "{\"a\":" : "5\r\n{\"a\":\r\n")};
    stage.provider.closes_after = true;
    EXPECT_EQ(stage.run(post("/p/openai/v1/chat/completions", kQuestion)), After::reset) << framing;
    EXPECT_FALSE(stage.client->received.ends_with("0\r\n\r\n"));
    EXPECT_EQ(stage.publisher.records.front()->answer.end_state, EndState::provider_error);
    EXPECT_EQ(stage.provider.given_back, 0);
  }
}

// Every operation of both links fails once: the books stay straight each time.
TEST(Exchange, PublishesExactlyOneRecordWhicheverOperationFails) {
  for (int fail_at = 0; fail_at < 40; ++fail_at) {
    Stage stage;
    stage.failures.fail_at = fail_at;
    const std::string event =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    stage.provider.answer = {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", event,
                             event, "data: [DONE]\n\n"};
    stage.provider.closes_after = true;
    const After after = stage.run(post("/p/openai/v1/chat/completions", kStreamQuestion));
    ASSERT_EQ(stage.publisher.records.size(), 1u) << "operation " << fail_at;
    EXPECT_EQ(stage.publisher.reserved, 1);
    EXPECT_EQ(stage.live.exchanges_in_flight.load(), 0);
    const Record& record = *stage.publisher.records.front();
    const bool ended_well = stage.client->received.ends_with("0\r\n\r\n");
    if (after == After::keep_alive && record.http_status == 200) {
      EXPECT_TRUE(ended_well) << "operation " << fail_at;
    }
    if (stage.failures.count <= fail_at) break;  // Nothing was left to fail.
    EXPECT_LT(fail_at, 39) << "the exchange has more operations than this test tries";
  }
}

}  // namespace
}  // namespace tokenweir::exchange::testing
