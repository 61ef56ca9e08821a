// The most a request can cost: every class it may be billed for, at the dearest rate that could
// apply. What cannot be bounded has no value, which a budget in money refuses.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "admit/rate_cache.h"
#include "budget/book.h"
#include "pricing/price_book.h"
#include "provider/extras.h"

namespace tokenweir::admit {

using CacheWrites = provider::CacheWrites;
using Extras = provider::Extras;

// More than any of the big providers charges for one image at full detail.
inline constexpr std::int64_t kImageTokens = 16'384;
// More than providers add to a prompt with tools (Anthropic: up to about 750).
inline constexpr std::int64_t kToolPromptTokens = 1'024;

struct BoundQuery {
  std::string_view prices;  // the provider's price list
  std::string_view model;
  std::span<const std::string> other_models;  // that may answer as well: fallbacks, advisors
  std::string_view host;
  std::string_view region;        // asked for; empty: any may serve
  std::string_view service_tier;  // asked for; empty and "auto": any may serve
  std::string_view speed;         // asked for; empty: standard
  Time at{};
  std::uint64_t body_bytes = 0;
  std::optional<std::int64_t> input_tokens;  // an upper bound that counting found; else the bytes
  std::int64_t context_limit = 0;            // 0: unknown; bounds remote input
  std::int64_t choices = 1;
  std::optional<std::int64_t> output_cap;  // of one choice; no value: the request sets none
  std::int64_t output_max = 0;             // the most the model can say; 0: unknown
  bool no_output = false;                  // embeddings
  Extras extras;
};

enum class BoundFault : std::uint8_t {
  none,
  unpriced,     // no price list, or the model is not listed and `unknown` rejects it
  open_output,  // no cap and no known maximum
  open_input,   // remote input of unknown size
  open_tools,   // charged tools without a limit
  overflow,
};
[[nodiscard]] std::string_view name_of(BoundFault fault);

struct Bound {
  budget::Demand demand;  // usd is zero where `fault` is unpriced
  BoundFault fault = BoundFault::none;
  bool estimated = false;  // at the dearest rates of the family
};

// For text alone this is wire.md 12.5: input x the dearest of plain and cache-writing rates, output
// x the dearest of visible and hidden rates, plus fees; in the dearest tier, region and context
// band that may apply.
[[nodiscard]] Bound worst_case(const pricing::PriceBook& prices, const BoundQuery& query,
                               pricing::UnknownModel unknown, RateCache& cache);

// An answer shorter than this is not worth its input: max(1024, a quarter of what was asked), never
// more than what was asked.
[[nodiscard]] constexpr std::int64_t least_output(std::int64_t asked) {
  const std::int64_t quarter = asked / 4 + (asked % 4 != 0 ? 1 : 0);
  const std::int64_t least = quarter > 1024 ? quarter : 1024;
  return least < asked ? least : asked;
}

}  // namespace tokenweir::admit
