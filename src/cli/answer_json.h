// Reads the admin listener's answers. A member that is not there, or null, is no text: an older
// server may know less.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/table.h"

namespace tokenweir::cli {

using JsonElement = simdjson::dom::element;

class AnswerJson {
 public:
  explicit AnswerJson(const std::string& body) : padded_(body) {
    valid_ = parser_.parse(padded_).get(root_) == simdjson::SUCCESS;
  }
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] JsonElement root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  simdjson::padded_string padded_;
  JsonElement root_;
  bool valid_ = false;
};

// A text, number or flag as text; no value for null, objects, arrays and what is not there. A path
// names members of members: {"limit", "usd"}.
[[nodiscard]] std::optional<std::string> text_at(const JsonElement& element,
                                                 std::initializer_list<std::string_view> path);
[[nodiscard]] Table::Cell cell_at(const JsonElement& element,
                                  std::initializer_list<std::string_view> path);
// With a "$" in front and at most `decimals` decimals.
[[nodiscard]] Table::Cell dollars_at(const JsonElement& element,
                                     std::initializer_list<std::string_view> path,
                                     std::size_t decimals = 4);
// Empty when there is no such array. Valid as long as the AnswerJson.
[[nodiscard]] std::vector<JsonElement> array_at(const JsonElement& element, std::string_view name);

}  // namespace tokenweir::cli
