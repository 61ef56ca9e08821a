#include "publish/text.h"

#include <gtest/gtest.h>

#include "core/time.h"

namespace tokenweir::publish {
namespace {

std::string decimal(Int128 value, int decimals) {
  std::string out;
  append_decimal(out, value, decimals);
  return out;
}

TEST(Text, BytesThatAreNoUtf8AreReplaced) {
  constexpr std::string_view kReplaced = "\xEF\xBF\xBD";
  EXPECT_EQ(to_storable("a\xFF"), "a" + std::string(kReplaced));
  // Overlong slash, surrogate half, beyond U+10FFFF, cut sequence (RFC 3629 section 3).
  for (const std::string_view bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_FALSE(is_storable(bad));
    EXPECT_TRUE(is_storable(to_storable(bad)));
  }
  EXPECT_FALSE(is_storable(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_storable(std::string_view("0123456\0", 8)));
  EXPECT_TRUE(is_storable("01234567\xC3\xA9"));
  EXPECT_TRUE(is_storable("plain ascii of more than eight bytes \x7F"));
  EXPECT_TRUE(is_storable(""));
}

TEST(Text, DecimalsAreExactWhateverTheirSize) {
  EXPECT_EQ(decimal(0, 12), "0");
  EXPECT_EQ(decimal(1, 12), "0.000000000001");
  EXPECT_EQ(decimal(1'500'000'000'000, 12), "1.5");
  EXPECT_EQ(decimal(-14'700'000'000, 12), "-0.0147");
  EXPECT_EQ(decimal(9'007'199'254'740'993, 0), "9007199254740993");  // 2^53 + 1
  // 3 * (2^63 - 1) picodollars.
  EXPECT_EQ(decimal(Int128{INT64_MAX} * 3, 12), "27670116.110564327421");
  EXPECT_EQ(decimal(Int128{1'000'000'000'000'000'000} * 1'000'000, 0), "1000000000000000000000000");
  EXPECT_EQ(decimal(1'000'000'000'000'000'000, 0), "1000000000000000000");
  EXPECT_EQ(decimal(50, 6), "0.00005");
}

TEST(Text, TimesReadLikeRfc3339AlsoBeforeAndAcrossDays) {
  TimeText text;
  for (const char* expected :
       {"2026-11-21T04:08:56.123Z", "2026-11-21T23:59:59.999Z", "2026-11-22T00:00:00.000Z",
        "2024-02-29T12:00:00.001Z", "1969-12-31T23:59:59.500Z", "2026-11-21T04:08:56.124Z"}) {
    EXPECT_EQ(text.format(*parse_rfc3339(expected)), expected);
  }
  EXPECT_EQ(text.format(*parse_rfc3339("2026-11-21T04:08:56.123999Z")), "2026-11-21T04:08:56.123Z");
}

}  // namespace
}  // namespace tokenweir::publish
