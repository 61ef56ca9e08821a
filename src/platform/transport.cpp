#include "platform/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace tokenweir::platform {
namespace {

void set_option(int descriptor, int level, int name, int value) {
  // Best effort: a connection without a probe is still a connection.
  (void)::setsockopt(descriptor, level, name, &value, sizeof value);
}

void tune(int descriptor) {
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  // NAT boxes forget silent connections after two minutes; reasoning models are silent for ten.
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 6);
}

// OpenSSL looks at this thread's error queue after every operation, so it must be empty before one.
// Clearing walks all sixteen entries; asking whether there is one does not.
void clear_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// Before 3.0.14, SSL_free_buffers freed a buffer that held the head of a record (CVE-2024-4741).
bool can_free_buffers() {
  static const bool fixed = [] {
    const unsigned long version = OpenSSL_version_num();
    const bool in_3_0 = version < 0x30100000UL && version >= 0x300000e0UL;
    return in_3_0 || version >= 0x30300010UL;
  }();
  return fixed;
}

}  // namespace

// The BIO between OpenSSL and the descriptor.
struct SocketBio {
  static int read(BIO* bio, char* data, int size) {
    auto* const transport = static_cast<Transport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (transport->drained_) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const ssize_t count =
        ::recv(transport->descriptor_, data, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) {
        transport->drained_ = true;
        BIO_set_retry_read(bio);
      }
      return -1;
    }
    if (count == 0) transport->peer_closed_ = true;
    if (count > 0 && count < size) transport->drained_ = true;
    return static_cast<int>(count);
  }

  static int write(BIO* bio, const char* data, int size) {
    auto* const transport = static_cast<Transport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::send(transport->descriptor_, data, static_cast<std::size_t>(size),
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
  }

  static long control(BIO* bio, int command, long, void*) {
    const auto* const transport = static_cast<Transport*>(BIO_get_data(bio));
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return transport->peer_closed_ ? 1 : 0;
    return 0;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const shared = [] {
      BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      BIO_meth_set_read(made, &SocketBio::read);
      BIO_meth_set_write(made, &SocketBio::write);
      BIO_meth_set_ctrl(made, &SocketBio::control);
      return made;
    }();
    return shared;
  }
};

Transport::Transport(tcp::socket socket, Deadlines& deadlines)
    : socket_(std::move(socket)), deadlines_(deadlines) {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  descriptor_ = socket_.native_handle();
  tune(descriptor_);
}

Transport::~Transport() { close(); }

void Transport::start_tls(std::unique_ptr<SSL, FreeSsl> ssl) {
  BIO* const bio = BIO_new(SocketBio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  ssl_ = std::move(ssl);
}

IoResult Transport::tls_outcome(int result, std::size_t bytes) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return {Io::ok, bytes};
    case SSL_ERROR_WANT_READ:
      return {Io::want_read, bytes};
    case SSL_ERROR_WANT_WRITE:
      return {Io::want_write, bytes};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::closed, bytes};
    default:
      break;
  }
  const unsigned long code = ERR_peek_error();
  if (const char* const reason = ERR_reason_error_string(code); reason != nullptr) {
    failure_detail_ = reason;
  }
  ERR_clear_error();
  // A TCP end without close_notify is common. The message framing decides whether that is a
  // truncation, so it is reported like an orderly end.
  if (peer_closed_) return {Io::closed, bytes};
  return {Io::failed, bytes};
}

IoResult Transport::try_handshake() {
  clear_errors();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return {Io::ok, 0};
  IoResult outcome = tls_outcome(result, 0);
  if (outcome.status == Io::closed) outcome.status = Io::failed;
  return outcome;
}

IoResult Transport::try_read(char* data, std::size_t size) {
  if (ssl_ != nullptr) {
    // Nothing on the socket and nothing kept: OpenSSL would take a long way to say the same.
    if (drained_ && SSL_has_pending(ssl_.get()) == 0) return {Io::want_read, 0};
    clear_errors();
    std::size_t bytes = 0;
    const int result = SSL_read_ex(ssl_.get(), data, size, &bytes);
    if (result == 1) return {Io::ok, bytes};
    return tls_outcome(result, 0);
  }
  if (drained_) return {Io::want_read, 0};
  const ssize_t count = ::recv(descriptor_, data, size, MSG_DONTWAIT);
  if (count > 0) {
    drained_ = static_cast<std::size_t>(count) < size;
    return {Io::ok, static_cast<std::size_t>(count)};
  }
  if (count == 0) return {Io::closed, 0};
  if (errno == EAGAIN || errno == EINTR) return {Io::want_read, 0};
  return {Io::failed, 0};
}

IoResult Transport::try_write(std::string_view data) {
  std::size_t written = 0;
  while (written < data.size()) {
    const std::string_view left = data.substr(written);
    if (ssl_ != nullptr) {
      clear_errors();
      std::size_t bytes = 0;
      const int result = SSL_write_ex(ssl_.get(), left.data(), left.size(), &bytes);
      if (result != 1) return tls_outcome(result, written);
      written += bytes;
    } else {
      const ssize_t count =
          ::send(descriptor_, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) return {Io::want_write, written};
        return {Io::failed, written};
      }
      written += static_cast<std::size_t>(count);
    }
  }
  return {Io::ok, written};
}

asio::awaitable<Wait> Transport::wait_for(Io status, Instant deadline) {
  // A stream waits nearly all of its life; 16 KiB that OpenSSL keeps for it meanwhile are too many.
  if (ssl_ != nullptr && status == Io::want_read && can_free_buffers()) {
    (void)SSL_free_buffers(ssl_.get());
  }
  deadlines_.arm(deadline_, socket_, deadline);
  const auto direction =
      status == Io::want_write ? tcp::socket::wait_write : tcp::socket::wait_read;
  const auto [error] = co_await socket_.async_wait(direction, asio::as_tuple(asio::use_awaitable));
  const bool expired = deadline_.expired();
  deadlines_.disarm(deadline_);
  if (!error) {
    drained_ = false;
    co_return Wait::ready;
  }
  co_return expired ? Wait::timed_out : Wait::cancelled;
}

void Transport::cancel() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

bool Transport::ended_in_order() const {
  return ssl_ == nullptr || (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

bool Transport::is_readable() const {
  if (ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1) return true;
  char byte = 0;
  const ssize_t count = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return !(count < 0 && (errno == EAGAIN || errno == EINTR));
}

void Transport::shutdown_send() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  if (socket_.is_open()) ::shutdown(descriptor_, SHUT_WR);
}

void Transport::reset_on_close() {
  const linger hard{1, 0};
  (void)::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void Transport::close() {
  deadlines_.disarm(deadline_);
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace tokenweir::platform
