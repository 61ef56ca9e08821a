#include "count/output_counter.h"

#include <gtest/gtest.h>

#include <string>

#include "count/answer_text.h"

namespace {

using namespace tokenweir::count;
using tokenweir::provider::Dialect;
using tokenweir::tokenizer::ModelMap;
using tokenweir::tokenizer::Vocabularies;
using Channel = OutputCounter::Channel;

const ModelCounting& model(std::string_view family, std::string_view name) {
  static const ModelMap map =
      *ModelMap::read(std::string(TOKENWEIR_SOURCE_DIR) + "/config/tokenizers/models.yaml");
  static Vocabularies shelf{std::filesystem::path{}};
  static std::map<std::string, ModelCounting, std::less<>> known;
  auto [at, added] = known.try_emplace(std::string(name));
  if (added) at->second = counting_of(map, shelf, family, name);
  return at->second;
}

TEST(OutputCounter, ARunningCountIsThatOfTheWholeAtEveryCut) {
  const ModelCounting& gpt = model("openai", "gpt-4o");
  const std::string text = "Grüße, world! \xE4\xBD\xA0\xE5\xA5\xBD 12345 don't\n\n  indented";
  OutputCounter counter(Dialect::openai_chat, gpt);
  EXPECT_EQ(counter.total(), 0u);
  for (std::size_t i = 0; i < text.size(); ++i) {
    counter.push(Channel::text, 0, std::string_view(text).substr(i, 1));
    EXPECT_EQ(counter.total(), tokenweir::tokenizer::count(
                                   *gpt.vocabulary, std::string_view(text).substr(0, i + 1)));
  }
  EXPECT_GE(counter.upper_bound(), counter.total());
  EXPECT_TRUE(counter.is_exact());
}

// Recorded: gpt-4o-mini and gpt-4.1-nano bill "Hello! How can I assist you today?" as 9 over chat
// completions and one token more over Responses.
TEST(OutputCounter, AnswersCostWhatIsBilledByApi) {
  const std::string_view said = "Hello! How can I assist you today?";
  OutputCounter chat(Dialect::openai_chat, model("openai", "gpt-4o-mini"));
  chat.push(Channel::text, 0, said);
  EXPECT_EQ(chat.total(), 9u);
  OutputCounter responses(Dialect::openai_responses, model("openai", "gpt-4o-mini"));
  responses.push(Channel::text, 0, said);
  EXPECT_EQ(responses.total(), 10u);
}

TEST(OutputCounter, ChoicesAndChannelsAreCountedApart) {
  OutputCounter counter(Dialect::openai_chat, model("openai", "gpt-4o"));
  counter.push(Channel::text, 0, "un");
  counter.push(Channel::text, 1, "believable");
  counter.push(Channel::reasoning, 0, "Hmm");
  EXPECT_TRUE(counter.saw_reasoning());
  EXPECT_GT(counter.reasoning(), 0u);
  OutputCounter one(Dialect::openai_chat, model("openai", "gpt-4o"));
  one.push(Channel::text, 0, "unbelievable");
  EXPECT_GT(counter.total(), one.total());
}

TEST(OutputCounter, ManyBlocksNeedBoundedMemoryAndLoseNothing) {
  OutputCounter counter(Dialect::openai_chat, model("openai", "gpt-4o"));
  for (std::uint32_t i = 0; i < 1000; ++i) counter.push(Channel::text, i, "hello");
  EXPECT_EQ(counter.total(), 1000u);
}

TEST(OutputCounter, WithoutAVocabularyBytesAreCounted) {
  const ModelCounting none;
  OutputCounter counter(Dialect::openai_chat, none);
  counter.push(Channel::text, 0, "eight by");
  EXPECT_GE(counter.upper_bound(), 8u);
  EXPECT_FALSE(counter.is_exact());
}

struct Said {
  Dialect dialect;
  bool streaming;
  std::string_view document;
};

// Each says "unbelievable" in its own way.
TEST(AnswerText, EveryDialectsWordsAreFound) {
  const ModelCounting& gpt = model("", "gpt-4o");
  const std::uint64_t expected = tokenweir::tokenizer::count(*gpt.vocabulary, "unbelievable");
  for (
      const Said& said : {
          Said{Dialect::openai_chat, false,
               R"({"choices":[{"message":{"content":"unbelievable"}}]})"},
          Said{Dialect::openai_chat, true,
               R"({"choices":[{"index":0,"delta":{"content":"unbelievable"}}]})"},
          Said{Dialect::openai_completions, true, R"({"choices":[{"text":"unbelievable"}]})"},
          Said{Dialect::openai_responses, true,
               R"({"type":"response.output_text.delta","delta":"unbelievable"})"},
          Said{
              Dialect::openai_responses, false,
              R"({"output":[{"type":"message","content":[{"type":"output_text","text":"unbelievable"}]}]})"},
          Said{
              Dialect::anthropic_messages, true,
              R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"unbelievable"}})"},
          Said{Dialect::anthropic_messages, false,
               R"({"content":[{"type":"text","text":"unbelievable"}]})"},
          Said{Dialect::gemini, true,
               R"({"candidates":[{"content":{"parts":[{"text":"unbelievable"}]}}]})"},
          Said{
              Dialect::cohere, true,
              R"({"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"unbelievable"}}}})"},
          Said{Dialect::cohere, false,
               R"({"message":{"content":[{"type":"text","text":"unbelievable"}]}})"},
          Said{Dialect::ollama, true,
               R"({"message":{"role":"assistant","content":"unbelievable"},"done":false})"},
          Said{Dialect::ollama, false, R"({"response":"unbelievable","done":true})"},
      }) {
    OutputCounter counter(Dialect::openai_chat, gpt);
    count_answer_document(said.dialect, said.streaming, said.document, counter);
    EXPECT_EQ(counter.total(), expected) << said.document;
  }
}

TEST(AnswerText, HostileDocumentsDoNoHarm) {
  OutputCounter counter(Dialect::openai_chat, model("openai", "gpt-4o"));
  for (const std::string_view document :
       {"", "7", "{", R"({"choices":7})",
        R"({"choices":[{"delta":{"tool_calls":[{"index":-1,"function":[]}]}}]})",
        R"({"type":"content_block_start","content_block":[]})",
        R"({"candidates":[{"content":{"parts":7}}]})"}) {
    for (int dialect = 0; dialect <= static_cast<int>(Dialect::opaque); ++dialect)
      count_answer_document(static_cast<Dialect>(dialect), true, document, counter);
  }
  EXPECT_EQ(counter.total(), 0u);
}

}  // namespace
