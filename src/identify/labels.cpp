#include "identify/labels.h"

#include <simdjson.h>

#include <algorithm>

#include "config/names.h"
#include "identify/path.h"

namespace tokenweir::identify {
namespace {

constexpr std::size_t kMostJson = 4096;
constexpr std::string_view kDigits = "0123456789";

std::string_view trim(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

// Cuts the text before the next `separator` off the front; false when nothing is left.
bool next_part(std::string_view& rest, char separator, std::string_view& part) {
  if (rest.data() == nullptr) return false;
  const std::size_t end = rest.find(separator);
  part = trim(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return true;
}

bool is_tag_key(std::string_view key) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !key.empty() && key.size() <= kLongestTagKey &&
         key.find_first_not_of(kLetters) == std::string_view::npos;
}

bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view places = point < text.size() ? text.substr(point + 1) : "0";
  return !whole.empty() && whole.size() <= 15 && !places.empty() && places.size() <= 6 &&
         whole.find_first_not_of(kDigits) == std::string_view::npos &&
         places.find_first_not_of(kDigits) == std::string_view::npos;
}

}  // namespace

std::optional<Tags> parse_tags(std::string_view value) {
  Tags tags;
  std::string_view part;
  while (next_part(value, ',', part)) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || tags.size() == kMostTags) return std::nullopt;
    auto key = percent_decode(part.substr(0, equals));
    auto text = percent_decode(part.substr(equals + 1));
    if (!key || !is_tag_key(*key) || !text) return std::nullopt;
    if (!text->empty() && !config::is_good_text(*text, kLongestTagValue)) return std::nullopt;
    for (const auto& [known, unused] : tags) {
      if (known == *key) return std::nullopt;
    }
    tags.emplace_back(std::move(*key), std::move(*text));
  }
  return tags;
}

std::optional<std::string> parse_outcome(std::string_view value) {
  const std::size_t semicolon = value.find(';');
  const std::string_view word = trim(value.substr(0, semicolon));
  if (word != "useful" && word != "useless") return std::nullopt;
  if (semicolon == std::string_view::npos) return std::string(word);
  const std::string_view rest = trim(value.substr(semicolon + 1));
  constexpr std::string_view kValue = "value=";
  if (!rest.starts_with(kValue) || !is_decimal(rest.substr(kValue.size()))) return std::nullopt;
  return std::string(word).append(";").append(rest);
}

bool is_purpose(std::string_view value) {
  constexpr std::string_view kPurposes[] = {"answer", "plan", "tool", "check", "grade", "retrieve"};
  return std::find(std::begin(kPurposes), std::end(kPurposes), value) != std::end(kPurposes);
}

std::optional<std::string> from_json(std::string_view value, std::span<const std::string> keys) {
  if (value.size() > kMostJson) return std::nullopt;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(value.data(), value.size()).get_object().get(object)) return std::nullopt;
  for (const std::string& key : keys) {
    std::string_view text;
    if (!object.at_key(key).get_string().get(text)) return std::string(text);
  }
  return std::nullopt;
}

std::optional<std::string> from_baggage(std::string_view value, std::span<const std::string> keys) {
  for (const std::string& key : keys) {
    std::string_view rest = value;
    std::string_view member;
    while (next_part(rest, ',', member)) {
      member = trim(member.substr(0, member.find(';')));
      const std::size_t equals = member.find('=');
      if (equals == std::string_view::npos || trim(member.substr(0, equals)) != key) continue;
      return percent_decode(trim(member.substr(equals + 1)));
    }
  }
  return std::nullopt;
}

std::optional<std::string> from_tag_list(std::string_view value,
                                         std::span<const std::string> keys) {
  for (const std::string& key : keys) {
    std::string_view rest = value;
    std::string_view part;
    while (next_part(rest, ',', part)) {
      if (part.size() <= key.size() || !part.starts_with(key) || part[key.size()] != ':') continue;
      return std::string(trim(part.substr(key.size() + 1)));
    }
  }
  return std::nullopt;
}

std::optional<std::string> trace_id(std::string_view value) {
  // version "-" trace-id "-" parent-id "-" flags (W3C Trace Context, 3.2.2)
  constexpr std::size_t kLength = 55;
  if (value.size() < kLength || value[2] != '-' || value[35] != '-') return std::nullopt;
  const std::string_view id = value.substr(3, 32);
  const bool hex = id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!hex || id.find_first_not_of('0') == std::string_view::npos) return std::nullopt;
  return std::string(id);
}

}  // namespace tokenweir::identify
