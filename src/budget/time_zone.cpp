#include "budget/time_zone.h"

#include <algorithm>
#include <array>
#include <string>

namespace tokenweir::budget {
namespace {

using std::chrono::seconds;

constexpr std::size_t kHeader = 44;
constexpr std::size_t kMostChanges = 4'096;
constexpr std::int32_t kMostOffset = 26 * 3'600;  // RFC 8536 3.2: less than 26 hours
constexpr int kLastYear = 2'200;                  // as far as the rule of a zone is unrolled

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  if (size == 8) return static_cast<std::int64_t>(value);
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
}

struct Counts {
  std::uint64_t utc, standard, leaps, times, types, letters;
  [[nodiscard]] std::uint64_t data_size(std::uint64_t time_size) const {
    return times * time_size + times + types * 6 + letters + leaps * (time_size + 4) + standard +
           utc;
  }
};

std::optional<Counts> read_counts(std::string_view bytes) {
  if (bytes.size() < kHeader || !bytes.starts_with("TZif")) return std::nullopt;
  const auto count = [&](std::size_t index) {
    return static_cast<std::uint64_t>(
        static_cast<std::uint32_t>(big_endian(bytes, 20 + 4 * index, 4)));
  };
  const Counts counts{count(0), count(1), count(2), count(3), count(4), count(5)};
  const bool bounded = counts.utc <= 256 && counts.standard <= 256 && counts.leaps <= 256 &&
                       counts.times <= kMostChanges && counts.types >= 1 && counts.types <= 256 &&
                       counts.letters <= 4'096;
  if (!bounded) return std::nullopt;
  return counts;
}

// The rule for times after the last change: "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX TZ, RFC 8536 3.3).
class RuleText {
 public:
  explicit RuleText(std::string_view text) : text_(text) {}

  struct Turn {
    char form = 'M';  // M month.week.day, J day without leap days, or 0: day with them
    int month = 0, week = 0, day = 0;
    std::int32_t at = 7'200;  // local seconds after midnight
  };
  bool read() {
    std::int32_t west = 0;
    if (!skip_name() || !time(west)) return false;
    standard = -west;
    if (text_.empty()) return true;
    if (!skip_name()) return false;
    summer = standard + 3'600;
    if (!text_.empty() && text_.front() != ',') {
      if (!time(west)) return false;
      summer = -west;
    }
    has_summer = true;
    return turn(begin) && turn(end) && text_.empty();
  }

  std::int32_t standard = 0;
  std::int32_t summer = 0;
  bool has_summer = false;
  Turn begin, end;

 private:
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool skip_name() {
    if (take('<')) {
      const std::size_t close = text_.find('>');
      if (close == std::string_view::npos) return false;
      text_.remove_prefix(close + 1);
      return true;
    }
    std::size_t letters = 0;
    while (letters < text_.size() &&
           ((text_[letters] | 0x20) >= 'a' && (text_[letters] | 0x20) <= 'z'))
      ++letters;
    text_.remove_prefix(letters);
    return letters >= 3;
  }
  bool number(int& value) {
    std::size_t digits = 0;
    value = 0;
    while (digits < text_.size() && digits < 4 && text_[digits] >= '0' && text_[digits] <= '9') {
      value = value * 10 + (text_[digits++] - '0');
    }
    text_.remove_prefix(digits);
    return digits > 0;
  }
  bool time(std::int32_t& value) {
    const bool negative = take('-');
    if (!negative) (void)take('+');
    int hours = 0, minutes = 0, rest = 0;
    if (!number(hours) || hours > 167) return false;
    if (take(':') && !number(minutes)) return false;
    if (take(':') && !number(rest)) return false;
    if (minutes > 59 || rest > 59) return false;
    value = hours * 3'600 + minutes * 60 + rest;
    if (negative) value = -value;
    return true;
  }
  bool turn(Turn& out) {
    if (!take(',')) return false;
    if (take('M')) {
      const bool read =
          number(out.month) && take('.') && number(out.week) && take('.') && number(out.day);
      if (!read || out.month < 1 || out.month > 12 || out.week < 1 || out.week > 5 || out.day > 6) {
        return false;
      }
    } else {
      out.form = take('J') ? 'J' : '0';
      if (!number(out.day) || out.day > 365 || (out.form == 'J' && out.day < 1)) return false;
    }
    return !take('/') || time(out.at);
  }

  std::string_view text_;
};

// The local day a turn falls on, as seconds since 1970 without any offset, plus its time of day.
std::int64_t local_moment(const RuleText::Turn& turn, int year) {
  using namespace std::chrono;
  const auto first = sys_days{std::chrono::year{year} / January / 1};
  sys_days day = first;
  if (turn.form == 'M') {
    const year_month month = std::chrono::year{year} / turn.month;
    const weekday wanted{static_cast<unsigned>(turn.day)};
    day = turn.week == 5 ? sys_days{month / wanted[last]}
                         : sys_days{month / wanted[static_cast<unsigned>(turn.week)]};
  } else if (turn.form == 'J') {
    const bool after_february = turn.day > 59;
    day =
        first + days{turn.day - 1 + (after_february && std::chrono::year{year}.is_leap() ? 1 : 0)};
  } else {
    day = first + days{turn.day};
  }
  return duration_cast<seconds>(day.time_since_epoch()).count() + turn.at;
}

}  // namespace

std::optional<TimeZone> TimeZone::parse(std::string_view file) {
  const auto first = read_counts(file);
  if (!first || file[4] < '2') return std::nullopt;
  // The first block has 32-bit times; the second, which counts, follows it.
  const std::uint64_t skip = kHeader + first->data_size(4);
  if (file.size() < skip) return std::nullopt;
  const std::string_view second = file.substr(skip);
  const auto counts = read_counts(second);
  if (!counts || second.size() < kHeader + counts->data_size(8)) return std::nullopt;

  const std::size_t times = kHeader;
  const std::size_t kinds = times + counts->times * 8;
  const std::size_t types = kinds + counts->times;
  const auto offset_of = [&](std::size_t type) {
    return static_cast<std::int32_t>(big_endian(second, types + 6 * type, 4));
  };
  TimeZone zone;
  for (std::size_t type = 0; type < counts->types; ++type) {
    if (offset_of(type) <= -kMostOffset || offset_of(type) >= kMostOffset) return std::nullopt;
  }
  zone.first_offset_ = offset_of(0);
  std::int32_t offset = zone.first_offset_;
  std::int64_t previous = INT64_MIN;
  const auto append = [&](std::int64_t at, std::int32_t next) {
    if (next != offset) zone.changes_.push_back({at, next});
    offset = next;
  };
  for (std::size_t i = 0; i < counts->times; ++i) {
    const std::int64_t at = big_endian(second, times + 8 * i, 8);
    const auto type = static_cast<unsigned char>(second[kinds + i]);
    if (type >= counts->types || (i > 0 && at <= previous)) return std::nullopt;
    previous = at;
    // Zone files may begin with the Big Bang; such times are beyond what a Time can hold.
    if (at < -9'000'000'000'000) {
      zone.first_offset_ = offset = offset_of(type);
      continue;
    }
    append(at, offset_of(type));
  }

  std::string_view rule = second.substr(kHeader + counts->data_size(8));
  if (rule.size() < 2 || rule.front() != '\n') return zone;
  rule = rule.substr(1, rule.find('\n', 1) - 1);
  if (rule.empty()) return zone;
  RuleText text(rule);
  if (!text.read()) return std::nullopt;
  if (!text.has_summer) {
    if (zone.changes_.empty()) zone.first_offset_ = text.standard;
    return zone;
  }
  for (int year = 1'970; year <= kLastYear; ++year) {
    struct Next {
      std::int64_t at;
      std::int32_t offset;
    };
    std::array<Next, 2> both{Next{local_moment(text.begin, year) - text.standard, text.summer},
                             Next{local_moment(text.end, year) - text.summer, text.standard}};
    std::ranges::sort(both, {}, &Next::at);
    for (const Next& next : both) {
      if (next.at > previous) append(next.at, next.offset);
    }
  }
  return zone;
}

std::size_t TimeZone::index_at(std::int64_t at) const {
  const auto after = std::ranges::upper_bound(changes_, at, {}, &Change::at);
  return static_cast<std::size_t>(after - changes_.begin());
}

seconds TimeZone::offset_at(Time at) const {
  const std::int64_t whole = std::chrono::floor<seconds>(at).time_since_epoch().count();
  const std::size_t index = index_at(whole);
  return seconds{index == 0 ? first_offset_ : changes_[index - 1].offset};
}

Time TimeZone::change_before(Time at) const {
  const std::size_t index = index_at(std::chrono::floor<seconds>(at).time_since_epoch().count());
  return index == 0 ? Time::min() : Time{seconds{changes_[index - 1].at}};
}

Time TimeZone::change_after(Time at) const {
  const std::size_t index = index_at(std::chrono::floor<seconds>(at).time_since_epoch().count());
  return index == changes_.size() ? Time::max() : Time{seconds{changes_[index].at}};
}

Time TimeZone::first_moment(std::chrono::local_seconds local) const {
  const std::int64_t wanted = local.time_since_epoch().count();
  // Within one stretch of constant offset local time runs straight; offsets stay below 26 hours, so
  // only the stretches around the wanted time can hold it.
  std::size_t stretch = index_at(wanted - kMostOffset);
  while (true) {
    const std::int32_t offset = stretch == 0 ? first_offset_ : changes_[stretch - 1].offset;
    const std::int64_t begin = stretch == 0 ? INT64_MIN : changes_[stretch - 1].at;
    const std::int64_t at = std::max(begin, wanted - offset);
    if (stretch == changes_.size() || at < changes_[stretch].at) return Time{seconds{at}};
    ++stretch;
  }
}

}  // namespace tokenweir::budget
