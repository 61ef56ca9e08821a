// Ids of exchanges: 26 characters that sort by time (a ULID: 48 bits of milliseconds, 80 random).
// One maker a thread.
#pragma once

#include <random>
#include <string>

#include "core/time.h"

namespace tokenweir::platform {

class Identifiers {
 public:
  Identifiers();
  [[nodiscard]] std::string next(Time now);

 private:
  std::mt19937_64 random_;
};

}  // namespace tokenweir::platform
