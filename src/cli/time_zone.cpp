#include "cli/time_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace tokenweir::cli {
namespace {

constexpr std::string_view kZoneFolders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                             "/usr/share/lib/zoneinfo"};

// The library silently takes an unknown name for UTC, so the name is looked up first.
bool zone_exists(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  if (name.empty() || name.front() == '/' || !std::ranges::all_of(name, allowed)) return false;
  return std::ranges::any_of(kZoneFolders, [&](std::string_view folder) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(std::filesystem::path(folder) / name, ignored);
  });
}

std::tm local_calendar(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm calendar{};
  ::localtime_r(&seconds, &calendar);
  return calendar;
}

std::string hour_text(const std::tm& calendar) {
  const long offset = calendar.tm_gmtoff / 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:00{}{:02}:{:02}", calendar.tm_year + 1900,
                     calendar.tm_mon + 1, calendar.tm_mday, calendar.tm_hour,
                     offset < 0 ? '-' : '+', std::abs(offset) / 60, std::abs(offset) % 60);
}

std::optional<Time> before(std::string_view text, Time now) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() - 1 || count < 0)
    return std::nullopt;
  if (count > 1'000'000) return std::nullopt;
  switch (text.back()) {
    case 'm':
      return now - std::chrono::minutes(count);
    case 'h':
      return now - std::chrono::hours(count);
    case 'd':
      return now - std::chrono::days(count);
    case 'w':
      return now - std::chrono::weeks(count);
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<TimeZone, std::string> TimeZone::named(const std::string& name) {
  if (name != "UTC" && !zone_exists(name)) {
    return failure(fmt::format("time zone '{}' is not in this system's zone database", name));
  }
  ::setenv("TZ", name.c_str(), 1);
  ::tzset();
  return TimeZone(name);
}

std::string TimeZone::local(std::string_view rfc3339, Unit unit) {
  const std::size_t length = unit == Unit::day ? 10 : 7;
  if (name_ == "UTC") {
    if (unit != Unit::hour) return std::string(rfc3339.substr(0, length));
    return std::string(rfc3339.substr(0, 13)) + ":00Z";
  }
  std::string quarter(rfc3339.substr(0, 14));
  const int minute = rfc3339.size() > 16 ? (rfc3339[14] - '0') * 10 + (rfc3339[15] - '0') : 0;
  quarter += fmt::format("{:02}", minute / 15 * 15);
  auto known = quarters_.find(quarter);
  if (known == quarters_.end()) {
    const auto time = parse_rfc3339(quarter + ":00Z");
    const std::string text = time ? hour_text(local_calendar(*time)) : std::string(rfc3339);
    known = quarters_.emplace(std::move(quarter), text).first;
  }
  return unit == Unit::hour ? known->second : known->second.substr(0, length);
}

std::optional<Time> TimeZone::parse(std::string_view text, Time now) const {
  if (text.size() < 2) return std::nullopt;
  if (text.find('-') == std::string_view::npos) return before(text, now);
  const auto utc = parse_rfc3339(text);
  if (!utc || text.size() > 10) return utc;
  // A bare date is local midnight; mktime finds the first instant of a day that has none.
  std::tm calendar{};
  calendar.tm_year = std::atoi(std::string(text.substr(0, 4)).c_str()) - 1900;
  calendar.tm_mon = std::atoi(std::string(text.substr(5, 2)).c_str()) - 1;
  calendar.tm_mday = std::atoi(std::string(text.substr(8, 2)).c_str());
  calendar.tm_isdst = -1;
  return Time{std::chrono::seconds(::mktime(&calendar))};
}

}  // namespace tokenweir::cli
