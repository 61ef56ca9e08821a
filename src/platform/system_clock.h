// The real clock. Only main and app/ construct it.
#pragma once

#include "core/time.h"

namespace tokenweir::platform {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] Instant monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace tokenweir::platform
