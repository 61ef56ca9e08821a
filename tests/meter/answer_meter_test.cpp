#include "meter/answer_meter.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "metering.h"

namespace tokenweir::meter {
namespace {

using provider::Family;

std::string gzip(std::string_view plain) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

Metered stream_of(Family family, std::string path) {
  Metered how;
  how.family = family;
  how.path = std::move(path);
  how.content_type = "text/event-stream";
  how.streaming = true;
  return how;
}

constexpr std::string_view kUsageChunk =
    "data: "
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}"
    "\n\n";
constexpr std::string_view kFinish =
    "data: {\"id\":\"c\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

TEST(AnswerMeter, ReadsCompressedAnswersOnTheSide) {
  Metered how;
  how.content_encoding = "gzip";
  const std::string packed = gzip(recorded("openai_chat/plain.json"));
  EXPECT_EQ(sum_of(meter_whole(how, packed)).total_input(), 1200U);
  EXPECT_EQ(meter_in_pieces(how, packed, 1), meter_whole(how, packed));
  Metered events = stream_of(Family::openai, "/v1/chat/completions");
  events.content_encoding = "gzip";
  EXPECT_EQ(
      sum_of(meter_in_pieces(events, gzip(recorded("openai_chat/stream.sse")), 5)).total_input(),
      9U);
}

TEST(AnswerMeter, AnUnreadableEncodingIsAnAnomalyAndNoFigure) {
  Metered how;
  how.content_encoding = "gzip";
  const Answer garbage = meter_whole(how, "certainly not gzip");
  EXPECT_TRUE(garbage.inferences.empty());
  EXPECT_TRUE(garbage.usage_anomaly);
  how.content_encoding = "rot13";
  EXPECT_TRUE(meter_whole(how, recorded("openai_chat/plain.json")).usage_anomaly);
}

TEST(AnswerMeter, BelievesTheFirstByteMoreThanTheContentType) {
  for (const std::string_view type :
       {"", "application/json", "text/plain", "application/octet-stream"}) {
    Metered how;
    how.streaming = true;
    how.content_type = type;
    EXPECT_EQ(sum_of(meter_in_pieces(how, recorded("openai_chat/stream.sse"), 3)).total_input(), 9U)
        << type;
  }
  for (const std::string_view type : {"", "text/event-stream", "application/octet-stream"}) {
    Metered how;
    how.content_type = type;
    EXPECT_EQ(sum_of(meter_in_pieces(how, recorded("openai_chat/plain.json"), 3)).total_input(),
              1200U)
        << type;
  }
}

TEST(AnswerMeter, ReadsEventsWithEveryLineEndCommentsAndAByteOrderMark) {
  const std::string lines =
      ": keep-alive\n\nevent: x\ndata: {\"choices\":[{\"finish_reason\":\"stop\"}],\n"
      "data: \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n\ndata:[DONE]\n\n";
  for (const std::string_view end : {"\n", "\r", "\r\n"}) {
    std::string body = "\xEF\xBB\xBF";
    for (const char c : lines) body += c == '\n' ? std::string(end) : std::string(1, c);
    const Metered how = stream_of(Family::openai, "/v1/chat/completions");
    EXPECT_EQ(sum_of(meter_whole(how, body)).total_input(), 3U);
    EXPECT_EQ(meter_in_pieces(how, body, 1), meter_whole(how, body));
    EXPECT_EQ(meter_whole(how, body).end_state, EndState::complete);
  }
}

TEST(AnswerMeter, CountsALastEventWhoseBlankLineNeverCame) {
  std::string body = std::string(kFinish) + std::string(kUsageChunk);
  body.resize(body.size() - 2);
  const Answer answer = meter_whole(stream_of(Family::openai, "/v1/chat/completions"), body);
  EXPECT_EQ(sum_of(answer).total_input(), 9U);
  EXPECT_EQ(answer.end_state, EndState::complete);
}

TEST(AnswerMeter, AStreamWithoutTerminatorIsTheProvidersFailureButKeepsItsLastFigure) {
  const std::string running =
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],"
      "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1,\"total_tokens\":11}}\n\n";
  const Answer answer = meter_whole(stream_of(Family::openai, "/v1/chat/completions"), running);
  EXPECT_EQ(answer.end_state, EndState::provider_error);
  EXPECT_EQ(sum_of(answer).total_output(), 1U);
  // Some servers never send a marker; a finish reason and a clean end say as much.
  const Answer finished = meter_whole(stream_of(Family::openai, "/v1/chat/completions"),
                                      running + std::string(kFinish));
  EXPECT_EQ(finished.end_state, EndState::complete);
  const Answer empty = meter_whole(stream_of(Family::openai, "/v1/chat/completions"), ": ping\n\n");
  EXPECT_EQ(empty.end_state, EndState::provider_error);
}

TEST(AnswerMeter, UsageAfterTheFinishReasonStillCounts) {
  Metered how = stream_of(Family::openai, "/v1/chat/completions");
  const std::string body = std::string(kFinish) + std::string(kUsageChunk) + "data: [DONE]\n\n";
  bool before = true;
  meter_in_pieces(how, kFinish, kFinish.size(),
                  [&](const AnswerMeter& m) { before = m.saw_terminal(); });
  EXPECT_FALSE(before);
  bool after = false;
  const Answer answer =
      meter_in_pieces(how, body, 9, [&](const AnswerMeter& m) { after = m.saw_terminal(); });
  EXPECT_TRUE(after);
  EXPECT_EQ(sum_of(answer).total_input(), 9U);
}

TEST(AnswerMeter, TheTerminalEventIsSeenBeforeTheConnectionEnds) {
  struct Case {
    Family family;
    std::string_view path;
    std::string_view file;
    std::string_view type;
  };
  const Case cases[] = {
      {Family::anthropic, "/v1/messages", "anthropic_messages/stream.sse", "text/event-stream"},
      {Family::openai, "/v1/responses", "openai_responses/stream.sse", "text/event-stream"},
      {Family::openai, "/v1/responses", "openai_responses/failed.sse", "text/event-stream"},
      {Family::gemini, "/v1/models/m:generateContent", "gemini/plain.json", "application/json"},
      {Family::cohere, "/v2/chat", "cohere/stream.sse", "text/event-stream"},
      {Family::ollama, "/api/chat", "ollama/stream.ndjson", "application/x-ndjson"},
  };
  for (const Case& one : cases) {
    Metered how;
    how.family = one.family;
    how.path = one.path;
    how.content_type = one.type;
    bool seen = false;
    meter_in_pieces(how, recorded(one.file), 64,
                    [&](const AnswerMeter& m) { seen = m.saw_terminal(); });
    EXPECT_TRUE(seen) << one.file;
  }
}

TEST(AnswerMeter, CountsTheEventsThatCarriedContent) {
  const auto events = [](Metered how, std::string_view file) {
    std::uint64_t count = 0;
    meter_in_pieces(how, recorded(file), 7,
                    [&](const AnswerMeter& m) { count = m.content_events(); });
    return count;
  };
  EXPECT_EQ(events(stream_of(Family::openai, "/v1/chat/completions"), "openai_chat/stream.sse"),
            1U);
  EXPECT_EQ(events(stream_of(Family::anthropic, "/v1/messages"), "anthropic_messages/stream.sse"),
            2U);
  EXPECT_EQ(events(stream_of(Family::openai, "/v1/responses"), "openai_responses/stream.sse"), 1U);
  EXPECT_EQ(events({}, "openai_chat/plain.json"), 1U);
  Metered refused;
  refused.status = 429;
  EXPECT_EQ(events(refused, "openai_chat/error.json"), 0U);
}

TEST(AnswerMeter, FreeEndpointsReportNoUsage) {
  Metered how;
  how.family = Family::anthropic;
  how.path = "/v1/messages/count_tokens";
  const Answer answer = meter_whole(how, R"({"input_tokens":2095,"usage":{"input_tokens":1}})");
  EXPECT_TRUE(answer.inferences.empty());
  EXPECT_EQ(answer.source, UsageSource::none);
  EXPECT_EQ(answer.end_state, EndState::complete);
}

TEST(AnswerMeter, ABatchIsRememberedByItsId) {
  Metered how;
  how.path = "/v1/batches";
  const Answer answer =
      meter_whole(how, R"({"id":"batch_1","object":"batch","status":"validating"})");
  EXPECT_EQ(answer.job_id, "batch_1");
  EXPECT_TRUE(answer.inferences.empty());
}

TEST(AnswerMeter, ABackgroundResponseIsMeteredWhenItIsFetched) {
  Metered how;
  how.method = "GET";
  how.path = "/v1/responses/resp_4";
  const Answer answer = meter_whole(
      how,
      R"({"id":"resp_4","object":"response","status":"completed","background":true,"model":"gpt-y",
               "usage":{"input_tokens":7,"output_tokens":3,"total_tokens":10}})");
  EXPECT_EQ(answer.response_id, "resp_4");
  EXPECT_EQ(answer.job_id, "resp_4");
  EXPECT_EQ(sum_of(answer).total_input(), 7U);
}

TEST(AnswerMeter, AStepOfARunDoesNotCountBesideTheRun) {
  Metered how = stream_of(Family::openai, "/v1/threads/t/runs");
  const Answer answer = meter_whole(
      how,
      "event: thread.run.completed\ndata: {\"id\":\"run_1\",\"object\":\"thread.run\",\"usage\":"
      "{\"prompt_tokens\":6,\"completion_tokens\":16,\"total_tokens\":22}}\n\n"
      "event: thread.run.step.completed\ndata: {\"object\":\"thread.run.step\",\"usage\":"
      "{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\nevent: done\ndata: "
      "[DONE]\n\n");
  EXPECT_EQ(sum_of(answer).total_input(), 6U);
  EXPECT_EQ(answer.job_id, "run_1");
}

TEST(AnswerMeter, ACompoundModelIsPricedByItsPartsOnlyIfTheyAddUp) {
  const std::string_view parts =
      R"("usage_breakdown":{"models":[{"model":"a","usage":{"prompt_tokens":3,"completion_tokens":1}},
         {"model":"b","usage":{"prompt_tokens":5,"completion_tokens":2}}]}})";
  const Answer split =
      meter_whole({}, R"({"usage":{"prompt_tokens":8,"completion_tokens":3,"total_tokens":11},)" +
                          std::string(parts));
  ASSERT_EQ(split.inferences.size(), 2U);
  EXPECT_EQ(split.inferences[0].model, "a");
  EXPECT_FALSE(split.usage_anomaly);
  const Answer repeated =
      meter_whole({}, R"({"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7},)" +
                          std::string(parts));
  ASSERT_EQ(repeated.inferences.size(), 1U);
  EXPECT_EQ(sum_of(repeated).total_input(), 5U);
  EXPECT_TRUE(repeated.usage_anomaly);
}

TEST(AnswerMeter, SearchingChatModelsAreChargedOneSearchARequest) {
  const std::string_view body =
      R"({"model":"gpt-x-search-preview-2025-03-11","usage":{"prompt_tokens":8,"completion_tokens":3}})";
  EXPECT_EQ(sum_of(meter_whole({}, body))[CallClass::web_search], 1U);
  EXPECT_EQ(sum_of(meter_whole({}, recorded("openai_chat/plain.json")))[CallClass::web_search],
            std::nullopt);
}

TEST(AnswerMeter, TgiTellsItsCountsInTheHead) {
  const provider::Endpoint endpoint = provider::recognise(Family::openai, "POST", "/generate", "");
  AnswerMeter meter(endpoint, {Family::openai, false, "m", "h"});
  http::ResponseHead head;
  head.status = 200;
  head.fields = {{"Content-Type", "application/json"},
                 {"x-prompt-tokens", "11"},
                 {"x-generated-tokens", "20"}};
  meter.begin(head);
  meter.feed(R"({"generated_text":"ok"})");
  meter.finish(true);
  EXPECT_EQ(sum_of(meter.answer()).total_input(), 11U);
  EXPECT_EQ(sum_of(meter.answer()).total_output(), 20U);
}

TEST(AnswerMeter, LlamaCppsNativeAnswerIsRead) {
  Metered how;
  how.path = "/completion";
  const Answer answer = meter_whole(
      how,
      R"({"content":"ok","stop":true,"tokens_evaluated":12,"tokens_predicted":4,"tokens_cached":15})");
  EXPECT_EQ(sum_of(answer).total_input(), 12U);
  EXPECT_EQ(sum_of(answer).total_output(), 4U);
}

TEST(AnswerMeter, RawEndpointsAndBinaryBodiesAreNotRead) {
  Metered raw;
  raw.path = "/frobnicate";
  EXPECT_TRUE(meter_whole(raw, recorded("openai_chat/plain.json")).inferences.empty());
  Metered speech;
  speech.path = "/v1/audio/speech";
  speech.content_type = "audio/mpeg";
  const Answer answer = meter_whole(speech, std::string_view("ID3\x04\0\0", 6));
  EXPECT_TRUE(answer.inferences.empty());
  EXPECT_EQ(answer.end_state, EndState::complete);
}

TEST(AnswerMeter, AnErrorStatusIsAnErrorWhateverTheBodySays) {
  Metered how;
  how.status = 503;
  how.content_type = "text/html";
  const Answer answer = meter_whole(how, "<html>overloaded</html>");
  EXPECT_EQ(answer.end_state, EndState::provider_error);
  EXPECT_EQ(answer.error_type, "");
}

TEST(AnswerMeter, AnErrorTypeIsAWordAndNeverAQuotationOfThePrompt) {
  Metered how;
  how.status = 400;
  const Answer answer = meter_whole(
      how,
      R"({"error":{"message":"m","type":"you said: my secret prompt","code":"also not a word"}})");
  EXPECT_EQ(answer.error_type, "");
  EXPECT_EQ(
      meter_whole(how, R"({"object":"error","message":"m","type":"invalid_model","code":"1500"})")
          .error_type,
      "1500");
}

TEST(AnswerMeter, AJsonBodyThatStopsInTheMiddleIsTheProvidersFailure) {
  const std::string body = recorded("openai_chat/plain.json");
  const Answer cut = meter_whole({}, std::string_view(body).substr(0, body.size() / 2));
  EXPECT_EQ(cut.end_state, EndState::provider_error);
  // All figures were there, only the last brackets were not.
  const Answer almost = meter_whole({}, std::string_view(body).substr(0, body.size() - 2));
  EXPECT_EQ(almost.end_state, EndState::provider_error);
  EXPECT_EQ(sum_of(almost).total_input(), 1200U);
}

TEST(AnswerMeter, HostileFiguresAreAnAnomalyAndNeverAWrongZero) {
  for (const std::string_view number :
       {"-5", "1e400", "99999999999999999999999999", "\"x\"", "[1]", "0.5"}) {
    const Answer answer =
        meter_whole({}, R"({"usage":{"prompt_tokens":)" + std::string(number) +
                            R"(,"completion_tokens":)" + std::string(number) + "}}");
    EXPECT_EQ(sum_of(answer).total_input(), std::nullopt) << number;
    EXPECT_EQ(sum_of(answer).total_output(), std::nullopt) << number;
  }
  EXPECT_TRUE(
      meter_whole({}, R"({"usage":{"prompt_tokens":-5,"completion_tokens":7}})").usage_anomaly);
  EXPECT_TRUE(meter_whole({}, R"({"usage":"none"})").inferences.empty());
  EXPECT_TRUE(meter_whole({}, R"({"usage":[]})").inferences.empty());
  EXPECT_TRUE(meter_whole({}, "{\"usage\":{\"prompt_tokens\":1,\"x\":\"" +
                                  std::string(70'000, 'x') + "\"}}")
                  .usage_anomaly);
  EXPECT_EQ(meter_whole({}, std::string(5000, '[')).source, UsageSource::none);
}

TEST(AnswerMeter, FortyMegabyteEventsNeedNoMemoryOfThatSize) {
  // An image inside a terminal event: the usage comes after it.
  const provider::Endpoint endpoint =
      provider::recognise(Family::openai, "POST", "/v1/responses", "");
  AnswerMeter meter(endpoint, {Family::openai, true, "m", "h"});
  http::ResponseHead head;
  head.status = 200;
  head.fields = {{"Content-Type", "text/event-stream"}};
  meter.begin(head);
  meter.feed(
      "event: response.completed\ndata: "
      "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\","
      "\"status\":\"completed\",\"output\":[{\"type\":\"image_generation_call\",\"result\":\"");
  const std::string piece(64 * 1024, 'A');
  for (int i = 0; i < 640; ++i) meter.feed(piece);
  meter.feed("\"}],\"usage\":{\"input_tokens\":3,\"output_tokens\":4,\"total_tokens\":7}}}\n\n");
  EXPECT_TRUE(meter.saw_terminal());
  meter.finish(true);
  EXPECT_EQ(sum_of(meter.answer()).total_output(), 4U);
  EXPECT_EQ(sum_of(meter.answer())[CallClass::image], 1U);
}

TEST(AnswerMeter, EmbeddingsOfManyMegabytesEndInTheirUsage) {
  std::string body = R"({"object":"list","data":[)";
  for (int i = 0; i < 256; ++i) {
    body += i == 0 ? "" : ",";
    body += R"({"embedding":[)";
    for (int k = 0; k < 1024; ++k) body += "0.123456789,";
    body += "0],\"index\":0}";
  }
  body += R"(],"model":"e","usage":{"prompt_tokens":2048,"total_tokens":2048}})";
  Metered how;
  how.path = "/v1/embeddings";
  EXPECT_EQ(sum_of(meter_in_pieces(how, body, 16'384)).total_input(), 2048U);
}

TEST(AnswerMeter, TheRunningAnswerIsThereBeforeTheEnd) {
  Metered how = stream_of(Family::anthropic, "/v1/messages");
  meter_in_pieces(how, recorded("anthropic_messages/cut.sse"), 11, [](const AnswerMeter& m) {
    EXPECT_EQ(sum_of(m.answer()).total_input(), 7325U);
    EXPECT_EQ(sum_of(m.answer()).total_output(), std::nullopt);
    EXPECT_EQ(m.answer().response_id, "msg_2");
  });
}

TEST(AnswerMeter, AzureTellsItsRegionInTheHead) {
  const provider::Endpoint endpoint =
      provider::recognise(Family::azure, "POST", "/openai/v1/responses", "");
  AnswerMeter meter(endpoint, {Family::azure, false, "m", "h"});
  http::ResponseHead head;
  head.status = 200;
  head.fields = {{"x-ms-region", "Sweden Central"}};
  meter.begin(head);
  meter.finish(true);
  EXPECT_EQ(meter.answer().region, "Sweden Central");
}

TEST(AnswerMeter, ASearchQueryIsChargedOnceHoweverOftenChunksRepeatIt) {
  Metered how = stream_of(Family::gemini, "/v1/models/m:streamGenerateContent");
  how.query = "alt=sse";
  const std::string chunk =
      "data: "
      "{\"candidates\":[{\"finishReason\":\"STOP\",\"groundingMetadata\":{\"webSearchQueries\":["
      "\"a\",\"b\",\"\"]}}],"
      "\"modelVersion\":\"gemini-3-pro\",\"usageMetadata\":{\"promptTokenCount\":1,"
      "\"totalTokenCount\":1}}\n\n";
  const Answer answer = meter_whole(how, chunk + chunk);
  EXPECT_EQ(sum_of(answer)[CallClass::search_query], 2U);
  const Answer empty =
      meter_whole(how,
                  "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"groundingMetadata\":{}}],"
                  "\"usageMetadata\":{\"promptTokenCount\":1,\"totalTokenCount\":1}}\n\n");
  EXPECT_EQ(sum_of(empty)[CallClass::search_query], std::nullopt);
}

}  // namespace
}  // namespace tokenweir::meter
