// Time as values. Stages take `now` as an argument; only platform/ reads a real clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tokenweir {

// Wall time in UTC, microseconds.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
// Monotonic time, for durations and deadlines.
using Instant = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual Instant monotonic() const = 0;
};

// "2026-11-21T04:08:56.123Z": RFC 3339, milliseconds, always UTC.
[[nodiscard]] std::string format_rfc3339(Time time);
// Accepts "2026-11-21", "2026-11-21T04:08:56Z", fractions of a second and numeric offsets.
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);

}  // namespace tokenweir
