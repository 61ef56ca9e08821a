#include "budget/window.h"

#include <algorithm>

namespace tokenweir::budget {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;

const TimeZone& zone_of(const Window& window) {
  static const TimeZone utc;
  return window.zone != nullptr ? *window.zone : utc;
}

// Where the local day, week, month or year that holds `day` begins.
local_days begin_of(WindowKind kind, local_days day) {
  const std::chrono::year_month_day date{day};
  switch (kind) {
    case WindowKind::week:
      return day - (std::chrono::weekday{day} - std::chrono::Monday);
    case WindowKind::month:
      return local_days{date.year() / date.month() / 1};
    case WindowKind::year:
      return local_days{date.year() / std::chrono::January / 1};
    default:
      return day;
  }
}

local_days next_after(WindowKind kind, local_days begin) {
  const std::chrono::year_month_day date{begin};
  switch (kind) {
    case WindowKind::week:
      return begin + days{7};
    case WindowKind::month:
      return local_days{date.year() / date.month() / 1 + std::chrono::months{1}};
    case WindowKind::year:
      return local_days{(date.year() + std::chrono::years{1}) / std::chrono::January / 1};
    default:
      return begin + days{1};
  }
}

// Minutes and hours are stretches of real time, aligned with local clocks; one is cut short where
// the offset changes by a part of it (Lord Howe Island: half an hour).
Period short_period(const TimeZone& zone, seconds length, Time at) {
  const seconds offset = zone.offset_at(at);
  const seconds local = std::chrono::floor<seconds>(at).time_since_epoch() + offset;
  const seconds into = (local % length + length) % length;
  Period period;
  period.begin = Time{std::chrono::floor<seconds>(at).time_since_epoch() - into};
  period.end = period.begin + length;
  const Time before = zone.change_before(at);
  if (before > period.begin &&
      (zone.offset_at(before - seconds{1}) - offset) % length != seconds{0}) {
    period.begin = before;
  }
  const Time after = zone.change_after(at);
  if (after < period.end && (zone.offset_at(after) - offset) % length != seconds{0}) {
    period.end = after;
  }
  return period;
}

}  // namespace

std::string_view name_of(WindowKind kind) {
  switch (kind) {
    case WindowKind::run:
      return "run";
    case WindowKind::minute:
      return "minute";
    case WindowKind::hour:
      return "hour";
    case WindowKind::day:
      return "day";
    case WindowKind::week:
      return "week";
    case WindowKind::month:
      return "month";
    case WindowKind::year:
      return "year";
    case WindowKind::total:
      return "total";
    case WindowKind::rolling:
      return "rolling";
  }
  return "total";
}

Period period_at(const Window& window, Time at) {
  if (!window.is_calendar()) return {};
  const TimeZone& zone = zone_of(window);
  if (window.kind == WindowKind::minute) return short_period(zone, seconds{60}, at);
  if (window.kind == WindowKind::hour) return short_period(zone, seconds{3'600}, at);

  const local_seconds local{std::chrono::floor<seconds>(at).time_since_epoch() +
                            zone.offset_at(at)};
  local_days begin = begin_of(window.kind, std::chrono::floor<days>(local));
  Period period{zone.first_moment(begin), {}};
  while (true) {
    begin = next_after(window.kind, begin);
    period.end = zone.first_moment(begin);
    // Clocks put back across midnight show the old day again; it has ended all the same.
    if (at < period.end) return period;
    period.begin = period.end;
  }
}

}  // namespace tokenweir::budget
