#include "yaml/values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>

namespace tokenweir::yaml {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, so that printing picks the largest unit that divides.
constexpr std::array<Unit, 5> kTimes{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 9> kSizes{{{"TiB", 1ull << 40},
                                      {"GiB", 1ull << 30},
                                      {"MiB", 1ull << 20},
                                      {"KiB", 1ull << 10},
                                      {"TB", 1'000'000'000'000},
                                      {"GB", 1'000'000'000},
                                      {"MB", 1'000'000},
                                      {"KB", 1'000},
                                      {"B", 1}}};

template <typename Integer>
std::optional<Integer> integer_of(std::string_view text) {
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

template <std::size_t Count>
std::optional<std::uint64_t> with_unit(std::string_view text,
                                       const std::array<Unit, Count>& units) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
  const auto number = integer_of<std::uint64_t>(text.substr(0, digits));
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.name || !number) continue;
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(*number, unit.factor, &product)) return std::nullopt;
    return product;
  }
  return std::nullopt;
}

bool is_reserved_word(std::string_view text) {
  return text == "true" || text == "false" || text == "True" || text == "False" || text == "TRUE" ||
         text == "FALSE";
}

bool expect_scalar(const Node& node, const Report& report, std::string_view expected) {
  if (node.kind == Kind::scalar) return true;
  report_kind(node, report, expected);
  return false;
}

// Quotes make text of a number, except where `${...}` forces the author to write them.
bool is_plain(const Node& node) { return !node.quoted || node.expanded; }

void report_found(const Node& node, const Report& report, std::string_view expected) {
  const bool quotes = !is_plain(node);
  report.error(node.mark, fmt::format("expected {}, found {}{}", expected, in_quotes(node),
                                      quotes ? " in quotes, which make it text" : ""));
}

}  // namespace

void report_kind(const Node& node, const Report& report, std::string_view expected) {
  const std::string found =
      node.kind == Kind::scalar ? in_quotes(node) : std::string(name_of(node.kind));
  report.error(node.mark, fmt::format("expected {}, found {}", expected, found));
}

std::optional<bool> read_bool(const Node& node, const Report& report) {
  if (!expect_scalar(node, report, "true or false")) return std::nullopt;
  if (is_plain(node) && node.text == "true") return true;
  if (is_plain(node) && node.text == "false") return false;
  report_found(node, report, "true or false");
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(const Node& node, const Report& report, std::int64_t least,
                                         std::int64_t most) {
  constexpr std::string_view kExpected = "a whole number";
  if (!expect_scalar(node, report, kExpected)) return std::nullopt;
  const auto value = is_plain(node) ? integer_of<std::int64_t>(node.text) : std::nullopt;
  if (!value) {
    report_found(node, report, kExpected);
    return std::nullopt;
  }
  if (*value < least || *value > most) {
    report.error(node.mark, fmt::format("{} is out of range, allowed is {} to {}", in_quotes(node),
                                        least, most));
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> read_text(const Node& node, const Report& report) {
  if (!expect_scalar(node, report, "text")) return std::nullopt;
  if (node.text.empty()) {
    report.error(node.mark, "expected text, found an empty one");
    return std::nullopt;
  }
  if (!node.quoted && !node.expanded && is_reserved_word(node.text)) {
    report.error(node.mark, "expected text, found " + node.text + "; quote it if it is meant");
    return std::nullopt;
  }
  return node.text;
}

std::optional<Money> read_money(const Node& node, const Report& report) {
  constexpr std::string_view kExpected = "dollars as a decimal like \"12.50\"";
  if (!expect_scalar(node, report, kExpected)) return std::nullopt;
  const auto amount = Money::from_dollars(node.text);
  if (!amount) {
    report.error(node.mark, fmt::format("expected {}, found {}", kExpected, in_quotes(node)));
    return std::nullopt;
  }
  if (*amount < Money{}) {
    report.error(node.mark, "an amount of money may not be negative");
    return std::nullopt;
  }
  return amount;
}

std::optional<std::int64_t> read_millionths(const Node& node, const Report& report,
                                            std::int64_t least, std::int64_t most) {
  constexpr std::string_view kExpected = "a decimal with at most six places";
  if (!expect_scalar(node, report, kExpected)) return std::nullopt;
  const auto value = parse_millionths(node.text);
  if (!value) {
    report.error(node.mark, fmt::format("expected {}, found {}", kExpected, in_quotes(node)));
    return std::nullopt;
  }
  if (*value < least || *value > most) {
    report.error(node.mark, fmt::format("{} is out of range, allowed is {} to {}", in_quotes(node),
                                        format_millionths(least), format_millionths(most)));
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::milliseconds> read_duration(const Node& node, const Report& report,
                                                       std::chrono::milliseconds least,
                                                       std::chrono::milliseconds most) {
  constexpr std::string_view kExpected = "a duration like 250ms, 5s, 10m, 2h or 7d";
  if (!expect_scalar(node, report, kExpected)) return std::nullopt;
  const auto value = parse_duration(node.text);
  if (!value) {
    report.error(node.mark, fmt::format("expected {}, found {}", kExpected, in_quotes(node)));
    return std::nullopt;
  }
  if (*value < least || *value > most) {
    report.error(node.mark, fmt::format("{} is out of range, allowed is {} to {}", in_quotes(node),
                                        format_duration(least), format_duration(most)));
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint64_t> read_size(const Node& node, const Report& report, std::uint64_t least,
                                       std::uint64_t most) {
  constexpr std::string_view kExpected = "a size like 4096, 64KiB or 64MiB";
  if (!expect_scalar(node, report, kExpected)) return std::nullopt;
  const auto value = parse_size(node.text);
  if (!value) {
    report.error(node.mark, fmt::format("expected {}, found {}", kExpected, in_quotes(node)));
    return std::nullopt;
  }
  if (*value < least || *value > most) {
    report.error(node.mark, fmt::format("{} is out of range, allowed is {} to {}", in_quotes(node),
                                        format_size(least), format_size(most)));
    return std::nullopt;
  }
  return value;
}

std::optional<std::vector<std::string>> read_texts(const Node& node, const Report& report) {
  if (node.kind == Kind::scalar) {
    auto text = read_text(node, report);
    if (!text) return std::nullopt;
    return std::vector<std::string>{std::move(*text)};
  }
  if (node.kind != Kind::list || node.items.empty()) {
    report.error(node.mark,
                 fmt::format("expected text or a list of texts, found {}",
                             node.kind == Kind::list ? "an empty list" : name_of(node.kind)));
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const Node& item : node.items) {
    if (auto text = read_text(item, report)) texts.push_back(std::move(*text));
  }
  if (texts.size() != node.items.size()) return std::nullopt;
  return texts;
}

void report_choice(const Node& node, const Report& report,
                   const std::vector<std::string_view>& words) {
  const std::string list = fmt::format("{}", fmt::join(words, ", "));
  const std::string expected = words.size() == 1 ? list : "one of " + list;
  const bool may_suggest = node.kind == Kind::scalar && !node.expanded;
  const std::string found =
      node.kind == Kind::scalar ? in_quotes(node) : std::string(name_of(node.kind));
  report.error(node.mark, fmt::format("expected {}, found {}{}", expected, found,
                                      may_suggest ? suggestion(node.text, words) : ""));
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto count = with_unit(text, kTimes);
  // A thousand years is far beyond any use and safe to add to a clock in microseconds.
  constexpr std::uint64_t kMost = 1000ull * 366 * 86'400'000;
  if (!count || *count > kMost) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*count));
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto count = static_cast<std::uint64_t>(duration.count());
  if (count == 0) return "0s";
  for (const Unit& unit : kTimes) {
    if (count % unit.factor == 0) return fmt::format("{}{}", count / unit.factor, unit.name);
  }
  return fmt::format("{}ms", count);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (const auto bytes = integer_of<std::uint64_t>(text)) return bytes;
  return with_unit(text, kSizes);
}

std::string format_size(std::uint64_t bytes) {
  for (std::size_t i = 0; i < 4; ++i) {
    const bool exact = bytes != 0 && bytes % kSizes[i].factor == 0;
    if (exact) return fmt::format("{}{}", bytes / kSizes[i].factor, kSizes[i].name);
  }
  return fmt::format("{}", bytes);
}

std::optional<std::int64_t> parse_millionths(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string places(point == std::string_view::npos ? "" : text.substr(point + 1));
  const bool digits_only = whole.find_first_not_of("0123456789") == std::string_view::npos &&
                           places.find_first_not_of("0123456789") == std::string::npos;
  const bool complete = !whole.empty() && (point == std::string_view::npos || !places.empty());
  if (!digits_only || !complete || places.size() > 6) return std::nullopt;
  places.append(6 - places.size(), '0');
  const auto units = integer_of<std::int64_t>(whole);
  const auto fraction = integer_of<std::int64_t>(places);
  std::int64_t value = 0;
  if (!units || !fraction || __builtin_mul_overflow(*units, 1'000'000, &value) ||
      __builtin_add_overflow(value, *fraction, &value)) {
    return std::nullopt;
  }
  return value;
}

std::string format_millionths(std::int64_t millionths) {
  std::string text = fmt::format("{}.{:06}", millionths / 1'000'000, millionths % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace tokenweir::yaml
