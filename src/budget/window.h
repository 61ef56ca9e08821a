// When a limit starts anew. Calendar windows tile the time line without gap or overlap in any time
// zone, also where clocks are put forward or back.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "budget/time_zone.h"

namespace tokenweir::budget {

enum class WindowKind : std::uint8_t {
  run,  // as long as the run is remembered
  minute,
  hour,
  day,
  week,  // from Monday
  month,
  year,
  total,
  rolling,  // the last `length`, whenever one looks
};
[[nodiscard]] std::string_view name_of(WindowKind kind);

struct Window {
  WindowKind kind = WindowKind::total;
  std::shared_ptr<const TimeZone> zone;  // null: UTC
  std::string zone_name = "UTC";
  std::chrono::microseconds length{};  // of a rolling window

  [[nodiscard]] bool is_calendar() const {
    return kind >= WindowKind::minute && kind <= WindowKind::year;
  }
  // Whether figures kept under one are valid under the other.
  [[nodiscard]] bool same_as(const Window& other) const {
    return kind == other.kind && zone_name == other.zone_name && length == other.length;
  }
};

struct Period {
  Time begin = Time::min();
  Time end = Time::max();  // exclusive
  friend bool operator==(const Period&, const Period&) = default;
};

// The period that holds `at`; all of time for run, total and rolling.
[[nodiscard]] Period period_at(const Window& window, Time at);

}  // namespace tokenweir::budget
