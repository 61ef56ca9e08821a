// Named instants at which a test can have the process killed as `kill -9` would, to prove that
// nothing is lost there. Off unless the environment says TOKENWEIR_CRASH_AT=NAME or NAME:N (the Nth
// time the point is passed).
#pragma once

#include <string_view>

namespace tokenweir {

namespace crash_point_detail {
extern const bool armed;
void pass(std::string_view name) noexcept;
}  // namespace crash_point_detail

inline void crash_point(std::string_view name) noexcept {
  if (crash_point_detail::armed) [[unlikely]]
    crash_point_detail::pass(name);
}

}  // namespace tokenweir
