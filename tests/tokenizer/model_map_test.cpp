// Expected vocabularies are those of openai/tiktoken's model.py and of the models' published files.
#include "tokenizer/model_map.h"

#include <gtest/gtest.h>

namespace tokenweir::tokenizer {
namespace {

ModelMap shipped() {
  auto map = ModelMap::read(std::string(TOKENWEIR_SOURCE_DIR) + "/config/tokenizers/models.yaml");
  EXPECT_TRUE(map) << map.error();
  return map ? *map : ModelMap();
}

TEST(ModelMap, OpenAiModelsHaveTheVocabularyTiktokenGivesThem) {
  const ModelMap map = shipped();
  const auto vocabulary = [&](std::string_view model) {
    return map.find("openai", model).vocabulary;
  };
  for (const char* model :
       {"gpt-4o", "gpt-4o-2024-08-06", "gpt-4.1-mini", "o1", "o3-mini", "o4-mini", "gpt-5-nano",
        "chatgpt-4o-latest", "ft:gpt-4o-mini-2024-07-18:acme::id"}) {
    EXPECT_EQ(vocabulary(model), VocabularyName::o200k_base) << model;
  }
  for (const char* model : {"gpt-4", "gpt-4-turbo-2024-04-09", "gpt-3.5-turbo-0125", "gpt-35-turbo",
                            "text-embedding-3-small", "text-embedding-ada-002"}) {
    EXPECT_EQ(vocabulary(model), VocabularyName::cl100k_base) << model;
    EXPECT_EQ(map.find("openai", model).confidence, Confidence::exact) << model;
  }
  EXPECT_EQ(vocabulary("gpt-oss-120b"), VocabularyName::o200k_harmony);
  EXPECT_EQ(vocabulary("text-davinci-003"), VocabularyName::p50k_base);
  EXPECT_EQ(vocabulary("davinci"), VocabularyName::r50k_base);
}

TEST(ModelMap, NamesAreFoundBehindPathsRegionsAndVendors) {
  const ModelMap map = shipped();
  EXPECT_EQ(map.find("", "openai/gpt-4o").vocabulary, VocabularyName::o200k_base);
  EXPECT_EQ(map.find("", "us.anthropic.claude-3-5-sonnet-20241022-v2:0").per_thousand, 1040u);
  EXPECT_EQ(map.find("", "accounts/fireworks/models/deepseek-v3").vocabulary,
            VocabularyName::deepseek_v3);
  EXPECT_EQ(map.find("", "meta-llama/Llama-3.3-70B-Instruct").vocabulary, VocabularyName::llama3);
  EXPECT_EQ(map.find("", "models/gemini-2.5-pro").vocabulary, VocabularyName::gemma);
}

TEST(ModelMap, TheLongestPrefixWins) {
  const ModelMap map = shipped();
  EXPECT_EQ(map.find("anthropic", "claude-opus-4-6").per_thousand, 1040u);
  EXPECT_EQ(map.find("anthropic", "claude-opus-4-7-20260416").per_thousand, 1300u);
  EXPECT_EQ(map.find("anthropic", "claude-opus-4-7-20260416").per_thousand_other_scripts, 1040u);
}

TEST(ModelMap, AnUnknownModelHasItsFamilysFallbackAndSaysSo) {
  const ModelMap map = shipped();
  EXPECT_EQ(map.find("openai", "gpt-9").vocabulary, VocabularyName::o200k_base);
  EXPECT_EQ(map.find("openai", "gpt-9").confidence, Confidence::exact_fallback);
  EXPECT_EQ(map.find("anthropic", "").vocabulary, VocabularyName::claude_legacy);
  EXPECT_EQ(map.find("", "something").confidence, Confidence::estimated);
}

TEST(ModelMap, AnOptionalVocabularyHasAStandInThatIsAnEstimate) {
  const ModelMap map = shipped();
  const TokenizerChoice instead = map.stand_in(map.find("gemini", "gemini-2.5-pro"));
  EXPECT_EQ(instead.vocabulary, VocabularyName::o200k_base);
  EXPECT_EQ(instead.confidence, Confidence::estimated);
  EXPECT_EQ(instead.per_thousand, 1000u);
}

TEST(ModelMap, MistakesAreReportedTogetherWithTheirLines) {
  const auto map = ModelMap::parse(
      "schema: 1\n"
      "models:\n"
      "- {match: [x], vocabulary: o200k_bass}\n"
      "- {match: [y], vocabulary: qwen, per_thousand: 1100}\n"
      "default: {vocabulary: qwen, confidenc: exact}\n",
      "map.yaml");
  ASSERT_FALSE(map);
  EXPECT_NE(map.error().find("map.yaml:3:"), std::string::npos) << map.error();
  EXPECT_NE(map.error().find("map.yaml:4:"), std::string::npos) << map.error();
  EXPECT_NE(map.error().find("map.yaml:5:"), std::string::npos) << map.error();
}

TEST(ModelMap, AModelIdOfAnyLengthIsAnswered) {
  const ModelMap map = shipped();
  EXPECT_EQ(map.find("openai", std::string(100'000, '/')).vocabulary, VocabularyName::o200k_base);
}

}  // namespace
}  // namespace tokenweir::tokenizer
