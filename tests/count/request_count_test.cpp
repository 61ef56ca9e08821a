// Expected totals are figures providers reported in recorded traffic, or follow from the published
// formulas named beside them.
#include "count/request_count.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace {

using namespace tokenweir::count;
using tokenweir::provider::Dialect;
using tokenweir::provider::Endpoint;
using tokenweir::tokenizer::ModelMap;
using tokenweir::tokenizer::Vocabularies;

const ModelMap& models() {
  static const ModelMap map =
      *ModelMap::read(std::string(TOKENWEIR_SOURCE_DIR) + "/config/tokenizers/models.yaml");
  return map;
}

Vocabularies& vocabularies() {
  static Vocabularies shelf{std::filesystem::path{}};
  return shelf;
}

RequestCount count(Dialect dialect, std::string_view model, std::string_view body,
                   Memories* memories = nullptr, std::uint64_t scope = 0,
                   std::string_view family = "openai") {
  Endpoint endpoint;
  endpoint.dialect = dialect;
  endpoint.name = "chat.completions";
  const ModelCounting counting = counting_of(models(), vocabularies(), family, model);
  const Transcript transcript = read_transcript(endpoint, body, HashKey{1, 2});
  return count_request({endpoint, counting, model, body, transcript}, memories, scope);
}

std::int64_t sum_of_parts(const RequestCount& count) {
  return std::accumulate(count.parts.begin(), count.parts.end(), std::int64_t{0});
}

// The cookbook's example prints 129 tokens for gpt-4-0613 and 124 for gpt-4o.
constexpr std::string_view kCookbook = R"({"messages":[
 {"role":"system","content":"You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
 {"role":"system","name":"example_user","content":"New synergies will help drive top-line growth."},
 {"role":"system","name":"example_assistant","content":"Things working well together will increase revenue."},
 {"role":"system","name":"example_user","content":"Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
 {"role":"system","name":"example_assistant","content":"Let's talk later when we're less busy about how to do better."},
 {"role":"user","content":"This late pivot means we don't have time to boil the ocean for the client deliverable."}]})";

TEST(RequestCount, ChatsCostWhatTheCookbookSays) {
  const RequestCount gpt4 = count(Dialect::openai_chat, "gpt-4-0613", kCookbook);
  EXPECT_EQ(gpt4.tokens, 129);
  EXPECT_EQ(gpt4.grade, Grade::exact);
  const RequestCount gpt4o = count(Dialect::openai_chat, "gpt-4o", kCookbook);
  EXPECT_EQ(gpt4o.tokens, 124);
  EXPECT_EQ(sum_of_parts(gpt4o), gpt4o.tokens);
  ASSERT_TRUE(gpt4o.upper_bound);
  EXPECT_GE(*gpt4o.upper_bound, 124);
}

// Recorded: "What is the capital of France?" from a user named "user" was billed as 15 by gpt-4o.
TEST(RequestCount, ANameThatRepeatsTheRoleCostsOneToken) {
  EXPECT_EQ(
      count(
          Dialect::openai_chat, "gpt-4o-2024-08-06",
          R"({"messages":[{"name":"user","role":"user","content":"What is the capital of France?"}]})")
          .tokens,
      15);
}

// Recorded: "Hello!" was billed as 9 by gpt-4o and gpt-4.1, the same over both APIs, and one less
// by models with channels.
TEST(RequestCount, BothApisOfOpenAiCountAlike) {
  constexpr std::string_view kChat = R"({"messages":[{"role":"user","content":"Hello!"}]})";
  constexpr std::string_view kResponses = R"({"input":"Hello!"})";
  EXPECT_EQ(count(Dialect::openai_chat, "gpt-4.1", kChat).tokens, 9);
  EXPECT_EQ(count(Dialect::openai_responses, "gpt-4.1", kResponses).tokens, 9);
  EXPECT_EQ(count(Dialect::openai_chat, "gpt-5-nano", kChat).tokens, 8);
  EXPECT_EQ(count(Dialect::openai_responses, "gpt-5-nano", kResponses).tokens, 8);
}

TEST(RequestCount, TextBlocksOfOneMessageAreOneText) {
  const auto of = [](std::string_view content) {
    return count(Dialect::openai_chat, "gpt-4o",
                 R"({"messages":[{"role":"user","content":)" + std::string(content) + "}]}")
        .tokens;
  };
  EXPECT_EQ(of(R"([{"type":"text","text":"un"},{"type":"text","text":"believable"}])"),
            of(R"("unbelievable")"));
}

TEST(RequestCount, PromptsMayBeTokensByNumber) {
  EXPECT_EQ(
      count(Dialect::openai_completions, "davinci-002", R"({"prompt":[[1,2,3],[4,5]]})").tokens, 5);
  EXPECT_EQ(count(Dialect::openai_completions, "davinci-002",
                  R"({"prompt":"Tell me a joke about opentelemetry"})")
                .tokens,
            8);  // recorded
}

// OpenAI's images guide: 1024 x 1024 in high detail is 765 for gpt-4o, 85 in low.
TEST(RequestCount, PicturesCostWhatTheGuideSays) {
  // The head of a PNG of 1024 x 1024.
  const std::string png = "iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAIAAADwf7zU";
  const auto of = [&](std::string_view model, std::string_view detail) {
    const std::string body = R"({"messages":[{"role":"user","content":[{"type":"image_url",
      "image_url":{"url":"data:image/png;base64,)" +
                             png + R"(","detail":")" + std::string(detail) + R"("}}]}]})";
    return count(Dialect::openai_chat, model, body).tokens -
           count(Dialect::openai_chat, model, R"({"messages":[{"role":"user","content":[]}]})")
               .tokens;
  };
  EXPECT_EQ(of("gpt-4o", "high"), 765);
  EXPECT_EQ(of("gpt-4o", "low"), 85);
  EXPECT_EQ(of("gpt-4o-mini", "high"), 2833 + 4 * 5667);
}

TEST(RequestCount, ContextHeldByTheProviderHasNoBound) {
  for (const std::string_view body :
       {R"({"input":"a","previous_response_id":"resp_1"})",
        R"({"input":"a","tools":[{"type":"web_search"}]})",
        R"({"input":[{"type":"item_reference","id":"x"}]})",
        R"({"input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]})"}) {
    EXPECT_FALSE(count(Dialect::openai_responses, "gpt-4o", body).upper_bound) << body;
  }
  EXPECT_FALSE(count(Dialect::gemini, "gemini-2.5-flash",
                     R"({"contents":[{"parts":[{"text":"a"}]}],"tools":[{"googleSearch":{}}]})",
                     nullptr, 0, "gemini")
                   .upper_bound);
}

// 500 words are 501 tokens of o200k_base ("word", 499 of " word", " "), and no fewer of any other
// vocabulary.
std::string words() {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "word ";
  return text;
}

struct Shape {
  Dialect dialect;
  std::string_view model;
  std::string_view family;
  std::string_view body;  // its "@" stands for the words
};

std::string filled(std::string_view body) {
  std::string out;
  for (const char c : body) c == '@' ? out += words() : out += c;
  return out;
}

// Members, blocks and items that came after this was written, or that servers treat differently.
TEST(RequestCount, WhatIsNotKnownCountsTowardsTheBound) {
  for (
      const Shape& shape : {
          Shape{
              Dialect::openai_chat, "gpt-4o", "openai",
              R"({"messages":[{"role":"user","content":[{"type":"new","payload":{"of":"@"}}]}]})"},
          Shape{Dialect::openai_chat, "gpt-4o", "openai",
                R"({"messages":[{"role":"user","content":"a","context":"@"}]})"},
          Shape{
              Dialect::openai_chat, "anthropic/claude-sonnet-4", "openai",
              R"({"messages":[{"role":"assistant","content":"a","reasoning_details":[{"text":"@"}]}]})"},
          Shape{Dialect::openai_chat, "gpt-4o", "openai",
                R"({"messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":
                 {"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"description":"@"}}}}}]})"},
          Shape{
              Dialect::openai_chat, "qwen3-32b", "openai",
              R"({"messages":[{"role":"user","content":"a"}],"chat_template_kwargs":{"persona":"@"}})"},
          Shape{Dialect::openai_responses, "gpt-5.1", "openai",
                R"({"input":[{"type":"new_thing","data":"@"}]})"},
          Shape{Dialect::openai_responses, "gpt-5.1", "openai",
                R"({"input":[{"type":"apply_patch_call","operation":{"diff":"@"}}]})"},
          Shape{
              Dialect::openai_responses, "gpt-oss-120b", "openai",
              R"({"input":[{"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"@"}]}]})"},
          Shape{
              Dialect::anthropic_messages, "claude-sonnet-4-5", "anthropic",
              R"({"messages":[{"role":"user","content":[{"type":"search_result","title":"t","source":"s",
                 "content":[{"type":"text","text":"@"}],"citations":{"enabled":true}}]}]})"},
          Shape{Dialect::gemini, "gemini-2.5-flash", "gemini",
                R"({"contents":[{"parts":[{"toolCall":{"args":"@"}}]}]})"},
          Shape{Dialect::gemini, "gemini-2.5-flash", "gemini",
                R"({"contents":[{"parts":[{"code_execution_result":{"output":"@"}}]}]})"},
          Shape{
              Dialect::cohere, "command-a-03-2025", "cohere",
              R"({"messages":[{"role":"tool","content":[{"type":"document","document":{"data":"@"}}]}]})"},
          Shape{Dialect::cohere, "command-a-03-2025", "cohere",
                R"({"messages":[{"role":"assistant","tool_plan":"@"}]})"},
          Shape{Dialect::cohere, "embed-v4.0", "cohere",
                R"({"inputs":[{"content":[{"type":"text","text":"@"}]}]})"},
      }) {
    const RequestCount got =
        count(shape.dialect, shape.model, filled(shape.body), nullptr, 0, shape.family);
    ASSERT_TRUE(got.upper_bound) << shape.body;
    EXPECT_GE(*got.upper_bound, 501) << shape.body;
    EXPECT_LE(*got.upper_bound, 3'000) << shape.body;
  }
}

TEST(RequestCount, WhatOnlyPointsElsewhereHasNoBound) {
  for (
      const Shape& shape : {
          Shape{
              Dialect::openai_chat, "qwen2.5-vl-72b", "openai",
              R"({"messages":[{"role":"user","content":[{"type":"video_url","video_url":{"url":"https://x/y"}}]}]})"},
          Shape{
              Dialect::openai_chat, "mistral-ocr", "openai",
              R"({"messages":[{"role":"user","content":[{"type":"document_url","document_url":"https://x/y"}]}]})"},
          Shape{
              Dialect::openai_chat, "gpt-4o", "openai",
              R"({"messages":[{"role":"user","content":[{"type":"new","place":{"file_id":"f-1"}}]}]})"},
          Shape{Dialect::openai_chat, "openai/gpt-4o:online", "openai",
                R"({"messages":[{"role":"user","content":"a"}]})"},
          Shape{
              Dialect::openai_chat, "gpt-4o", "azure",
              R"({"messages":[{"role":"user","content":"a"}],"data_sources":[{"type":"azure_search"}]})"},
          Shape{
              Dialect::openai_chat, "grok-4", "openai",
              R"({"messages":[{"role":"user","content":"a"}],"search_parameters":{"mode":"auto"}})"},
          Shape{
              Dialect::anthropic_messages, "claude-sonnet-4-5", "anthropic",
              R"({"messages":[{"role":"user","content":[{"type":"container_upload","file_id":"f"}]}]})"},
          Shape{
              Dialect::gemini, "gemini-2.5-flash", "gemini",
              R"({"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{"name":"f"}],"googleSearch":{}}]})"},
      }) {
    EXPECT_FALSE(
        count(shape.dialect, shape.model, shape.body, nullptr, 0, shape.family).upper_bound)
        << shape.body;
  }
}

// Ollama's guide: `context` holds the tokens of the conversation so far.
TEST(RequestCount, OllamaReadsItsOwnTokensAgain) {
  const auto of = [](std::string_view body) {
    return count(Dialect::ollama, "qwen2.5", body, nullptr, 0, "ollama").tokens;
  };
  EXPECT_EQ(of(R"({"prompt":"Hello","context":[1,2,3,4,5]})"), of(R"({"prompt":"Hello"})") + 5);
}

// tiktoken reads half of a surrogate pair as U+FFFD, which is one token.
TEST(RequestCount, HalfASurrogatePairIsOneUnknownCharacter) {
  const auto of = [](std::string_view text) {
    return count(Dialect::openai_chat, "gpt-4o",
                 R"({"messages":[{"role":"user","content":")" + std::string(text) + R"("}]})")
        .tokens;
  };
  EXPECT_EQ(of("a \\ud83d b"), of("a \\ufffd b"));
  EXPECT_EQ(of("\\\\ud83d \\udc4d\\udc4d"), of("\\\\ud83d \\ufffd\\ufffd"));
  EXPECT_EQ(of("\\ud83d\\udc4d \\uDFFF"), of("👍 \\uFFFD"));
}

// Recorded: "Hi" is billed as two by gemini-2.5-flash, one of them a mark. Gemma's vocabulary has
// no token of two digits (google/gemma-3 tokenizer.json).
TEST(RequestCount, GeminiReadsDigitsOneByOne) {
  const auto of = [](std::string_view text) {
    return count(Dialect::gemini, "gemini-2.5-flash",
                 R"({"contents":[{"parts":[{"text":")" + std::string(text) + R"("}]}]})", nullptr,
                 0, "gemini")
        .tokens;
  };
  EXPECT_EQ(of("Hi"), 2);
  EXPECT_EQ(of("1234567890"), 11);
  EXPECT_EQ(of("12 345 6"), 9);
}

TEST(RequestCount, EstimatesSaySoAndLeaveRoom) {
  const RequestCount claude =
      count(Dialect::anthropic_messages, "claude-sonnet-4-5",
            R"({"messages":[{"role":"user","content":"Tell me a brief fact about Paris"}]})",
            nullptr, 0, "anthropic");
  EXPECT_EQ(claude.grade, Grade::estimated);
  EXPECT_NEAR(static_cast<double>(claude.tokens), 14, 2);  // recorded: 14
  ASSERT_TRUE(claude.upper_bound);
  EXPECT_GT(*claude.upper_bound, claude.tokens);
}

TEST(RequestCount, PartsAreBookedBySlice) {
  const RequestCount got = count(Dialect::openai_chat, "gpt-4o", R"({"tools":[{"type":"function",
    "function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}],
    "messages":[{"role":"system","content":"one two three"},{"role":"user","content":"four five"},
    {"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"1","content":"six"},{"role":"user","content":"seven"}]})");
  for (std::size_t i = 0; i < kSlices; ++i)
    EXPECT_GT(got.parts[i], 0) << name_of(static_cast<Slice>(i));
  EXPECT_EQ(sum_of_parts(got), got.tokens);
  EXPECT_EQ(got.kind, RequestKind::tools);
  EXPECT_EQ(got.grade, Grade::estimated_framing);
}

TEST(RequestCount, AHistorySentAgainIsFoundAndNamed) {
  Memories memories;
  const std::string first = R"({"messages":[{"role":"system","content":"Be brief."},
    {"role":"user","content":"Hello there, how are you?"})";
  const std::string more =
      R"(,{"role":"assistant","content":"Well."},{"role":"user","content":"Good."})";
  const RequestCount one = count(Dialect::openai_chat, "gpt-4o", first + "]}", &memories, 7);
  EXPECT_EQ(one.repeated, 0);
  EXPECT_EQ(memories.parts.hits(), 0u);
  const RequestCount two = count(Dialect::openai_chat, "gpt-4o", first + more + "]}", &memories, 7);
  EXPECT_EQ(memories.parts.hits(), 2u);
  EXPECT_EQ(two.repeated, one.tokens - 3);  // but for what begins the answer
  EXPECT_EQ(two.tokens, count(Dialect::openai_chat, "gpt-4o", first + more + "]}").tokens);
  // In another run nothing was sent before; the counts are known all the same.
  EXPECT_EQ(count(Dialect::openai_chat, "gpt-4o", first + "]}", &memories, 8).repeated, 0);
  // Another vocabulary is another count.
  const auto hits = memories.parts.hits();
  EXPECT_EQ(count(Dialect::openai_chat, "gpt-4", first + "]}", &memories, 8).tokens,
            count(Dialect::openai_chat, "gpt-4", first + "]}").tokens);
  EXPECT_EQ(memories.parts.hits(), hits);
}

TEST(RequestCount, TheSameHistoryTwiceIsRepeatedWhole) {
  Memories memories;
  const std::string body = R"({"messages":[{"role":"user","content":"again and again"}]})";
  const RequestCount one = count(Dialect::openai_chat, "gpt-4o", body, &memories, 7);
  EXPECT_EQ(count(Dialect::openai_chat, "gpt-4o", body, &memories, 7).repeated, one.tokens - 3);
}

TEST(RequestCount, UnreadableBodiesAreEstimatedFromTheirSize) {
  const RequestCount got = count(Dialect::openai_chat, "gpt-4o", std::string(400, '{'));
  EXPECT_FALSE(got.readable);
  EXPECT_FALSE(got.upper_bound);
  EXPECT_EQ(got.tokens, 100);
}

TEST(RequestCount, HostileShapesDoNoHarmInAnyDialect) {
  std::string deep = "\"x\"";
  for (int i = 0; i < 300; ++i) deep = R"({"type":"object","properties":{"a":)" + deep + "}}";
  for (
      const std::string& body : std::vector<std::string>{
          R"({"tools":[)" + deep + R"(],"messages":[],"input":[],"contents":[]})",
          R"({"tools":[{"functionDeclarations":7}],"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"!!"}}]}]})",
          R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/gif;base64,R0lGODlhAAAAAA=="}}]}]})",
          R"({"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","data":"","media_type":9}}]}]})",
          R"({"input":[{"type":"message","content":{"a":{}}},{"type":"reasoning","encrypted_content":7}],"reasoning":{"mode":"pro"}})",
          R"({"response_format":{"json_schema":[]},"text":{"format":[]},"generationConfig":7,"tool_choice":[],"messages":7})"}) {
    for (int dialect = 0; dialect <= static_cast<int>(Dialect::opaque); ++dialect) {
      for (const std::string_view model :
           {"gpt-4o", "claude-sonnet-4", "gemini-2.5-pro", "qwen3", "?"}) {
        const RequestCount got = count(static_cast<Dialect>(dialect), model, body);
        EXPECT_EQ(sum_of_parts(got), got.tokens);
        EXPECT_GE(got.upper_bound.value_or(got.tokens), got.tokens);
      }
    }
  }
}

TEST(Memo, StaysWithinItsBoundsAndKeepsWhatWasUsedLast) {
  Memo memo(4096);
  const std::size_t memory = memo.memory();
  memo.put(1, {7, 7, true, false});
  for (std::uint64_t key = 2; key < 200'000; ++key) {
    memo.put(key * 0x9E3779B97F4A7C15ULL, {1, 1, true, false});
    ASSERT_TRUE(key % 16 != 0 || memo.find(1)) << key;
  }
  EXPECT_EQ(memo.memory(), memory);
  EXPECT_EQ(memo.find(1)->tokens, 7u);
  EXPECT_FALSE(memo.find(2 * 0x9E3779B97F4A7C15ULL));
  EXPECT_GT(memo.hits(), 0u);
  EXPECT_GT(memo.misses(), 0u);
}

}  // namespace
