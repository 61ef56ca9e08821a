#include "provider/request_edit.h"

#include <gtest/gtest.h>

#include <string>

#include "provider/request_reader.h"

namespace tokenweir::provider {
namespace {

struct Target {
  Dialect dialect = Dialect::openai_chat;
  Family family = Family::openai;
  std::string_view host = {};
  std::string_view name = "raw";
};

Asked read(const Endpoint& endpoint, Family family, std::string_view body,
           std::string_view encoding = "") {
  RequestReader reader(endpoint, family, "application/json", encoding);
  reader.feed(body);
  return reader.finish();
}

std::string applied(std::string_view body, const std::vector<Splice>& splices) {
  std::string out;
  std::uint64_t at = 0;
  for (const Splice& splice : splices) {
    EXPECT_LE(at, splice.offset);
    out += body.substr(at, splice.offset - at);
    out += splice.insert;
    at = splice.offset + splice.remove;
  }
  return out += body.substr(at);
}

// The body after the edit. Whatever was made of it must need no further edit.
std::string capped(const Target& target, std::string_view body, std::int64_t cap) {
  Endpoint endpoint;
  endpoint.dialect = target.dialect;
  endpoint.name = target.name;
  const Asked asked = read(endpoint, target.family, body);
  const auto splices = cap_splices(endpoint, target.family, asked, cap, target.host);
  if (!splices) return "refused";
  const std::string out = applied(body, *splices);
  const Asked again = read(endpoint, target.family, out);
  EXPECT_TRUE(again.splicable) << out;
  EXPECT_LE(again.output_cap.value_or(kNoLimit), cap) << out;
  const auto nothing = cap_splices(endpoint, target.family, again, cap, target.host);
  EXPECT_TRUE(nothing && nothing->empty()) << out;
  return out;
}

constexpr Target kChat = {};
constexpr Target kMessages = {Dialect::anthropic_messages, Family::anthropic};
constexpr Target kGemini = {Dialect::gemini, Family::gemini};
constexpr Target kOllama = {Dialect::ollama, Family::ollama};
constexpr Target kResponses = {Dialect::openai_responses};

TEST(RequestEdit, LowersALimitWhereItStandsAndLeavesASmallerOne) {
  EXPECT_EQ(capped(kChat, R"({ "max_tokens" : 5000 ,"n":1})", 100),
            R"({ "max_tokens" : 100 ,"n":1})");
  EXPECT_EQ(capped(kChat, R"({"max_tokens":50})", 100), R"({"max_tokens":50})");
  EXPECT_EQ(capped(kChat, R"({"max_tokens":5e1})", 100), R"({"max_tokens":5e1})");
}

TEST(RequestEdit, InsertsAMissingLimitWhereTheServerLooks) {
  EXPECT_EQ(capped(kChat, R"({"model":"llama"})", 9), R"({"max_tokens":9,"model":"llama"})");
  EXPECT_EQ(capped(kChat, "{}", 9), R"({"max_tokens":9})");
  for (const std::string_view model : {"o3-mini", "gpt-5.4", "openai/gpt-5", "ft:gpt-5:a::b"}) {
    const std::string body = R"({"model":")" + std::string(model) + "\"}";
    EXPECT_EQ(capped(kChat, body, 9), R"({"max_completion_tokens":9,)" + body.substr(1));
  }
  EXPECT_EQ(capped({Dialect::openai_chat, Family::openai, "api.openai.com"}, "{}", 9),
            R"({"max_completion_tokens":9})");
  EXPECT_EQ(capped({Dialect::openai_chat, Family::azure}, "{}", 9),
            R"({"max_completion_tokens":9})");
  EXPECT_EQ(capped({Dialect::openai_completions}, "{}", 9), R"({"max_tokens":9})");
  EXPECT_EQ(capped({Dialect::openai_completions, Family::openai, "", "completion"}, "{}", 9),
            R"({"n_predict":9})");
  EXPECT_EQ(capped(kResponses, R"({"max_tokens":5})", 16),
            R"({"max_output_tokens":16,"max_tokens":5})");
  EXPECT_EQ(capped({Dialect::cohere, Family::cohere}, "{}", 9), R"({"max_tokens":9})");
  EXPECT_EQ(capped(kGemini, R"({"contents":[]})", 9),
            R"({"generationConfig":{"maxOutputTokens":9},"contents":[]})");
  EXPECT_EQ(capped(kGemini, R"({"generationConfig":{}})", 9),
            R"({"generationConfig":{"maxOutputTokens":9}})");
  EXPECT_EQ(capped(kGemini, R"({"generation_config":{ "topK":1}})", 9),
            R"({"generation_config":{"maxOutputTokens":9, "topK":1}})");
  EXPECT_EQ(capped({Dialect::gemini_interactions, Family::gemini}, "{}", 9),
            R"({"generation_config":{"max_output_tokens":9}})");
  EXPECT_EQ(capped(kOllama, R"({"options":null})", 9), R"({"options":{"num_predict":9}})");
  EXPECT_EQ(capped({Dialect::openai_misc, Family::openai, "", "generate"}, R"({"inputs":"a"})", 9),
            R"({"parameters":{"max_new_tokens":9},"inputs":"a"})");
  EXPECT_EQ(capped({Dialect::openai_misc, Family::openai, "", "run"}, R"({"prompt":"a"})", 9),
            R"({"max_tokens":9,"prompt":"a"})");
  EXPECT_EQ(capped({Dialect::openai_misc, Family::openai, "", "generation"},
                   R"({"parameters":{"max_tokens":500}})", 9),
            R"({"parameters":{"max_tokens":9}})");
  EXPECT_EQ(capped({Dialect::anthropic_misc, Family::anthropic, "", "complete"}, "{}", 9),
            R"({"max_tokens_to_sample":9})");
}

TEST(RequestEdit, InsertsALimitWhereOtherApisLookForIt) {
  constexpr Target kPredict = {Dialect::gemini_misc, Family::vertex, "", "predict"};
  EXPECT_EQ(capped(kPredict, R"({"instances":[{}]})", 9),
            R"({"parameters":{"maxOutputTokens":9},"instances":[{}]})");
  EXPECT_EQ(capped(kPredict, R"({"parameters":{"max_output_tokens":"50"},"instances":[]})", 9),
            R"({"parameters":{"max_output_tokens":9},"instances":[]})");
  EXPECT_EQ(
      capped(kPredict, R"({"parameters":{"maxOutputTokens":5},"instances":[{"n":1,
"max_tokens":50}]})",
             9),
      "{\"parameters\":{\"maxOutputTokens\":5},\"instances\":[{\"n\":1,\n\"max_tokens\":9}]}");
  constexpr Target kRuns = {Dialect::openai_misc, Family::openai, "", "threads.runs"};
  EXPECT_EQ(capped(kRuns, R"({"assistant_id":"a"})", 9),
            R"({"max_completion_tokens":9,"assistant_id":"a"})");
  EXPECT_EQ(capped(kRuns, R"({"max_completion_tokens":50,"max_prompt_tokens":99})", 9),
            R"({"max_completion_tokens":9,"max_prompt_tokens":99})");
  constexpr Target kTalk = {Dialect::openai_misc, Family::openai, "", "conversations"};
  EXPECT_EQ(capped(kTalk, R"({"inputs":"a"})", 9),
            R"({"completion_args":{"max_tokens":9},"inputs":"a"})");
  EXPECT_EQ(capped(kTalk, R"({"completion_args":null,"agent_id":"a"})", 9),
            R"({"completion_args":{"max_tokens":9},"agent_id":"a"})");
  constexpr Target kSecrets = {Dialect::openai_misc, Family::openai, "", "realtime.client_secrets"};
  EXPECT_EQ(capped(kSecrets, R"({"session":{"type":"realtime","max_output_tokens":"inf"}})", 9),
            R"({"session":{"type":"realtime","max_output_tokens":9}})");
}

TEST(RequestEdit, InsertsNothingWhereNothingIsSaid) {
  const auto edits = [](std::string_view name, std::string_view body, std::string model = "") {
    Endpoint endpoint;
    endpoint.dialect = name == "predict" ? Dialect::gemini_misc : Dialect::openai_misc;
    endpoint.name = name;
    endpoint.model = std::move(model);
    const Asked asked = read(endpoint, Family::openai, body);
    return cap_splices(endpoint, Family::openai, asked, 9).value().size();
  };
  EXPECT_EQ(edits("conversations", R"({"items":[],"metadata":{}})"), 0u) << "OpenAI's";
  EXPECT_EQ(edits("predict", R"({"instances":[]})", "text-embedding-005"), 0u);
  EXPECT_EQ(edits("predict", R"({"instances":[]})", "text-bison"), 1u);
  EXPECT_EQ(edits("realtime.client_secrets", R"({"session":{"type":"transcription"}})"), 0u);
}

TEST(RequestEdit, AServerThatKnowsTheOlderNameOnlyGetsIt) {
  const Target deepseek = {Dialect::openai_chat, Family::openai, "api.deepseek.com"};
  Endpoint endpoint;
  endpoint.dialect = Dialect::openai_chat;
  const std::string body = R"({"max_completion_tokens":500})";
  const auto splices = cap_splices(endpoint, deepseek.family, read(endpoint, deepseek.family, body),
                                   9, deepseek.host);
  ASSERT_TRUE(splices);
  EXPECT_EQ(applied(body, *splices), R"({"max_tokens":9,"max_completion_tokens":9})");
  EXPECT_EQ(capped({Dialect::openai_chat, Family::ollama}, R"({"max_completion_tokens":500})", 9),
            R"({"max_tokens":9,"max_completion_tokens":9})");
}

TEST(RequestEdit, ANumberWithoutEndIsNotTakenForItsBeginning) {
  const std::string zeros(90, '0');
  EXPECT_EQ(capped(kMessages, "{\"max_tokens\":0." + zeros + "5e94}", 100),
            R"({"max_tokens":100})");
  EXPECT_EQ(capped(kMessages, "{\"max_tokens\":-0." + zeros + "5e94}", 100),
            R"({"max_tokens":100})");
  EXPECT_EQ(capped(kMessages, R"({"max_tokens":0})", 100), R"({"max_tokens":0})");
}

TEST(RequestEdit, EverySpellingAndEveryDuplicateIsLowered) {
  EXPECT_EQ(capped(kChat, R"({"max_tokens":5000,"max_completion_tokens":6000})", 100),
            R"({"max_tokens":100,"max_completion_tokens":100})");
  EXPECT_EQ(capped(kChat, R"({"max_tokens":50,"max_tokens":5000})", 100),
            R"({"max_tokens":50,"max_tokens":100})");
  EXPECT_EQ(capped(kChat, R"({"max_\u0074okens":5000})", 100), R"({"max_\u0074okens":100})");
  EXPECT_EQ(capped(kChat, R"({"max_tokens":50,"MAX_TOKENS":5000,"n_predict":-1})", 100),
            R"({"max_tokens":50,"MAX_TOKENS":100,"n_predict":100})");
  EXPECT_EQ(capped(kChat, R"({"max_tokens":50,"max_tokens":null})", 100),
            R"({"max_tokens":50,"max_tokens":100})");
  EXPECT_EQ(
      capped(kGemini,
             R"({"generationConfig":{"maxOutputTokens":5},"generation_config":{"topK":1}})", 100),
      R"({"generationConfig":{"maxOutputTokens":5},"generation_config":{"maxOutputTokens":100,"topK":1}})");
  EXPECT_EQ(capped(kGemini,
                   R"({"generationConfig":{"max_output_tokens":500,"maxOutputTokens":5},)"
                   R"("generationConfig":null})",
                   100),
            R"({"generationConfig":{"max_output_tokens":100,"maxOutputTokens":5},)"
            R"("generationConfig":{"maxOutputTokens":100}})");
  EXPECT_EQ(capped(kOllama, R"({"Options":{"Num_Predict":-1},"options":{"num_predict":0}})", 9),
            R"({"Options":{"Num_Predict":9},"options":{"num_predict":9}})");
  EXPECT_EQ(capped(kOllama, R"({"Options":{"Num_Predict":-1}})", 9),
            R"({"options":{"num_predict":9},"Options":{"Num_Predict":9}})");
  EXPECT_EQ(capped(kMessages,
                   R"({"max_tokens":50,"fallbacks":[{"model":"b","max_tokens":9000}],)"
                   R"("tools":[{"type":"advisor_20260301","max_tokens":8000}]})",
                   100),
            R"({"max_tokens":50,"fallbacks":[{"model":"b","max_tokens":100}],)"
            R"("tools":[{"type":"advisor_20260301","max_tokens":100}]})");
}

TEST(RequestEdit, KeysInAnotherCaseAreJudgedAsAServerWrittenInGoWouldReadThem) {
  EXPECT_EQ(capped(kChat, R"({"max_tokens":50,"Max_Tokens":null})", 100),
            R"({"max_tokens":50,"Max_Tokens":100})");
  EXPECT_EQ(capped(kChat, R"({"max_tokens":50,"MAX_TOKENS":0})", 100),
            R"({"max_tokens":50,"MAX_TOKENS":100})");
  EXPECT_EQ(capped(kChat, R"({"max_tokens":50,"MAX_TOKENS":true})", 100), "refused");
  EXPECT_EQ(
      capped(kGemini, R"({"generationConfig":{"maxOutputTokens":5},"GENERATIONCONFIG":{}})", 100),
      R"({"generationConfig":{"maxOutputTokens":5},"GENERATIONCONFIG":{"maxOutputTokens":100}})");
  EXPECT_EQ(
      capped(kGemini, R"({"generationconfig":null})", 100),
      R"({"generationConfig":{"maxOutputTokens":100},"generationconfig":{"maxOutputTokens":100}})");
}

TEST(RequestEdit, ANullInTheOtherSpellingStays) {
  EXPECT_EQ(capped(kChat, R"({"max_tokens":null,"max_completion_tokens":500})", 100),
            R"({"max_tokens":null,"max_completion_tokens":100})");
  EXPECT_EQ(capped(kChat, R"({"model":"o3","max_tokens":null})", 100),
            R"({"max_completion_tokens":100,"model":"o3","max_tokens":null})");
  EXPECT_EQ(capped(kChat, R"({"max_tokens":null})", 100), R"({"max_tokens":100})");
}

TEST(RequestEdit, NumbersInOddSpellingsAreReadAsTheLargest) {
  for (const std::string number : {"1e9", "100.5", "\"5000\"", "1E+3", "99999999999999999999999",
                                   "1e400", "-1", "-2.5", "0", "0.4", "5e-1", "1e-400", "101.0"}) {
    EXPECT_EQ(capped(kChat, "{\"max_tokens\":" + number + "}", 100), R"({"max_tokens":100})")
        << number;
  }
  for (const std::string word : {"true", "[]", "{}", "\"\"", "\"many\"", "\"0x7f\"", "\" 5\"",
                                 "\"1_000\"", "\"inf\"", "\"+5\""}) {
    EXPECT_EQ(capped(kChat, "{\"max_tokens\":" + word + "}", 100), "refused") << word;
  }
}

TEST(RequestEdit, ThinkingBudgetsStayBelowTheLimit) {
  EXPECT_EQ(
      capped(kMessages,
             R"({"max_tokens":16000,"thinking":{"type":"enabled","budget_tokens":8000}})", 4000),
      R"({"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":3000}})");
  EXPECT_EQ(capped(kMessages, R"({"max_tokens":16000,"thinking":{"budget_tokens":2000}})", 4000),
            R"({"max_tokens":4000,"thinking":{"budget_tokens":2000}})");
  EXPECT_EQ(capped(kMessages, R"({"max_tokens":16000,"thinking":{"budget_tokens":2000}})", 1025),
            R"({"max_tokens":1025,"thinking":{"budget_tokens":1024}})");
  EXPECT_EQ(capped(kMessages, R"({"max_tokens":16000,"thinking":{"budget_tokens":2000}})", 1024),
            "refused");
  EXPECT_EQ(
      capped(
          kGemini,
          R"({"generationConfig":{"maxOutputTokens":900,"thinkingConfig":{"thinkingBudget":800}}})",
          100),
      R"({"generationConfig":{"maxOutputTokens":100,"thinkingConfig":{"thinkingBudget":99}}})");
}

TEST(RequestEdit, ZeroWarmsAnthropicsCacheAndStays) {
  EXPECT_EQ(capped(kMessages, R"({"max_tokens":0})", 100), R"({"max_tokens":0})");
  EXPECT_EQ(capped({Dialect::openai_completions}, R"({"max_tokens":0,"echo":true})", 100),
            R"({"max_tokens":0,"echo":true})");
}

TEST(RequestEdit, WhatCannotBeMadeSafeIsRefused) {
  for (const std::string_view body :
       {"", "[]", "{\"max_tokens\":5}{\"max_tokens\":5000}", "\xEF\xBB\xBF{\"max_tokens\":5}",
        "{\"max_tokens\":5,}", "// x\n{}", "{\"max_tokens\":NaN}", "{'max_tokens':5}",
        "{\"a\":\"\xFF\"}", "{\"model\":\"a\",\"model\":\"b\"}", "{\"n\":1,\"n\":9}",
        "{\"stream\":true,\"stream\":false}"}) {
    EXPECT_EQ(capped(kChat, body, 100), "refused") << body;
  }
  EXPECT_EQ(capped(kGemini, R"({"generationConfig":[]})", 100), "refused");
  EXPECT_EQ(capped(kGemini, R"({"generationConfig":"{}"})", 100), "refused");
  EXPECT_EQ(capped(kResponses, R"({"max_output_tokens":500})", 15), "refused");
  EXPECT_EQ(capped({Dialect::openai_embeddings}, "{}", 100), "refused");
  EXPECT_EQ(capped(kChat, "{}", 0), "refused");
  std::string many = "{\"a\":1";
  for (int i = 0; i < 300; ++i) many += ",\"max_tokens\":5000";
  EXPECT_EQ(capped(kChat, many + "}", 100), "refused");
}

TEST(RequestEdit, AModelIsReplacedWhereItIsNamedOnce) {
  Endpoint endpoint;
  endpoint.dialect = Dialect::openai_chat;
  const std::string body = R"({"mo\u0064el" : "gpt-x","messages":[{"model":"y"}]})";
  const auto splice =
      model_splice(endpoint, read(endpoint, Family::openai, body), "gpt-x-\"mini\"");
  ASSERT_TRUE(splice);
  EXPECT_EQ(applied(body, {*splice}),
            R"({"mo\u0064el" : "gpt-x-\"mini\"","messages":[{"model":"y"}]})");
  EXPECT_FALSE(model_splice(endpoint, read(endpoint, Family::openai, "{}"), "m"));
  endpoint.model = "in-the-path";
  EXPECT_FALSE(model_splice(endpoint, read(endpoint, Family::openai, body), "m"));
}

TEST(RequestEdit, EditsOfOneBodyAreMergedInOrder) {
  const auto merged = merge_splices({{9, 2, "c"}, {1, 0, "a,"}, {1, 0, "b,"}, {1, 3, "x"}});
  ASSERT_TRUE(merged);
  ASSERT_EQ(merged->size(), 2u);
  EXPECT_EQ((*merged)[0].offset, 1u);
  EXPECT_EQ((*merged)[0].remove, 3u);
  EXPECT_EQ((*merged)[0].insert, "a,b,x");
  EXPECT_EQ((*merged)[1].offset, 9u);
  EXPECT_FALSE(merge_splices({{1, 5, "a"}, {3, 1, "b"}}));
  EXPECT_FALSE(merge_splices({{1, 5, "a"}, {1, 5, "b"}}));
}

TEST(RequestEdit, ACapAndAQuestionForUsageGoIntoOneBody) {
  Endpoint endpoint;
  endpoint.dialect = Dialect::openai_chat;
  const std::string body = R"({"stream":true,"model":"m"})";
  const Asked asked = read(endpoint, Family::openai, body);
  auto splices = *cap_splices(endpoint, Family::openai, asked, 7);
  splices.push_back(*asked.ask_for_usage);
  EXPECT_EQ(
      applied(body, *merge_splices(splices)),
      R"({"max_tokens":7,"stream_options":{"include_usage":true},"stream":true,"model":"m"})");
}

}  // namespace
}  // namespace tokenweir::provider
