// Hostile text made safe to print: valid UTF-8 for the ledger and the metrics, escaped JSON for the
// access log. Names arrive from clients and providers and may hold any byte.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/money.h"
#include "core/time.h"

namespace tokenweir::publish {

// True when `text` is valid UTF-8 without NUL, so that every reader of the ledger can take it as
// is.
[[nodiscard]] bool is_storable(std::string_view text);
// Replaces every NUL and every byte that is not part of valid UTF-8 by U+FFFD.
[[nodiscard]] std::string to_storable(std::string_view text);

template <std::integral Integer>
void append_integer(std::string& out, Integer value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

// Appends `value` / 10^decimals as an exact decimal without trailing zeros. `decimals` <= 12.
void append_decimal(std::string& out, Int128 value, int decimals);

// Formats times as RFC 3339 with milliseconds in UTC (like format_rfc3339), remembering the last
// day, because a ledger writer formats many times of the same day. Not thread-safe.
class TimeText {
 public:
  // The view is valid until the next call.
  [[nodiscard]] std::string_view format(Time time);

 private:
  std::int64_t day_ = INT64_MIN;
  char text_[24] = {};
};

}  // namespace tokenweir::publish
