// Shared by the tests of the book: short ways to write rules, requests and moments.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "budget/book.h"
#include "core/money.h"

namespace tokenweir::budget {

inline constexpr std::int64_t kDollar = 1'000'000'000'000;

inline Time at(const char* rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  EXPECT_TRUE(time) << rfc3339;
  return time.value_or(Time{});
}

// Both clocks of a machine whose wall clock nobody set since midday.
inline Now moment(const char* rfc3339) {
  const Time wall = at(rfc3339);
  return {wall, Instant{} + (wall - at("2026-05-05T12:00:00Z")) + std::chrono::hours(24 * 365)};
}
inline Now later(Now now, std::chrono::microseconds by) {
  return {now.wall + by, now.monotonic + by};
}

inline TimeZone zone(const std::string& name) {
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto parsed = TimeZone::parse(bytes);
  EXPECT_TRUE(parsed) << name;
  return parsed.value_or(TimeZone{});
}

inline Rule usd_rule(std::string name, std::int64_t picodollars,
                     WindowKind window = WindowKind::total) {
  Rule rule;
  rule.name = std::move(name);
  rule.limits[0] = picodollars;
  rule.window.kind = window;
  return rule;
}
inline std::vector<Subject> per(std::initializer_list<const char*> words) {
  std::vector<Subject> subjects;
  for (const char* word : words) subjects.push_back(*Subject::named(word));
  return subjects;
}

// A request for `output` tokens at `price` each, with `input` dollars' worth of input.
inline Demand demand_of(std::int64_t usd, std::int64_t output = 0, std::int64_t price = 0,
                        std::int64_t least = 0) {
  Demand demand;
  demand.fixed[Measure::usd] = usd;
  demand.fixed[Measure::requests] = 1;
  demand.fixed[Measure::concurrent] = 1;
  demand.output_asked = output;
  demand.output_least = least;
  demand.usd_per_output_token = price;
  return demand;
}
inline Amounts usd(std::int64_t picodollars) {
  Amounts amounts;
  amounts[Measure::usd] = picodollars;
  amounts[Measure::requests] = 1;
  return amounts;
}
inline Facts facts_for(std::string_view workflow, std::string_view run = {}) {
  Facts facts;
  facts[Property::workflow] = workflow;
  facts[Property::run] = run;
  return facts;
}

}  // namespace tokenweir::budget
