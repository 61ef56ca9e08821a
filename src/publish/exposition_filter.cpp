#include "publish/exposition_filter.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "publish/family.h"
#include "publish/text.h"

namespace tokenweir::publish {
namespace {

constexpr int kDecimals = 12;  // of a picodollar; nothing is printed finer
constexpr std::size_t kMostDigits = 20;

// A value as an integer of the finest unit; none for exponents, NaN and what is too long.
std::optional<Int128> exact(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view places = text.substr(std::min(point + 1, text.size()));
  if (point == 0 || point > kMostDigits || places.size() > kDecimals) return std::nullopt;
  Int128 value = 0;
  for (std::size_t i = 0; i < point + kDecimals + 1; ++i) {
    if (i == point) continue;
    const char c = i < text.size() ? text[i] : '0';
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return negative ? -value : value;
}

double rounded(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

enum class Merge : std::uint8_t { sum, largest, first };

Merge merge_of(std::string_view family, std::string_view type) {
  if (family.ends_with("_info")) return Merge::first;
  const bool figure = family.ends_with("_ratio") || family.ends_with("_timestamp_seconds");
  return figure && type == "gauge" ? Merge::largest : Merge::sum;
}

void merge_into(std::string& value, std::string_view other, Merge how) {
  if (how == Merge::first) return;
  const auto left = exact(value);
  const auto right = exact(other);
  if (how == Merge::largest) {
    const bool larger = left && right ? *right > *left : rounded(other) > rounded(value);
    if (larger) value = other;
    return;
  }
  const double inexact = rounded(value) + rounded(other);
  value.clear();
  if (left && right) {
    append_decimal(value, *left + *right, kDecimals);
  } else {
    append_double(value, inexact);
  }
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// The end of a quoted label value that begins behind `at`.
std::size_t quoted_end(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at, text.size());
}

// The samples of one family, in the order in which their series were first met.
class Block {
 public:
  void add(std::string series, std::string_view value, Merge how) {
    const auto [known, fresh] = index_.try_emplace(series, samples_.size());
    if (fresh) {
      samples_.emplace_back(std::move(series), value);
    } else {
      merge_into(samples_[known->second].second, value, how);
    }
  }
  void flush(std::string& out) {
    for (const auto& [series, value] : samples_) {
      out.append(series).append(" ").append(value).append("\n");
    }
    samples_.clear();
    index_.clear();
  }

 private:
  std::vector<std::pair<std::string, std::string>> samples_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace

bool ExpositionFilter::is_disabled(std::string_view family) const {
  return std::ranges::any_of(disable_, [&](const std::string& name) {
    return name == family ||
           (family.starts_with(kMetricPrefix) && family.substr(kMetricPrefix.size()) == name);
  });
}

bool ExpositionFilter::is_dropped(std::string_view label) const {
  return std::ranges::find(drop_labels_, label) != drop_labels_.end();
}

std::string ExpositionFilter::series_without_labels(std::string_view series) const {
  const std::size_t brace = series.find('{');
  if (brace == std::string_view::npos) return std::string(series);
  std::string kept(series.substr(0, brace));
  bool any = false;
  for (std::size_t at = brace + 1; at < series.size() && series[at] != '}';) {
    const std::size_t equals = std::min(series.find('=', at), series.size());
    const std::size_t end = std::min(quoted_end(series, equals + 2) + 1, series.size());
    if (!is_dropped(series.substr(at, equals - at))) {
      kept.append(any ? "," : "{").append(series.substr(at, end - at));
      any = true;
    }
    at = end < series.size() && series[end] == ',' ? end + 1 : end;
  }
  if (any) kept += '}';
  return kept;
}

std::string ExpositionFilter::apply(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  Block block;
  bool skipped = false;
  Merge how = Merge::sum;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with("# ")) {
      block.flush(out);
      std::string_view rest = line.substr(std::min<std::size_t>(7, line.size()));
      const std::string_view family = rest.substr(0, rest.find(' '));
      skipped = is_disabled(family);
      if (line.starts_with("# TYPE ")) how = merge_of(family, line.substr(line.rfind(' ') + 1));
      if (!skipped) out.append(line).append("\n");
      continue;
    }
    const std::size_t space = line.rfind(' ');
    if (skipped || space == std::string_view::npos) continue;
    block.add(series_without_labels(line.substr(0, space)), line.substr(space + 1), how);
  }
  block.flush(out);
  return out;
}

}  // namespace tokenweir::publish
