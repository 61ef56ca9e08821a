// Deadlines of a thread's connections, checked by one sweep a quarter second instead of one timer
// an operation. An entry is owned by its connection and unlinks itself.
#pragma once

#include <atomic>

#include "core/time.h"
#include "platform/asio.h"

namespace tokenweir::platform {

class Deadlines {
 public:
  class Entry {
   public:
    Entry() = default;
    ~Entry() { unlink(); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    [[nodiscard]] bool expired() const { return expired_; }

   private:
    friend class Deadlines;
    void unlink();

    Entry* next_ = nullptr;
    Entry** link_ = nullptr;  // the pointer that points at this entry; null when not armed
    Instant at_{};
    tcp::socket* socket_ = nullptr;
    bool expired_ = false;
  };

  Deadlines(asio::io_context& context, const Clock& clock);

  // When `at` passes, the socket's pending operations are cancelled and the entry says expired.
  // Precision is the sweep's quarter second.
  void arm(Entry& entry, tcp::socket& socket, Instant at);
  void disarm(Entry& entry);

  void start();
  void stop();
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // How late the last sweep ran: the thread's event loop lag. Any thread may ask.
  [[nodiscard]] std::chrono::microseconds lag() const {
    return std::chrono::microseconds(lag_us_.load(std::memory_order_relaxed));
  }
  // When the loop last came round. Any thread may ask.
  [[nodiscard]] Instant last_sweep() const {
    return Instant(Instant::duration(last_sweep_.load(std::memory_order_relaxed)));
  }

 private:
  void schedule();
  void sweep(Instant now);

  asio::steady_timer timer_;
  const Clock& clock_;
  Entry* first_ = nullptr;
  Instant due_{};
  std::atomic<std::int64_t> lag_us_{0};
  std::atomic<Instant::rep> last_sweep_{0};
  bool stopped_ = false;
};

}  // namespace tokenweir::platform
