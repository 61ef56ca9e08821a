#include "pricing/exact.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <random>

namespace tokenweir::pricing {
namespace {

TEST(Factor, is_read_from_a_decimal_in_lowest_terms) {
  EXPECT_EQ(Factor::from_decimal("1.1"), (Factor{11, 10}));
  EXPECT_EQ(Factor::from_decimal("0.5"), (Factor{1, 2}));
  EXPECT_EQ(Factor::from_decimal("2"), (Factor{2, 1}));
  EXPECT_EQ(Factor::from_decimal("0"), (Factor{0, 1}));
  EXPECT_EQ(Factor::from_decimal("0.000001"), (Factor{1, 1'000'000}));
}

TEST(Factor, refuses_what_is_not_a_plain_bounded_decimal) {
  for (const std::string_view text :
       {"", "-1", "+1", "1e3", ".5", "1.", "0.0000001", "1000.000001", "nan", "1,5", " 1", "0x2"}) {
    EXPECT_FALSE(Factor::from_decimal(text).has_value()) << text;
  }
}

TEST(Factor, is_written_as_a_decimal_again) {
  EXPECT_EQ(Factor::from_decimal("1.1")->to_decimal(), "1.1");
  EXPECT_EQ(Factor::from_decimal("0.5")->times(*Factor::from_decimal("1.1"))->to_decimal(), "0.55");
  EXPECT_EQ((Factor{3, 1}).to_decimal(), "3");
}

TEST(ExactSum, rounds_halves_to_the_even_neighbour) {
  const Factor half{1, 2};
  for (const auto& [count, expected] :
       {std::pair{1u, 0}, {3u, 2}, {5u, 2}, {7u, 4}, {2u, 1}, {4u, 2}}) {
    ExactSum sum;
    sum.add(count, 1, half);
    EXPECT_EQ(sum.rounded()->picodollars(), expected) << count;
  }
}

TEST(ExactSum, rounds_negative_halves_to_the_even_neighbour) {
  ExactSum half;
  half.add(1, 1, Factor{1, 2});
  ExactSum minus;
  minus.subtract(half);
  EXPECT_EQ(minus.rounded()->picodollars(), 0);
  minus.subtract(half);
  minus.subtract(half);
  EXPECT_EQ(minus.rounded()->picodollars(), -2);
}

TEST(ExactSum, keeps_fractions_until_the_end) {
  // Ten times 0.1 of a picodollar is one picodollar, and three thirds are whole.
  ExactSum sum;
  for (int i = 0; i < 10; ++i) sum.add(1, 1, Factor{1, 10});
  for (int i = 0; i < 3; ++i) sum.add(1, 1, Factor{1, 3});
  EXPECT_EQ(sum.rounded()->picodollars(), 2);
}

TEST(ExactSum, says_when_a_sum_does_not_fit_instead_of_wrapping) {
  ExactSum large;
  large.add(UINT64_MAX, 1'000'000'000'000, Factor{1'000'000'000, 1});
  EXPECT_TRUE(large.overflowed());
  EXPECT_FALSE(large.rounded().has_value());
  ExactSum beyond_money;
  beyond_money.add(UINT64_MAX, 1'000, Factor{});
  EXPECT_FALSE(beyond_money.rounded().has_value());
}

TEST(Apportion, parts_add_up_to_the_rounded_total) {
  std::mt19937_64 random(20261121);
  for (int round = 0; round < 2'000; ++round) {
    std::array<ExactSum, 7> parts;
    ExactSum whole;
    for (ExactSum& part : parts) {
      const auto rate = static_cast<std::int64_t>(random() % 1'000);
      const Factor factor{static_cast<std::int64_t>(random() % 30),
                          static_cast<std::int64_t>(1 + random() % 12)};
      part.add(random() % 50, rate, factor);
      whole.add(part);
    }
    std::array<std::int64_t, 7> shares{};
    const auto total = apportion(parts, shares);
    ASSERT_EQ(total, whole.rounded());
    ASSERT_EQ(std::accumulate(shares.begin(), shares.end(), std::int64_t{0}), total->picodollars());
  }
}

TEST(Apportion, gives_what_is_left_to_the_largest_remainders) {
  std::array<ExactSum, 3> parts;
  parts[0].add(1, 1, Factor{3, 10});   // 0.3
  parts[1].add(1, 1, Factor{9, 10});   // 0.9
  parts[2].add(1, 1, Factor{18, 10});  // 1.8: together 3
  std::array<std::int64_t, 3> shares{};
  EXPECT_EQ(apportion(parts, shares)->picodollars(), 3);
  EXPECT_EQ(shares, (std::array<std::int64_t, 3>{0, 1, 2}));
}

}  // namespace
}  // namespace tokenweir::pricing
