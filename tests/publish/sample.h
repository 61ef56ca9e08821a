// Records, clocks and folders for the publish tests.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "config/config.h"
#include "core/record.h"
#include "core/time.h"
#include "publish/sqlite.h"

namespace tokenweir::publish::testing {

// 2026-11-21T04:08:56.123456Z
inline constexpr Time kMorning{std::chrono::microseconds(1'795'234'136'123'456)};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "publish_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return Time{std::chrono::microseconds(now_.load())}; }
  [[nodiscard]] Instant monotonic() const override {
    return Instant{std::chrono::microseconds(monotonic_.load())};
  }
  void advance(std::chrono::microseconds by) {
    now_ += by.count();
    monotonic_ += by.count();
  }
  // Somebody sets the wall clock.
  void set_wall(Time time) { now_ = time.time_since_epoch().count(); }

 private:
  std::atomic<std::int64_t> now_{kMorning.time_since_epoch().count()};
  std::atomic<std::int64_t> monotonic_{0};
};

// A priced chat exchange: 1,000 uncached and 24,000 cached input tokens, 500 visible and 120 hidden
// output tokens at $2.50, $0.25 and $10.00 a million: 2.5 + 6 + 5 + 1.2 thousandths of a dollar.
inline Record sample(const std::string& id) {
  Record record;
  record.id = id;
  record.started_at = kMorning;
  record.finished_at = kMorning + std::chrono::milliseconds(2'345);
  record.policy_revision = "rev-1";
  record.attribution.workflow = "support-triage";
  record.attribution.run = "run-7";
  record.attribution.team = "support";
  record.attribution.cost_center = "4711";
  record.attribution.environment = "prod";
  record.attribution.credential = "support-app";
  record.provider = "openai";
  record.provider_label = "openai";
  record.dialect = "openai_chat";
  record.endpoint = "chat.completions";
  record.method = "POST";
  record.path = "/v1/chat/completions";
  record.model_requested = "gpt-x";
  record.http_status = 200;
  record.sent = true;
  Inference inference;
  inference.usage[TokenClass::input] = 1'000;
  inference.usage[TokenClass::cache_read] = 24'000;
  inference.usage[TokenClass::output] = 500;
  inference.usage[TokenClass::reasoning] = 120;
  record.answer.inferences = {inference};
  record.answer.source = UsageSource::reported;
  record.answer.model_served = "gpt-x-2026-08-01";
  record.answer.response_id = "chatcmpl-" + id;
  record.answer.raw_usage = R"({"prompt_tokens":25000,"completion_tokens":620})";
  record.input_source = UsageSource::reported;
  record.output_source = UsageSource::reported;
  record.bill.lookup = "exact";
  record.bill.cost = Money::picodollars(14'700'000'000);
  record.bill.list_cost = record.bill.cost;
  record.bill.cache_savings = Money::picodollars(54'000'000'000);
  record.bill.cache_write_premium = Money{};
  record.bill.by_kind = {2'500'000'000, 6'000'000'000, 0, 5'000'000'000, 1'200'000'000};
  record.bill.pricing = Pricing::priced;
  record.bill.price_id = "openai/gpt-x@2026-08-01#abc";
  record.bill.canonical_model = "gpt-x";
  record.bill.by_inference = {record.bill.cost};
  record.ttft_us = 400'000;
  record.duration_us = 2'345'000;
  record.overhead_us = 85;
  record.request_bytes = 98'304;
  record.response_bytes = 2'048;
  return record;
}

inline config::Config configuration(const TemporaryFolder& folder) {
  config::Config config;
  config.revision = "rev-1";
  config.ledger.path = folder.file("ledger.db");
  config.access_log = "off";
  return config;
}

// First column of the first row as text; "NULL" for NULL.
inline std::string query(const std::string& path, const std::string& sql) {
  auto database = Database::open(path, Database::Access::read_only);
  if (!database) return "cannot open: " + database.error().message;
  auto statement = database->prepare(sql);
  if (!statement) return "cannot prepare: " + statement.error().message;
  const auto row = statement->step();
  if (!row) return "cannot step: " + row.error().message;
  if (!*row) return "no row";
  return statement->is_null(0) ? "NULL" : std::string(statement->text(0));
}

}  // namespace tokenweir::publish::testing
