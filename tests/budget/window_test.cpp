// Expected instants come from Python's zoneinfo on the same zone database.
#include "budget/window.h"

#include "fixture.h"

namespace tokenweir::budget {
namespace {

Window window_in(WindowKind kind, const std::string& name) {
  Window window;
  window.kind = kind;
  window.zone = std::make_shared<const TimeZone>(zone(name));
  window.zone_name = name;
  return window;
}

struct Case {
  WindowKind kind;
  const char* zone;
  const char* at;
  const char* begin;
  const char* end;
};

TEST(Window, FollowsLocalCalendarsThroughSummerTime) {
  const Case cases[] = {
      {WindowKind::day, "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z",
       "2026-03-29T22:00:00Z"},
      {WindowKind::day, "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-24T22:00:00Z",
       "2026-10-25T23:00:00Z"},
      {WindowKind::week, "Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-22T23:00:00Z",
       "2026-03-29T22:00:00Z"},
      {WindowKind::month, "Europe/Berlin", "2026-03-31T21:59:59.999999Z", "2026-02-28T23:00:00Z",
       "2026-03-31T22:00:00Z"},
      {WindowKind::year, "Europe/Berlin", "2040-07-01T00:00:00Z", "2039-12-31T23:00:00Z",
       "2040-12-31T23:00:00Z"},
      // Summer time skipped midnight itself.
      {WindowKind::day, "America/Sao_Paulo", "2017-10-15T12:00:00Z", "2017-10-15T03:00:00Z",
       "2017-10-16T02:00:00Z"},
      // Midnight came twice: the day begins with the first.
      {WindowKind::day, "America/Havana", "2026-11-01T04:30:00Z", "2026-11-01T04:00:00Z",
       "2026-11-02T05:00:00Z"},
      {WindowKind::day, "America/Havana", "2026-11-01T05:30:00Z", "2026-11-01T04:00:00Z",
       "2026-11-02T05:00:00Z"},
      // Samoa left out 30 December 2011.
      {WindowKind::day, "Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z",
       "2011-12-30T10:00:00Z"},
      {WindowKind::day, "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z",
       "2011-12-31T10:00:00Z"},
      {WindowKind::hour, "Asia/Kolkata", "2026-05-05T04:45:00Z", "2026-05-05T04:30:00Z",
       "2026-05-05T05:30:00Z"},
      // Lord Howe Island moves by half an hour, which cuts one hour short.
      {WindowKind::hour, "Australia/Lord_Howe", "2026-04-04T14:30:00Z", "2026-04-04T14:00:00Z",
       "2026-04-04T15:00:00Z"},
      {WindowKind::hour, "Australia/Lord_Howe", "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z",
       "2026-04-04T15:30:00Z"},
  };
  for (const Case& expected : cases) {
    const Period period = period_at(window_in(expected.kind, expected.zone), at(expected.at));
    EXPECT_EQ(format_rfc3339(period.begin), format_rfc3339(at(expected.begin)))
        << expected.zone << " " << expected.at;
    EXPECT_EQ(format_rfc3339(period.end), format_rfc3339(at(expected.end)))
        << expected.zone << " " << expected.at;
  }
}

TEST(Window, TilesTheTimeLineInEveryZone) {
  for (const char* name :
       {"UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "America/Sao_Paulo",
        "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "America/Nuuk"}) {
    for (const WindowKind kind : {WindowKind::hour, WindowKind::day, WindowKind::week,
                                  WindowKind::month, WindowKind::year}) {
      const Window window = window_in(kind, name);
      Time now = at("2005-01-01T00:00:00Z");
      const Time stop =
          at(kind == WindowKind::hour ? "2012-01-15T00:00:00Z" : "2045-01-01T00:00:00Z");
      Period period = period_at(window, now);
      for (; now < stop; now = period.end) {
        period = period_at(window, now);
        ASSERT_EQ(period.begin <= now, true);
        ASSERT_LT(now, period.end) << name << " " << format_rfc3339(now);
        const Time last = period.end - std::chrono::microseconds(1);
        ASSERT_EQ(period_at(window, last), period) << name << " " << format_rfc3339(last);
        const Period next = period_at(window, period.end);
        ASSERT_EQ(format_rfc3339(next.begin), format_rfc3339(period.end)) << name;
      }
    }
  }
}

TEST(Window, HasOnePeriodWhereTheCalendarHasNoSay) {
  for (const WindowKind kind : {WindowKind::run, WindowKind::total, WindowKind::rolling}) {
    Window window;
    window.kind = kind;
    EXPECT_EQ(period_at(window, at("2026-05-05T12:00:00Z")), Period{});
  }
}

TEST(TimeZone, RefusesBytesThatAreNoZoneFile) {
  std::ifstream file("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(file), {}};
  ASSERT_TRUE(TimeZone::parse(good));
  EXPECT_FALSE(TimeZone::parse(""));
  EXPECT_FALSE(TimeZone::parse("TZif2"));
  EXPECT_FALSE(TimeZone::parse(std::string(500, '\xff')));
  // Every cut and every changed byte is read within bounds, whatever comes of it.
  for (std::size_t size = 0; size < good.size(); ++size)
    (void)TimeZone::parse(good.substr(0, size));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x55);
    (void)TimeZone::parse(bad);
  }
}

}  // namespace
}  // namespace tokenweir::budget
