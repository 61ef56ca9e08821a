// Reading counts and amounts from a small captured JSON object. Hostile numbers end as "not told"
// with an anomaly, never as a wrong figure. Internal to provider/.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/money.h"

namespace tokenweir::provider {

using Json = simdjson::dom::element;

// Parses with the thread's own parser: the value lives until the next call.
[[nodiscard]] std::optional<Json> parse_json(std::string_view raw);
// A member that is there and not null.
[[nodiscard]] std::optional<Json> member(const std::optional<Json>& object, std::string_view key);
[[nodiscard]] std::string text_member(const std::optional<Json>& object, std::string_view key);

// An object that is asked for many keys, most of which are not there.
class Members {
 public:
  Members() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): an object stands for its members.
  Members(const std::optional<Json>& object);

  [[nodiscard]] bool may_have(std::string_view key) const { return (kinds_ & kind_of(key)) != 0; }
  [[nodiscard]] const std::optional<Json>& object() const { return object_; }
  explicit operator bool() const { return object_.has_value(); }

 private:
  // One of 64 kinds, by length and first letter.
  static std::uint64_t kind_of(std::string_view key) {
    if (key.empty()) return 1;
    return std::uint64_t{1} << ((key.size() * 7 + static_cast<unsigned char>(key.front())) % 64);
  }
  std::optional<Json> object_;
  std::uint64_t kinds_ = 0;
};
[[nodiscard]] std::optional<Json> member(const Members& object, std::string_view key);

class Counts {
 public:
  // A count that is absent, null, or not a whole number from 0 to 10^12 has no value; the last kind
  // is an anomaly. Numbers written as strings of digits count (protocol buffers do that).
  [[nodiscard]] std::optional<std::uint64_t> get(const std::optional<Json>& object,
                                                 std::string_view key);
  [[nodiscard]] std::optional<std::uint64_t> get(const Members& object, std::string_view key) {
    return object.may_have(key) ? get(object.object(), key) : std::nullopt;
  }
  // The largest of several spellings of the same figure.
  [[nodiscard]] std::optional<std::uint64_t> largest(const Members& object,
                                                     std::initializer_list<std::string_view> keys);
  // A possibly fractional amount, rounded up.
  [[nodiscard]] std::optional<std::uint64_t> rounded_up(const std::optional<Json>& object,
                                                        std::string_view key);
  // Takes `part` out of `left`, at most all of it; more is an anomaly. Returns what was taken.
  std::uint64_t take(std::uint64_t& left, std::uint64_t part);

  void note_anomaly() { anomaly_ = true; }
  [[nodiscard]] bool anomaly() const { return anomaly_; }

 private:
  bool anomaly_ = false;
};

// Dollars as a JSON number or a string; no value when it is neither, negative or too large.
[[nodiscard]] std::optional<Money> dollars_member(const std::optional<Json>& object,
                                                  std::string_view key);
// Reads "0.0000405", "3.5e-05", "12"; more decimals than picodollars have are rounded half-even.
[[nodiscard]] std::optional<Money> money_from_decimal(std::string_view text);

}  // namespace tokenweir::provider
