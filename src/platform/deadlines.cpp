#include "platform/deadlines.h"

namespace tokenweir::platform {
namespace {

constexpr std::chrono::milliseconds kSweepInterval{250};

}  // namespace

void Deadlines::Entry::unlink() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  link_ = nullptr;
  next_ = nullptr;
}

Deadlines::Deadlines(asio::io_context& context, const Clock& clock)
    : timer_(context), clock_(clock) {}

void Deadlines::arm(Entry& entry, tcp::socket& socket, Instant at) {
  entry.at_ = at;
  entry.socket_ = &socket;
  entry.expired_ = false;
  if (entry.link_ != nullptr) return;
  entry.next_ = first_;
  entry.link_ = &first_;
  if (first_ != nullptr) first_->link_ = &entry.next_;
  first_ = &entry;
}

void Deadlines::disarm(Entry& entry) { entry.unlink(); }

void Deadlines::start() {
  last_sweep_.store(clock_.monotonic().time_since_epoch().count(), std::memory_order_relaxed);
  schedule();
}

void Deadlines::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Deadlines::schedule() {
  due_ = clock_.monotonic() + kSweepInterval;
  timer_.expires_after(kSweepInterval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    const Instant now = clock_.monotonic();
    lag_us_.store(std::chrono::duration_cast<std::chrono::microseconds>(now - due_).count(),
                  std::memory_order_relaxed);
    sweep(now);
    last_sweep_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    schedule();
  });
}

void Deadlines::sweep(Instant now) {
  for (Entry* entry = first_; entry != nullptr;) {
    Entry* const next = entry->next_;
    if (entry->at_ <= now) {
      entry->unlink();
      entry->expired_ = true;
      boost::system::error_code ignored;
      entry->socket_->cancel(ignored);
    }
    entry = next;
  }
}

}  // namespace tokenweir::platform
