// What the story of a request needs from the world. The shell (listen/, forward/, publish/)
// implements these; stages and story compile without a socket, and tests use scripted ends.
// Thread rule: links belong to one event loop; the publisher is shared.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/record.h"
#include "core/result.h"
#include "core/time.h"
#include "exchange/publisher.h"

namespace tokenweir::config {
struct Provider;
}

namespace tokenweir::exchange {

template <typename Value>
using Awaitable = boost::asio::awaitable<Value>;

enum class LinkStatus : std::uint8_t {
  ok,
  would_block,
  closed,  // the other end finished in order
  failed,  // reset, TLS failure
  timed_out,
  cancelled,  // woken by interrupt()
};

// Told when something happens on a link while nobody waits for it.
class LinkWatcher {
 public:
  virtual ~LinkWatcher() = default;
  virtual void on_link_event() = 0;
};

class ClientLink {
 public:
  virtual ~ClientLink() = default;

  // Bytes that have arrived and are not consumed yet. Valid until the next call of a non-const
  // member.
  [[nodiscard]] virtual std::string_view buffered() const = 0;
  virtual void consume(std::size_t bytes) = 0;
  // Waits for more bytes and appends them to buffered().
  virtual Awaitable<LinkStatus> read_more(Instant deadline) = 0;

  // Sends what the socket takes at once and keeps the rest; would_block asks for flush().
  virtual LinkStatus write_now(std::string_view bytes) = 0;
  virtual Awaitable<LinkStatus> flush(Instant deadline) = 0;

  // The watcher is told when the proxy cuts the connection and, while the socket is watched, when
  // the client closes its side, resets, or leaves.
  virtual void set_watcher(LinkWatcher* watcher) = 0;
  // Watches the socket until the next event of it; bytes of a pipelined request are kept. Call it
  // before every wait for something else.
  virtual void watch() = 0;
  // The connection is broken or was closed by TLS: nobody reads an answer any more. A plain client
  // that only ended its sending side may still be reading.
  [[nodiscard]] virtual bool gone() const = 0;
  // The proxy itself has ended the connection, at the end of its draining: wait for nothing any
  // more.
  [[nodiscard]] virtual bool cut_off() const = 0;
  // Wakes a pending read_more or flush with LinkStatus::cancelled.
  virtual void interrupt() = 0;

  [[nodiscard]] virtual std::string_view peer() const = 0;
};

class ProviderLink {
 public:
  virtual ~ProviderLink() = default;  // closes the connection unless it was given back

  virtual LinkStatus write_now(std::string_view bytes) = 0;
  virtual Awaitable<LinkStatus> flush(Instant deadline) = 0;

  struct Piece {
    LinkStatus status = LinkStatus::failed;
    std::string_view bytes;  // valid until the next co_await or read on this thread
  };
  virtual Piece read_now() = 0;
  virtual Awaitable<LinkStatus> readable(Instant deadline) = 0;

  // While set, the watcher is told once when something arrives from the provider. With TLS that may
  // be no part of an answer.
  virtual void watch(LinkWatcher* watcher) = 0;
  virtual void interrupt() = 0;
  // Ends our side of the connection, which tells the provider to stop. What it has sent by then can
  // still be read.
  virtual void end_sending() = 0;

  [[nodiscard]] virtual bool reused() const = 0;
  // At least one byte has been handed to the network.
  [[nodiscard]] virtual bool sent_any() const = 0;
  // The connection carried a whole exchange and may serve another.
  virtual void give_back() = 0;
};

// Why no usable connection could be had.
enum class ConnectFault : std::uint8_t { resolve, connect, tls, timed_out, proxy };

class ProviderGate {
 public:
  virtual ~ProviderGate() = default;
  // A pooled connection unless `fresh`.
  virtual Awaitable<Result<std::unique_ptr<ProviderLink>, ConnectFault>> open(
      const config::Provider& provider, bool fresh) = 0;
};

}  // namespace tokenweir::exchange
