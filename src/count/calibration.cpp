#include "count/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace tokenweir::count {

namespace {

constexpr std::size_t kMostNameBytes = 128;
constexpr std::string_view kHeader = "tokenweir-calibration 1";
// Requests of much the same size say nothing of a slope.
constexpr double kLeastSpread = 0.1;

// Names come from requests and configuration; what a line cannot hold is replaced.
std::string clean(std::string_view name) {
  std::string out(name.substr(0, kMostNameBytes));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

std::string_view next_field(std::string_view& line) {
  const std::size_t tab = std::min(line.find('\t'), line.size());
  const std::string_view field = line.substr(0, tab);
  line.remove_prefix(std::min(tab + 1, line.size()));
  return field;
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value) || value < 0) return std::nullopt;
  }
  return value;
}

std::optional<RequestKind> kind_named(std::string_view name) {
  for (std::size_t i = 0; i < kRequestKinds; ++i) {
    const auto kind = static_cast<RequestKind>(i);
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

}  // namespace

Calibration::Key Calibration::key_of(std::string_view provider, std::string_view model,
                                     RequestKind kind) {
  return {clean(provider), clean(model), kind};
}

Calibration::Line Calibration::line_of(const Fit& fit) {
  if (fit.n <= 0 || fit.x <= 0) return {};
  const double mean = fit.x / fit.n;
  const double target = fit.y / fit.n;
  const double spread = fit.xx / fit.n - mean * mean;
  Line line;
  if (spread > kLeastSpread * kLeastSpread * mean * mean) {
    const double slope = (fit.xy / fit.n - mean * target) / spread;
    line.factor = std::clamp(slope, 1 / kMostFactor, kMostFactor);
  }
  line.tokens = std::clamp(target - line.factor * mean, -kMostTokens, kMostTokens);
  return line;
}

void Calibration::forget_oldest() {
  const auto oldest = std::ranges::min_element(
      fits_, [](const auto& a, const auto& b) { return a.second.last < b.second.last; });
  if (oldest != fits_.end()) fits_.erase(oldest);
}

void Calibration::add(std::string_view provider, std::string_view model, RequestKind kind,
                      Grade grade, std::int64_t counted, std::int64_t reported, Time now) {
  if (counted <= 0 || reported <= 0) return;
  const std::lock_guard guard(mutex_);
  Key key = key_of(provider, model, kind);
  Ratio& ratio = ratios_[{key.provider, kind}];
  ratio.provider = key.provider;
  ratio.kind = kind;
  ++ratio.samples;
  ratio.equal += counted == reported ? 1 : 0;
  ratio.counted += static_cast<std::uint64_t>(counted);
  ratio.reported += static_cast<std::uint64_t>(reported);

  const bool known = fits_.contains(key);
  if (!known && fits_.size() >= kMostModels) forget_oldest();
  Fit& fit = fits_[std::move(key)];
  const double fade = 1 - 1 / kMemory;
  const auto x = static_cast<double>(counted);
  const auto y = static_cast<double>(reported);
  fit.n = fit.n * fade + 1;
  fit.x = fit.x * fade + x;
  fit.y = fit.y * fade + y;
  fit.xx = fit.xx * fade + x * x;
  fit.xy = fit.xy * fade + x * y;
  fit.exact = grade != Grade::estimated;
  fit.last = now;
}

std::int64_t Calibration::corrected(std::string_view provider, std::string_view model,
                                    RequestKind kind, Grade grade, std::int64_t counted) const {
  if (grade != Grade::estimated || counted <= 0) return counted;
  const std::lock_guard guard(mutex_);
  const auto found = fits_.find(key_of(provider, model, kind));
  if (found == fits_.end() || found->second.exact || found->second.n < kLeastSamples)
    return counted;
  const Line line = line_of(found->second);
  const auto count = static_cast<double>(counted);
  const double corrected = line.tokens + line.factor * count;
  const double least = count / kMostFactor;
  const double most = count * kMostFactor + kMostTokens;
  return std::llround(std::clamp(corrected, least, most));
}

std::vector<Calibration::Ratio> Calibration::ratios() const {
  const std::lock_guard guard(mutex_);
  std::vector<Ratio> out;
  for (const auto& [key, ratio] : ratios_) out.push_back(ratio);
  return out;
}

std::vector<Calibration::Learned> Calibration::learned() const {
  const std::lock_guard guard(mutex_);
  std::vector<Learned> out;
  for (const auto& [key, fit] : fits_) {
    const Line line = line_of(fit);
    out.push_back({key.provider, key.model, key.kind, fit.n, line.factor, line.tokens,
                   !fit.exact && fit.n >= kLeastSamples, fit.exact, fit.last});
  }
  return out;
}

std::size_t Calibration::reset(std::string_view provider, std::string_view model) {
  const std::lock_guard guard(mutex_);
  return std::erase_if(fits_, [&](const auto& entry) {
    return (provider.empty() || entry.first.provider == clean(provider)) &&
           (model.empty() || entry.first.model == clean(model));
  });
}

std::string Calibration::save() const {
  const std::lock_guard guard(mutex_);
  std::string out(kHeader);
  out += '\n';
  for (const auto& [key, ratio] : ratios_) {
    out += fmt::format("ratio\t{}\t{}\t{}\t{}\t{}\t{}\n", ratio.provider, name_of(ratio.kind),
                       ratio.samples, ratio.equal, ratio.counted, ratio.reported);
  }
  for (const auto& [key, fit] : fits_) {
    out += fmt::format("model\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", key.provider, key.model,
                       name_of(key.kind), fit.exact ? 1 : 0, fit.n, fit.x, fit.y, fit.xx, fit.xy,
                       fit.last.time_since_epoch().count());
  }
  return out;
}

void Calibration::restore(std::string_view text) {
  const std::lock_guard guard(mutex_);
  fits_.clear();
  ratios_.clear();
  const std::size_t first = std::min(text.find('\n'), text.size());
  if (text.substr(0, first) != kHeader) return;
  text.remove_prefix(std::min(first + 1, text.size()));
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view what = next_field(line);
    const std::string provider = clean(next_field(line));
    if (what == "ratio") {
      const auto kind = kind_named(next_field(line));
      const auto samples = number<std::uint64_t>(next_field(line));
      const auto equal = number<std::uint64_t>(next_field(line));
      const auto counted = number<std::uint64_t>(next_field(line));
      const auto reported = number<std::uint64_t>(next_field(line));
      if (!kind || !samples || !equal || !counted || !reported) continue;
      ratios_[{provider, *kind}] = {provider, *kind, *samples, *equal, *counted, *reported};
    } else if (what == "model" && fits_.size() < kMostModels) {
      const std::string model = clean(next_field(line));
      const auto kind = kind_named(next_field(line));
      const auto exact = number<int>(next_field(line));
      std::array<std::optional<double>, 5> sums;
      for (auto& sum : sums) sum = number<double>(next_field(line));
      const auto last = number<std::int64_t>(next_field(line));
      const bool whole = std::ranges::all_of(sums, [](const auto& sum) { return sum.has_value(); });
      if (!kind || !exact || !whole || !last) continue;
      fits_[{provider, model, *kind}] = {*sums[0],
                                         *sums[1],
                                         *sums[2],
                                         *sums[3],
                                         *sums[4],
                                         *exact != 0,
                                         Time(std::chrono::microseconds(*last))};
    }
  }
}

}  // namespace tokenweir::count
