// The dearest price of a unit of each kind, remembered: finding it looks at every tier and region a
// request may be served in, which takes longer than the whole rest of admission. Shared by all
// event loops behind one short mutex; bounded.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/time.h"
#include "pricing/rates.h"

namespace tokenweir::admit {

// Picodollars a unit, rounded up; no value: the list has none.
struct Ceilings {
  std::array<std::optional<std::int64_t>, pricing::kKinds> of{};
  bool listed = true;      // the model is in the price list
  bool estimated = false;  // at the dearest rates of the family, or outside every period

  [[nodiscard]] bool priced() const;
};

class RateCache {
 public:
  // Context sizes at which the model's prices change, ascending.
  using Thresholds = std::vector<std::uint64_t>;

  // What was found for that key in that minute and that price band; no value: nobody asked yet.
  [[nodiscard]] std::optional<Ceilings> find(std::string_view key, Time at, std::uint64_t context);
  void keep(std::string_view key, Time at, std::uint64_t context, const Thresholds& thresholds,
            const Ceilings& ceilings);

 private:
  static constexpr std::size_t kMost = 4'096;

  struct Entry {
    std::int64_t minute = 0;  // daily price windows begin and end on whole minutes
    Thresholds thresholds;
    std::vector<std::optional<Ceilings>> bands;  // one more than thresholds
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  static std::size_t band_of(const Thresholds& thresholds, std::uint64_t context);

  std::mutex mutex_;
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
};

}  // namespace tokenweir::admit
