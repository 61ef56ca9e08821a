// Reading parsed JSON that may be anything: no value is trusted to have the type it should have.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tokenweir::count {

using Json = simdjson::dom::element;
using JsonType = simdjson::dom::element_type;

// The wanted members of an object, found in one pass. A key that stands twice is remembered: two
// readers would disagree about it.
template <std::size_t kCount>
class Members {
 public:
  using Names = std::array<std::string_view, kCount>;

  // Anything but an object has no members.
  Members(const Json& value, const Names& names) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return;
    is_object_ = true;
    for (const auto field : object) {
      for (std::size_t i = 0; i < kCount; ++i) {
        if (field.key != names[i]) continue;
        twice_ |= found_[i];
        found_[i] = true;
        values_[i] = field.value;
        break;
      }
    }
  }

  [[nodiscard]] bool is_object() const { return is_object_; }
  [[nodiscard]] bool twice() const { return twice_; }
  // Null where it is missing or JSON's null.
  [[nodiscard]] const Json* operator[](std::size_t i) const {
    return found_[i] && !values_[i].is_null() ? &values_[i] : nullptr;
  }
  // Empty where it is no string.
  [[nodiscard]] std::string_view text(std::size_t i) const {
    std::string_view text;
    if (!found_[i] || values_[i].get(text) != simdjson::SUCCESS) return {};
    return text;
  }
  [[nodiscard]] bool is_true(std::size_t i) const {
    bool flag = false;
    return found_[i] && values_[i].get(flag) == simdjson::SUCCESS && flag;
  }

 private:
  std::array<Json, kCount> values_{};
  std::array<bool, kCount> found_{};
  bool is_object_ = false;
  bool twice_ = false;
};

// The one that is there.
[[nodiscard]] inline const Json* first_of(const Json* one, const Json* other) {
  return one != nullptr ? one : other;
}

template <typename... Names>
[[nodiscard]] auto members_of(const Json& value, Names... names) {
  return Members<sizeof...(Names)>(value, {std::string_view(names)...});
}

[[nodiscard]] inline std::optional<std::string_view> string_of(const Json& value) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

// Visits the elements of an array; a value that is no array counts as its only element.
template <typename Visit>
void for_each(const Json& value, Visit visit) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) {
    visit(value);
    return;
  }
  for (const Json element : array) visit(element);
}

template <typename Visit>
void for_each_member(const Json& value, Visit visit) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return;
  for (const auto field : object) visit(field.key, field.value);
}

}  // namespace tokenweir::count
