// What a limit can be set on, and a quantity of each. Holds, postings and limits are all Amounts,
// so one loop serves money, requests and tokens alike.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/time.h"

namespace tokenweir::budget {

enum class Measure : std::uint8_t {
  usd,  // picodollars
  requests,
  input_tokens,   // every input class
  output_tokens,  // every output class
  total_tokens,
  concurrent,  // requests in flight: held, never posted
};
inline constexpr std::size_t kMeasures = 6;
inline constexpr std::array<Measure, kMeasures> kEveryMeasure = {
    Measure::usd,           Measure::requests,     Measure::input_tokens,
    Measure::output_tokens, Measure::total_tokens, Measure::concurrent};

// The configuration's word: "usd", "requests", ...
[[nodiscard]] std::string_view name_of(Measure measure);

// Both clocks of one moment. Calendar windows follow the wall; rates, rolling windows and waits
// follow the monotonic clock, which no one can set.
struct Now {
  Time wall{};
  Instant monotonic{};
};

struct Amounts {
  std::array<std::int64_t, kMeasures> of{};

  [[nodiscard]] std::int64_t& operator[](Measure m) { return of[static_cast<std::size_t>(m)]; }
  [[nodiscard]] std::int64_t operator[](Measure m) const { return of[static_cast<std::size_t>(m)]; }

  // Neither wraps: what leaves the range of int64 stays at its end, which every limit refuses.
  void add(const Amounts& other);
  void subtract(const Amounts& other);

  friend bool operator==(const Amounts&, const Amounts&) = default;
};

[[nodiscard]] constexpr std::int64_t saturating_add(std::int64_t left, std::int64_t right) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(left, right, &sum)) return sum;
  return right > 0 ? INT64_MAX : INT64_MIN;
}
[[nodiscard]] constexpr std::int64_t saturating_subtract(std::int64_t left, std::int64_t right) {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(left, right, &difference)) return difference;
  return right < 0 ? INT64_MAX : INT64_MIN;
}
[[nodiscard]] constexpr std::int64_t saturating_multiply(std::int64_t left, std::int64_t right) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(left, right, &product)) return product;
  return (left < 0) == (right < 0) ? INT64_MAX : INT64_MIN;
}

}  // namespace tokenweir::budget
