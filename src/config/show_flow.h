// YAML flow maps as `config show` writes them. Private to the room's show_*.cpp files.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/policy.h"
#include "core/money.h"

namespace tokenweir::config {

// Double quotes keep every text from being read as something else.
[[nodiscard]] std::string quoted_text(std::string_view text);
[[nodiscard]] std::string flow_list(const std::vector<std::string>& texts);
[[nodiscard]] std::string show_duration(std::chrono::milliseconds time);
[[nodiscard]] std::string_view word(Enforcement enforcement);

// Writes a flow map, leaving out what has no value: {a: 1, b: "x"}.
class Flow {
 public:
  Flow& raw(std::string_view key, std::string_view value) {
    if (!out_.empty()) out_ += ", ";
    out_.append(key).append(": ").append(value);
    return *this;
  }
  Flow& text(std::string_view key, std::string_view value) {
    return value.empty() ? *this : raw(key, quoted_text(value));
  }
  Flow& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  Flow& number(std::string_view key, std::optional<std::int64_t> value) {
    return value ? raw(key, std::to_string(*value)) : *this;
  }
  Flow& money(std::string_view key, std::optional<Money> value) {
    return value ? raw(key, quoted_text(value->to_dollars())) : *this;
  }
  Flow& list(std::string_view key, const std::vector<std::string>& values) {
    return values.empty() ? *this : raw(key, flow_list(values));
  }
  Flow& map(std::string_view key, const Flow& inner) { return raw(key, inner.done()); }
  [[nodiscard]] std::string done() const { return "{" + out_ + "}"; }
  [[nodiscard]] bool empty() const { return out_.empty(); }

 private:
  std::string out_;
};

}  // namespace tokenweir::config
