#include "publish/ledger_row.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "publish/ledger_schema.h"
#include "publish/row_json.h"

namespace tokenweir::publish {
namespace {

constexpr std::size_t kContextsRemembered = 16'384;

consteval int at(std::string_view column) { return position(kExchangeColumns, column); }
consteval std::size_t in_context(std::string_view column) {
  return static_cast<std::size_t>(position(kContextColumns, column)) - 1;
}

std::string placeholders(std::size_t count) {
  std::string out = "?";
  for (std::size_t i = 1; i < count; ++i) out += ", ?";
  return out;
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
  return values;
}

// Every value with its length in front: no two lists of hostile names share an identity.
void append_identity(std::string& key, const ContextValues& values) {
  key.clear();
  for (const std::string_view value : values) {
    if (value.size() < 0xFF) {
      key.push_back(static_cast<char>(value.size()));
    } else {
      key.push_back('\xFF');
      append_integer(key, value.size());
      key.push_back(':');
    }
    key += value;
  }
}

std::int64_t byte_count(std::uint64_t bytes) { return saturated(bytes).value_or(0); }

std::optional<std::int64_t> picodollars(const std::optional<Money>& money) {
  if (!money) return std::nullopt;
  return money->picodollars();
}

}  // namespace

bool is_replayable(const Record& record) {
  return (record.dialect == "openai_responses" || record.dialect == "gemini_interactions") &&
         !record.answer.response_id.empty() && record.answer.source == UsageSource::reported;
}

Result<RowWriter, SqlError> RowWriter::prepare(const Database& database, std::string instance) {
  RowWriter writer(database);
  writer.instance_ = std::move(instance);
  writer.made_.resize(24);
  auto exchange = database.prepare(
      fmt::format("INSERT INTO exchange ({}) VALUES ({}) ON CONFLICT DO NOTHING",
                  column_list(kExchangeColumns), placeholders(kExchangeColumns.size())));
  if (!exchange) return failure(exchange.error());
  auto context = database.prepare(fmt::format("INSERT INTO context ({}) VALUES ({})",
                                              column_list(kContextColumns),
                                              placeholders(kContextColumns.size())));
  if (!context) return failure(context.error());
  writer.insert_exchange_ = std::move(*exchange);
  writer.insert_context_ = std::move(*context);
  return writer;
}

void RowWriter::rolled_back() {
  for (const std::string& key : uncommitted_) contexts_.erase(key);
  uncommitted_.clear();
}

Result<std::int64_t, SqlError> RowWriter::context_of(const Record& record) {
  edits_.clear();
  if (!record.edits.empty()) edits_ = json_array(record.edits);
  std::string status;
  if (record.http_status != 0) append_integer(status, record.http_status);
  const ContextValues values = context_values(record, instance_, status, edits_);
  append_identity(key_, values);
  if (const auto known = contexts_.find(key_); known != contexts_.end()) return known->second;

  std::array<std::string, kContextColumns.size()> repaired;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty()) continue;
    std::string_view text = values[i];
    if (!is_storable(text)) text = repaired[i] = to_storable(text);
    insert_context_.bind(static_cast<int>(i) + 1, text);
  }
  const auto stepped = insert_context_.step();
  insert_context_.reset();
  if (!stepped) return failure(stepped.error());
  if (contexts_.size() >= kContextsRemembered) {
    contexts_.clear();
    uncommitted_.clear();
  }
  const std::int64_t number = database_->last_row();
  contexts_.emplace(key_, number);
  uncommitted_.push_back(key_);
  return number;
}

void RowWriter::bind_text(int column, std::string_view text) {
  if (text.empty()) return;
  if (!is_storable(text)) text = made_[made_count_++] = to_storable(text);
  insert_exchange_.bind(column, text);
}

void RowWriter::bind_json(int column, std::string& json) {
  if (json.empty()) return;
  std::string& kept = made_[made_count_++];
  kept.swap(json);
  insert_exchange_.bind(column, std::string_view(kept));
}

void RowWriter::bind_names(const Record& record) {
  const Attribution& attribution = record.attribution;
  bind_text(at("run"), attribution.run);
  bind_text(at("parent_run"), attribution.parent_run);
  insert_exchange_.bind(at("step"), record.step);
  bind_text(at("user"), attribution.user);
  bind_text(at("customer"), attribution.customer);
  bind_text(at("outcome"), attribution.outcome);
  if (!attribution.tags.empty()) {
    std::string tags = json_object(attribution.tags);
    bind_json(at("tags"), tags);
  }
  bind_text(at("path"), record.path);
  bind_text(at("provider_request_id"), record.provider_request_id);
  bind_text(at("response_id"), record.answer.response_id);
  if (is_replayable(record)) insert_exchange_.bind(at("replayable"), std::int64_t{1});
  bind_text(at("job_id"), record.answer.job_id);
  bind_text(at("error_type"), record.answer.error_type);
  bind_text(at("retry_of"), record.retry_of);
}

void RowWriter::bind_tokens(const Record& record, const Figures& figures) {
  insert_exchange_.bind(at("input_tokens"), figures[CostKind::input]);
  insert_exchange_.bind(at("cache_read_tokens"), figures[CostKind::cache_read]);
  insert_exchange_.bind(at("cache_write_tokens"), figures[CostKind::cache_write]);
  insert_exchange_.bind(at("cache_write_1h_tokens"),
                        saturated(figures.usage[TokenClass::cache_write_1h]));
  insert_exchange_.bind(at("output_tokens"), figures[CostKind::output]);
  insert_exchange_.bind(at("reasoning_tokens"), figures[CostKind::reasoning]);
  insert_exchange_.bind(at("audio_input_tokens"), figures[CostKind::input_audio]);
  insert_exchange_.bind(at("audio_output_tokens"), figures[CostKind::output_audio]);
  insert_exchange_.bind(at("image_input_tokens"), figures[CostKind::input_image]);
  insert_exchange_.bind(at("image_output_tokens"), figures[CostKind::output_image]);
  std::string calls = calls_json(figures.usage);
  bind_json(at("calls"), calls);
  std::string classes = token_classes_json(figures.usage);
  bind_json(at("token_classes"), classes);
  std::string inferences = inferences_json(record);
  bind_json(at("inferences"), inferences);
  insert_exchange_.bind(at("counted_input_tokens"), record.counted_input_tokens);
  insert_exchange_.bind(at("counted_output_tokens"), record.counted_output_tokens);
  bind_text(at("input_parts"), record.input_parts);
  insert_exchange_.bind(at("context_repeated_tokens"), record.context_repeated_tokens);
  bind_text(at("raw_usage"), record.answer.raw_usage);
}

void RowWriter::bind_money(const Record& record) {
  const Bill& bill = record.bill;
  insert_exchange_.bind(at("cost_picodollars"), picodollars(bill.cost));
  insert_exchange_.bind(at("list_cost_picodollars"), picodollars(bill.list_cost));
  insert_exchange_.bind(at("cache_savings_picodollars"), picodollars(bill.cache_savings));
  insert_exchange_.bind(at("cache_write_premium_picodollars"),
                        picodollars(bill.cache_write_premium));
  insert_exchange_.bind(at("provider_cost_picodollars"), picodollars(record.answer.provider_cost));
  std::string by_kind = cost_by_kind_json(bill);
  bind_json(at("cost_by_kind"), by_kind);
  insert_exchange_.bind(at("cap_requested"), record.cap_requested);
  insert_exchange_.bind(at("cap_applied"), record.cap_applied);
}

Result<bool, SqlError> RowWriter::write(const Record& record, const Figures& figures,
                                        std::int64_t revision) {
  const auto context = context_of(record);
  if (!context) return failure(context.error());
  made_count_ = 0;
  insert_exchange_.bind(at("id"), std::string_view(record.id));
  insert_exchange_.bind(at("revision"), revision);
  insert_exchange_.bind(at("context"), *context);
  insert_exchange_.bind(at("started_at"), started_text_.format(record.started_at));
  insert_exchange_.bind(at("finished_at"), finished_text_.format(record.finished_at));
  bind_names(record);
  bind_tokens(record, figures);
  bind_money(record);
  insert_exchange_.bind(at("ttft_us"), record.ttft_us);
  insert_exchange_.bind(at("duration_us"), record.duration_us);
  insert_exchange_.bind(at("overhead_us"), record.overhead_us);
  insert_exchange_.bind(at("inter_token_us"), record.inter_token_us);
  insert_exchange_.bind(at("request_bytes"), byte_count(record.request_bytes));
  insert_exchange_.bind(at("response_bytes"), byte_count(record.response_bytes));

  const auto stepped = insert_exchange_.step();
  insert_exchange_.reset();
  if (!stepped) return failure(stepped.error());
  return database_->changes() > 0;
}

}  // namespace tokenweir::publish
