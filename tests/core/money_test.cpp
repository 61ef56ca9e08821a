#include "core/money.h"

#include <gtest/gtest.h>

#include "core/http_date.h"
#include "core/time.h"
#include "core/usage.h"

namespace tokenweir {
namespace {

TEST(Money, ReadsExactDecimals) {
  EXPECT_EQ(Money::from_dollars("0.03155")->picodollars(), 31'550'000'000);
  EXPECT_EQ(Money::from_dollars("12")->picodollars(), 12'000'000'000'000);
  EXPECT_EQ(Money::from_dollars("-0.000000000001")->picodollars(), -1);
  EXPECT_EQ(Money::from_dollars("1.5000000000000000")->picodollars(), 1'500'000'000'000);
}

TEST(Money, RefusesWhatIsNotAnExactAmount) {
  for (const char* text : {"", "-", ".", "1.", ".5", "1e3", "0x1", "1,5", " 1", "0.0000000000001",
                           "9223373", "99999999999999999999", "1.2.3", "NaN"}) {
    EXPECT_FALSE(Money::from_dollars(text)) << text;
  }
}

TEST(Money, PrintsWhatItReads) {
  for (const char* text :
       {"0", "0.03155", "-0.5", "12", "9223372.036854775807", "0.000000000001"}) {
    EXPECT_EQ(Money::from_dollars(text)->to_dollars(), text);
  }
}

TEST(Money, NeverWraps) {
  const Money most = Money::picodollars(INT64_MAX);
  EXPECT_FALSE(checked_add(most, Money::picodollars(1)));
  EXPECT_FALSE(checked_subtract(Money::picodollars(INT64_MIN), Money::picodollars(1)));
  EXPECT_EQ(checked_add(most, Money::picodollars(-1))->picodollars(), INT64_MAX - 1);
  EXPECT_EQ(dollars_text(Int128{INT64_MAX} * 1000), "9223372036.854775807");
}

TEST(Usage, SumsOnlyWhatIsKnown) {
  Usage usage;
  EXPECT_FALSE(usage.total_input());
  usage[TokenClass::cache_read] = 7000;
  usage[TokenClass::input] = 425;
  usage[TokenClass::output] = 0;
  EXPECT_EQ(usage.total_input(), 7425u);
  EXPECT_EQ(usage.total_output(), 0u);
  Usage more;
  more[TokenClass::input] = UINT64_MAX;
  usage.add(more);
  EXPECT_EQ(usage[TokenClass::input], UINT64_MAX);
  EXPECT_FALSE(usage[TokenClass::reasoning]);
}

TEST(Time, ReadsAndWritesRfc3339) {
  const auto time = parse_rfc3339("2026-11-21T04:08:56.123456Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(format_rfc3339(*time), "2026-11-21T04:08:56.123Z");
  EXPECT_EQ(parse_rfc3339("2026-11-21T06:08:56.123456+02:00"), time);
  EXPECT_EQ(format_rfc3339(*parse_rfc3339("2024-02-29")), "2024-02-29T00:00:00.000Z");
  for (const char* text : {"2026-02-29", "2026-13-01", "2026-11-21T25:00:00Z",
                           "2026-11-21T04:08:56", "yesterday", "", "2026-11-21T04:08:56Zx"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
TEST(HttpDate, IsWrittenAsTheStandardPrefers) {
  const auto at = [](const char* text) { return format_http_date(*parse_rfc3339(text)); };
  EXPECT_EQ(at("1994-11-06T08:49:37.999Z"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(at("2024-02-29T23:59:59Z"), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(at("1970-01-01T00:00:00Z"), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace tokenweir
