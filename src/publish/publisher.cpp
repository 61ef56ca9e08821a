#include "publish/publisher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/crash_point.h"

namespace tokenweir::publish {
namespace {

using std::chrono::milliseconds;

// A commit costs some 300 us of CPU however few rows it has, so groups are as long as the promised
// 20 ms allow; the rest of them is for the sync itself.
constexpr milliseconds kGroup{15};
constexpr milliseconds kBackOffFirst{50};
constexpr milliseconds kBackOffMax{800};
// Failed attempts at the end of the process before giving up: about five seconds.
constexpr int kLastAttempts = 8;
constexpr std::size_t kTransactionMax = 4096;
// Memory that one thread takes and another frees never returns to the first one's cache, so stored
// records go back to be freed where they were made. More than this many are freed here.
constexpr std::size_t kSpentMost = 1024;
constexpr std::uint64_t kTotalsEveryRows = 65'536;
constexpr std::chrono::seconds kTotalsEvery{300};
constexpr std::chrono::seconds kExpireEvery{60};
constexpr std::int64_t kExpireRows = 2'000;

std::chrono::microseconds micros(Instant::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

}  // namespace

Result<std::unique_ptr<Publisher>, LedgerError> Publisher::start(const config::Config& config,
                                                                 const pricing::PriceBook& prices,
                                                                 const Clock& clock) {
  auto ledger = Ledger::open(config.ledger.path, clock.now());
  if (!ledger) return failure(ledger.error());
  std::unique_ptr<Publisher> publisher(new Publisher(config, prices, clock, std::move(*ledger)));
  if (auto restored = publisher->restore(); !restored) return failure(restored.error());
  publisher->thread_ = std::thread([raw = publisher.get()] { raw->run(); });
  return publisher;
}

Publisher::Publisher(const config::Config& config, const pricing::PriceBook& prices,
                     const Clock& clock, std::unique_ptr<Ledger> ledger)
    : clock_(clock),
      settings_(config.ledger),
      capacity_(std::max<std::size_t>(1, config.limits.ledger_queue)),
      ledger_(std::move(ledger)),
      metrics_(config, prices, clock.now()),
      access_log_(config.access_log),
      reader_(config.ledger.path),
      billed_(config.ledger.path),
      totals_at_(clock.monotonic()),
      expired_at_(clock.monotonic()) {
  // Room for every place, so that publish() never allocates.
  queue_.reserve(capacity_);
  taken_.reserve(capacity_);
  spent_.reserve(kSpentMost);
}

Publisher::~Publisher() { stop(); }

Result<void, LedgerError> Publisher::restore() {
  return ledger_->restore([this](const Total& total) { metrics_.restore(total); },
                          [this](const Record& record, const Figures& figures) {
                            metrics_.restore(record, figures);
                            ++rows_since_totals_;
                          },
                          [this](const Record& record) {
                            metrics_.restore_waste(record);
                            ++rows_since_totals_;
                          });
}

bool Publisher::try_reserve() noexcept {
  std::size_t taken = places_taken_.load(std::memory_order_relaxed);
  while (taken < capacity_) {
    if (places_taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void Publisher::publish(std::unique_ptr<Record> record, exchange::Booking booking) noexcept {
  billed_.note(*record);
  bool wake = false;
  Queued spent;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(record), std::move(booking)});
    if (!spent_.empty()) {
      spent = std::move(spent_.back());
      spent_.pop_back();
    }
    // Only the first record of a group wakes the thread; it then waits for the others by itself.
    wake = std::exchange(idle_, false);
  }
  if (wake) work_.notify_one();
}

void Publisher::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++flush_wanted_;
  work_.notify_one();
  rested_.wait(lock, [&] { return flush_done_ >= mine || stopping_; });
}

void Publisher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
  access_log_.stop();
}

bool Publisher::take_queue() {
  std::unique_lock lock(mutex_);
  const auto hurried = [this] { return stopping_ || flush_wanted_ > flush_done_; };
  if (queue_.empty() && waiting_.empty()) {
    idle_ = true;
    work_.wait_for(lock, kExpireEvery, [&] { return hurried() || !queue_.empty(); });
    idle_ = false;
  }
  const milliseconds pause = back_off_ > milliseconds(0) ? back_off_ : kGroup;
  if (!queue_.empty() || !waiting_.empty()) work_.wait_for(lock, pause, hurried);
  taken_.swap(queue_);
  return !stopping_ || !taken_.empty();
}

void Publisher::run() {
  for (bool go_on = true; go_on;) {
    std::uint64_t flushing = 0;
    go_on = take_queue();
    {
      const std::lock_guard lock(mutex_);
      flushing = flush_wanted_;
    }
    const std::size_t from = waiting_.size();
    for (Queued& queued : taken_) {
      const Figures figures = figures_of(*queued.record);
      waiting_.push_back({std::move(queued), figures});
    }
    taken_.clear();
    count_and_log(from);
    write_waiting();
    if (waiting_.empty() && rows_since_totals_ > 0 && totals_due()) store_totals();
    expire_old();
    {
      const std::lock_guard lock(mutex_);
      flush_done_ = std::max(flush_done_, flushing);
    }
    rested_.notify_all();
  }
  give_up();
}

void Publisher::count_and_log(std::size_t from) {
  if (from == waiting_.size()) return;
  entries_.clear();
  for (std::size_t i = from; i < waiting_.size(); ++i) {
    entries_.push_back(waiting_[i].entry());
  }
  metrics_.count(entries_);
  if (!access_log_.enabled()) return;
  lines_.clear();
  for (const Entry& entry : entries_) {
    append_access_line(lines_, *entry.record, *entry.figures, time_text_);
  }
  access_log_.write(lines_, entries_.size());
}

void Publisher::write_waiting() {
  while (!waiting_.empty() && !untrusted_) {
    oldest_waiting_.store(waiting_.front().queued.record->finished_at.time_since_epoch().count(),
                          std::memory_order_relaxed);
    waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
    const std::size_t count = std::min(waiting_.size(), kTransactionMax);
    if (!write_chunk(count, count == waiting_.size())) return;
  }
  waiting_count_.store(waiting_.size(), std::memory_order_relaxed);
  if (waiting_.empty()) oldest_waiting_.store(0, std::memory_order_relaxed);
}

bool Publisher::totals_due() const {
  return rows_since_totals_ >= kTotalsEveryRows || clock_.monotonic() - totals_at_ >= kTotalsEvery;
}

bool Publisher::write_chunk(std::size_t count, bool last) {
  entries_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    entries_.push_back(waiting_[i].entry());
  }
  // The counters hold everything that waits, so they are true of the ledger only after the last.
  std::vector<Total> totals;
  if (last && totals_due()) totals = metrics_.take_moved_totals();
  const Instant begun = clock_.monotonic();
  const auto appended = ledger_->append(entries_, totals);
  if (!appended) {
    if (!totals.empty()) metrics_.totals_lost();
    write_failed(appended.error());
    return false;
  }
  metrics_.observe_sync(micros(clock_.monotonic() - begun));
  if (!totals.empty()) {
    rows_since_totals_ = 0;
    totals_at_ = clock_.monotonic();
  }
  write_succeeded(count, *appended);
  return true;
}

void Publisher::write_failed(const LedgerError& error) {
  using Kind = LedgerError::Kind;
  metrics_.count_ledger(Metrics::LedgerResult::error, 1);
  untrusted_ = error.kind == Kind::untrusted;
  if (healthy_.exchange(false, std::memory_order_release)) {
    spdlog::error("ledger: cannot store records: {}; {} waiting{}", error.message, waiting_.size(),
                  untrusted_ ? "; the disk cannot be trusted before a restart" : "");
  }
  back_off_ = std::clamp(back_off_ * 2, kBackOffFirst, kBackOffMax);
}

void Publisher::write_succeeded(std::size_t count, const Appended& appended) {
  using enum Metrics::LedgerResult;
  metrics_.count_ledger(back_off_ > milliseconds(0) ? retried : ok, appended.written);
  metrics_.count_ledger(replayed, appended.already_there);
  rows_since_totals_ += count;
  crash_point("committed");
  if (durable_watch_ != nullptr) {
    durable_watch_->committed(appended.commits);
    for (std::size_t i = 0; i < count; ++i) {
      if (const auto slot = waiting_[i].queued.booking.slot) durable_watch_->slot_done(*slot);
    }
  }
  crash_point("freed");
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < count && spent_.size() < kSpentMost; ++i) {
      spent_.push_back(std::move(waiting_[i].queued));
    }
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  places_taken_.fetch_sub(count, std::memory_order_relaxed);
  back_off_ = milliseconds(0);
  if (!healthy_.exchange(true, std::memory_order_release)) {
    spdlog::info("ledger: stores records again, {} left to write", waiting_.size());
  }
}

void Publisher::expire_old() {
  const bool wanted = settings_.raw_usage_retention || settings_.records_retention;
  if (!wanted || untrusted_ || clock_.monotonic() - expired_at_ < kExpireEvery) return;
  const auto before = [&](std::optional<std::chrono::hours> kept) -> std::optional<Time> {
    if (!kept) return std::nullopt;
    return clock_.now() - *kept;
  };
  const auto touched = ledger_->expire(before(settings_.raw_usage_retention),
                                       before(settings_.records_retention), kExpireRows);
  if (!touched) spdlog::warn("ledger: cannot remove old rows: {}", touched.error().message);
  // A full portion means there is more: go on with the next group instead of in a minute.
  if (!touched || *touched < kExpireRows) expired_at_ = clock_.monotonic();
}

void Publisher::give_up() {
  for (int attempt = 0; !waiting_.empty() && !untrusted_ && attempt < kLastAttempts; ++attempt) {
    std::this_thread::sleep_for(back_off_);
    write_waiting();
  }
  if (!waiting_.empty()) {
    metrics_.count_ledger(Metrics::LedgerResult::dropped, waiting_.size());
    spdlog::critical("ledger: {} records could not be stored; only the access log has them",
                     waiting_.size());
    return;
  }
  // The next start then has nothing to count again.
  if (rows_since_totals_ > 0 && !untrusted_) store_totals();
}

void Publisher::store_totals() {
  totals_at_ = clock_.monotonic();
  const auto stored = ledger_->append({}, metrics_.take_moved_totals());
  if (stored) {
    rows_since_totals_ = 0;
  } else {
    metrics_.totals_lost();
    spdlog::warn("ledger: cannot store the counters: {}", stored.error().message);
  }
}

std::string Publisher::expose(const LiveSample& live, const PolicySample& policy) {
  LedgerSample sample;
  std::int64_t oldest = oldest_waiting_.load(std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    sample.queue_length = queue_.size() + waiting_count_.load(std::memory_order_relaxed);
    if (oldest == 0 && !queue_.empty()) {
      oldest = queue_.front().record->finished_at.time_since_epoch().count();
    }
  }
  if (oldest != 0) {
    sample.lag = std::max(std::chrono::microseconds(0),
                          clock_.now().time_since_epoch() - std::chrono::microseconds(oldest));
  }
  return metrics_.expose(live, sample, policy);
}

void Publisher::note_reload(bool applied, const config::Config& config,
                            const pricing::PriceBook& prices) {
  if (applied) {
    metrics_.configuration_applied(config, prices, clock_.now());
  } else {
    metrics_.configuration_rejected();
  }
}

}  // namespace tokenweir::publish
