// Damaged vocabulary files are refused, whatever the damage.
#include "tokenizer/token_list.h"

#include <gtest/gtest.h>

#include <string>

#include "tokenizer/automaton.h"
#include "tokenizer/embedded.h"

namespace tokenweir::tokenizer {
namespace {

const std::string& good() {
  static const std::string file(embedded_vocabulary(VocabularyName::r50k_base));
  return file;
}

TEST(TokenList, OfR50kHas50256TokensTheLongestOf128Bytes) {
  const auto list = read_token_list(good());
  ASSERT_TRUE(list) << list.error();
  EXPECT_EQ(list->tokens.size(), 50'256u);
  EXPECT_EQ(list->longest, 128u);
}

TEST(TokenList, AFileCutShortIsRefused) {
  for (const std::size_t size : {0u, 3u, 19u, 20u, 21u, 1000u}) {
    EXPECT_FALSE(read_token_list(std::string_view(good()).substr(0, size))) << size;
  }
  EXPECT_FALSE(read_token_list(std::string_view(good()).substr(0, good().size() - 1)));
  EXPECT_FALSE(read_token_list(good() + "x"));
}

TEST(TokenList, AHeaderThatPromisesTooMuchIsRefused) {
  for (const std::size_t field : {4u, 8u, 12u, 16u}) {
    std::string file = good();
    file[field + 3] = '\x7F';
    EXPECT_FALSE(read_token_list(file)) << field;
  }
}

// zstd frames carry no checksum here, so a changed byte may unpack; then the tokens tell.
TEST(TokenList, AChangedByteIsRefusedOrStillBuildsSomethingBounded) {
  for (std::size_t at = 20; at < good().size(); at += good().size() / 40) {
    std::string file = good();
    file[at] = static_cast<char>(file[at] ^ 0x55);
    const auto list = read_token_list(file);
    if (!list) continue;
    (void)Automaton::build(*list);
  }
}

TEST(Automaton, AVocabularyWithoutEveryByteIsRefused) {
  TokenList list;
  list.tokens.push_back({.rank = 0, .shared = 0, .length = 1, .left = 0, .offset = 0});
  list.bytes = "a";
  list.longest = 1;
  EXPECT_FALSE(Automaton::build(list));
}

}  // namespace
}  // namespace tokenweir::tokenizer
