// Money is an exact integer of picodollars: a list price in dollars per million tokens with six
// decimals is exactly an integer of picodollars per token. int64 holds about +-$9.2 million, so
// sums over many rows are formed in 128 bits. There is no operator that can wrap.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tokenweir {

__extension__ using Int128 = __int128;

class Money {
 public:
  constexpr Money() = default;
  [[nodiscard]] static constexpr Money picodollars(std::int64_t count) { return Money{count}; }
  // No value when the amount does not fit.
  [[nodiscard]] static constexpr std::optional<Money> checked_picodollars(Int128 count) {
    if (count > INT64_MAX || count < INT64_MIN) return std::nullopt;
    return Money{static_cast<std::int64_t>(count)};
  }
  // Reads a plain decimal ("12.5", "0.000001"); no value when it is not one, does not fit, or has
  // more than twelve decimals that are not zero.
  [[nodiscard]] static std::optional<Money> from_dollars(std::string_view decimal);

  [[nodiscard]] constexpr std::int64_t picodollars() const { return count_; }
  // Exact decimal without exponent, trailing zeros removed: "0.03155", "12", "-0.5".
  [[nodiscard]] std::string to_dollars() const;
  // For display and metrics only.
  [[nodiscard]] constexpr double approximate_dollars() const {
    return static_cast<double>(count_) / 1e12;
  }

  friend constexpr auto operator<=>(Money, Money) = default;

 private:
  explicit constexpr Money(std::int64_t count) : count_(count) {}
  std::int64_t count_ = 0;
};

[[nodiscard]] constexpr std::optional<Money> checked_add(Money left, Money right) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(left.picodollars(), right.picodollars(), &sum)) return std::nullopt;
  return Money::picodollars(sum);
}

[[nodiscard]] constexpr std::optional<Money> checked_subtract(Money left, Money right) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(left.picodollars(), right.picodollars(), &difference)) {
    return std::nullopt;
  }
  return Money::picodollars(difference);
}

// Exact decimal dollars of a 128-bit sum of picodollars.
[[nodiscard]] std::string dollars_text(Int128 picodollars);

}  // namespace tokenweir
