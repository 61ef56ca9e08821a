// The publisher: takes every finished exchange into a bounded queue and, on a thread of its own,
// gives it to the metrics, the access log and the ledger, which is synced in groups. A record stays
// in memory until it is durable: a full disk delays, it never loses.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/config.h"
#include "core/result.h"
#include "core/time.h"
#include "exchange/publisher.h"
#include "publish/access_log.h"
#include "publish/billed_responses.h"
#include "publish/ledger.h"
#include "publish/ledger_reader.h"
#include "publish/metrics.h"

namespace tokenweir::publish {

class Publisher final : public exchange::Publisher {
 public:
  // Opens the ledger, restores the counters from it and starts the thread. The clock must outlive
  // the publisher.
  [[nodiscard]] static Result<std::unique_ptr<Publisher>, LedgerError> start(
      const config::Config& config, const pricing::PriceBook& prices, const Clock& clock);
  ~Publisher() override;

  void publish(std::unique_ptr<Record> record, exchange::Booking booking) noexcept override;
  [[nodiscard]] bool try_reserve() noexcept override;
  [[nodiscard]] bool healthy() const noexcept override {
    return healthy_.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool claim_stored_answer(std::string_view provider,
                                         std::string_view response_id) noexcept override {
    return billed_.claim(provider, response_id);
  }

  // Told on the publisher's thread what has become durable. Set before the first record comes.
  void set_durable_watch(exchange::DurableWatch* watch) { durable_watch_ = watch; }

  // Returns when everything published before the call was written, or its first writing failed.
  void flush();
  // Writes what is left and ends the thread; further calls do nothing. Where the disk stays full it
  // gives up after some seconds and says how many records only the access log has.
  void stop();

  // The rest is for the admin listener and the operator's signals; any thread.
  [[nodiscard]] std::string expose(const LiveSample& live, const PolicySample& policy = {});
  void note_reload(bool applied, const config::Config& config, const pricing::PriceBook& prices);
  void reopen_logs() { access_log_.reopen(); }
  [[nodiscard]] std::optional<std::string> record_json(std::string_view id) {
    return reader_.record_json(id);
  }
  [[nodiscard]] std::string records_json(
      const std::map<std::string, std::string, std::less<>>& query) {
    return reader_.records_json(query);
  }

 private:
  struct Queued {
    std::unique_ptr<Record> record;
    exchange::Booking booking;
  };
  // A record that was counted and logged and waits to be durable.
  struct Waiting {
    Queued queued;
    Figures figures;
    [[nodiscard]] Entry entry() const { return {queued.record.get(), &figures, &queued.booking}; }
  };

  Publisher(const config::Config& config, const pricing::PriceBook& prices, const Clock& clock,
            std::unique_ptr<Ledger> ledger);

  [[nodiscard]] Result<void, LedgerError> restore();
  void run();
  // Waits for work, then for the rest of the group. Returns whether to go on.
  bool take_queue();
  void count_and_log(std::size_t from);
  void write_waiting();
  bool write_chunk(std::size_t count, bool last);
  void write_failed(const LedgerError& error);
  void write_succeeded(std::size_t count, const Appended& appended);
  [[nodiscard]] bool totals_due() const;
  void store_totals();
  void expire_old();
  void give_up();

  const Clock& clock_;
  const config::Ledger settings_;
  const std::size_t capacity_;
  std::unique_ptr<Ledger> ledger_;
  exchange::DurableWatch* durable_watch_ = nullptr;
  Metrics metrics_;
  AccessLog access_log_;
  LedgerReader reader_;
  BilledResponses billed_;

  std::atomic<std::size_t> places_taken_{0};
  std::atomic<bool> healthy_{true};
  // finished_at of the oldest record in `waiting_`, microseconds; 0 when there is none.
  std::atomic<std::int64_t> oldest_waiting_{0};
  std::atomic<std::size_t> waiting_count_{0};

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable rested_;
  std::vector<Queued> queue_;  // guarded by mutex_
  // Stored records on their way back to the event loops, which free them. Guarded by mutex_.
  std::vector<Queued> spent_;
  bool idle_ = false;               // guarded by mutex_: the thread waits for work
  bool stopping_ = false;           // guarded by mutex_
  std::uint64_t flush_wanted_ = 0;  // guarded by mutex_
  std::uint64_t flush_done_ = 0;    // guarded by mutex_

  // The thread's own.
  std::vector<Queued> taken_;
  std::vector<Waiting> waiting_;
  std::vector<Entry> entries_;
  std::string lines_;
  TimeText time_text_;
  bool untrusted_ = false;
  std::chrono::milliseconds back_off_{0};
  std::uint64_t rows_since_totals_ = 0;
  Instant totals_at_{};
  Instant expired_at_{};
  std::thread thread_;
};

}  // namespace tokenweir::publish
