// The one immutable row of an exchange: what the ledger keeps, the metrics count and the access log
// prints. Built by exchange/, consumed by publish/. Holds no prompt or answer text and no
// credential.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/answer.h"
#include "core/money.h"
#include "core/time.h"
#include "core/usage.h"

namespace tokenweir {

// Who asked, and under which name the spend is booked. Empty means not told.
struct Attribution {
  std::string workflow;  // "_unset" when nobody said
  std::string run;       // empty: NULL in the ledger
  std::string parent_run;
  std::string user;
  std::string customer;
  std::string team;
  std::string cost_center;
  std::string environment;
  std::string purpose;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string outcome;     // "useful", "useless", with an optional ";value=N"
  std::string credential;  // configured name, never the secret
};

enum class Pricing : std::uint8_t { priced, fallback, unpriced };
[[nodiscard]] std::string_view name_of(Pricing pricing);

// Disjoint kinds of cost, the `kind` label of tokenweir_cost_usd_total.
enum class CostKind : std::uint8_t {
  input,
  cache_read,
  cache_write,
  output,
  reasoning,
  input_audio,
  output_audio,
  input_image,
  output_image,
  web_search,
  tool,
  request,
};
inline constexpr std::size_t kCostKinds = 12;
[[nodiscard]] std::string_view name_of(CostKind kind);
// The kind a token class is counted under (the metrics' `kind`).
[[nodiscard]] CostKind kind_of(TokenClass token_class);
[[nodiscard]] CostKind kind_of(CallClass call_class);

// The money of one row. `by_kind` sums exactly to `cost`.
struct Bill {
  std::optional<Money> cost;  // no value: unpriced
  std::optional<Money> list_cost;
  std::optional<Money> cache_savings;  // plain input price minus what cached input cost
  std::optional<Money> cache_write_premium;
  std::array<std::int64_t, kCostKinds> by_kind{};  // picodollars
  Pricing pricing = Pricing::unpriced;
  // How the model was found among the prices: exact, alias, pattern, fallback, missing; empty where
  // nobody asked. Static text.
  std::string_view lookup;
  std::string price_id;         // row, period, tier and book revision
  std::string canonical_model;  // the price file's id; empty when unpriced
  std::vector<std::optional<Money>> by_inference;
};

struct Record {
  std::string id;
  Time started_at{};
  Time finished_at{};
  std::string policy_revision;

  Attribution attribution;
  std::optional<std::int64_t> step;

  std::string provider;        // the config's name
  std::string provider_label;  // the OpenTelemetry value, for metrics
  std::string dialect;
  std::string endpoint;
  std::string method;
  std::string path;  // without query: keys travel there
  std::string provider_request_id;
  std::string region;
  std::string model_requested;
  std::string service_tier_requested;

  int http_status = 0;  // what the client was sent; 0: nothing was sent
  bool streaming = false;
  std::vector<std::string> edits;
  bool sent = false;  // at least one request byte reached the provider

  Answer answer;  // usage, served model, end state
  UsageSource input_source = UsageSource::none;
  UsageSource output_source = UsageSource::none;
  std::optional<std::int64_t> counted_input_tokens;
  std::optional<std::int64_t> counted_output_tokens;
  std::string input_parts;  // JSON object or empty
  std::optional<std::int64_t> context_repeated_tokens;
  std::optional<std::int64_t> counted_upper_bound;  // none: only the model's window bounds it
  std::string_view counted_tokenizer = {};          // static text; empty: not counted
  std::string_view counted_confidence = {};

  Bill bill;

  std::optional<std::int64_t> cap_requested;
  std::optional<std::int64_t> cap_applied;
  std::string cap_source;
  std::string refusal;  // a reason of ecosystem.md 1.5, or empty
  std::string would_refuse;
  std::string would_clamp;
  std::string retry_of;
  std::string retry_cause;  // sdk_header, same_body, after_429, after_5xx, after_timeout
  std::string waste;
  // Why a provider could not answer: connect, tls, timeout, reset, protocol, 429, 529, 4xx, 5xx,
  // sse_error; empty when it did.
  std::string provider_fault;
  // An answer was cut off here, and the provider closed its side in reply: nothing more was made.
  bool provider_stopped = false;

  std::optional<std::int64_t> ttft_us;
  std::int64_t duration_us = 0;
  std::int64_t overhead_us = 0;
  std::optional<std::int64_t> inter_token_us;  // mean gap between streamed events
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
};

// The outcome label of tokenweir_requests_total (ecosystem.md 1.5).
[[nodiscard]] std::string_view outcome_of(const Record& record);

}  // namespace tokenweir
