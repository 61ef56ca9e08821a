// How counting stands when the metrics are asked for. Plain values, filled by who owns the
// counters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::publish {

struct CountingSample {
  // Parts of requests looked up in the memory of counts, since the process began.
  std::uint64_t memo_hits = 0;
  std::uint64_t memo_misses = 0;
  std::uint64_t memo_bytes = 0;
  // Requests whose input was counted here and reported by the provider.
  struct Compared {
    std::string provider;
    std::string_view kind;  // text, tools, media
    std::uint64_t requests = 0;
    std::uint64_t equal = 0;  // to the token
    std::uint64_t counted = 0;
    std::uint64_t reported = 0;
  };
  std::vector<Compared> compared;
  std::uint64_t corrections = 0;  // models whose estimates are corrected by what was learned
};

}  // namespace tokenweir::publish
