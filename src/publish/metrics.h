// The Prometheus metrics of the process, in the text format 0.0.4. Counting happens on the
// publisher's thread, exposing on the admin's; one mutex between them, never an event loop.
// Formatting is our own because a cost must read as its exact decimal: a double would round it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/time.h"
#include "publish/counting_sample.h"
#include "publish/exposition_filter.h"
#include "publish/family.h"
#include "publish/ledger.h"
#include "publish/policy_metrics.h"
#include "publish/policy_sample.h"

namespace tokenweir::publish {

// Figures of the running process, taken when the metrics are asked for.
struct LiveSample {
  std::int64_t exchanges_in_flight = 0;
  std::int64_t client_connections = 0;
  std::int64_t provider_connections_idle = 0;
  std::int64_t provider_connections_busy = 0;
  std::vector<std::chrono::microseconds> event_loop_lags;  // one an event loop
  CountingSample counting;
};

// Figures of the ledger's writer, likewise.
struct LedgerSample {
  std::size_t queue_length = 0;
  std::chrono::microseconds lag{0};  // age of the oldest record not yet durable
};

class Metrics {
 public:
  Metrics(const config::Config& config, const pricing::PriceBook& prices, Time now);

  // Counts records that ended. The entries are borrowed for the call.
  void count(std::span<const Entry> entries);

  // At the start, before anything is counted: a stored total, then records it does not cover.
  void restore(const Total& total);
  void restore(const Record& record, const Figures& figures);
  // Of a record that was counted before it turned out to be waste.
  void restore_waste(const Record& record);
  // Restored counters that moved since the last call; the caller stores them with the ledger.
  [[nodiscard]] std::vector<Total> take_moved_totals();
  // What take_moved_totals gave could not be stored: the next call gives everything.
  void totals_lost();

  enum class LedgerResult : std::uint8_t { ok, retried, dropped, error, replayed };
  void count_ledger(LedgerResult result, std::uint64_t records);
  void observe_sync(std::chrono::microseconds duration);

  // A configuration is in force from now on; a rejected one leaves everything as it was.
  void configuration_applied(const config::Config& config, const pricing::PriceBook& prices,
                             Time now);
  void configuration_rejected();

  [[nodiscard]] std::string expose(const LiveSample& live, const LedgerSample& ledger,
                                   const PolicySample& policy = {});

 private:
  void apply(const Record& record, const Figures& figures, bool only_restored);
  void observe_finished(const PolicySample& policy);
  void count_postings(const Entry& entry);
  void count_waste(const Attribution& who, std::string_view waste,
                   const std::optional<Money>& cost);
  void begin_configured(const config::Config& config);
  [[nodiscard]] Family& family(std::string_view name);
  void expose_labels(std::string& out) const;
  void expose_configuration(std::string& out) const;

  std::mutex mutex_;  // guards everything below
  Labels labels_;
  SeriesBudget budget_;
  std::vector<Family> families_;
  std::set<std::uint64_t> seen_;  // workflow, provider, model met so far
  Family* ledger_records_;
  Family* ledger_syncs_;
  Family* loop_lags_;
  Family* budget_costs_;
  Family* wasted_costs_;
  Family* runs_finished_;
  Family* run_requests_;
  Family* run_costs_;
  Family* run_durations_;
  Family* run_growths_;

  ExpositionFilter filter_;
  std::string config_revision_;
  std::string prices_revision_;
  std::vector<config::Workflow> workflows_;
  std::size_t workflows_max_ = 0;
  std::map<std::string, LadderMarks> marks_;
  std::map<std::string, std::string, std::less<>> windows_;  // of each budget
  Time applied_at_;
  bool last_reload_applied_ = true;
};

}  // namespace tokenweir::publish
