#include "admin/order_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "core/money.h"
#include "yaml/values.h"

namespace tokenweir::admin {
namespace {

namespace json = simdjson::dom;

constexpr std::size_t kListMax = 32;

// No value for what is neither text, integer nor boolean.
std::optional<std::string> word_of(const json::element& value) {
  switch (value.type()) {
    case json::element_type::STRING:
      return std::string(std::string_view(value));
    case json::element_type::INT64:
      return std::to_string(std::int64_t(value));
    case json::element_type::UINT64:
      return std::to_string(std::uint64_t(value));
    case json::element_type::BOOL:
      return bool(value) ? "true" : "false";
    default:
      return std::nullopt;
  }
}

std::string in_backticks(std::string_view name) {
  return std::string("`").append(name.substr(0, 64)).append("`");
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<OrderBody, std::string> OrderBody::read(std::string_view text) {
  OrderBody body;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return body;
  json::parser parser;
  const simdjson::padded_string padded(text);
  json::object object;
  if (parser.parse(padded).get_object().get(object) != simdjson::SUCCESS) {
    return failure(std::string("the body is no JSON object"));
  }
  for (const auto& [name_view, value] : object) {
    const std::string name(name_view);
    if (body.words_.contains(name) || body.objects_.contains(name) || name == body.list_name_) {
      return failure(in_backticks(name) + " stands twice");
    }
    if (value.is_object()) {
      Words& words = body.objects_[name];
      for (const auto& [inner, amount] : json::object(value)) {
        const auto word = word_of(amount);
        if (!word) return failure(in_backticks(inner) + " is neither text nor an integer");
        if (!words.emplace(inner, *word).second)
          return failure(in_backticks(inner) + " stands twice");
      }
    } else if (value.is_array() && body.list_name_.empty()) {
      body.list_name_ = name;
      for (const json::element& item : json::array(value)) {
        if (!item.is_string() || body.list_.size() == kListMax) {
          return failure(in_backticks(name) + " is no short list of texts");
        }
        body.list_.emplace_back(std::string_view(item));
      }
    } else {
      auto word = word_of(value);
      if (!word) return failure(in_backticks(name) + " is neither text nor an integer");
      body.words_.emplace(name, std::move(*word));
    }
  }
  return body;
}

std::string OrderBody::unknown_member(std::initializer_list<std::string_view> known) const {
  const auto tell = [&](std::string_view name) {
    std::string text = in_backticks(name) + " is unknown here; known:";
    for (const std::string_view word : known) text += " " + std::string(word);
    return text;
  };
  const auto is_known = [&](std::string_view name) {
    return std::ranges::find(known, name) != known.end();
  };
  for (const auto& [name, word] : words_) {
    if (!is_known(name)) return tell(name);
  }
  for (const auto& [name, words] : objects_) {
    if (!is_known(name)) return tell(name);
  }
  if (!list_name_.empty() && !is_known(list_name_)) return tell(list_name_);
  return {};
}

std::string_view OrderBody::word(std::string_view name) const {
  const auto found = words_.find(name);
  return found == words_.end() ? std::string_view() : std::string_view(found->second);
}

Result<std::optional<std::chrono::milliseconds>, std::string> OrderBody::duration(
    std::string_view name) const {
  const auto found = words_.find(name);
  if (found == words_.end()) return std::optional<std::chrono::milliseconds>();
  const auto duration = yaml::parse_duration(found->second);
  if (!duration) return failure(in_backticks(name) + " is no duration such as 90s, 30m, 1h or 7d");
  return duration;
}

Result<budget::Limits, std::string> OrderBody::amounts(std::string_view name) const {
  budget::Limits limits;
  const auto found = objects_.find(name);
  if (found == objects_.end()) {
    return failure(in_backticks(name) + " is missing: an object such as {\"usd\":\"5\"}");
  }
  for (const auto& [word, text] : found->second) {
    const auto measure =
        std::ranges::find(budget::kEveryMeasure, std::string_view(word),
                          [](budget::Measure known) { return budget::name_of(known); });
    if (measure == budget::kEveryMeasure.end()) {
      return failure(in_backticks(word) +
                     " is unknown: usd, requests, input_tokens, output_tokens, total_tokens");
    }
    auto& limit = limits[static_cast<std::size_t>(*measure)];
    if (*measure == budget::Measure::usd) {
      const auto money = Money::from_dollars(text);
      if (money) limit = money->picodollars();
    } else {
      limit = integer_of(text);
    }
    if (!limit) return failure(in_backticks(word) + " is no amount");
  }
  return limits;
}

}  // namespace tokenweir::admin
