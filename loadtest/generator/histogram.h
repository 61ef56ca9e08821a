// A latency histogram in the manner of HDR: exact below 256 ns, then 128 steps per doubling, so any
// percentile is within 0.8 % of a recorded value at a fixed cost per sample.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace loadtest {

class Histogram {
 public:
  void record(std::int64_t nanoseconds) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
    ++counts_[std::min(index_of(value), counts_.size() - 1)];
    ++total_;
    sum_ += value;
    max_ = std::max(max_, value);
  }

  // Nanoseconds below which `fraction` (0..1) of the samples lie; 0 when nothing was recorded.
  std::uint64_t percentile(double fraction) const {
    if (total_ == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total_ - 1)) + 1;
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < counts_.size(); ++index) {
      seen += counts_[index];
      if (seen >= wanted) return std::min(value_of(index), max_);
    }
    return max_;
  }

  std::uint64_t count() const { return total_; }
  std::uint64_t max() const { return max_; }
  double mean() const {
    return total_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(total_);
  }

 private:
  static constexpr unsigned kStepBits = 7;
  static constexpr std::uint64_t kSteps = 1u << kStepBits;

  static std::size_t index_of(std::uint64_t value) {
    if (value < 2 * kSteps) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
    return (shift + 1) * kSteps + ((value >> shift) - kSteps);
  }
  // The middle of the bucket, so that the error has no bias.
  static std::uint64_t value_of(std::size_t index) {
    if (index < 2 * kSteps) return index;
    const auto shift = static_cast<unsigned>(index / kSteps - 1);
    return ((index % kSteps + kSteps) << shift) + (std::uint64_t{1} << shift) / 2;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(40 * kSteps);
  std::uint64_t total_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace loadtest
