// Expected counts were made with openai/tiktoken 0.14, over each vocabulary's published ranks and
// pattern, and with Hugging Face tokenizers 0.23 for Qwen and DeepSeek.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
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

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = {
      "Hello, world!",
      "I don't think we've met; it's 2024-05-17.",
      "  indented\n\n\tcode();\r\n",
      "<|endoftext|>",
      "日本語のテキストと한국어 и русский",
      "👩‍💻🇩🇪🫠",
      "DON'T'S 'ſ x'LL",
      "1234567890 ½ Ⅷ",
      std::string(100, 'a'),
      std::string(81, ' ') + "x",
      "\n\n  \n/!\n/x",
      "日本DDD日本DDDd",
      "e\u0301\u0301!\u0301x",
  };
  return all;
}

struct Expected {
  VocabularyName name;
  std::vector<std::size_t> counts;  // of texts(), in their order
};

const std::vector<Expected>& expected() {
  static const std::vector<Expected> all = {
      {VocabularyName::o200k_base, {4, 15, 6, 7, 11, 12, 8, 9, 13, 3, 5, 5, 6}},
      {VocabularyName::cl100k_base, {4, 18, 6, 7, 18, 16, 9, 9, 13, 2, 5, 7, 6}},
      {VocabularyName::r50k_base, {4, 16, 9, 7, 30, 16, 11, 8, 25, 81, 9, 13, 9}},
      {VocabularyName::tekken, {4, 22, 9, 7, 12, 21, 11, 15, 50, 3, 7, 7, 9}},
      {VocabularyName::qwen, {4, 22, 6, 7, 14, 9, 8, 15, 13, 2, 5, 5, 5}},
      {VocabularyName::deepseek_v3, {4, 18, 9, 7, 12, 12, 9, 9, 13, 3, 5, 7, 6}},
      {VocabularyName::claude_legacy, {4, 17, 7, 7, 19, 15, 11, 5, 7, 3, 7, 8, 7}},
  };
  return all;
}

TEST(Count, EveryVocabularyCountsWhatItsOwnEncoderCounts) {
  for (const Expected& each : expected()) {
    for (std::size_t i = 0; i < texts().size(); ++i) {
      EXPECT_EQ(count(*vocabulary(each.name), texts()[i]), each.counts[i])
          << name_of(each.name) << ": " << texts()[i];
    }
  }
}

TEST(Count, DeepSeekDividesKanaFromTheSignsAmongThem) {
  EXPECT_EQ(count(*vocabulary(VocabularyName::deepseek_v3), "フ゛"), 3u);
}

TEST(Count, ACountDoesNotDependOnWhatWasCountedBefore) {
  const auto o200k = vocabulary(VocabularyName::o200k_base);
  for (int turn = 0; turn < 3; ++turn) {
    for (std::size_t i = 0; i < texts().size(); ++i) {
      EXPECT_EQ(count(*o200k, texts()[i]), expected()[0].counts[i]) << texts()[i];
    }
  }
}

TEST(Count, EmptyTextHasNoTokens) {
  EXPECT_EQ(count(*vocabulary(VocabularyName::o200k_base), ""), 0u);
  EXPECT_EQ(RunningCount(vocabulary(VocabularyName::qwen)).count(), 0u);
}

TEST(Count, ThreadsThatCountAtOnceAgree) {
  const auto o200k = vocabulary(VocabularyName::o200k_base);
  std::string text;
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    text += " ";
    for (auto letters = 1 + random() % 9; letters > 0; --letters) {
      text += static_cast<char>('a' + random() % 26);
    }
  }
  const std::size_t alone = count(*o200k, text);
  std::atomic<int> different = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 5; ++turn) {
        if (count(*o200k, text) != alone) ++different;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

TEST(RunningCount, IsTheCountOfTheWholeAtEveryByte) {
  for (const Expected& each : expected()) {
    const auto shared = vocabulary(each.name);
    for (const std::string& text : texts()) {
      RunningCount running(shared);
      for (std::size_t at = 0; at < text.size(); ++at) {
        running.append(std::string_view(text).substr(at, 1));
        ASSERT_EQ(running.count(), count(*shared, std::string_view(text).substr(0, at + 1)))
            << name_of(each.name) << ": " << text << " at " << at;
      }
    }
  }
}

// Each of these keeps one piece open for longer than a running count remembers text.
TEST(RunningCount, IsTheCountOfTheWholeInsideEndlessPieces) {
  const std::vector<std::string> parts = {"a",  "A",    "日", "日D",     "-",       " ",
                                          "\n", " \n",  "7",  "e\u0301", "\u0301",  "\u3000",
                                          "😀",  "\x01", "ﬁ",  "가",      "\xE2\x82"};
  for (const Expected& each : expected()) {
    const auto shared = vocabulary(each.name);
    for (const std::string& part : parts) {
      for (const char* ending : {"", "x", "D", "'s", " y", "日", "5", "\n/", "\xFF"}) {
        std::string text = "(";
        while (text.size() < 300) text += part;
        text += ending;
        RunningCount running(shared);
        for (std::size_t at = 0; at < text.size(); at += 7) {
          running.append(std::string_view(text).substr(at, 7));
          ASSERT_EQ(running.count(), count(*shared, std::string_view(text).substr(0, at + 7)))
              << name_of(each.name) << ": " << part << ending << " at " << at;
        }
      }
    }
  }
}

TEST(RunningCount, TakesOneLargeDeltaLikeManySmallOnes) {
  const auto o200k = vocabulary(VocabularyName::o200k_base);
  std::string text;
  for (int i = 0; i < 400; ++i) text += texts()[static_cast<std::size_t>(i) % texts().size()];
  RunningCount large(o200k);
  large.append(text);
  EXPECT_EQ(large.count(), count(*o200k, text));
}

TEST(Vocabularies, HarmonySharesTheRanksOfO200k) {
  EXPECT_EQ(vocabulary(VocabularyName::o200k_harmony), vocabulary(VocabularyName::o200k_base));
}

TEST(Vocabularies, OneThatIsNotThereIsAnErrorThatNamesIt) {
  Vocabularies none("no-such-folder");
  const auto got = none.get(VocabularyName::gemma);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().find("gemma"), std::string::npos) << got.error();
}

TEST(Vocabularies, HaveNamesThatReadBack) {
  for (const VocabularyName name : kVocabularyNames) {
    EXPECT_EQ(vocabulary_named(name_of(name)), name);
  }
  EXPECT_EQ(vocabulary_named("o200k"), std::nullopt);
}

TEST(Vocabularies, StateTheirMemory) {
  EXPECT_GT(memory_of(*vocabulary(VocabularyName::o200k_base)), 10u << 20);
  EXPECT_LT(memory_of(*vocabulary(VocabularyName::o200k_base)), 32u << 20);
}

}  // namespace
}  // namespace tokenweir::tokenizer
