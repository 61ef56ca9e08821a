#include "provider/usage_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tokenweir::provider {
namespace {

constexpr std::uint64_t kMost = 1'000'000'000'000;

std::optional<std::uint64_t> whole_number(const Json& value) {
  if (std::uint64_t number = 0; value.get(number) == simdjson::SUCCESS) {
    return number <= kMost ? std::optional(number) : std::nullopt;
  }
  if (double number = 0; value.get(number) == simdjson::SUCCESS) {
    if (number >= 0 && number <= static_cast<double>(kMost) && number == std::floor(number)) {
      return static_cast<std::uint64_t>(number);
    }
    return std::nullopt;
  }
  if (std::string_view text; value.get(text) == simdjson::SUCCESS) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number <= kMost) return number;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Json> parse_json(std::string_view raw) {
  thread_local simdjson::dom::parser parser;
  Json root;
  if (parser.parse(raw.data(), raw.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
  return root;
}

std::optional<Json> member(const std::optional<Json>& object, std::string_view key) {
  if (!object || !object->is_object()) return std::nullopt;
  Json value;
  if (object->at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

Members::Members(const std::optional<Json>& object) : object_(object) {
  simdjson::dom::object members;
  if (!object || object->get(members) != simdjson::SUCCESS) return;
  for (auto member = members.begin(); member != members.end(); ++member) {
    kinds_ |= kind_of(member.key());
  }
}

std::optional<Json> member(const Members& object, std::string_view key) {
  return object.may_have(key) ? member(object.object(), key) : std::nullopt;
}

std::string text_member(const std::optional<Json>& object, std::string_view key) {
  const std::optional<Json> value = member(object, key);
  std::string_view text;
  if (!value || value->get(text) != simdjson::SUCCESS) return {};
  return std::string(text.substr(0, 256));
}

std::optional<std::uint64_t> Counts::get(const std::optional<Json>& object, std::string_view key) {
  const std::optional<Json> value = member(object, key);
  if (!value || value->is_object() || value->is_array()) return std::nullopt;
  const std::optional<std::uint64_t> number = whole_number(*value);
  if (!number) anomaly_ = true;
  return number;
}

std::optional<std::uint64_t> Counts::largest(const Members& object,
                                             std::initializer_list<std::string_view> keys) {
  std::optional<std::uint64_t> found;
  for (const std::string_view key : keys) {
    const std::optional<std::uint64_t> number = get(object, key);
    if (number && (!found || *number > *found)) found = number;
  }
  return found;
}

std::optional<std::uint64_t> Counts::rounded_up(const std::optional<Json>& object,
                                                std::string_view key) {
  const std::optional<Json> value = member(object, key);
  double number = 0;
  if (!value || value->is_object() || value->is_array()) return std::nullopt;
  if (value->get(number) != simdjson::SUCCESS || !(number >= 0) ||
      number > static_cast<double>(kMost)) {
    anomaly_ = true;
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(std::ceil(number));
}

std::uint64_t Counts::take(std::uint64_t& left, std::uint64_t part) {
  if (part > left) anomaly_ = true;
  const std::uint64_t taken = std::min(left, part);
  left -= taken;
  return taken;
}

std::optional<Money> dollars_member(const std::optional<Json>& object, std::string_view key) {
  const std::optional<Json> value = member(object, key);
  if (!value) return std::nullopt;
  if (std::string_view text; value->get(text) == simdjson::SUCCESS) return money_from_decimal(text);
  if (double number = 0; value->get(number) == simdjson::SUCCESS) {
    // The shortest text that reads back as the same number is the decimal the provider printed.
    char text[64];
    const auto [end, error] = std::to_chars(text, text + sizeof text, number);
    if (error == std::errc())
      return money_from_decimal({text, static_cast<std::size_t>(end - text)});
  }
  return std::nullopt;
}

std::optional<Money> money_from_decimal(std::string_view text) {
  constexpr int kDigitsMost = 30;
  constexpr int kPicoExponent = 12;
  Int128 digits = 0;
  int kept = 0;
  int exponent = 0;
  bool any = false;
  bool point = false;
  bool dropped = false;  // a digit other than zero was left out below the kept ones
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (kept < kDigitsMost) {
      digits = digits * 10 + (c - '0');
      if (digits != 0) ++kept;
      if (point) --exponent;
    } else {
      dropped = dropped || c != '0';
      if (!point) ++exponent;
    }
  }
  if (!any) return std::nullopt;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int shift = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), shift);
    if (error != std::errc() || end != text.data() + text.size() || std::abs(shift) > 400) {
      return std::nullopt;
    }
    exponent += shift;
  }
  if (digits == 0) return Money{};
  int scale = exponent + kPicoExponent;
  for (; scale > 0; --scale) {
    if (digits > INT64_MAX) return std::nullopt;
    digits *= 10;
  }
  for (; scale < -1 && digits != 0; ++scale) {
    dropped = dropped || digits % 10 != 0;
    digits /= 10;
  }
  if (scale == -1) {
    const int last = static_cast<int>(digits % 10);
    digits /= 10;
    if (last > 5 || (last == 5 && (dropped || digits % 2 != 0))) ++digits;
  }
  return Money::checked_picodollars(digits);
}

}  // namespace tokenweir::provider
