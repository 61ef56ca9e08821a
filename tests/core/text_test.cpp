#include "core/text.h"

#include <gtest/gtest.h>

namespace tokenweir {
namespace {

TEST(Text, json_keeps_a_line_a_line) {
  EXPECT_EQ(json_text("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(json_text(std::string_view("\0\x1B[31m\x7F", 7)), R"("\u0000\u001b[31m\u007f")");
  EXPECT_EQ(json_text("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
  // U+009B is a terminal's one-byte escape in Latin-1.
  EXPECT_EQ(json_text("\xC2\x9B"), R"("\u009b")");
}

TEST(Text, bytes_that_are_no_utf8_become_the_replacement_character) {
  // Overlong slash, surrogate half, beyond U+10FFFF, cut sequence (RFC 3629 section 3).
  for (const std::string_view bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_EQ(utf8_length(bad), 0U);
    EXPECT_EQ(json_text(bad).find(bad[0]), std::string::npos);
  }
  EXPECT_EQ(utf8_length("\xF4\x8F\xBF\xBF"), 4U);
}

TEST(Text, a_star_takes_any_run_and_a_question_mark_one_byte) {
  EXPECT_TRUE(glob_matches("gpt-*-mini", "gpt-4o-mini"));
  EXPECT_TRUE(glob_matches("*a*b", "aaxab"));
  EXPECT_TRUE(glob_matches("o?", "o3"));
  EXPECT_FALSE(glob_matches("o?", "o"));
  EXPECT_FALSE(glob_matches("gpt-*-mini", "gpt-4o-minix"));
}

}  // namespace
}  // namespace tokenweir
