// One TCP connection, plain or TLS, driven without hidden buffers: try an operation, and when it
// would block, wait for the socket. OpenSSL sits on the descriptor through a BIO that remembers a
// short read, so no system call is spent on learning that nothing is there.
// Thread rule: an object belongs to the thread of its io_context.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/time.h"
#include "platform/asio.h"
#include "platform/deadlines.h"

namespace tokenweir::platform {

enum class Io : std::uint8_t {
  ok,
  want_read,   // nothing now: wait until readable
  want_write,  // no room now: wait until writable
  closed,      // the peer ended its side in order
  failed,      // reset, TLS error, or any other end
};

struct IoResult {
  Io status = Io::failed;
  std::size_t bytes = 0;
};

enum class Wait : std::uint8_t { ready, timed_out, cancelled };

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class Transport {
 public:
  // Plain. The socket is made non-blocking; TCP_NODELAY and keep-alive probes are switched on.
  Transport(tcp::socket socket, Deadlines& deadlines);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Turns the connection into TLS; call handshake() until it is done. The SSL object must have its
  // role set already.
  void start_tls(std::unique_ptr<SSL, FreeSsl> ssl);
  [[nodiscard]] IoResult try_handshake();

  [[nodiscard]] IoResult try_read(char* data, std::size_t size);
  // Writes as much as fits; `bytes` tells how much was taken, also beside want_write.
  [[nodiscard]] IoResult try_write(std::string_view data);

  // Waits for what `status` (want_read or want_write) asks, at most until `deadline`.
  asio::awaitable<Wait> wait_for(Io status, Instant deadline);
  // For a caller that waits by other means: the socket has become readable.
  void note_readable() { drained_ = false; }
  // Wakes a pending wait_for with Wait::cancelled.
  void cancel();

  // After Io::closed: false when a TLS peer's connection ended without its close_notify.
  [[nodiscard]] bool ended_in_order() const;
  // True when something (data, an end, an error) is there to be read: an idle connection that is
  // readable is of no use any more.
  [[nodiscard]] bool is_readable() const;

  // Ends the sending side in order (close_notify for TLS), without waiting.
  void shutdown_send();
  // Makes the coming close a reset, so that the peer cannot take it for a clean end.
  void reset_on_close();
  void close();

  [[nodiscard]] bool is_tls() const { return ssl_ != nullptr; }
  [[nodiscard]] SSL* ssl() { return ssl_.get(); }
  [[nodiscard]] tcp::socket& socket() { return socket_; }
  // The TLS library's last word on a failure, for logs; never message bytes.
  [[nodiscard]] const std::string& failure_detail() const { return failure_detail_; }

 private:
  friend struct SocketBio;
  IoResult tls_outcome(int result, std::size_t bytes);

  tcp::socket socket_;
  int descriptor_ = -1;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  bool drained_ = false;  // the last read was short: nothing more until readiness is told
  bool peer_closed_ = false;
  Deadlines& deadlines_;
  Deadlines::Entry deadline_;
  std::string failure_detail_;
};

}  // namespace tokenweir::platform
