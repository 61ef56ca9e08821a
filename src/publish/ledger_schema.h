// The tables behind the public view `records`, and how an older file becomes a current one.
//
// exchange     one narrow row an exchange (or a correction of one), append-only
// context      the words that many rows share: workflow, provider, model, states. A row of
//              `exchange` points at one, which keeps it short and cheap to write
// correction   which row of `exchange` is replaced by which later one
// total        snapshots of the exact counters, so that a start need not read the whole ledger
// budget_sum   what each budget's account has spent in each of its periods
// run_sum      what each run has spent, without the runs below it
// identity     which ledger this is, so that a journal of holds knows its own
// kill_switch, budget_override, account_confirmed, enforcement_off   operators' orders in force
// audit        every order operators gave, append-only
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/time.h"
#include "publish/sqlite.h"

namespace tokenweir::publish {

// "TWLR", written into the file's header: a database without it is somebody else's.
inline constexpr std::int64_t kApplicationId = 0x54574C52;
inline constexpr std::int64_t kSchemaVersion = 5;

inline constexpr auto kContextColumns = std::to_array<std::string_view>({"instance",
                                                                         "policy_revision",
                                                                         "workflow",
                                                                         "team",
                                                                         "cost_center",
                                                                         "environment",
                                                                         "purpose",
                                                                         "credential",
                                                                         "provider",
                                                                         "provider_label",
                                                                         "dialect",
                                                                         "endpoint",
                                                                         "method",
                                                                         "region",
                                                                         "model_requested",
                                                                         "model_served",
                                                                         "price_model",
                                                                         "service_tier",
                                                                         "speed",
                                                                         "http_status",
                                                                         "end_state",
                                                                         "streaming",
                                                                         "sent",
                                                                         "edits",
                                                                         "usage_source",
                                                                         "input_source",
                                                                         "output_source",
                                                                         "usage_anomaly",
                                                                         "byok",
                                                                         "pricing",
                                                                         "price_id",
                                                                         "cap_source",
                                                                         "refusal",
                                                                         "would_refuse",
                                                                         "would_clamp",
                                                                         "retry_cause",
                                                                         "provider_fault",
                                                                         "waste",
                                                                         "counted_tokenizer",
                                                                         "counted_confidence"});

// The columns of the view `records`: the public contract in its order, then the additions.
inline constexpr auto kRecordColumns = std::to_array<std::string_view>(
    {"id", "started_at", "finished_at", "instance", "policy_revision", "workflow", "run",
     "parent_run", "step", "user", "customer", "team", "cost_center", "purpose", "tags",
     "credential", "provider", "dialect", "endpoint", "method", "path", "provider_request_id",
     "region", "model_requested", "model_served", "service_tier", "job_id", "http_status",
     "end_state", "streaming", "edits", "input_tokens", "cache_read_tokens", "cache_write_tokens",
     "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "audio_input_tokens",
     "audio_output_tokens", "image_input_tokens", "image_output_tokens", "calls", "inferences",
     "usage_source", "input_source", "output_source", "counted_input_tokens",
     "counted_output_tokens", "input_parts", "context_repeated_tokens", "cost_picodollars",
     "list_cost_picodollars", "cache_savings_picodollars", "pricing", "price_id",
     "provider_cost_picodollars", "cap_requested", "cap_applied", "cap_source", "refusal",
     "would_refuse", "would_clamp", "retry_of", "waste", "ttft_us", "duration_us", "overhead_us",
     "request_bytes", "response_bytes", "raw_usage",
     // Additions.
     "environment", "outcome", "provider_label", "price_model", "response_id", "speed",
     "error_type", "provider_fault", "retry_cause", "usage_anomaly", "byok", "sent",
     "token_classes", "cost_by_kind", "cache_write_premium_picodollars", "inter_token_us",
     "revision", "counted_upper_bound", "counted_tokenizer", "counted_confidence", "evidence"});

// Bind position of a column of `context`, found at compile time.
template <std::size_t count>
consteval int position(const std::array<std::string_view, count>& columns, std::string_view name) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) throw "no such column";
  return static_cast<int>(found - columns.begin()) + 1;
}

// Names joined by ", ", each with `prefix` in front.
[[nodiscard]] std::string column_list(std::span<const std::string_view> columns,
                                      std::string_view prefix = {});

// Brings an empty or older ledger to kSchemaVersion, each step in one transaction.
[[nodiscard]] Result<void, SqlError> migrate(const Database& database, std::int64_t from, Time now);

}  // namespace tokenweir::publish
