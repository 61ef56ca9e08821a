#include "core/money.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tokenweir {
namespace {

constexpr std::int64_t kPicodollarsPerDollar = 1'000'000'000'000;
constexpr std::size_t kDecimals = 12;

}  // namespace

std::optional<Money> Money::from_dollars(std::string_view decimal) {
  bool negative = false;
  if (!decimal.empty() && (decimal.front() == '-' || decimal.front() == '+')) {
    negative = decimal.front() == '-';
    decimal.remove_prefix(1);
  }
  const auto dot = decimal.find('.');
  const std::string_view whole = decimal.substr(0, dot);
  std::string_view fraction =
      dot == std::string_view::npos ? std::string_view{} : decimal.substr(dot + 1);
  if (whole.empty() || (dot != std::string_view::npos && fraction.empty())) return std::nullopt;
  while (fraction.size() > kDecimals && fraction.back() == '0') fraction.remove_suffix(1);
  if (whole.size() > 18 || fraction.size() > kDecimals) return std::nullopt;

  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::ranges::all_of(whole, is_digit) || !std::ranges::all_of(fraction, is_digit)) {
    return std::nullopt;
  }
  Int128 count = 0;
  for (const char c : whole) count = count * 10 + (c - '0');
  for (std::size_t i = 0; i < kDecimals; ++i) {
    count = count * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  }
  return checked_picodollars(negative ? -count : count);
}

std::string Money::to_dollars() const { return dollars_text(count_); }

std::string dollars_text(Int128 picodollars) {
  const bool negative = picodollars < 0;
  const Int128 left = negative ? -picodollars : picodollars;
  // Division of 128 bits is a function call: most amounts need none.
  const bool small = left <= INT64_MAX;
  const Int128 whole = small ? static_cast<std::int64_t>(left) / kPicodollarsPerDollar
                             : left / Int128{kPicodollarsPerDollar};
  auto fraction = static_cast<std::int64_t>(left - whole * kPicodollarsPerDollar);

  std::array<char, 64> text{};
  char* const point = text.data() + 48;
  char* end = point;
  if (fraction != 0) {
    *point = '.';
    for (std::size_t i = kDecimals; i > 0; --i) {
      point[i] = static_cast<char>('0' + fraction % 10);
      fraction /= 10;
    }
    end = point + kDecimals + 1;
    while (end[-1] == '0') --end;
  }
  char* begin = point;
  Int128 high = whole;
  while (high > INT64_MAX) {
    *--begin = static_cast<char>('0' + static_cast<int>(high % 10));
    high /= 10;
  }
  auto low = static_cast<std::int64_t>(high);
  do {
    *--begin = static_cast<char>('0' + low % 10);
    low /= 10;
  } while (low > 0);
  if (negative) *--begin = '-';
  return {begin, end};
}

}  // namespace tokenweir
