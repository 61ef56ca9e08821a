// The one clock of the load tests: CLOCK_MONOTONIC, shared by all processes of the machine, so a
// stamp written by the mock provider can be subtracted in the load generator.
#pragma once

#include <time.h>

#include <cstdint>

namespace loadtest {

inline constexpr std::int64_t kSecond = 1'000'000'000;

// Nanoseconds since an arbitrary point that is the same for every process until reboot.
inline std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace loadtest
