#include "count/content_hash.h"

#include <bit>
#include <optional>

namespace tokenweir::count {

namespace {

// What kind of value comes next, so that different values never give the same words.
enum Tag : std::uint64_t {
  kText = 1,
  kNumber = 2,
  kDouble = 3,
  kTrue = 4,
  kFalse = 5,
  kNull = 6,
  kArray = 7,
  kObject = 8,
  kEnd = 9,
  kLarge = 10
};

// The text of an array that holds one block of text and nothing else.
std::optional<std::string_view> lone_text(const Json& content) {
  simdjson::dom::array array;
  if (content.get(array) != simdjson::SUCCESS) return std::nullopt;
  auto at = array.begin();
  if (at == array.end()) return std::nullopt;
  const Json block = *at;
  if (++at != array.end()) return std::nullopt;
  std::optional<std::string_view> text;
  bool plain = block.is_object();
  for_each_member(block, [&](std::string_view key, const Json& value) {
    if (is_cache_mark(key)) return;
    if (key == "text") {
      plain = plain && !text.has_value() && value.is_string();
      text = string_of(value);
    } else if (key == "type") {
      const auto type = string_of(value).value_or("");
      plain = plain && (type == "text" || type == "input_text" || type == "output_text");
    } else {
      plain = false;
    }
  });
  return plain ? text : std::nullopt;
}

}  // namespace

bool is_cache_mark(std::string_view key) { return key == "cache_control"; }

void ContentHash::value(const Json& value) {
  switch (value.type()) {
    case JsonType::STRING:
      hash_.word(kText);
      hash_.text(value.get_string().value_unsafe());
      return;
    case JsonType::INT64:
      hash_.word(kNumber);
      hash_.word(static_cast<std::uint64_t>(value.get_int64().value_unsafe()));
      return;
    case JsonType::UINT64:
      hash_.word(kLarge);
      hash_.word(value.get_uint64().value_unsafe());
      return;
    case JsonType::DOUBLE:
      hash_.word(kDouble);
      hash_.word(std::bit_cast<std::uint64_t>(value.get_double().value_unsafe()));
      return;
    case JsonType::BOOL:
      hash_.word(value.get_bool().value_unsafe() ? kTrue : kFalse);
      return;
    case JsonType::NULL_VALUE:
      hash_.word(kNull);
      return;
    case JsonType::ARRAY:
      hash_.word(kArray);
      for_each(value, [this](const Json& element) { this->value(element); });
      hash_.word(kEnd);
      return;
    case JsonType::OBJECT:
      hash_.word(kObject);
      for_each_member(value, [this](std::string_view key, const Json& member) {
        if (is_cache_mark(key)) return;
        hash_.text(key);
        this->value(member);
      });
      hash_.word(kEnd);
      return;
  }
}

void ContentHash::content(const Json& content) {
  if (const auto text = lone_text(content)) {
    hash_.word(kText);
    hash_.text(*text);
    return;
  }
  value(content);
}

void ContentHash::json_text(std::string_view json) {
  std::uint64_t word = 0;
  int bytes = 0;
  std::uint64_t total = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!in_string && (c == ' ' || c == '\n' || c == '\r' || c == '\t')) continue;
    if (c == '"' && (!in_string || json[i - 1] != '\\')) in_string = !in_string;
    word = word << 8 | static_cast<unsigned char>(c);
    ++total;
    if (++bytes < 8) continue;
    hash_.word(word);
    word = 0;
    bytes = 0;
  }
  hash_.word(word);
  hash_.word(total);
}

}  // namespace tokenweir::count
