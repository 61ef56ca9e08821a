// Expected counts were made with openai/tiktoken 0.14 (`encode_ordinary`).
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenweir::tokenizer {
namespace {

SharedVocabulary vocabulary(VocabularyName name) {
  static Vocabularies vocabularies("");
  auto got = vocabularies.get(name);
  EXPECT_TRUE(got) << got.error();
  return got ? *got : nullptr;
}

TEST(Count, EmptyTextHasNoTokens) {
  EXPECT_EQ(count(*vocabulary(VocabularyName::o200k_base), ""), 0u);
}

TEST(Count, HarmonySharesTheRanksOfO200k) {
  EXPECT_EQ(vocabulary(VocabularyName::o200k_harmony), vocabulary(VocabularyName::o200k_base));
}

TEST(Count, AVocabularyThatIsNotThereIsAnErrorThatNamesIt) {
  Vocabularies none("no-such-folder");
  const auto got = none.get(VocabularyName::gemma);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().find("gemma"), std::string::npos) << got.error();
}

}  // namespace
}  // namespace tokenweir::tokenizer
