#include "provider/rate_limits.h"

#include <gtest/gtest.h>

#include <vector>

namespace tokenweir::provider {
namespace {

RateLimitsLeft left(const std::vector<http::Field>& fields) { return rate_limits_left(fields); }

// Names and values as recorded from the providers.
TEST(RateLimits, EachProvidersNamesAreRead) {
  EXPECT_EQ(left({{"X-RateLimit-Remaining-Requests", "4999"},
                  {"x-ratelimit-remaining-tokens", "159974"},
                  {"x-ratelimit-remaining-project-tokens", "149999945"}}),
            (RateLimitsLeft{4999, 159974, {}, {}}));
  EXPECT_EQ(left({{"anthropic-ratelimit-input-tokens-remaining", "2000000"},
                  {"anthropic-ratelimit-output-tokens-remaining", "400000"},
                  {"anthropic-ratelimit-requests-remaining", "3999"},
                  {"anthropic-ratelimit-tokens-remaining", "2400000"}}),
            (RateLimitsLeft{3999, 2400000, 2000000, 400000}));
  EXPECT_EQ(left({{"x-ratelimit-remaining-req-minute", "352"},
                  {"x-ratelimit-remaining-tokens-minute", "1499781"}}),
            (RateLimitsLeft{352, 1499781, {}, {}}));
  EXPECT_EQ(left({{"x-ratelimit-remaining-requests-day", "14400"},
                  {"x-ratelimit-remaining-requests-minute", "499"}}),
            (RateLimitsLeft{499, {}, {}, {}}));
  EXPECT_EQ(left({{"x-ratelimit-remaining", "0"}}), (RateLimitsLeft{0, {}, {}, {}}));
}

TEST(RateLimits, OfAFractionTheWholePartCountsAndNonsenseDoesNot) {
  EXPECT_EQ(left({{"x-ratelimit-remaining-tokens", "33333.333333333336"}}),
            (RateLimitsLeft{std::nullopt, 33333, {}, {}}));
  for (const char* value : {"", "-1", "890s", "1e9", "99999999999999999999", "NaN"}) {
    EXPECT_EQ(left({{"x-ratelimit-remaining-requests", value}}), RateLimitsLeft{}) << value;
  }
}

}  // namespace
}  // namespace tokenweir::provider
