#include "publish/metrics.h"

#include <array>
#include <stdexcept>

#include "core/version.h"
#include "publish/catalogue.h"
#include "publish/counting_metrics.h"
#include "publish/gauges.h"

namespace tokenweir::publish {
namespace {

constexpr std::string_view kAll = "_all";

double seconds(Time time) { return static_cast<double>(time.time_since_epoch().count()) / 1e6; }
double seconds(std::chrono::microseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

std::string_view word_of(config::Window window) {
  constexpr std::array<std::string_view, 9> kWords = {"run",   "minute", "hour",  "day",    "week",
                                                      "month", "year",   "total", "rolling"};
  return kWords[static_cast<std::size_t>(window)];
}

std::string_view or_else(std::string_view value, std::string_view otherwise) {
  return value.empty() ? otherwise : value;
}

}  // namespace

Metrics::Metrics(const config::Config& config, const pricing::PriceBook& prices, Time now)
    : labels_({.workflows = config.limits.workflow_label_values,
               .models = config.limits.model_label_values}) {
  families_.reserve(catalogue().size());  // Pointers to families stay valid.
  for (const Definition& definition : catalogue()) {
    families_.emplace_back(definition, labels_, budget_);
  }
  ledger_records_ = &family("ledger_records_total");
  ledger_syncs_ = &family("ledger_sync_duration_seconds");
  loop_lags_ = &family("event_loop_lag_seconds");
  budget_costs_ = &family("budget_cost_usd_total");
  wasted_costs_ = &family("wasted_cost_usd_total");
  runs_finished_ = &family("runs_finished_total");
  run_requests_ = &family("run_requests");
  run_costs_ = &family("run_cost_usd");
  run_durations_ = &family("run_duration_seconds");
  run_growths_ = &family("run_context_growth_ratio");
  configuration_applied(config, prices, now);
}

Family& Metrics::family(std::string_view name) {
  for (Family& family : families_) {
    if (family.definition().name == name) return family;
  }
  throw std::logic_error("the catalogue has no such family");
}

void Metrics::begin_configured(const config::Config& config) {
  Known known{labels_, {}, {}};
  known.workflows.push_back(labels_.id(Label::workflow, "_unset"));
  for (const config::Workflow& workflow : config.workflows) {
    known.workflows.push_back(labels_.id(Label::workflow, workflow.name));
  }
  for (Family& family : families_) {
    if (family.definition().configured) family.definition().configured(known, family);
  }
}

void Metrics::configuration_applied(const config::Config& config, const pricing::PriceBook& prices,
                                    Time now) {
  const std::lock_guard lock(mutex_);
  begin_configured(config);
  filter_ = ExpositionFilter(config.policy.metrics.disable, config.policy.metrics.drop_labels);
  config_revision_ = config.revision;
  prices_revision_ = prices.revision();
  workflows_ = config.workflows;
  workflows_max_ = config.limits.workflow_label_values;
  marks_ = ladder_marks(config);
  windows_.clear();
  for (const config::Budget& budget : config.policy.budgets) {
    windows_[budget.name] = word_of(budget.window);
    budget_costs_->add(
        {labels_.id(Label::budget, budget.name), labels_.id(Label::window, windows_[budget.name])},
        0);
  }
  applied_at_ = now;
  last_reload_applied_ = true;
}

void Metrics::configuration_rejected() {
  const std::lock_guard lock(mutex_);
  last_reload_applied_ = false;
}

void Metrics::apply(const Record& record, const Figures& figures, bool only_restored) {
  Seen seen{record, figures, labels_};
  seen.workflow = labels_.id(Label::workflow, or_else(record.attribution.workflow, "_unset"));
  seen.provider = labels_.id(Label::provider,
                             or_else(record.provider_label, or_else(record.provider, "_none")));
  seen.model = labels_.id(Label::model, or_else(record.bill.canonical_model, "_unpriced"));
  const std::uint64_t triple = std::uint64_t{seen.workflow} | std::uint64_t{seen.provider} << 16 |
                               std::uint64_t{seen.model} << 32;
  const bool first = seen_.insert(triple).second;
  for (Family& family : families_) {
    const Definition& definition = family.definition();
    if (first && definition.begin) definition.begin(seen, family);
    if (definition.count && (definition.restored || !only_restored)) {
      definition.count(seen, family);
    }
  }
}

void Metrics::count(std::span<const Entry> entries) {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries) {
    apply(*entry.record, *entry.figures, false);
    count_postings(entry);
    // Who asks again is booked on what the earlier answer was booked on.
    if (entry.booking == nullptr || !entry.booking->wasted) continue;
    const exchange::Wasted& wasted = *entry.booking->wasted;
    count_waste(entry.record->attribution, wasted.waste, wasted.cost);
  }
}

void Metrics::count_waste(const Attribution& who, std::string_view waste,
                          const std::optional<Money>& cost) {
  if (!cost) return;
  wasted_costs_->add({labels_.id(Label::workflow, or_else(who.workflow, "_unset")),
                      labels_.id(Label::cause, waste)},
                     cost->picodollars());
}

void Metrics::restore_waste(const Record& record) {
  const std::lock_guard lock(mutex_);
  count_waste(record.attribution, record.waste, record.bill.cost);
}

// Not restored at a start: it counts what this process charged, as rate() expects of a counter.
void Metrics::count_postings(const Entry& entry) {
  if (entry.booking == nullptr) return;
  for (const budget::Posting& posting : entry.booking->postings) {
    const auto window = windows_.find(posting.account->budget);
    const std::int64_t usd = posting.amounts[budget::Measure::usd];
    if (window == windows_.end() || usd <= 0) continue;
    budget_costs_->add({labels_.id(Label::budget, posting.account->budget),
                        labels_.id(Label::window, window->second)},
                       usd);
  }
}

void Metrics::observe_finished(const PolicySample& policy) {
  for (const PolicySample::FinishedRun& run : policy.finished_runs) {
    const LabelId workflow = labels_.id(Label::workflow, or_else(run.workflow, "_unset"));
    runs_finished_->add({workflow, labels_.id(Label::end, run.end)}, 1);
    run_requests_->observe({workflow}, run.steps);
    run_costs_->observe({workflow}, run.picodollars);
    run_durations_->observe({}, run.lasted.count());
    if (run.growth_millionths) run_growths_->observe({}, *run.growth_millionths);
  }
}

void Metrics::restore(const Record& record, const Figures& figures) {
  const std::lock_guard lock(mutex_);
  apply(record, figures, true);
}

void Metrics::restore(const Total& total) {
  const std::lock_guard lock(mutex_);
  for (Family& family : families_) {
    const Definition& definition = family.definition();
    if (!definition.restored || definition.name != total.family) continue;
    LabelSet ids{};
    std::string_view left = total.labels;
    for (std::size_t i = 0; i < definition.labels.size(); ++i) {
      const std::string_view value = left.substr(0, left.find('\x1F'));
      left.remove_prefix(std::min(left.size(), value.size() + 1));
      ids[i] = labels_.id(definition.labels[i], value);
    }
    family.add(ids, total.value);
  }
}

std::vector<Total> Metrics::take_moved_totals() {
  const std::lock_guard lock(mutex_);
  std::vector<Total> totals;
  std::vector<Family::Moved> moved;
  for (Family& family : families_) {
    if (!family.definition().restored) continue;
    moved.clear();
    family.take_moved(moved);
    for (Family::Moved& series : moved) {
      totals.push_back(
          {std::string(family.definition().name), std::move(series.labels), series.value});
    }
  }
  return totals;
}

void Metrics::totals_lost() {
  const std::lock_guard lock(mutex_);
  for (Family& family : families_) family.set_all_moved();
}

void Metrics::count_ledger(LedgerResult result, std::uint64_t records) {
  constexpr std::array<std::string_view, 5> kResults = {"ok", "retried", "dropped", "error",
                                                        "replayed"};
  if (records == 0) return;
  const std::lock_guard lock(mutex_);
  ledger_records_->add({labels_.id(Label::result, kResults[static_cast<std::size_t>(result)])},
                       records);
}

void Metrics::observe_sync(std::chrono::microseconds duration) {
  const std::lock_guard lock(mutex_);
  ledger_syncs_->observe({}, duration.count());
}

void Metrics::expose_labels(std::string& out) const {
  append_header(out, "tokenweir_label_values_dropped_total", MetricType::counter,
                "New label values folded into _other.");
  for (const Label label : {Label::workflow, Label::model, Label::raw_model, Label::provider}) {
    const std::string_view name = label == Label::raw_model ? "raw_model" : name_of(label);
    append_sample(out, "tokenweir_label_values_dropped_total", {{"label", name}},
                  static_cast<double>(labels_.dropped(label)));
  }
  append_sample(out, "tokenweir_label_values_dropped_total", {{"label", "series"}},
                static_cast<double>(budget_.refused));
  append_gauge(out, "series", "Series now exposed.", {}, static_cast<double>(budget_.used));
  append_gauge(out, "series_limit", "Configured limit of series.", {},
               static_cast<double>(budget_.limit));
}

void Metrics::expose_configuration(std::string& out) const {
  append_gauge(out, "prices_info", "Price file in force; always 1.",
               {{"source", "files"}, {"revision", prices_revision_}}, 1);
  append_gauge(out, "config_last_reload_successful", "1 if the last reload was applied.", {},
               last_reload_applied_ ? 1 : 0);
  append_gauge(out, "config_last_reload_success_timestamp_seconds",
               "Unix time of the last applied reload.", {}, seconds(applied_at_));
  append_gauge(out, "config_info", "Configuration in force; always 1.",
               {{"revision", config_revision_}}, 1);
  append_header(out, "tokenweir_workflow_info", MetricType::gauge,
                "Attribution of a workflow; always 1.");
  for (const config::Workflow& workflow : workflows_) {
    append_sample(out, "tokenweir_workflow_info",
                  {{"workflow", workflow.name},
                   {"team", workflow.team},
                   {"cost_center", workflow.cost_center},
                   {"environment", workflow.environment}},
                  1);
  }
  append_gauge(out, "build_info", "Build; always 1.",
               {{"version", kVersion}, {"revision", kVersion}, {"compiler", kCompiler}}, 1);
}

std::string Metrics::expose(const LiveSample& live, const LedgerSample& ledger,
                            const PolicySample& policy) {
  std::string out;
  const std::lock_guard lock(mutex_);
  observe_finished(policy);
  for (const std::chrono::microseconds lag : live.event_loop_lags) {
    loop_lags_->observe({}, lag.count());
  }
  out.reserve(budget_.used * 128 + 8192);
  for (const Family& family : families_) family.expose(out);

  append_gauge(out, "requests_in_flight", "Requests being proxied now.",
               {{"provider", kAll}, {"model", kAll}},
               static_cast<double>(live.exchanges_in_flight));
  append_gauge(out, "upstream_connections", "Upstream connections by state.",
               {{"provider", kAll}, {"state", "idle"}},
               static_cast<double>(live.provider_connections_idle));
  append_sample(out, "tokenweir_upstream_connections", {{"provider", kAll}, {"state", "busy"}},
                static_cast<double>(live.provider_connections_busy));
  append_gauge(out, "client_connections", "Open client connections.", {},
               static_cast<double>(live.client_connections));
  append_gauge(out, "ledger_lag_seconds", "Age of the oldest settled request not yet durable.", {},
               seconds(ledger.lag));
  append_gauge(out, "ledger_queue_length", "Ledger records waiting to be written.", {},
               static_cast<double>(ledger.queue_length));
  append_counting(out, live.counting);
  append_policy(out, policy, marks_, workflows_max_);
  expose_labels(out);
  expose_configuration(out);
  append_process_metrics(out);
  return filter_.passes_everything() ? out : filter_.apply(out);
}

}  // namespace tokenweir::publish
