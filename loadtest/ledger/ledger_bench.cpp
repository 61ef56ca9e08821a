// How many records a second the ledger makes durable, and what one costs in CPU. Prints a table and
// ends with the line `figure: records_per_s=...`. Usage: ledger_bench [FOLDER] (default: here).
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/config.h"
#include "platform/identifiers.h"
#include "platform/system_clock.h"
#include "publish/ledger.h"
#include "publish/publisher.h"

namespace {

using namespace tokenweir;
using publish::Entry;
using publish::Figures;
using publish::Ledger;
using publish::Publisher;

constexpr std::chrono::seconds kMeasured{4};
constexpr int kWorkflows = 40;
constexpr int kModels = 8;

double cpu_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// An ordinary chat exchange: names, a run, cached input, reasoning, the provider's usage JSON.
Record make_record(std::uint64_t number, const std::string& id, Time now) {
  Record record;
  record.id = id;
  record.started_at = now - std::chrono::milliseconds(1'200);
  record.finished_at = now;
  record.policy_revision = "9f2c11d0a7be";
  record.attribution.workflow = "workflow-" + std::to_string(number % kWorkflows);
  record.attribution.run = "run-" + std::to_string(number / 20);
  record.attribution.team = "team-" + std::to_string(number % 7);
  record.attribution.cost_center = "4711";
  record.attribution.environment = "prod";
  record.attribution.credential = "app";
  record.provider = "openai";
  record.provider_label = "openai";
  record.dialect = "openai_chat";
  record.endpoint = "chat.completions";
  record.method = "POST";
  record.path = "/v1/chat/completions";
  record.provider_request_id = "req_" + id;
  const std::string model = "model-" + std::to_string(number % kModels);
  record.model_requested = model;
  record.http_status = 200;
  record.streaming = number % 2 == 0;
  record.sent = true;
  Inference inference;
  inference.usage[TokenClass::input] = 800 + number % 5'000;
  inference.usage[TokenClass::cache_read] = number % 30'000;
  inference.usage[TokenClass::output] = 50 + number % 900;
  inference.usage[TokenClass::reasoning] = number % 400;
  record.answer.inferences = {inference};
  record.answer.source = UsageSource::reported;
  record.answer.model_served = model + "-2026-08-01";
  record.answer.service_tier = "default";
  record.answer.response_id = "chatcmpl-" + id;
  record.answer.raw_usage =
      R"({"prompt_tokens":25012,"completion_tokens":620,"total_tokens":25632,)"
      R"("prompt_tokens_details":{"cached_tokens":24000,"audio_tokens":0},)"
      R"("completion_tokens_details":{"reasoning_tokens":120,"audio_tokens":0}})";
  record.input_source = UsageSource::reported;
  record.output_source = UsageSource::reported;
  const auto cost = static_cast<std::int64_t>(14'700'000'000 + number % 1'000'000);
  record.bill.cost = Money::picodollars(cost);
  record.bill.list_cost = record.bill.cost;
  record.bill.cache_savings = Money::picodollars(54'000'000'000);
  record.bill.cache_write_premium = Money{};
  record.bill.by_kind = {cost - 12'200'000'000, 6'000'000'000, 0, 5'000'000'000, 1'200'000'000};
  record.bill.pricing = Pricing::priced;
  record.bill.price_id = "openai/" + model + "@2026-08-01#9f2c11d0a7be";
  record.bill.canonical_model = model;
  record.ttft_us = 400'000;
  record.duration_us = 1'200'000;
  record.overhead_us = 85;
  record.request_bytes = 2'048;
  record.response_bytes = 1'536;
  return record;
}

// Records made beforehand, so that making them is not measured.
class Stock {
 public:
  Stock(std::size_t count, std::uint64_t first) {
    platform::Identifiers identifiers;
    const platform::SystemClock clock;
    records_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Time now = clock.now();
      records_.push_back(make_record(first + i, identifiers.next(now), now));
    }
  }
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }

 private:
  std::vector<Record> records_;
};

struct Measured {
  double records_per_s = 0;
  double cpu_us = 0;  // of the writing thread, a record
  double lag_ms = 0;  // mean duration of a synced group
};

Measured measure_groups(const std::string& path, std::size_t group) {
  const platform::SystemClock clock;
  auto ledger = Ledger::open(path, clock.now());
  if (!ledger) {
    std::fprintf(stderr, "%s\n", ledger.error().message.c_str());
    std::exit(1);
  }
  const std::size_t count = std::min<std::size_t>(150'000, group * 2'000);
  const Stock stock(count, 0);
  std::vector<Figures> figures;
  figures.reserve(count);
  for (const Record& record : stock.records()) figures.push_back(publish::figures_of(record));

  const double cpu = cpu_seconds(RUSAGE_THREAD);
  const Instant begun = clock.monotonic();
  std::size_t written = 0;
  std::size_t groups = 0;
  while (written < count && clock.monotonic() - begun < kMeasured) {
    std::vector<Entry> entries;
    for (std::size_t i = written; i < std::min(count, written + group); ++i) {
      entries.push_back({&stock.records()[i], &figures[i]});
    }
    if (!(*ledger)->append(entries)) std::exit(1);
    written += entries.size();
    ++groups;
  }
  const double seconds = std::chrono::duration<double>(clock.monotonic() - begun).count();
  return {static_cast<double>(written) / seconds,
          (cpu_seconds(RUSAGE_THREAD) - cpu) / static_cast<double>(written) * 1e6,
          seconds / static_cast<double>(groups) * 1e3};
}

// The whole publisher: two threads publish, one counts, logs, writes and syncs. `rate` records a
// second are offered; 0: as many as find room.
Measured measure_publisher(const std::string& path, double rate, const std::string& access_log) {
  const platform::SystemClock clock;
  config::Config config;
  config.ledger.path = path;
  config.access_log = access_log;
  auto publisher = Publisher::start(config, pricing::PriceBook(), clock);
  if (!publisher) {
    std::fprintf(stderr, "%s\n", publisher.error().message.c_str());
    std::exit(1);
  }
  constexpr std::size_t kStock = 60'000;
  const std::size_t count =
      rate > 0 ? static_cast<std::size_t>(rate * std::chrono::duration<double>(kMeasured).count())
               : kStock * 2;
  std::array<Stock, 2> stocks = {Stock(count / 2, 0), Stock(count / 2, 1'000'000)};
  std::array<double, 2> producer_cpu{};
  const double cpu = cpu_seconds(RUSAGE_SELF);
  const Instant begun = clock.monotonic();
  std::vector<std::thread> producers;
  for (std::size_t producer = 0; producer < 2; ++producer) {
    producers.emplace_back([&, producer] {
      std::size_t published = 0;
      for (const Record& record : stocks[producer].records()) {
        while (!(*publisher)->try_reserve()) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        (*publisher)->publish(std::make_unique<Record>(record), {});
        if (rate <= 0 || ++published % 10 != 0) continue;
        const auto due =
            begun + std::chrono::duration_cast<Instant::duration>(
                        std::chrono::duration<double>(static_cast<double>(published) / (rate / 2)));
        std::this_thread::sleep_until(due);
      }
      producer_cpu[producer] = cpu_seconds(RUSAGE_THREAD);
    });
  }
  for (std::thread& producer : producers) producer.join();
  (*publisher)->flush();
  const double seconds = std::chrono::duration<double>(clock.monotonic() - begun).count();
  const double used = cpu_seconds(RUSAGE_SELF) - cpu - producer_cpu[0] - producer_cpu[1];
  (*publisher)->stop();
  const double written = static_cast<double>(count / 2 * 2);
  return {written / seconds, used / written * 1e6, 0};
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : ".";
  const auto fresh = [&](const char* name) {
    const std::filesystem::path path = folder / name;
    for (const char* suffix : {"", "-wal", "-shm", ".lock", ".log"}) {
      std::filesystem::remove(path.string() + suffix);
    }
    return path.string();
  };
  const std::string path = fresh("ledger_bench.db");
  std::printf("%-34s %12s %14s %14s\n", "synced ledger", "records/s", "CPU us/record", "ms/group");
  for (const std::size_t group : {1, 10, 100, 1'000, 4'096}) {
    const Measured measured = measure_groups(fresh("ledger_bench.db"), group);
    std::printf("groups of %-24zu %12.0f %14.2f %14.2f\n", group, measured.records_per_s,
                measured.cpu_us, measured.lag_ms);
  }
  std::printf("%-34s %12s %14s\n", "publisher, 2 threads publish", "records/s", "CPU us/record");
  const auto show = [](const char* name, const Measured& measured) {
    std::printf("%-34s %12.0f %14.2f\n", name, measured.records_per_s, measured.cpu_us);
  };
  show("2,000 records/s offered", measure_publisher(fresh("ledger_bench.db"), 2'000, "off"));
  const Measured paced = measure_publisher(fresh("ledger_bench.db"), 10'000, "off");
  show("10,000 records/s offered", paced);
  const Measured whole = measure_publisher(fresh("ledger_bench.db"), 0, "off");
  show("as fast as it takes", whole);
  show("the same with an access log",
       measure_publisher(fresh("ledger_bench.db"), 0, path + ".log"));
  fresh("ledger_bench.db");
  std::printf("figure: records_per_s=%.0f cpu_us_per_record=%.2f cpu_us_per_record_at_10k=%.2f\n",
              whole.records_per_s, whole.cpu_us, paced.cpu_us);
  return 0;
}
