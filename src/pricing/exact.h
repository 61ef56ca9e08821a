// Exact sums of money: amounts of picodollars times rational factors, kept as one fraction until
// the single rounding at the end of a row. Overflow is remembered, never wrapped.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/money.h"

namespace tokenweir::pricing {

// A non-negative rational multiplier in lowest terms; "1.1" is 11/10.
struct Factor {
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;

  // Reads a plain non-negative decimal with at most six decimals, up to 1,000.
  [[nodiscard]] static std::optional<Factor> from_decimal(std::string_view decimal);
  // "1.1"; a factor that came from a product of decimals is still a finite decimal.
  [[nodiscard]] std::string to_decimal() const;
  [[nodiscard]] bool is_one() const { return numerator == denominator; }
  // No value when the product does not fit.
  [[nodiscard]] std::optional<Factor> times(const Factor& other) const;

  friend bool operator==(const Factor&, const Factor&) = default;
};

class ExactSum {
 public:
  // Adds count * rate * factor.
  void add(std::uint64_t count, std::int64_t rate, const Factor& factor);
  void add(const ExactSum& other);
  void subtract(const ExactSum& other);
  // Says that a part could not be formed.
  void overflow() { overflowed_ = true; }

  // Half-even to whole picodollars; no value after an overflow or when it does not fit.
  [[nodiscard]] std::optional<Money> rounded() const;
  [[nodiscard]] bool overflowed() const { return overflowed_; }

 private:
  friend std::optional<Money> apportion(std::span<const ExactSum> parts,
                                        std::span<std::int64_t> out);
  void add_fraction(Int128 numerator, Int128 denominator);

  Int128 numerator_ = 0;
  Int128 denominator_ = 1;
  bool overflowed_ = false;
};

// Rounds the sum of non-negative `parts` once, half-even, and hands out whole picodollars so that
// `out` adds up to exactly that: each part gets its floor, what is left goes to the largest
// remainders (earlier first on a tie). `out` has the size of `parts`. No value on overflow; `out`
// is then zero.
[[nodiscard]] std::optional<Money> apportion(std::span<const ExactSum> parts,
                                             std::span<std::int64_t> out);

}  // namespace tokenweir::pricing
