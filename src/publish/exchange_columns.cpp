#include "publish/exchange_columns.h"

#include "publish/row_json.h"

namespace tokenweir::publish {
namespace {

void count(const Row& row, Cell& cell, CostKind kind) { cell.integer(row.figures[kind]); }

// clang-format off
constexpr auto kColumns = std::to_array<ExchangeColumn>({
    {"id", [](const Row& r, Cell& c) { c.plain(r.record.id); }},
    {"revision", [](const Row& r, Cell& c) { c.integer(r.revision); }},
    {"context", [](const Row& r, Cell& c) { c.integer(r.context); }},
    {"started_at", [](const Row& r, Cell& c) { c.plain(c.scratch().started.format(r.record.started_at)); }},
    {"finished_at", [](const Row& r, Cell& c) { c.plain(c.scratch().finished.format(r.record.finished_at)); }},
    {"run", [](const Row& r, Cell& c) { c.text(r.record.attribution.run); }},
    {"parent_run", [](const Row& r, Cell& c) { c.text(r.record.attribution.parent_run); }},
    {"step", [](const Row& r, Cell& c) { c.integer(r.record.step); }},
    {"user", [](const Row& r, Cell& c) { c.text(r.record.attribution.user); }},
    {"customer", [](const Row& r, Cell& c) { c.text(r.record.attribution.customer); }},
    {"tags", [](const Row& r, Cell& c) {
       if (!r.record.attribution.tags.empty()) c.plain(c.scratch().next() = json_object(r.record.attribution.tags));
     }},
    {"outcome", [](const Row& r, Cell& c) { c.text(r.record.attribution.outcome); }},
    {"path", [](const Row& r, Cell& c) { c.text(r.record.path); }},
    {"provider_request_id", [](const Row& r, Cell& c) { c.text(r.record.provider_request_id); }},
    {"response_id", [](const Row& r, Cell& c) { c.text(r.record.answer.response_id); }},
    {"replayable", [](const Row& r, Cell& c) { if (is_replayable(r.record)) c.integer(1); }},
    {"job_id", [](const Row& r, Cell& c) { c.text(r.record.answer.job_id); }},
    {"error_type", [](const Row& r, Cell& c) { c.text(r.record.answer.error_type); }},
    {"input_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::input); }},
    {"cache_read_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::cache_read); }},
    {"cache_write_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::cache_write); }},
    {"cache_write_1h_tokens", [](const Row& r, Cell& c) { c.integer(saturated(r.figures.usage[TokenClass::cache_write_1h])); }},
    {"output_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::output); }},
    {"reasoning_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::reasoning); }},
    {"audio_input_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::input_audio); }},
    {"audio_output_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::output_audio); }},
    {"image_input_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::input_image); }},
    {"image_output_tokens", [](const Row& r, Cell& c) { count(r, c, CostKind::output_image); }},
    {"calls", [](const Row& r, Cell& c) { c.text(c.scratch().next() = calls_json(r.figures.usage)); }},
    {"token_classes", [](const Row& r, Cell& c) { c.text(c.scratch().next() = token_classes_json(r.figures.usage)); }},
    {"inferences", [](const Row& r, Cell& c) { c.text(c.scratch().next() = inferences_json(r.record)); }},
    {"counted_input_tokens", [](const Row& r, Cell& c) { c.integer(r.record.counted_input_tokens); }},
    {"counted_output_tokens", [](const Row& r, Cell& c) { c.integer(r.record.counted_output_tokens); }},
    {"input_parts", [](const Row& r, Cell& c) { c.text(r.record.input_parts); }},
    {"context_repeated_tokens", [](const Row& r, Cell& c) { c.integer(r.record.context_repeated_tokens); }},
    {"counted_upper_bound", [](const Row& r, Cell& c) { c.integer(r.record.counted_upper_bound); }},
    {"cost_picodollars", [](const Row& r, Cell& c) { c.money(r.record.bill.cost); }},
    {"list_cost_picodollars", [](const Row& r, Cell& c) { c.money(r.record.bill.list_cost); }},
    {"cache_savings_picodollars", [](const Row& r, Cell& c) { c.money(r.record.bill.cache_savings); }},
    {"cache_write_premium_picodollars", [](const Row& r, Cell& c) { c.money(r.record.bill.cache_write_premium); }},
    {"provider_cost_picodollars", [](const Row& r, Cell& c) { c.money(r.record.answer.provider_cost); }},
    {"cost_by_kind", [](const Row& r, Cell& c) {
       std::string& json = c.scratch().next();
       append_cost_by_kind(json, r.record.bill);
       c.text(json);
     }},
    {"cap_requested", [](const Row& r, Cell& c) { c.integer(r.record.cap_requested); }},
    {"cap_applied", [](const Row& r, Cell& c) { c.integer(r.record.cap_applied); }},
    {"retry_of", [](const Row& r, Cell& c) { c.text(r.record.retry_of); }},
    {"ttft_us", [](const Row& r, Cell& c) { c.integer(r.record.ttft_us); }},
    {"duration_us", [](const Row& r, Cell& c) { c.integer(r.record.duration_us); }},
    {"overhead_us", [](const Row& r, Cell& c) { c.integer(r.record.overhead_us); }},
    {"inter_token_us", [](const Row& r, Cell& c) { c.integer(r.record.inter_token_us); }},
    {"request_bytes", [](const Row& r, Cell& c) { c.integer(saturated(r.record.request_bytes)); }},
    {"response_bytes", [](const Row& r, Cell& c) { c.integer(saturated(r.record.response_bytes)); }},
    {"raw_usage", [](const Row& r, Cell& c) { c.text(r.record.answer.raw_usage); }},
    {"evidence", [](const Row& r, Cell& c) { c.text(r.evidence); }},
});
// clang-format on

}  // namespace

std::span<const ExchangeColumn> exchange_columns() { return kColumns; }

void Cell::text(std::string_view value) {
  if (value.empty()) return;
  if (is_storable(value)) {
    plain(value);
  } else {
    plain(scratch_.next() = to_storable(value));
  }
}

bool is_replayable(const Record& record) {
  const bool kept = record.dialect == "openai_responses" ||
                    record.dialect == "gemini_interactions" || record.endpoint == "threads.runs" ||
                    record.endpoint == "chat.completions.deferred";
  return kept && !record.answer.response_id.empty() &&
         record.answer.source == UsageSource::reported;
}

}  // namespace tokenweir::publish
