#include "provider/request_values.h"

#include <charconv>
#include <cmath>
#include <string>

#include "stream/json_extractor.h"

namespace tokenweir::provider {

namespace {

bool is_number_text(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

std::optional<std::int64_t> count_in(std::string_view text) {
  if (!is_number_text(text)) return std::nullopt;
  const char* const end = text.data() + text.size();
  if (text.find_first_of(".eE") == std::string_view::npos) {
    std::int64_t whole = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, whole);
    if (error != std::errc() || stop != end || whole < 0) return std::nullopt;
    return whole;
  }
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  // 2^63 as a double; anything below converts exactly enough for a limit.
  constexpr double kTooLarge = 9223372036854775808.0;
  if (error != std::errc() || stop != end || !(value >= 0) || value >= kTooLarge) {
    return std::nullopt;
  }
  value = std::ceil(value);
  if (value >= kTooLarge) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

std::optional<std::int64_t> count_value(std::string_view raw) {
  if (raw.starts_with('"')) return count_in(stream::string_value(raw, 64));
  return count_in(raw);
}

LimitValue limit_value(std::string_view raw, bool cut) {
  using Says = CapPlace::Says;
  if (raw == "null") return {Says::nothing, 0};
  std::string text(raw);
  if (raw.starts_with('"')) text = stream::string_value(raw, 64);
  if (!is_number_text(text)) return {Says::unclear, 0};
  const bool negative = text.starts_with('-');
  const std::string_view magnitude = std::string_view(text).substr(negative ? 1 : 0);
  if (magnitude.empty() || magnitude[0] < '0' || magnitude[0] > '9') return {Says::unclear, 0};
  double value = 0;
  const char* const end = magnitude.data() + magnitude.size();
  const auto [stop, error] = std::from_chars(magnitude.data(), end, value);
  if (stop != end || error == std::errc::invalid_argument) return {Says::unclear, 0};
  // Out of range is too large, or too small for the exponent's sign.
  const bool outside = error == std::errc::result_out_of_range;
  const std::size_t exponent = magnitude.find_first_of("eE");
  const bool small =
      outside ? exponent != magnitude.npos && magnitude[exponent + 1] == '-' : value < 1;
  // Of a number that goes on the exponent is not known.
  if (negative) return {!outside && !cut && value == 0 ? Says::number : Says::unlimited, 0};
  if (small && !cut) return {Says::number, 0};
  const auto count = count_in(magnitude);
  return {Says::number, count && !cut ? *count : INT64_MAX};
}

std::optional<bool> bool_value(std::string_view raw) {
  if (raw == "true") return true;
  if (raw == "false") return false;
  return std::nullopt;
}

}  // namespace tokenweir::provider
