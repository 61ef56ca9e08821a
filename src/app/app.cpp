#include "app/app.h"

#include <openssl/rand.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "app/logging.h"
#include "app/restart.h"
#include "config/load.h"
#include "core/exit_codes.h"
#include "core/version.h"

namespace tokenweir::app {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr std::chrono::seconds kSweepEvery{1};
constexpr std::chrono::seconds kKeepCalibrationEvery{60};

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

std::string environment(const char* upper, const char* lower) {
  const char* value = std::getenv(upper);
  if (value == nullptr) value = std::getenv(lower);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

App::App(std::string config_file)
    : config_file_(std::move(config_file)),
      egress_(environment("HTTPS_PROXY", "https_proxy"), environment("NO_PROXY", "no_proxy")) {}

App::~App() {
  admin_.reset();
  workers_.clear();
  if (publisher_ != nullptr) publisher_->stop();
}

int App::run() {
  // Threads inherit the mask, so signals arrive only where they are waited for.
  const sigset_t signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // Keys pass through this process: no core dump, no attaching by other users' tools.
  prctl(PR_SET_DUMPABLE, 0);

  if (const int code = start(); code != 0) {
    stop_logging();
    return code;
  }
  serve_until_told();
  finish();
  stop_logging();
  return 0;
}

int App::start() {
  auto loaded = load_generation(config_file_);
  if (!loaded) {
    std::cerr << loaded.error();
    return kExitConfiguration;
  }
  generation_ = std::move(*loaded);
  const config::Config& config = generation_.snapshot->config;
  start_logging(config.log_level);
  for (const std::string& section : config.inert) {
    spdlog::warn("configuration: `{}` is checked but not acted on by this version", section);
  }

  for (const std::string& warning : config.warnings) spdlog::warn("configuration: {}", warning);

  count::HashKey key;
  RAND_bytes(reinterpret_cast<unsigned char*>(&key), sizeof key);
  auto counters = exchange::Counters::make(config.tokenizer_models, config.tokenizer_folder, key);
  if (!counters) {
    std::cerr << "tokenweir: " << counters.error() << '\n';
    return kExitConfiguration;
  }
  counters_ = std::move(*counters);
  calibration_file_.emplace(config.ledger.path + ".calibration", counters_->calibration());
  calibration_file_->restore();
  for (const config::Provider& provider : config.providers) {
    counters_->prepare(provider::name_of(provider.dialect));
  }
  auto publisher = publish::Publisher::start(config, generation_.snapshot->prices, clock_);
  if (!publisher) {
    std::cerr << "tokenweir: " << publisher.error().message << '\n';
    return publisher.error().kind == publish::LedgerError::Kind::in_use ? kExitTemporary
                                                                        : kExitFailed;
  }
  publisher_ = std::move(*publisher);
  if (auto restarted = restart(books_, *generation_.snapshot, *publisher_, clock_); !restarted) {
    std::cerr << "tokenweir: " << restarted.error() << '\n';
    return kExitFailed;
  }
  if (auto ready = obey_orders(); !ready) {
    std::cerr << "tokenweir: " << ready.error() << '\n';
    return kExitFailed;
  }
  if (const int code = bind_workers(); code != 0) return code;

  admin_ = std::make_unique<admin::AdminServer>(config.admin, *this, &*operators_);
  const auto admin_port = admin_->start();
  if (!admin_port) {
    std::cerr << "tokenweir: " << admin_port.error() << '\n';
    return kExitFailed;
  }
  for (const auto& worker : workers_) worker->start();
  spdlog::info("tokenweir {} serves on {} listener(s) with {} event loop(s), admin on {}:{}",
               kVersion, config.listen.size(), workers_.size(), config.admin.address, *admin_port);
  return 0;
}

// What operators ordered before is in force before the first request.
Result<void, std::string> App::obey_orders() {
  const std::string& ledger = generation_.snapshot->config.ledger.path;
  auto orders = publish::OperatorStore::open(ledger);
  if (!orders) return failure(orders.error());
  orders_ = std::move(*orders);
  spend_.emplace(ledger);
  const admin::Operators::House house{books_.accounts,
                                      books_.runs,
                                      books_.kills,
                                      books_.enforcement,
                                      *orders_,
                                      *spend_,
                                      counters_->calibration(),
                                      [this] { return calibration_file_->keep(); },
                                      clock_};
  operators_.emplace(house);
  return operators_->restore();
}

int App::bind_workers() {
  const unsigned configured = generation_.snapshot->config.threads;
  const unsigned count =
      configured != 0 ? configured : std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::uint16_t> ports;
  for (unsigned i = 0; i < count; ++i) {
    auto worker = std::make_unique<Worker>(generation_, clock_, *publisher_, live_, books_,
                                           *counters_, egress_);
    auto bound = worker->bind(ports);
    if (!bound) {
      std::cerr << "tokenweir: " << bound.error() << '\n';
      return kExitFailed;
    }
    // Port 0 becomes a real one with the first worker; the others share it.
    ports = std::move(*bound);
    workers_.push_back(std::move(worker));
  }
  return 0;
}

App::Signal App::next_signal(std::chrono::milliseconds wait) {
  const sigset_t signals = handled_signals();
  const timespec limit{wait.count() / 1000, (wait.count() % 1000) * 1'000'000};
  const int number = sigtimedwait(&signals, nullptr, &limit);
  if (number == SIGHUP) return Signal::reload;
  return number == SIGTERM || number == SIGINT ? Signal::stop : Signal::none;
}

void App::serve_until_told() {
  while (!asked_to_drain_.load(std::memory_order_relaxed)) {
    const Signal signal = next_signal(std::chrono::milliseconds(200));
    tick();
    if (signal == Signal::stop) return;
    if (signal != Signal::reload) continue;
    publisher_->reopen_logs();
    if (const std::string problems = reload(); !problems.empty()) {
      spdlog::error("reload refused, the running configuration stays:\n{}", problems);
    }
  }
}

void App::keep_calibration() {
  if (const auto kept = calibration_file_->keep(); !kept) spdlog::warn("{}", kept.error());
}

// What no request does: forgetting what is over, and telling those under way of operators' stops.
void App::tick() {
  if (const std::uint64_t changes = books_.kills.changes();
      std::exchange(kill_changes_, changes) != changes) {
    for (const auto& worker : workers_) worker->check_stops();
  }
  if (clock_.monotonic() - swept_at_ < kSweepEvery) return;
  swept_at_ = clock_.monotonic();
  follow_secrets();
  operators_->tick();
  if (clock_.monotonic() - calibration_kept_at_ >= kKeepCalibrationEvery) {
    calibration_kept_at_ = clock_.monotonic();
    keep_calibration();
  }
  const budget::Now now{clock_.now(), clock_.monotonic()};
  const std::lock_guard lock(reload_mutex_);
  books_.accounts.sweep(now, generation_.snapshot->config.policy.runs.remember);
  books_.runs.sweep(now.monotonic);
}

// A key that was replaced in its file is used from the next request on.
void App::follow_secrets() {
  if (live_.draining.load()) return;
  {
    const std::lock_guard lock(reload_mutex_);
    if (!changed(generation_.secrets)) return;
  }
  spdlog::info("the file of a secret has changed");
  if (const std::string problems = reload(); !problems.empty()) {
    spdlog::error("reload refused, the running configuration stays:\n{}", problems);
  }
}

// True when the wait passed; false when a further signal said to hurry.
bool App::wait_unless_told(std::chrono::milliseconds wait) {
  for (auto waited = std::chrono::milliseconds(0); waited < wait; waited += kTick) {
    if (next_signal(kTick) == Signal::stop) return false;
  }
  return true;
}

bool App::quiet() const {
  return live_.exchanges_in_flight.load() == 0 && live_.client_connections.load() == 0;
}

void App::finish() {
  const config::Drain drain = generation_.snapshot->config.drain;
  spdlog::info("draining: {} exchange(s) in flight", live_.exchanges_in_flight.load());
  live_.draining.store(true);
  // Not ready any more, but still accepting: balancers need a moment to notice.
  bool patient = wait_unless_told(drain.delay);
  for (const auto& worker : workers_) worker->stop_accepting();
  for (auto waited = std::chrono::milliseconds(0); patient && !quiet() && waited < drain.timeout;
       waited += kTick) {
    for (const auto& worker : workers_) worker->close_idle();
    tick();
    patient = wait_unless_told(kTick);
  }
  if (!quiet()) spdlog::warn("cutting {} exchange(s)", live_.exchanges_in_flight.load());
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  admin_->stop();
  keep_calibration();
  publisher_->stop();
  spdlog::info("stopped");
}

bool App::alive() {
  return std::ranges::all_of(workers_, [](const auto& worker) { return worker->alive(); });
}

std::vector<std::string> App::unready_reasons() {
  std::vector<std::string> reasons;
  if (live_.draining.load()) reasons.emplace_back("draining");
  if (!publisher_->healthy()) reasons.emplace_back("the ledger cannot store records");
  if (!alive()) reasons.emplace_back("an event loop is stalled");
  return reasons;
}

std::string App::metrics() {
  publish::LiveSample sample;
  sample.exchanges_in_flight = live_.exchanges_in_flight.load();
  sample.client_connections = live_.client_connections.load();
  sample.provider_connections_idle = live_.provider_connections_idle.load();
  sample.provider_connections_busy = live_.provider_connections_busy.load();
  for (const auto& worker : workers_) sample.event_loop_lags.push_back(worker->lag());
  sample.counting = counting_sample();
  return publisher_->expose(sample, operators_->policy_sample());
}

publish::CountingSample App::counting_sample() {
  publish::CountingSample sample;
  const count::Memo& parts = counters_->memories().parts;
  sample.memo_hits = parts.hits();
  sample.memo_misses = parts.misses();
  sample.memo_bytes = parts.memory();
  for (const count::Calibration::Ratio& ratio : counters_->calibration().ratios()) {
    sample.compared.push_back({ratio.provider, count::name_of(ratio.kind), ratio.samples,
                               ratio.equal, ratio.counted, ratio.reported});
  }
  for (const count::Calibration::Learned& learned : counters_->calibration().learned()) {
    sample.corrections += learned.applied ? 1 : 0;
  }
  return sample;
}

std::string App::reload() {
  const std::lock_guard lock(reload_mutex_);
  auto loaded = load_generation(config_file_);
  if (!loaded) {
    publisher_->note_reload(false, {}, {});
    return loaded.error();
  }
  for (const std::string& key :
       config::needs_restart(generation_.snapshot->config, loaded->snapshot->config)) {
    spdlog::warn("reload: `{}` changes only with a restart", key);
  }
  generation_ = std::move(*loaded);
  books_.accounts.configure(generation_.snapshot->policy.book_rules());
  books_.runs.configure(generation_.snapshot->config.policy.runs);
  operators_->after_reload();
  if (admin_ != nullptr) admin_->take_token(generation_.snapshot->config.admin.token);
  for (const auto& worker : workers_) worker->apply(generation_);
  publisher_->note_reload(true, generation_.snapshot->config, generation_.snapshot->prices);
  spdlog::info("reloaded, configuration revision {}", generation_.snapshot->config.revision);
  return {};
}

void App::drain() { asked_to_drain_.store(true); }

std::optional<std::string> App::record(std::string_view id) { return publisher_->record_json(id); }

std::string App::records(const std::map<std::string, std::string, std::less<>>& query) {
  return publisher_->records_json(query);
}

}  // namespace tokenweir::app
