// What the meter learned from a provider's answer. A value: made by meter/, read by settle/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/money.h"
#include "core/usage.h"

namespace tokenweir {

// How an exchange ended; the ledger's `end_state`.
enum class EndState : std::uint8_t {
  complete,
  truncated,       // the answer stopped at an output limit
  provider_error,  // an error status, an error inside a 200, a cut or unterminated answer
  client_abort,
  proxy_abort,
  refused,
};
[[nodiscard]] std::string_view name_of(EndState state);

// What providers count against their rate limits and tell in the head of an answer.
enum class RateResource : std::uint8_t { requests, tokens, input_tokens, output_tokens };
inline constexpr std::size_t kRateResources = 4;
[[nodiscard]] std::string_view name_of(RateResource resource);
using RateLimitsLeft = std::array<std::optional<std::uint64_t>, kRateResources>;

struct Answer {
  // Empty when the provider reported no usage. The first is the exchange's own inference.
  std::vector<Inference> inferences;
  UsageSource source = UsageSource::none;
  std::string model_served;
  std::string service_tier;    // as served, the provider's word
  std::string speed;           // Anthropic fast mode
  std::string region;          // inference geography, when the provider tells
  std::string search_context;  // how much a search model read: low, medium, high
  std::string response_id;     // for deduplication of stored answers and replays
  std::string job_id;          // a batch or background job this exchange started or read
  std::optional<Money> provider_cost;
  std::string raw_usage;   // the provider's usage JSON, verbatim (bounded)
  std::string error_type;  // the provider's error type or code, when the answer is an error
  EndState end_state = EndState::complete;
  bool usage_anomaly = false;         // the provider's figures contradicted each other
  RateLimitsLeft rate_limits_left{};  // by RateResource; no value: not told
  bool byok = false;                  // paid with the client's own key at a reseller

  friend bool operator==(const Answer&, const Answer&) = default;
};

}  // namespace tokenweir
