#include "admit/rate_cache.h"

#include <algorithm>

namespace tokenweir::admit {
namespace {

std::int64_t minute_of(Time at) {
  return std::chrono::floor<std::chrono::minutes>(at).time_since_epoch().count();
}

}  // namespace

bool Ceilings::priced() const {
  return std::ranges::any_of(of, [](const auto& rate) { return rate.has_value(); });
}

std::size_t RateCache::band_of(const Thresholds& thresholds, std::uint64_t context) {
  return static_cast<std::size_t>(std::ranges::upper_bound(thresholds, context) -
                                  thresholds.begin());
}

std::optional<Ceilings> RateCache::find(std::string_view key, Time at, std::uint64_t context) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || entry->second.minute != minute_of(at)) return std::nullopt;
  return entry->second.bands[band_of(entry->second.thresholds, context)];
}

void RateCache::keep(std::string_view key, Time at, std::uint64_t context,
                     const Thresholds& thresholds, const Ceilings& ceilings) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMost && !entries_.contains(key)) entries_.clear();
  Entry& entry = entries_[std::string(key)];
  if (entry.minute != minute_of(at) || entry.thresholds != thresholds) {
    entry = {minute_of(at), thresholds, {}};
  }
  entry.bands.resize(thresholds.size() + 1);
  entry.bands[band_of(thresholds, context)] = ceilings;
}

}  // namespace tokenweir::admit
