#include "identify/path.h"

#include <gtest/gtest.h>

namespace tokenweir::identify {
namespace {

TEST(Path, KeepsAPlainPathAsItIs) {
  EXPECT_EQ(normal_form("/v1/chat/completions"), "/v1/chat/completions");
  EXPECT_EQ(normal_form("/"), "/");
  EXPECT_EQ(normal_form("/v1beta/models/gemini-2.5-pro:generateContent"),
            "/v1beta/models/gemini-2.5-pro:generateContent");
}

TEST(Path, DecodesWhatEveryServerDecodesAlike) {
  EXPECT_EQ(normal_form("/v1/%63hat/complet%69ons"), "/v1/chat/completions");
  EXPECT_EQ(normal_form("/models/x%3AgenerateContent"), "/models/x:generateContent");
  EXPECT_EQ(normal_form("/models/x%3agenerateContent"), "/models/x:generateContent");
}

TEST(Path, KeepsEscapedWhatWouldChangeThePathsMeaning) {
  EXPECT_EQ(normal_form("/models/org%2fname"), "/models/org%2Fname");
  EXPECT_EQ(normal_form("/a%3fb%23c"), "/a%3Fb%23c");
  EXPECT_EQ(normal_form("/a%252e%252e/b"), "/a%252e%252e/b");
  EXPECT_EQ(normal_form("/a%20b"), "/a%20b");
  EXPECT_EQ(normal_form("/gr%c3%bc%c3%9fe"), "/gr%C3%BC%C3%9Fe");
}

TEST(Path, JoinsRepeatedSlashesAndDropsOneAtTheEnd) {
  EXPECT_EQ(normal_form("//v1///chat//completions/"), "/v1/chat/completions");
  EXPECT_EQ(normal_form("////"), "/");
}

TEST(Path, RefusesDotSegmentsInEveryDisguise) {
  for (const auto path :
       {"/..", "/.", "/a/../b", "/a/./b", "/a/..", "/%2e%2e/b", "/.%2E/b", "/%2e/b", "/a/..;x/b",
        "/a/.;/b", "/a/%2e%2e;x=y/b", "/a/..%2fb", "/a%2f..%2fb", "/a%2F%2e%2e", "//../x"}) {
    EXPECT_FALSE(normal_form(path)) << path;
  }
  EXPECT_TRUE(normal_form("/a/..b/c"));
  EXPECT_TRUE(normal_form("/a/.../c"));
}

TEST(Path, RefusesBackslashesControlBytesAndBrokenEscapes) {
  for (const auto path :
       {"/a\\b", "/a%5cb", "/a%5Cb", "/a%00b", "/a%0ab", "/a%0D%0Ab", "/a%7f", "/a%", "/a%2",
        "/a%zz", "/a%-1", "/a b", "/a\tb", "/a#b", "", "v1/chat", "/a\x80", "/caf\xC3\xA9", "*"}) {
    EXPECT_FALSE(normal_form(path)) << path;
  }
  EXPECT_FALSE(normal_form(std::string_view("/a\0b", 4)));
}

TEST(Path, RefusesEscapedBytesThatAreNotUtf8) {
  EXPECT_FALSE(normal_form("/%c0%ae%c0%ae/b"));  // an overlong dot
  EXPECT_FALSE(normal_form("/%c0%af"));          // an overlong slash
  EXPECT_FALSE(normal_form("/%ff"));
  EXPECT_FALSE(normal_form("/%ed%a0%80"));  // a surrogate
  EXPECT_FALSE(normal_form("/%c2%85"));     // NEL, a control character
}

TEST(Path, TheNormalFormIsItsOwnNormalForm) {
  for (const auto path : {"//a//%2e%2eb/%2F/c%41/", "/a%25%32%65", "/%7e/[x]/{y}", "/a;b=c,d"}) {
    const auto once = normal_form(path);
    ASSERT_TRUE(once) << path;
    EXPECT_EQ(normal_form(*once), once) << path;
  }
}

TEST(Path, FindsHowManyRawBytesAPrefixTakes) {
  EXPECT_EQ(raw_length("/p/openai/v1/chat", 9), 9u);
  EXPECT_EQ(raw_length("/%70/openai/v1", 9), 11u);
  EXPECT_EQ(raw_length("//p//openai/v1", 9), 11u);
  EXPECT_EQ(raw_length("/p/openai//v1", 9), 9u);  // both slashes are the provider's
  EXPECT_EQ(raw_length("/p/openai", 9), 9u);
}

TEST(Path, PrefixesEndAtSegments) {
  EXPECT_TRUE(has_path_prefix("/p/openai/v1", "/p/openai"));
  EXPECT_TRUE(has_path_prefix("/p/openai", "/p/openai"));
  EXPECT_FALSE(has_path_prefix("/p/openai2/v1", "/p/openai"));
  EXPECT_FALSE(has_path_prefix("/p", "/p/openai"));
}

TEST(Path, DecodesPercentOnlyWhenWellFormed) {
  EXPECT_EQ(percent_decode("a%2Cb%3d"), "a,b=");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_FALSE(percent_decode("a%"));
  EXPECT_FALSE(percent_decode("%4"));
  EXPECT_FALSE(percent_decode("%g0"));
}

}  // namespace
}  // namespace tokenweir::identify
