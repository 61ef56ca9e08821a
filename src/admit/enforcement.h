// Break-glass: while an operator has switched enforcement off nothing is refused or clamped, and it
// returns by itself. One relaxed load a request.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/time.h"

namespace tokenweir::admit {

class EnforcementSwitch {
 public:
  // What the configuration says apart: this is only the operator's word.
  [[nodiscard]] bool enforcing(Time now) const {
    return now.time_since_epoch().count() >= off_until_.load(std::memory_order_relaxed);
  }
  // Who sets it also sees to it that a wall clock put back does not prolong it.
  void off_until(Time end) {
    off_until_.store(end.time_since_epoch().count(), std::memory_order_relaxed);
  }
  void on() { off_until_.store(INT64_MIN, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> off_until_{INT64_MIN};
};

}  // namespace tokenweir::admit
