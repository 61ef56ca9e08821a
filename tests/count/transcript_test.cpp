#include "count/transcript.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace {

using tokenweir::count::HashKey;
using tokenweir::count::PartKind;
using tokenweir::count::read_transcript;
using tokenweir::count::SipHash;
using tokenweir::count::Slice;
using tokenweir::count::Transcript;
using tokenweir::provider::Dialect;
using tokenweir::provider::Endpoint;

constexpr HashKey kKey{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

Transcript read(Dialect dialect, std::string_view body, std::string_view name = "chat") {
  Endpoint endpoint;
  endpoint.dialect = dialect;
  endpoint.name = name;
  return read_transcript(endpoint, body, kKey);
}

std::vector<PartKind> kinds(const Transcript& transcript) {
  std::vector<PartKind> out;
  for (const auto& part : transcript.parts) out.push_back(part.kind);
  return out;
}

std::vector<Slice> slices(const Transcript& transcript) {
  std::vector<Slice> out;
  for (const auto& part : transcript.parts) out.push_back(part.slice);
  return out;
}

// The vectors of the reference implementation: key 00..0f, message 00..(length - 1).
TEST(SipHash, GivesThePublishedVectors) {
  std::string message(15, '\0');
  std::iota(message.begin(), message.end(), '\0');
  EXPECT_EQ(SipHash(kKey).finish(std::string_view()), 0x726fdb47dd0e0e31ULL);
  EXPECT_EQ(SipHash(kKey).finish(message.substr(0, 8)), 0x93f5f5799a932462ULL);
  EXPECT_EQ(SipHash(kKey).finish(message), 0xa129ca6149be45e5ULL);
}

constexpr std::string_view kAgent =
    R"({"model":"gpt-4o","tools":[{"type":"function","function":{"name":"look"}}],
  "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Where is it?"},
  {"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{\"at\": 1}"}},
    {"id":"c2","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}}]},
  {"role":"tool","tool_call_id":"c2","content":"Error: not there"},
  {"role":"tool","tool_call_id":"c1","content":"there"},{"role":"user","content":"Go on."}]})";

TEST(Transcript, AChatIsCutAfterTheLastThingTheAssistantSaid) {
  const Transcript transcript = read(Dialect::openai_chat, kAgent);
  ASSERT_TRUE(transcript.readable);
  EXPECT_EQ(kinds(transcript),
            (std::vector{PartKind::tools, PartKind::system, PartKind::user, PartKind::assistant,
                         PartKind::tool_result, PartKind::tool_result, PartKind::user}));
  EXPECT_EQ(slices(transcript),
            (std::vector{Slice::tools, Slice::system, Slice::history, Slice::history,
                         Slice::tool_results, Slice::tool_results, Slice::fresh}));
}

TEST(Transcript, CallsCarryTheirResultsAndWhetherTheyFailed) {
  const Transcript transcript = read(Dialect::openai_chat, kAgent);
  ASSERT_EQ(transcript.calls.size(), 2u);
  const auto& [first, second] = std::tie(transcript.calls[0], transcript.calls[1]);
  EXPECT_EQ(first.part, 3u);
  EXPECT_EQ(first.name, "look");
  EXPECT_EQ(first.arguments, second.arguments);  // but for white space
  ASSERT_TRUE(first.result && second.result);
  EXPECT_NE(*first.result, *second.result);
  EXPECT_FALSE(first.failed);
  EXPECT_TRUE(second.failed);
}

TEST(Transcript, AnthropicResultsArePartsOfTheirOwn) {
  const Transcript transcript = read(Dialect::anthropic_messages, R"({"system":"s","messages":[
    {"role":"user","content":"hi"},
    {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"no","is_error":true},
                              {"type":"text","text":"and?"}]}]})");
  ASSERT_TRUE(transcript.readable);
  EXPECT_EQ(kinds(transcript), (std::vector{PartKind::system, PartKind::user, PartKind::assistant,
                                            PartKind::tool_result, PartKind::user}));
  EXPECT_EQ(transcript.parts[3].slice, Slice::tool_results);
  EXPECT_EQ(transcript.parts[4].slice, Slice::fresh);
  ASSERT_EQ(transcript.calls.size(), 1u);
  EXPECT_TRUE(transcript.calls[0].failed);
  EXPECT_TRUE(transcript.calls[0].result.has_value());
}

TEST(Transcript, GeminiAndResponsesHaveCallsAndResultsToo) {
  const Transcript gemini = read(Dialect::gemini, R"({"systemInstruction":{"parts":[{"text":"s"}]},
    "contents":[{"role":"user","parts":[{"text":"a"}]},
      {"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":1}}}]},
      {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"error":"broken"}}}]}]})");
  EXPECT_EQ(kinds(gemini), (std::vector{PartKind::system, PartKind::user, PartKind::assistant,
                                        PartKind::tool_result}));
  ASSERT_EQ(gemini.calls.size(), 1u);
  EXPECT_TRUE(gemini.calls[0].failed);

  const Transcript responses = read(Dialect::openai_responses, R"({"instructions":"i","input":[
    {"role":"user","content":"a"},{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"1","output":"done"}]})");
  EXPECT_EQ(kinds(responses), (std::vector{PartKind::system, PartKind::user, PartKind::assistant,
                                           PartKind::tool_result}));
  ASSERT_EQ(responses.calls.size(), 1u);
  EXPECT_TRUE(responses.calls[0].result.has_value());
  EXPECT_FALSE(responses.calls[0].failed);
}

TEST(Transcript, AHistorySentAgainHasTheSameHashes) {
  const Transcript first =
      read(Dialect::anthropic_messages, R"({"system":[{"type":"text","text":"s",
    "cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}]})");
  const Transcript second =
      read(Dialect::anthropic_messages,
           R"({"messages":[{"role":"user","content":[{"type":"text","text":"hi",
    "cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":"yes"},{"role":"user",
    "content":"and"}],"system":"s"})");
  ASSERT_EQ(first.parts.size(), 2u);
  ASSERT_EQ(second.parts.size(), 4u);
  EXPECT_EQ(first.parts[0].chain, second.parts[0].chain);
  EXPECT_EQ(first.parts[1].chain, second.parts[1].chain);
  EXPECT_NE(first.body, second.body);
}

TEST(Transcript, TheBodyHashDependsOnEverythingThatIsAsked) {
  const std::string_view bodies[] = {
      R"({"model":"a","messages":[{"role":"user","content":"x"}]})",
      R"({"model":"b","messages":[{"role":"user","content":"x"}]})",
      R"({"model":"a","messages":[{"role":"user","content":"y"}]})",
      R"({"model":"a","messages":[{"role":"assistant","content":"x"}]})",
      R"({"model":"a","messages":[{"role":"user","content":"x"}],"temperature":0})",
      R"({"model":"a","messages":[{"role":"user","content":"x"},{"role":"user","content":"x"}]})",
  };
  std::set<std::uint64_t> hashes;
  for (const auto body : bodies) hashes.insert(read(Dialect::openai_chat, body).body);
  hashes.insert(read(Dialect::openai_chat, bodies[0], "other").body);
  EXPECT_EQ(hashes.size(), 7u);
  EXPECT_EQ(read(Dialect::openai_chat, bodies[0]).body,
            read(Dialect::openai_chat,
                 "{ \"model\": \"a\",\n\"messages\": [ {\"role\":\"user\",\"content\":\"x\"}]}")
                .body);
}

TEST(Transcript, HostileBodiesAreUnreadableAndStillHaveAHash) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "[";
  const std::string bodies[] = {
      "",
      "null",
      "[]",
      "{",
      deep,
      R"({"messages":[{"role":"user","content":"a"}],"messages":[]})",
      R"({"messages":[{"role":"user","role":"assistant","content":"a"}]})",
      "{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}",
      R"({"messages":[]} trailing)",
      "{\"messages\":[" + std::string(20'000 * 2, ' ') + std::string(9'000'000, ' ') + "]}",
  };
  for (const std::string& body : bodies) {
    const Transcript transcript = read(Dialect::openai_chat, body);
    EXPECT_FALSE(transcript.readable) << body.substr(0, 60);
    EXPECT_NE(transcript.body, 0u);
    EXPECT_TRUE(transcript.parts.empty());
    EXPECT_EQ(transcript.body, read(Dialect::openai_chat, body).body);
  }
}

TEST(Transcript, WrongTypesAnywhereDoNoHarm) {
  for (
      const std::string_view body :
      {R"({"messages":7,"tools":"x"})", R"({"messages":[1,null,"a",[[]],{"role":5,"content":{}}]})",
       R"({"messages":[{"role":"assistant","tool_calls":[1,{"id":3,"function":"f"},{"function":{"name":[],"arguments":{}}}]}]})",
       R"({"messages":{"role":"tool","tool_call_id":9,"content":[{"text":1}]}})",
       R"({"input":[{"type":"function_call_output"},{"type":"x_call","action":{}}],"contents":{"parts":"a"}})"}) {
    for (int dialect = 0; dialect <= static_cast<int>(Dialect::opaque); ++dialect)
      EXPECT_NE(read(static_cast<Dialect>(dialect), body).body, 0u);
  }
}

TEST(Transcript, TooManyPartsAreNotRead) {
  std::string body = R"({"messages":[{"role":"user","content":"a"})";
  for (int i = 0; i < 20'000; ++i) body += R"(,{"role":"user","content":"a"})";
  EXPECT_FALSE(read(Dialect::openai_chat, body + "]}").readable);
}

std::uint64_t called_with(std::string_view arguments) {
  return tokenweir::count::hash_of_arguments(arguments, kKey);
}

TEST(Arguments, AreTheSameInWhateverOrderTheyAreWritten) {
  EXPECT_EQ(called_with(R"({"q":"weir","o":{"a":1,"b":2}})"),
            called_with(R"({ "o": {"b":2, "a":1}, "q":"weir" })"));
  EXPECT_NE(called_with(R"({"q":"weir"})"), called_with(R"({"q":"dam"})"));
  EXPECT_NE(called_with(R"({"l":[1,2]})"), called_with(R"({"l":[2,1]})"));
  EXPECT_NE(called_with("{}"), called_with("[]"));
  EXPECT_NE(called_with("no json"), called_with("none"));
}

TEST(Arguments, DoNotDifferInWhatOnlyDatesOrNumbersACall) {
  const auto bare = called_with(R"({"q":"weir"})");
  EXPECT_EQ(bare, called_with(R"({"q":"weir","timestamp":"2026-11-21T10:00:01Z"})"));
  EXPECT_EQ(bare, called_with(R"({"q":"weir","requestId":17,"nonce":"x"})"));
  EXPECT_NE(bare, called_with(R"({"q":"weir","page":2})"));
  EXPECT_NE(called_with(R"({"timestamp":1})"), called_with(R"({"timestamp":2})"))
      << "where nothing else is said it is the question";
}

TEST(Results, SayThatWorkIsStillGoingOn) {
  for (const auto& [result, waiting] :
       std::vector<std::pair<std::string, bool>>{{"pending", true},
                                                 {R"({\"status\": \"RUNNING\"})", true},
                                                 {"Deployment in progress", true},
                                                 {"no results", false},
                                                 {"Error: still pending", false},
                                                 {"pending " + std::string(300, 'x'), false}}) {
    const auto transcript = read(
        Dialect::openai_chat,
        R"({"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":)"
        R"({"name":"s","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":")" +
            result + "\"}]}");
    ASSERT_EQ(transcript.calls.size(), 1u) << result;
    EXPECT_EQ(transcript.calls[0].waiting, waiting) << result;
  }
}

TEST(Transcript, WhatOnlySaysHowToAnswerIsNotPartOfTheQuestion) {
  const auto ask = [](std::string_view more) {
    return read(
        Dialect::openai_chat,
        R"({"model":"m","messages":[{"role":"user","content":"hi"}])" + std::string(more) + "}");
  };
  EXPECT_EQ(ask("").question, ask(R"(,"temperature":0.7,"max_tokens":9,"seed":4)").question);
  EXPECT_NE(ask("").body, ask(R"(,"temperature":0.7)").body);
  EXPECT_NE(ask("").question, ask(R"(,"response_format":{"type":"json_object"})").question);
  EXPECT_NE(ask("").question, ask(R"(,"stream":true)").question);
}

TEST(Transcript, AConversationThatTheProviderHoldsHasResultsWithoutCalls) {
  const auto transcript = read(
      Dialect::openai_responses,
      R"({"model":"m","previous_response_id":"resp_1","input":[{"type":"function_call_output",)"
      R"("call_id":"c","output":"Error: no"}]})",
      "responses");
  EXPECT_TRUE(transcript.stored_context);
  ASSERT_EQ(transcript.loose_results.size(), 1u);
  EXPECT_TRUE(transcript.loose_results[0].failed);
  EXPECT_TRUE(transcript.calls.empty());
}

}  // namespace
