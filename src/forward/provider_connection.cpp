#include "forward/provider_connection.h"

#include "forward/provider_pool.h"

namespace tokenweir::forward {

using exchange::LinkStatus;
using platform::Io;
using platform::Wait;

ProviderConnection::ProviderConnection(tcp::socket socket, platform::Deadlines& deadlines,
                                       Instant born_at)
    : transport(std::move(socket), deadlines), born(born_at) {}

void ProviderConnection::watch(exchange::LinkWatcher* told) {
  watcher = told;
  if (watcher == nullptr || watching) return;
  watching = true;
  transport.socket().async_wait(
      tcp::socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
        self->watching = false;
        if (!error) self->transport.note_readable();
        if (!error && self->watcher != nullptr) self->watcher->on_link_event();
      });
}

ProviderUse::ProviderUse(std::shared_ptr<ProviderConnection> connection, ProviderPool& pool,
                         std::string key, std::span<char> buffer, const Clock& clock)
    : connection_(std::move(connection)),
      pool_(pool),
      key_(std::move(key)),
      buffer_(buffer),
      clock_(clock) {}

ProviderUse::~ProviderUse() {
  connection_->watcher = nullptr;
  if (give_back_ && out_.empty()) {
    pool_.take_back(key_, std::move(connection_));
  } else {
    pool_.drop(*connection_);
  }
}

LinkStatus ProviderUse::write_now(std::string_view bytes) {
  if (!out_.empty()) {
    out_.append(bytes);
    return LinkStatus::would_block;
  }
  const platform::IoResult result = connection_->transport.try_write(bytes);
  sent_any_ = sent_any_ || result.bytes > 0;
  if (result.status == Io::ok) return LinkStatus::ok;
  if (result.status == Io::want_write || result.status == Io::want_read) {
    out_.assign(bytes.substr(result.bytes));
    return LinkStatus::would_block;
  }
  return LinkStatus::failed;
}

asio::awaitable<LinkStatus> ProviderUse::flush(Instant deadline) {
  const auto patience = deadline - clock_.monotonic();
  std::size_t written = 0;
  while (true) {
    const platform::IoResult result =
        connection_->transport.try_write(std::string_view(out_).substr(written));
    written += result.bytes;
    sent_any_ = sent_any_ || result.bytes > 0;
    if (result.status == Io::ok) {
      std::string().swap(out_);
      co_return LinkStatus::ok;
    }
    if (result.status != Io::want_write && result.status != Io::want_read) {
      co_return LinkStatus::failed;
    }
    if (result.bytes > 0) deadline = clock_.monotonic() + patience;
    const Wait wait = co_await connection_->transport.wait_for(result.status, deadline);
    if (wait == Wait::ready) continue;
    out_.erase(0, written);
    co_return wait == Wait::timed_out ? LinkStatus::timed_out : LinkStatus::cancelled;
  }
}

ProviderUse::Piece ProviderUse::read_now() {
  const platform::IoResult result = connection_->transport.try_read(buffer_.data(), buffer_.size());
  switch (result.status) {
    case Io::ok:
      return {LinkStatus::ok, std::string_view(buffer_.data(), result.bytes)};
    case Io::want_read:
    case Io::want_write:
      blocked_on_ = result.status;
      return {LinkStatus::would_block, {}};
    case Io::closed:
      // Anybody on the path can end the TCP connection; only close_notify ends a body that is
      // framed by the end of the connection (RFC 9112 §9.8). Other framings tell by themselves.
      if (!connection_->transport.ended_in_order()) break;
      return {LinkStatus::closed, {}};
    case Io::failed:
      break;
  }
  return {LinkStatus::failed, {}};
}

asio::awaitable<LinkStatus> ProviderUse::readable(Instant deadline) {
  // A local first: g++ 12 lays out the frame wrongly when a body is one condition with an await in
  // it.
  const Wait wait = co_await connection_->transport.wait_for(blocked_on_, deadline);
  switch (wait) {
    case Wait::ready:
      co_return LinkStatus::ok;
    case Wait::timed_out:
      co_return LinkStatus::timed_out;
    case Wait::cancelled:
      break;
  }
  co_return LinkStatus::cancelled;
}

}  // namespace tokenweir::forward
