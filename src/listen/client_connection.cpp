#include "listen/client_connection.h"

#include "core/http_date.h"
#include "exchange/exchange.h"
#include "http/write.h"

namespace tokenweir::listen {
namespace {

using exchange::LinkStatus;
using platform::Io;
using platform::Wait;

constexpr std::size_t kWatchedBytes = 64 * 1024;  // of pipelined requests kept during an exchange
constexpr std::size_t kKeptCapacity = 4 * 1024;
constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;
constexpr std::chrono::seconds kLingerTime{2};

LinkStatus status_of(Wait wait) {
  switch (wait) {
    case Wait::ready:
      return LinkStatus::ok;
    case Wait::timed_out:
      return LinkStatus::timed_out;
    case Wait::cancelled:
      break;
  }
  return LinkStatus::cancelled;
}

}  // namespace

ClientConnection::ClientConnection(tcp::socket socket, std::unique_ptr<SSL, platform::FreeSsl> tls,
                                   platform::Deadlines& deadlines, ConnectionHost& host,
                                   std::string peer)
    : transport_(std::move(socket), deadlines), host_(host), peer_(std::move(peer)) {
  if (tls != nullptr) transport_.start_tls(std::move(tls));
  host_.enter(*this);
}

ClientConnection::~ClientConnection() { host_.leave(*this); }

Instant ClientConnection::after(std::chrono::milliseconds wait) const {
  return host_.services().clock.monotonic() + wait;
}

asio::awaitable<void> ClientConnection::serve(std::shared_ptr<ClientConnection> connection) {
  ClientConnection& self = *connection;
  if (self.transport_.is_tls() && !co_await self.shake_hands()) co_return;

  for (bool first = true;; first = false) {
    const Heard heard = co_await self.read_head(first);
    if (heard == Heard::refused) co_await self.linger();
    if (heard != Heard::request) break;

    exchange::After after = exchange::After::close;
    {
      exchange::Exchange exchange(self.host_.services(), self.host_.snapshot(), self, self.head_);
      after = co_await exchange.run();
    }
    if (after == exchange::After::reset || self.gone_) {
      self.transport_.reset_on_close();
      break;
    }
    if (after == exchange::After::close) {
      co_await self.linger();
      break;
    }
    if (self.last_) break;
    self.head_bytes_.clear();
    if (self.head_bytes_.capacity() > kKeptCapacity) std::string().swap(self.head_bytes_);
  }
  self.watcher_ = nullptr;
  self.transport_.close();
}

asio::awaitable<bool> ClientConnection::shake_hands() {
  const Instant deadline = after(host_.snapshot()->config.timeouts.connect);
  while (true) {
    const platform::IoResult result = transport_.try_handshake();
    if (result.status == Io::ok) co_return true;
    if (result.status != Io::want_read && result.status != Io::want_write) co_return false;
    if (co_await transport_.wait_for(result.status, deadline) != Wait::ready) co_return false;
  }
}

asio::awaitable<ClientConnection::Heard> ClientConnection::read_head(bool first) {
  const config::Timeouts timeouts = host_.snapshot()->config.timeouts;
  const http::Limits limits;
  std::size_t scanned = 0;
  bool waiting_for_first_byte = true;
  Instant deadline = after(first ? timeouts.request_head : timeouts.keep_alive);
  while (true) {
    if (!buffered().empty()) {
      if (waiting_for_first_byte) {
        waiting_for_first_byte = false;
        deadline = after(timeouts.request_head);
      }
      // The head keeps views into its bytes while the body arrives, so it gets a buffer of its own.
      if (in_offset_ > 0) {
        in_.erase(0, in_offset_);
        in_offset_ = 0;
      }
      http::HeadError error;
      const http::Progress progress = http::parse_request_head(in_, limits, scanned, head_, error);
      if (progress == http::Progress::failed) {
        co_await answer_malformed(error);
        co_return Heard::refused;
      }
      if (progress == http::Progress::complete) {
        head_bytes_.swap(in_);
        in_.assign(head_bytes_, head_.size, std::string::npos);
        co_return Heard::request;
      }
    }
    if (last_) co_return Heard::nothing;
    idle_ = waiting_for_first_byte;
    const LinkStatus status = co_await read_more(deadline);
    idle_ = false;
    if (status == LinkStatus::ok) continue;
    if (status == LinkStatus::timed_out && !waiting_for_first_byte) {
      http::HeadError error;
      error.status = 408;
      error.reason = "the request head did not arrive in time";
      co_await answer_malformed(error);
      co_return Heard::refused;
    }
    co_return Heard::nothing;
  }
}

asio::awaitable<void> ClientConnection::answer_malformed(const http::HeadError& error) {
  std::string body = R"({"error":{"message":")";
  body += error.reason;
  body += R"(","type":"invalid_request_error","param":null,"code":"malformed_http"}})";
  std::string answer;
  const std::string date = format_http_date(host_.services().clock.now());
  const std::pair<std::string_view, std::string_view> fields[] = {{"Date", date}};
  http::append_own_response(answer, error.status, "application/json", body, true, false, fields);
  if (write_now(answer) == LinkStatus::would_block) {
    (void)co_await flush(after(std::chrono::seconds(5)));
  }
}

// Closing while the client still sends would reset the connection and could take our last answer
// with it, so read on for a little.
asio::awaitable<void> ClientConnection::linger() {
  transport_.shutdown_send();
  const Instant deadline = after(kLingerTime);
  for (std::size_t discarded = 0; discarded < kLingerBytes && !ended_ && !gone_;) {
    in_.clear();
    in_offset_ = 0;
    if (co_await read_more(deadline) != LinkStatus::ok) break;
    discarded += in_.size();
  }
}

std::string_view ClientConnection::buffered() const {
  return std::string_view(in_).substr(in_offset_);
}

void ClientConnection::consume(std::size_t bytes) {
  in_offset_ += bytes;
  if (in_offset_ < in_.size()) return;
  in_offset_ = 0;
  in_.clear();
  if (in_.capacity() > kKeptCapacity) std::string().swap(in_);
}

// One read of the socket into the buffer.
LinkStatus ClientConnection::take_in(std::size_t limit) {
  const std::span<char> scratch = host_.read_buffer();
  const platform::IoResult result =
      transport_.try_read(scratch.data(), std::min(scratch.size(), limit));
  switch (result.status) {
    case Io::ok:
      in_.append(scratch.data(), result.bytes);
      return LinkStatus::ok;
    case Io::want_read:
    case Io::want_write:
      return LinkStatus::would_block;
    case Io::closed:
      ended_ = true;
      if (transport_.is_tls()) gone_ = true;
      return LinkStatus::closed;
    case Io::failed:
      break;
  }
  ended_ = true;
  gone_ = true;
  return LinkStatus::failed;
}

asio::awaitable<LinkStatus> ClientConnection::read_more(Instant deadline) {
  while (true) {
    if (ended_) co_return LinkStatus::closed;
    const LinkStatus status = take_in(host_.read_buffer().size());
    if (status != LinkStatus::would_block) co_return status;
    const std::size_t had = buffered().size();
    const Wait wait = co_await transport_.wait_for(Io::want_read, deadline);
    if (buffered().size() > had)
      co_return LinkStatus::ok;  // A watch woke first and took the bytes.
    if (wait != Wait::ready) co_return status_of(wait);
  }
}

LinkStatus ClientConnection::write_now(std::string_view bytes) {
  if (gone_) return LinkStatus::failed;
  if (!out_.empty()) {
    out_.append(bytes);
    return LinkStatus::would_block;
  }
  const platform::IoResult result = transport_.try_write(bytes);
  if (result.status == Io::ok) return LinkStatus::ok;
  if (result.status == Io::want_write || result.status == Io::want_read) {
    out_.assign(bytes.substr(result.bytes));
    return LinkStatus::would_block;
  }
  gone_ = true;
  return LinkStatus::failed;
}

asio::awaitable<LinkStatus> ClientConnection::flush(Instant deadline) {
  const auto patience = deadline - host_.services().clock.monotonic();
  std::size_t written = 0;
  while (true) {
    const platform::IoResult result = transport_.try_write(std::string_view(out_).substr(written));
    written += result.bytes;
    if (result.status == Io::ok) {
      std::string().swap(out_);
      co_return LinkStatus::ok;
    }
    if (result.status != Io::want_write && result.status != Io::want_read) {
      gone_ = true;
      co_return LinkStatus::failed;
    }
    // Progress renews the client's time.
    if (result.bytes > 0) deadline = host_.services().clock.monotonic() + patience;
    const Wait wait = co_await transport_.wait_for(result.status, deadline);
    if (wait == Wait::ready) continue;
    out_.erase(0, written);
    if (wait == Wait::timed_out) gone_ = true;
    co_return status_of(wait);
  }
}

void ClientConnection::watch() {
  if (watching_ || ended_) return;
  watching_ = true;
  transport_.socket().async_wait(
      tcp::socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
        self->watching_ = false;
        if (!error) self->on_readable();
      });
}

void ClientConnection::on_readable() {
  if (watcher_ == nullptr || !transport_.socket().is_open()) return;
  transport_.note_readable();
  LinkStatus status = LinkStatus::ok;
  while (status == LinkStatus::ok && buffered().size() < kWatchedBytes) {
    status = take_in(kWatchedBytes);
  }
  if (status == LinkStatus::would_block) return watch();
  if (ended_) watcher_->on_link_event();
}

void ClientConnection::close_when_idle() {
  last_ = true;
  if (idle_) transport_.cancel();
}

void ClientConnection::cut() {
  cut_off_ = true;
  gone_ = true;
  ended_ = true;
  transport_.reset_on_close();
  transport_.cancel();
  if (watcher_ != nullptr) watcher_->on_link_event();
}

}  // namespace tokenweir::listen
