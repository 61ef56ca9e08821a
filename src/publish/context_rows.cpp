#include "publish/context_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "publish/figures.h"
#include "publish/ledger_schema.h"
#include "publish/row_json.h"
#include "publish/text.h"

namespace tokenweir::publish {
namespace {

constexpr std::size_t kRemembered = 16'384;

consteval std::size_t in_context(std::string_view column) {
  return static_cast<std::size_t>(position(kContextColumns, column)) - 1;
}

using ContextValues = std::array<std::string_view, kContextColumns.size()>;

constexpr std::string_view kFlag[] = {"0", "1"};

std::string_view first_of(std::string_view preferred, std::string_view other) {
  return preferred.empty() ? other : preferred;
}

ContextValues context_values(const Record& record, std::string_view instance,
                             std::string_view status, std::string_view edits) {
  const Attribution& attribution = record.attribution;
  const Answer& answer = record.answer;
  ContextValues values;
  values[in_context("instance")] = instance;
  values[in_context("policy_revision")] = record.policy_revision;
  values[in_context("workflow")] = attribution.workflow;
  values[in_context("team")] = attribution.team;
  values[in_context("cost_center")] = attribution.cost_center;
  values[in_context("environment")] = attribution.environment;
  values[in_context("purpose")] = attribution.purpose;
  values[in_context("credential")] = attribution.credential;
  values[in_context("provider")] = record.provider;
  values[in_context("provider_label")] = record.provider_label;
  values[in_context("dialect")] = record.dialect;
  values[in_context("endpoint")] = record.endpoint;
  values[in_context("method")] = record.method;
  values[in_context("region")] = first_of(answer.region, record.region);
  values[in_context("model_requested")] = record.model_requested;
  values[in_context("model_served")] = answer.model_served;
  values[in_context("price_model")] = record.bill.canonical_model;
  values[in_context("service_tier")] = first_of(answer.service_tier, record.service_tier_requested);
  values[in_context("speed")] = answer.speed;
  values[in_context("http_status")] = status;
  values[in_context("end_state")] = name_of(answer.end_state);
  values[in_context("streaming")] = kFlag[record.streaming];
  values[in_context("sent")] = kFlag[record.sent];
  values[in_context("edits")] = edits;
  values[in_context("usage_source")] = name_of(usage_source_of(record));
  values[in_context("input_source")] = name_of(record.input_source);
  values[in_context("output_source")] = name_of(record.output_source);
  values[in_context("usage_anomaly")] = kFlag[answer.usage_anomaly];
  values[in_context("byok")] = kFlag[answer.byok];
  values[in_context("pricing")] = name_of(record.bill.pricing);
  values[in_context("price_id")] = record.bill.price_id;
  values[in_context("cap_source")] = record.cap_source;
  values[in_context("refusal")] = record.refusal;
  values[in_context("would_refuse")] = record.would_refuse;
  values[in_context("would_clamp")] = record.would_clamp;
  values[in_context("retry_cause")] = record.retry_cause;
  values[in_context("provider_fault")] = record.provider_fault;
  values[in_context("waste")] = record.waste;
  values[in_context("counted_tokenizer")] = record.counted_tokenizer;
  values[in_context("counted_confidence")] = record.counted_confidence;
  return values;
}

// All lengths, then all texts: no two lists of hostile names share an identity.
void make_identity(std::string& key, const ContextValues& values) {
  std::array<std::uint32_t, kContextColumns.size()> lengths;
  std::size_t size = sizeof lengths;
  for (std::size_t i = 0; i < values.size(); ++i) {
    lengths[i] = static_cast<std::uint32_t>(values[i].size());
    size += values[i].size();
  }
  key.resize(size);
  char* out = key.data();
  std::memcpy(out, lengths.data(), sizeof lengths);
  out += sizeof lengths;
  for (const std::string_view value : values) out = std::ranges::copy(value, out).out;
}

}  // namespace

Result<void, SqlError> ContextRows::prepare(const Database& database, std::string instance) {
  instance_ = std::move(instance);
  std::string places = "?";
  for (std::size_t i = 1; i < kContextColumns.size(); ++i) places += ", ?";
  auto insert = database.prepare(
      fmt::format("INSERT INTO context ({}) VALUES ({})", column_list(kContextColumns), places));
  if (!insert) return failure(insert.error());
  insert_ = std::move(*insert);
  std::string values;
  for (const std::string_view column : kContextColumns) {
    if (!values.empty()) values += ", ";
    values += column == "waste" ? "?2" : column;
  }
  auto copy =
      database.prepare(fmt::format("INSERT INTO context ({}) SELECT {} FROM context "
                                   "WHERE number = ?1",
                                   column_list(kContextColumns), values));
  if (!copy) return failure(copy.error());
  copy_ = std::move(*copy);
  return {};
}

void ContextRows::rolled_back() {
  for (const std::string& key : uncommitted_) numbers_.erase(key);
  uncommitted_.clear();
}

Result<std::int64_t, SqlError> ContextRows::number_of(const Database& database,
                                                      const Record& record) {
  edits_.clear();
  if (!record.edits.empty()) edits_ = json_array(record.edits);
  std::string status;
  if (record.http_status != 0) append_integer(status, record.http_status);
  const ContextValues values = context_values(record, instance_, status, edits_);
  make_identity(key_, values);
  if (const auto known = numbers_.find(key_); known != numbers_.end()) return known->second;

  std::array<std::string, kContextColumns.size()> repaired;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty()) continue;
    std::string_view text = values[i];
    if (!is_storable(text)) text = repaired[i] = to_storable(text);
    insert_.bind(static_cast<int>(i) + 1, text);
  }
  const auto stepped = insert_.step();
  insert_.reset();
  if (!stepped) return failure(stepped.error());
  return remember(database);
}

Result<std::int64_t, SqlError> ContextRows::number_of_waste(const Database& database,
                                                            std::int64_t number,
                                                            std::string_view waste) {
  // Shorter than the lengths that begin every other identity.
  key_ = fmt::format("{} {}", number, waste);
  if (const auto known = numbers_.find(key_); known != numbers_.end()) return known->second;
  copy_.bind(1, number);
  copy_.bind(2, waste);
  const auto stepped = copy_.step();
  copy_.reset();
  if (!stepped) return failure(stepped.error());
  return remember(database);
}

std::int64_t ContextRows::remember(const Database& database) {
  if (numbers_.size() >= kRemembered) {
    numbers_.clear();
    uncommitted_.clear();
  }
  const std::int64_t number = database.last_row();
  numbers_.emplace(key_, number);
  uncommitted_.push_back(key_);
  return number;
}

}  // namespace tokenweir::publish
