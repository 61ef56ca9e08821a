#include "publish/catalogue.h"

#include <array>
#include <optional>
#include <string_view>

namespace tokenweir::publish {
namespace {

constexpr std::string_view kDurations = "0.05 0.1 0.25 0.5 1 2.5 5 10 20 40 80 160 320 600";
constexpr std::string_view kFirstToken = "0.05 0.1 0.2 0.3 0.5 0.75 1 1.5 2.5 5 10 20 40 80 160";
constexpr std::string_view kBetweenTokens =
    "0.001 0.0025 0.005 0.01 0.015 0.02 0.03 0.05 0.075 0.1 0.15 0.25 0.5 1 2.5";
constexpr std::string_view kTokensPerSecond = "1 5 10 20 30 40 50 75 100 150 200 300 500 1000 2000";
// Three of these are the input sizes at which long-context prices begin: 128k, 200k, 272k.
constexpr std::string_view kTokenCounts =
    "64 256 1024 4096 8192 16384 32768 65536 131072 200000 272000 524288 1048576";
constexpr std::string_view kDollars = "0.001 0.01 0.05 0.1 0.25 0.5 1 2.5 5 10 25 50 100 250";
constexpr std::string_view kOverheads =
    "5e-05 0.0001 0.00025 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25";
constexpr std::string_view kRatios = "0.25 0.5 0.75 0.9 0.95 0.98 1 1.02 1.05 1.1 1.25 1.5 2 4";
constexpr std::string_view kSyncs =
    "0.0001 0.00025 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1";

constexpr std::string_view kRunRequests = "1 2 5 10 20 50 100 200 500 1000 2000";
constexpr std::string_view kRunDurations = "1 5 15 60 300 900 1800 3600 7200 14400 43200 86400";
constexpr std::string_view kGrowths = "0.5 0.9 1 1.1 1.5 2 3 5 10 20 50 100";

constexpr auto kOutcomes = std::to_array<std::string_view>(
    {"ok", "rejected", "client_abort", "truncated", "upstream_4xx", "upstream_429", "upstream_5xx",
     "upstream_timeout", "upstream_connect", "upstream_protocol"});
constexpr auto kReasons = std::to_array<std::string_view>(
    {"budget_exhausted", "budget_reserve", "run_budget", "run_requests", "loop", "rate",
     "concurrency", "unpriced_model", "model_denied", "unauthenticated", "no_workflow", "too_large",
     "killed", "draining"});
constexpr auto kRetryCauses = std::to_array<std::string_view>(
    {"sdk_header", "same_body", "after_429", "after_5xx", "after_timeout"});
constexpr auto kWastes =
    std::to_array<std::string_view>({"loop", "retry", "duplicate", "client_abort", "truncated"});
constexpr auto kLookups =
    std::to_array<std::string_view>({"exact", "alias", "pattern", "fallback", "missing"});
constexpr auto kLedgerResults =
    std::to_array<std::string_view>({"ok", "retried", "dropped", "error", "replayed"});

// Kinds that every model has; audio, images and fees appear where they are billed.
constexpr auto kCommonKinds =
    std::to_array<CostKind>({CostKind::input, CostKind::cache_read, CostKind::cache_write,
                             CostKind::output, CostKind::reasoning});

bool streamed_content(const Record& record) {
  return record.streaming && record.ttft_us && record.answer.end_state != EndState::refused;
}

bool is_inference(const Figures& figures) { return figures.total_input || figures.total_output; }

// Endpoints whose answers never carry usage do not miss it.
bool expects_usage(const Record& record) {
  return record.sent && record.method == "POST" && record.dialect != "opaque" &&
         record.dialect != "openai_images" && record.dialect != "openai_audio" &&
         !record.dialect.ends_with("_misc") && record.bill.price_id != "free" &&
         record.bill.price_id != "error_answer" && record.bill.price_id != "billed_before";
}

std::string_view missing_cause(const Record& record) {
  if (record.answer.usage_anomaly) return "parse";
  if (record.answer.end_state == EndState::client_abort) return "client_abort";
  if (record.answer.end_state == EndState::complete ||
      record.answer.end_state == EndState::truncated) {
    return "not_sent";
  }
  return "upstream_cut";
}

std::string_view raw_model(const Record& record) {
  if (!record.answer.model_served.empty()) return record.answer.model_served;
  return record.model_requested;
}

bool is_unpriced(const Seen& seen) {
  return seen.record.sent && !seen.record.bill.cost && !raw_model(seen.record).empty();
}

void count_estimates(const Seen& seen, Family& family) {
  for (std::size_t i = 0; i < kTokenKinds; ++i) {
    const auto kind = static_cast<CostKind>(i);
    const UsageSource source =
        is_input_kind(kind) ? seen.record.input_source : seen.record.output_source;
    if (source == UsageSource::reported || !seen.figures.tokens[i]) continue;
    family.add({seen.provider, seen.model, Labels::id(kind)}, *seen.figures.tokens[i]);
  }
}

void count_estimate_ratios(const Seen& seen, Family& family) {
  const auto compare = [&](const std::optional<std::int64_t>& counted,
                           const std::optional<std::int64_t>& reported, UsageSource source,
                           CostKind kind) {
    if (!counted || !reported || *reported <= 0 || source != UsageSource::reported) return;
    family.observe({seen.provider, Labels::id(kind)}, Int128{*counted} * 1'000'000 / *reported);
  };
  compare(seen.record.counted_input_tokens, seen.figures.total_input, seen.record.input_source,
          CostKind::input);
  compare(seen.record.counted_output_tokens, seen.figures.total_output, seen.record.output_source,
          CostKind::output);
}

void count_speed(const Seen& seen, Family& family) {
  const Record& record = seen.record;
  const std::int64_t tokens = seen.figures[CostKind::output].value_or(0);
  if (!streamed_content(record) || tokens < 2) return;
  const std::int64_t generating_us = record.duration_us - *record.ttft_us;
  if (generating_us <= 0) return;
  family.observe({seen.provider, seen.model}, Int128{tokens} * 1'000'000'000'000 / generating_us);
}

// Whose cap an answer lived under: what is left of a budget, or a configured rule. Empty: the
// client's own, or none.
std::string_view clamped_by(const Record& record) {
  if (!record.cap_applied || !record.refusal.empty()) return {};
  if (record.cap_source == "budget" || record.cap_source == "ladder") return "budget";
  return record.cap_source == "rule" || record.cap_source == "default" ? "global" : "";
}

std::string_view error_type(const Record& record) {
  return record.provider_fault == "protocol" ? "reset" : std::string_view(record.provider_fault);
}

// Of a client's own key nobody knows a name.
constexpr std::string_view kOwnKey = "_client";

void keep_rate_limits(const Seen& seen, Family& family) {
  for (std::size_t i = 0; i < kRateResources; ++i) {
    const std::optional<std::uint64_t> left = seen.record.answer.rate_limits_left[i];
    if (!left) continue;
    const std::string_view name = seen.record.attribution.credential;
    family.set({seen.provider, seen.labels.id(Label::credential, name.empty() ? kOwnKey : name),
                seen.labels.id(Label::resource, name_of(static_cast<RateResource>(i)))},
               *left);
  }
}

using enum MetricType;

// clang-format off
const auto kCatalogue = std::to_array<Definition>({
    {.name = "requests_total", .type = counter,
     .labels = {Label::workflow, Label::provider, Label::model, Label::outcome},
     .help = "Requests finished, by outcome.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       f.add({s.workflow, s.provider, s.model, s.labels.id(Label::outcome, outcome_of(s.record))}, 1);
     },
     .begin = [](const Seen& s, Family& f) {
       for (const auto outcome : kOutcomes) {
         f.add({s.workflow, s.provider, s.model, s.labels.id(Label::outcome, outcome)}, 0);
       }
     }},
    {.name = "request_duration_seconds", .type = histogram,
     .labels = {Label::provider, Label::model, Label::streaming}, .unit = Unit::millionth,
     .bounds = kDurations, .help = "Time from first client byte to last byte sent.",
     .count = [](const Seen& s, Family& f) {
       const auto streaming = s.labels.id(Label::streaming, s.record.streaming ? "true" : "false");
       f.observe({s.provider, s.model, streaming}, s.record.duration_us);
     }},
    {.name = "request_body_bytes_total", .type = counter, .labels = {Label::direction},
     .help = "Body bytes relayed.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       f.add({s.labels.id(Label::direction, "request")}, s.record.request_bytes);
       f.add({s.labels.id(Label::direction, "response")}, s.record.response_bytes);
     },
     .configured = [](const Known& k, Family& f) {
       for (const auto direction : {"request", "response"}) f.add({k.labels.id(Label::direction, direction)}, 0);
     }},
    {.name = "tokens_total", .type = counter,
     .labels = {Label::workflow, Label::provider, Label::model, Label::kind},
     .help = "Billable tokens by disjoint kind; the sum over kind is the total.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       for (std::size_t i = 0; i < kTokenKinds; ++i) {
         if (!s.figures.tokens[i]) continue;
         f.add({s.workflow, s.provider, s.model, Labels::id(static_cast<CostKind>(i))}, *s.figures.tokens[i]);
       }
     },
     .begin = [](const Seen& s, Family& f) {
       for (const auto kind : kCommonKinds) f.add({s.workflow, s.provider, s.model, Labels::id(kind)}, 0);
     }},
    {.name = "tokens_estimated_total", .type = counter, .labels = {Label::provider, Label::model, Label::kind},
     .help = "Tokens booked from the estimator because the response carried no usage.", .restored = true,
     .count = count_estimates},
    {.name = "request_input_tokens", .type = histogram, .labels = {Label::provider, Label::model},
     .bounds = kTokenCounts, .help = "Context size per request, all input kinds added.",
     .count = [](const Seen& s, Family& f) {
       if (s.figures.total_input) f.observe({s.provider, s.model}, *s.figures.total_input);
     }},
    {.name = "request_output_tokens", .type = histogram, .labels = {Label::provider, Label::model},
     .bounds = kTokenCounts, .help = "Output tokens per request, reasoning included.",
     .count = [](const Seen& s, Family& f) {
       if (s.figures.total_output) f.observe({s.provider, s.model}, *s.figures.total_output);
     }},
    {.name = "cost_usd_total", .type = counter,
     .labels = {Label::workflow, Label::provider, Label::model, Label::kind}, .unit = Unit::picodollar,
     .help = "Metered cost in US dollars by disjoint kind.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (!s.record.bill.cost) return;
       for (std::size_t i = 0; i < kCostKinds; ++i) {
         const std::int64_t part = s.record.bill.by_kind[i];
         if (part != 0) f.add({s.workflow, s.provider, s.model, Labels::id(static_cast<CostKind>(i))}, part);
       }
     },
     .begin = [](const Seen& s, Family& f) {
       for (const auto kind : kCommonKinds) f.add({s.workflow, s.provider, s.model, Labels::id(kind)}, 0);
     }},
    {.name = "request_cost_usd", .type = histogram, .labels = {Label::provider, Label::model},
     .unit = Unit::picodollar, .bounds = kDollars, .help = "Metered cost per request in US dollars.",
     .count = [](const Seen& s, Family& f) {
       if (s.record.bill.cost && is_inference(s.figures)) {
         f.observe({s.provider, s.model}, s.record.bill.cost->picodollars());
       }
     }},
    {.name = "cache_read_savings_usd_total", .type = counter,
     .labels = {Label::workflow, Label::provider, Label::model}, .unit = Unit::picodollar,
     .help = "List price of cached input minus what it cost.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       // A contract may price a cached token above its plain price; a counter cannot fall.
       const auto& savings = s.record.bill.cache_savings;
       if (savings && savings->picodollars() > 0) {
         f.add({s.workflow, s.provider, s.model}, savings->picodollars());
       }
     },
     .begin = [](const Seen& s, Family& f) { f.add({s.workflow, s.provider, s.model}, 0); }},
    {.name = "cache_write_premium_usd_total", .type = counter,
     .labels = {Label::workflow, Label::provider, Label::model}, .unit = Unit::picodollar,
     .help = "Cost of cache writes above the plain input price.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       const auto& premium = s.record.bill.cache_write_premium;
       if (premium && premium->picodollars() > 0) {
         f.add({s.workflow, s.provider, s.model}, premium->picodollars());
       }
     },
     .begin = [](const Seen& s, Family& f) { f.add({s.workflow, s.provider, s.model}, 0); }},
    {.name = "rejections_total", .type = counter, .labels = {Label::workflow, Label::reason},
     .help = "Requests refused by the proxy.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (s.record.refusal.empty()) return;
       f.add({s.workflow, s.labels.id(Label::reason, s.record.refusal)}, 1);
     },
     .configured = [](const Known& k, Family& f) {
       for (const LabelId workflow : k.workflows) {
         for (const auto reason : kReasons) f.add({workflow, k.labels.id(Label::reason, reason)}, 0);
       }
     }},
    {.name = "would_refuse_total", .type = counter, .labels = {Label::workflow, Label::reason},
     .help = "Requests that passed and that an observed rule would have refused.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (s.record.would_refuse.empty()) return;
       f.add({s.workflow, s.labels.id(Label::reason, s.record.would_refuse)}, 1);
     }},
    {.name = "would_clamp_total", .type = counter, .labels = {Label::workflow},
     .help = "Requests whose output cap an observed rule would have lowered.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (!s.record.would_clamp.empty()) f.add({s.workflow}, 1);
     }},
    {.name = "output_clamps_total", .type = counter, .labels = {Label::workflow, Label::source},
     .help = "Requests whose output cap was lowered or inserted.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (clamped_by(s.record).empty()) return;
       f.add({s.workflow, s.labels.id(Label::source, clamped_by(s.record))}, 1);
     }},
    {.name = "output_clamped_tokens_total", .type = counter, .labels = {Label::workflow, Label::source},
     .help = "Output tokens asked for minus output tokens allowed.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       const auto& asked = s.record.cap_requested;
       if (clamped_by(s.record).empty() || !asked || *asked <= *s.record.cap_applied) return;
       f.add({s.workflow, s.labels.id(Label::source, clamped_by(s.record))},
             Int128{*asked} - *s.record.cap_applied);
     }},
    {.name = "output_truncations_total", .type = counter, .labels = {Label::workflow, Label::source},
     .help = "Responses that stopped at a cap of the proxy: the price of clamping.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       const bool ended = s.record.answer.end_state == EndState::truncated;
       if (!ended || clamped_by(s.record).empty()) return;
       f.add({s.workflow, s.labels.id(Label::source, clamped_by(s.record))}, 1);
     }},
    {.name = "budget_cost_usd_total", .type = counter, .labels = {Label::budget, Label::window},
     .unit = Unit::picodollar, .help = "Cost charged to the budget; it does not start anew with the window."},
    {.name = "runs_finished_total", .type = counter, .labels = {Label::workflow, Label::end},
     .help = "Runs that came to rest, by why."},
    {.name = "run_requests", .type = histogram, .labels = {Label::workflow}, .bounds = kRunRequests,
     .help = "Requests per finished run."},
    {.name = "run_cost_usd", .type = histogram, .labels = {Label::workflow}, .unit = Unit::picodollar,
     .bounds = kDollars, .help = "Metered cost per finished run in US dollars."},
    {.name = "run_duration_seconds", .type = histogram, .labels = {}, .unit = Unit::millionth,
     .bounds = kRunDurations, .help = "First to last request of a finished run."},
    {.name = "run_context_growth_ratio", .type = histogram, .labels = {}, .unit = Unit::millionth,
     .bounds = kGrowths, .help = "Largest over first context of a finished run."},
    {.name = "retries_total", .type = counter, .labels = {Label::workflow, Label::provider, Label::cause},
     .help = "Requests recognised as a retry of an earlier one.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (s.record.retry_cause.empty()) return;
       f.add({s.workflow, s.provider, s.labels.id(Label::cause, s.record.retry_cause)}, 1);
     },
     .begin = [](const Seen& s, Family& f) {
       for (const auto cause : kRetryCauses) f.add({s.workflow, s.provider, s.labels.id(Label::cause, cause)}, 0);
     }},
    {.name = "wasted_cost_usd_total", .type = counter, .labels = {Label::workflow, Label::cause},
     .unit = Unit::picodollar, .help = "Metered cost of work judged wasted.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (s.record.waste.empty() || !s.record.bill.cost) return;
       f.add({s.workflow, s.labels.id(Label::cause, s.record.waste)}, s.record.bill.cost->picodollars());
     },
     .configured = [](const Known& k, Family& f) {
       for (const LabelId workflow : k.workflows) {
         for (const auto cause : kWastes) f.add({workflow, k.labels.id(Label::cause, cause)}, 0);
       }
     }},
    {.name = "time_to_first_token_seconds", .type = histogram, .labels = {Label::provider, Label::model},
     .unit = Unit::millionth, .bounds = kFirstToken,
     .help = "Request sent upstream to first content token received.",
     .count = [](const Seen& s, Family& f) {
       if (s.record.ttft_us) f.observe({s.provider, s.model}, *s.record.ttft_us);
     }},
    {.name = "inter_token_latency_seconds", .type = histogram, .labels = {Label::provider, Label::model},
     .unit = Unit::millionth, .bounds = kBetweenTokens,
     .help = "Mean time per output token after the first, one observation a response.",
     .count = [](const Seen& s, Family& f) {
       if (s.record.inter_token_us) f.observe({s.provider, s.model}, *s.record.inter_token_us);
     }},
    {.name = "output_tokens_per_second", .type = histogram, .labels = {Label::provider, Label::model},
     .unit = Unit::millionth, .bounds = kTokensPerSecond,
     .help = "Output tokens over generation time, one observation a response.", .count = count_speed},
    {.name = "upstream_errors_total", .type = counter, .labels = {Label::provider, Label::model, Label::type},
     .help = "Failed upstream exchanges by type.",
     .count = [](const Seen& s, Family& f) {
       if (s.record.provider_fault.empty()) return;
       f.add({s.provider, s.model, s.labels.id(Label::type, error_type(s.record))}, 1);
     }},
    {.name = "upstream_ratelimit_remaining", .type = gauge,
     .labels = {Label::provider, Label::credential, Label::resource},
     .help = "Remaining provider rate limit by the last response headers.", .count = keep_rate_limits},
    {.name = "overhead_seconds", .type = histogram, .labels = {Label::phase}, .unit = Unit::millionth,
     .bounds = kOverheads, .help = "Time added by the proxy.",
     .count = [](const Seen& s, Family& f) {
       if (s.record.sent) f.observe({s.labels.id(Label::phase, "request")}, s.record.overhead_us);
     }},
    {.name = "usage_missing_total", .type = counter, .labels = {Label::provider, Label::model, Label::cause},
     .help = "Responses without a usable usage block.",
     .count = [](const Seen& s, Family& f) {
       if (!expects_usage(s.record) || s.record.answer.source == UsageSource::reported) return;
       f.add({s.provider, s.model, s.labels.id(Label::cause, missing_cause(s.record))}, 1);
     }},
    {.name = "estimate_ratio", .type = histogram, .labels = {Label::provider, Label::kind},
     .unit = Unit::millionth, .bounds = kRatios, .help = "Estimated tokens over reported tokens.",
     .count = count_estimate_ratios},
    {.name = "unpriced_requests_total", .type = counter, .labels = {Label::provider, Label::raw_model},
     .help = "Requests to a model with no price in force.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (is_unpriced(s)) f.add({s.provider, s.labels.id(Label::raw_model, raw_model(s.record))}, 1);
     }},
    {.name = "unpriced_tokens_total", .type = counter,
     .labels = {Label::provider, Label::raw_model, Label::kind},
     .help = "Tokens of models with no price in force.", .restored = true,
     .count = [](const Seen& s, Family& f) {
       if (!is_unpriced(s)) return;
       const LabelId model = s.labels.id(Label::raw_model, raw_model(s.record));
       for (std::size_t i = 0; i < kTokenKinds; ++i) {
         if (!s.figures.tokens[i]) continue;
         f.add({s.provider, model, Labels::id(static_cast<CostKind>(i))}, *s.figures.tokens[i]);
       }
     }},
    {.name = "price_lookups_total", .type = counter, .labels = {Label::result},
     .help = "Price look-ups by result.",
     .count = [](const Seen& s, Family& f) {
       const std::string_view result = s.record.bill.lookup;
       if (result.empty()) return;
       f.add({s.labels.id(Label::result, result)}, 1);
     },
     .configured = [](const Known& k, Family& f) {
       for (const auto result : kLookups) f.add({k.labels.id(Label::result, result)}, 0);
     }},
    {.name = "ledger_records_total", .type = counter, .labels = {Label::result},
     .help = "Ledger records by result of the write.",
     .configured = [](const Known& k, Family& f) {
       for (const auto result : kLedgerResults) f.add({k.labels.id(Label::result, result)}, 0);
     }},
    {.name = "ledger_sync_duration_seconds", .type = histogram, .labels = {}, .unit = Unit::millionth,
     .bounds = kSyncs, .help = "Duration of ledger syncs to disk."},
    {.name = "event_loop_lag_seconds", .type = histogram, .labels = {}, .unit = Unit::millionth,
     .bounds = kOverheads, .help = "Delay of a timer on the event loop."},
});
// clang-format on

}  // namespace

std::span<const Definition> catalogue() { return kCatalogue; }

}  // namespace tokenweir::publish
