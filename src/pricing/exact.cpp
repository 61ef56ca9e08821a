#include "pricing/exact.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace tokenweir::pricing {
namespace {

constexpr std::int64_t kFactorScale = 1'000'000;
constexpr std::int64_t kFactorMax = 1'000;

Int128 greatest_common_divisor(Int128 left, Int128 right) {
  if (left < 0) left = -left;
  while (right != 0) {
    const Int128 rest = left % right;
    left = right;
    right = rest;
  }
  return left;
}

// Floor of numerator / denominator; the denominator is positive.
Int128 floor_divide(Int128 numerator, Int128 denominator) {
  if (denominator == 1) return numerator;
  const Int128 quotient = numerator / denominator;
  return numerator % denominator < 0 ? quotient - 1 : quotient;
}

Int128 round_half_even(Int128 numerator, Int128 denominator) {
  if (denominator == 1) return numerator;
  const Int128 floor = floor_divide(numerator, denominator);
  const Int128 rest = numerator - floor * denominator;
  // Compared as a subtraction: doubling the rest could overflow.
  const Int128 above = rest - (denominator - rest);
  if (above > 0 || (above == 0 && floor % 2 != 0)) return floor + 1;
  return floor;
}

}  // namespace

std::optional<Factor> Factor::from_decimal(std::string_view decimal) {
  const auto dollars = Money::from_dollars(decimal);
  if (!dollars || decimal.front() == '-' || decimal.front() == '+') return std::nullopt;
  constexpr std::int64_t kPicoPerStep = 1'000'000'000'000 / kFactorScale;
  const std::int64_t picodollars = dollars->picodollars();
  if (picodollars % kPicoPerStep != 0) return std::nullopt;
  const std::int64_t millionths = picodollars / kPicoPerStep;
  if (millionths > kFactorMax * kFactorScale) return std::nullopt;
  const std::int64_t divisor = std::gcd(millionths, kFactorScale);
  return Factor{millionths / divisor, kFactorScale / divisor};
}

std::string Factor::to_decimal() const {
  std::string text = std::to_string(numerator / denominator);
  Int128 rest = numerator % denominator;
  if (rest == 0) return text;
  text.push_back('.');
  for (int digit = 0; digit < 18 && rest != 0; ++digit) {
    rest *= 10;
    text.push_back(static_cast<char>('0' + static_cast<int>(rest / denominator)));
    rest %= denominator;
  }
  return text;
}

std::optional<Factor> Factor::times(const Factor& other) const {
  Factor product;
  if (__builtin_mul_overflow(numerator, other.numerator, &product.numerator) ||
      __builtin_mul_overflow(denominator, other.denominator, &product.denominator)) {
    return std::nullopt;
  }
  if (product.denominator == 1) return product;
  const std::int64_t divisor = std::gcd(product.numerator, product.denominator);
  product.numerator /= divisor;
  product.denominator /= divisor;
  return product;
}

void ExactSum::add(std::uint64_t count, std::int64_t rate, const Factor& factor) {
  if (count == 0 || rate == 0 || factor.numerator == 0) return;
  Int128 amount = 0;
  if (__builtin_mul_overflow(static_cast<Int128>(count), static_cast<Int128>(rate), &amount) ||
      __builtin_mul_overflow(amount, static_cast<Int128>(factor.numerator), &amount)) {
    overflowed_ = true;
    return;
  }
  add_fraction(amount, factor.denominator);
}

void ExactSum::add(const ExactSum& other) {
  overflowed_ = overflowed_ || other.overflowed_;
  add_fraction(other.numerator_, other.denominator_);
}

void ExactSum::subtract(const ExactSum& other) {
  overflowed_ = overflowed_ || other.overflowed_;
  add_fraction(-other.numerator_, other.denominator_);
}

void ExactSum::add_fraction(Int128 numerator, Int128 denominator) {
  if (overflowed_) return;
  if (denominator == denominator_) {
    overflowed_ = __builtin_add_overflow(numerator_, numerator, &numerator_);
    return;
  }
  if (numerator == 0) return;
  const Int128 divisor = denominator_ == 1 ? 1 : greatest_common_divisor(denominator_, denominator);
  const Int128 ours = denominator / divisor;
  const Int128 theirs = denominator_ / divisor;
  overflowed_ = __builtin_mul_overflow(numerator_, ours, &numerator_) ||
                __builtin_mul_overflow(numerator, theirs, &numerator) ||
                __builtin_mul_overflow(denominator_, ours, &denominator_) ||
                __builtin_add_overflow(numerator_, numerator, &numerator_);
}

std::optional<Money> ExactSum::rounded() const {
  if (overflowed_) return std::nullopt;
  return Money::checked_picodollars(round_half_even(numerator_, denominator_));
}

std::optional<Money> apportion(std::span<const ExactSum> parts, std::span<std::int64_t> out) {
  std::ranges::fill(out, 0);
  ExactSum total;
  for (const ExactSum& part : parts) total.add(part);
  const auto rounded = total.rounded();
  if (!rounded) return std::nullopt;

  if (total.denominator_ == 1) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      out[i] = static_cast<std::int64_t>(parts[i].numerator_);
    }
    return rounded;
  }
  // Every remainder over the common denominator, which each part's own denominator divides.
  struct Remainder {
    Int128 size;
    std::size_t index;
  };
  std::vector<Remainder> remainders;
  remainders.reserve(parts.size());
  std::int64_t left = rounded->picodollars();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const ExactSum& part = parts[i];
    const Int128 floor = floor_divide(part.numerator_, part.denominator_);
    out[i] = static_cast<std::int64_t>(floor);
    left -= out[i];
    const Int128 rest = part.numerator_ - floor * part.denominator_;
    remainders.push_back({rest * (total.denominator_ / part.denominator_), i});
  }
  std::ranges::stable_sort(remainders,
                           [](const Remainder& a, const Remainder& b) { return a.size > b.size; });
  for (std::size_t i = 0; left > 0 && i < remainders.size(); ++i, --left) {
    ++out[remainders[i].index];
  }
  return rounded;
}

}  // namespace tokenweir::pricing
