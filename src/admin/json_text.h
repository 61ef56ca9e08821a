// Writes JSON with its commas. Names and texts may hold any byte: they are escaped, and what is no
// UTF-8 is replaced.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/money.h"
#include "core/text.h"
#include "core/time.h"
#include "publish/text.h"

namespace tokenweir::admin {

class JsonText {
 public:
  JsonText& open_object() { return open('{', '}'); }
  JsonText& open_array() { return open('[', ']'); }
  JsonText& close() {
    text_ += closers_.back();
    closers_.pop_back();
    first_ = false;
    return *this;
  }
  JsonText& name(std::string_view name) {
    comma();
    append_json_string(text_, name);
    text_ += ':';
    first_ = true;
    return *this;
  }

  JsonText& value(std::string_view text) {
    comma();
    append_json_string(text_, text);
    return *this;
  }
  JsonText& value(const char* text) { return value(std::string_view(text)); }
  JsonText& value(const std::string& text) { return value(std::string_view(text)); }
  JsonText& value(Time time) { return value(format_rfc3339(time)); }
  template <typename Integer>
  requires(std::integral<Integer> && !std::same_as<Integer, bool>) JsonText& value(Integer number) {
    comma();
    publish::append_integer(text_, number);
    return *this;
  }
  JsonText& value(Int128 number) {
    comma();
    publish::append_decimal(text_, number, 0);
    return *this;
  }
  template <typename Bool>
  requires std::same_as<Bool, bool> JsonText& value(Bool flag) {
    comma();
    text_ += flag ? "true" : "false";
    return *this;
  }
  template <typename Value>
  JsonText& value(const std::optional<Value>& given) {
    return given ? value(*given) : null();
  }
  JsonText& null() {
    comma();
    text_ += "null";
    return *this;
  }
  // Text that is JSON already.
  JsonText& raw(std::string_view json) {
    comma();
    text_ += json;
    return *this;
  }
  template <typename Value>
  JsonText& member(std::string_view given_name, const Value& given) {
    return name(given_name).value(given);
  }

  [[nodiscard]] std::string take() { return std::move(text_ += '\n'); }

 private:
  JsonText& open(char opener, char closer) {
    comma();
    text_ += opener;
    closers_ += closer;
    first_ = true;
    return *this;
  }
  void comma() {
    if (!first_) text_ += ',';
    first_ = false;
  }

  std::string text_;
  std::string closers_;
  bool first_ = true;
};

}  // namespace tokenweir::admin
