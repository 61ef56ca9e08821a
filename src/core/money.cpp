#include "core/money.h"

#include <algorithm>

namespace tokenweir {
namespace {

constexpr Int128 kPicodollarsPerDollar = 1'000'000'000'000;
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
  Int128 left = negative ? -picodollars : picodollars;
  Int128 whole = left / kPicodollarsPerDollar;
  Int128 fraction = left % kPicodollarsPerDollar;

  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(whole % 10)));
    whole /= 10;
  } while (whole > 0);
  if (negative) digits.push_back('-');
  std::ranges::reverse(digits);
  if (fraction == 0) return digits;

  std::string decimals(kDecimals, '0');
  for (std::size_t i = kDecimals; i-- > 0;) {
    decimals[i] = static_cast<char>('0' + static_cast<int>(fraction % 10));
    fraction /= 10;
  }
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return digits + "." + decimals;
}

}  // namespace tokenweir
