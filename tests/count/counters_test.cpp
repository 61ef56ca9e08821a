#include "count/counters.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace {

using tokenweir::count::Counters;
using tokenweir::tokenizer::ModelMap;
using tokenweir::tokenizer::VocabularyName;

ModelMap shipped() {
  return *ModelMap::read(std::string(TOKENWEIR_SOURCE_DIR) + "/config/tokenizers/models.yaml");
}

TEST(Counters, AModelIsMadeOnceAndShared) {
  Counters counters(shipped(), "");
  const auto first = counters.model("openai", "gpt-4o");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->choice.vocabulary, VocabularyName::o200k_base);
  EXPECT_NE(first->vocabulary, nullptr);
  EXPECT_EQ(counters.model("openai", "gpt-4o"), first);
  EXPECT_NE(counters.model("anthropic", "claude-x"), first);
}

TEST(Counters, HostileNamesAreBoundedAndNeverNull) {
  Counters counters(shipped(), "");
  for (int i = 0; i < 3000; ++i)
    ASSERT_NE(counters.model("openai", "gpt-4o-" + std::to_string(i)), nullptr);
  EXPECT_NE(counters.model("\n", std::string(100'000, 'x')), nullptr);
}

TEST(Counters, ThreadsMayAskAtOnce) {
  Counters counters(shipped(), "");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&counters] {
      for (int i = 0; i < 500; ++i)
        EXPECT_NE(counters.model("openai", "gpt-4o-" + std::to_string(i % 50)), nullptr);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
