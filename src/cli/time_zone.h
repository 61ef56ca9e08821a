// Local calendar time for reports. Uses the C library's zone data through the TZ variable of the
// process, so at most one zone is in force: made once, by a command that then ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/result.h"
#include "core/time.h"

namespace tokenweir::cli {

class TimeZone {
 public:
  // "UTC" or a name of the zone database ("Europe/Berlin"). Fails when the name is not known there.
  [[nodiscard]] static Result<TimeZone, std::string> named(const std::string& name);

  enum class Unit : std::uint8_t { hour, day, month };
  // The local hour, day or month of a ledger time: "2026-03-29T03:00+02:00", "2026-03-29",
  // "2026-03". An hour carries its offset, because one of them comes twice a year.
  [[nodiscard]] std::string local(std::string_view rfc3339, Unit unit);

  // A point in time as given on the command line: RFC 3339, a local date, or how long before `now`
  // ("90m", "24h", "7d", "2w").
  [[nodiscard]] std::optional<Time> parse(std::string_view text, Time now) const;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  explicit TimeZone(std::string name) : name_(std::move(name)) {}

  std::string name_;
  // Offsets change on quarters of an hour, so one conversion serves all times of a quarter.
  std::unordered_map<std::string, std::string> quarters_;
};

}  // namespace tokenweir::cli
