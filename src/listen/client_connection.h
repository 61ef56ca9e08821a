// One client's connection: reads request heads, runs an exchange for each, in order. It is the
// ClientLink of the exchange under way. Belongs to one event loop; owned by its own coroutine.
#pragma once

#include <memory>
#include <string>

#include "exchange/ports.h"
#include "exchange/services.h"
#include "exchange/snapshot.h"
#include "http/message.h"
#include "platform/transport.h"

namespace tokenweir::listen {

// The event loop's side of its connections: what they share, and who is there (for draining).
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;
  [[nodiscard]] virtual exchange::Services& services() = 0;
  [[nodiscard]] virtual std::shared_ptr<const exchange::Snapshot> snapshot() = 0;
  // Scratch of one read; holds nothing across a suspension.
  [[nodiscard]] virtual std::span<char> read_buffer() = 0;
  virtual void enter(class ClientConnection& connection) = 0;
  virtual void leave(class ClientConnection& connection) = 0;
};

class ClientConnection final : public exchange::ClientLink,
                               public std::enable_shared_from_this<ClientConnection> {
 public:
  // `tls` is null for a plain listener. `host` outlives the connection.
  ClientConnection(tcp::socket socket, std::unique_ptr<SSL, platform::FreeSsl> tls,
                   platform::Deadlines& deadlines, ConnectionHost& host, std::string peer);
  ~ClientConnection() override;

  // The whole life of the connection. The shared pointer keeps it until the end.
  static asio::awaitable<void> serve(std::shared_ptr<ClientConnection> connection);

  // Draining: an idle connection is closed now, a busy one after its exchange.
  void close_when_idle();
  void cut();

  [[nodiscard]] std::string_view buffered() const override;
  void consume(std::size_t bytes) override;
  asio::awaitable<exchange::LinkStatus> read_more(Instant deadline) override;
  exchange::LinkStatus write_now(std::string_view bytes) override;
  asio::awaitable<exchange::LinkStatus> flush(Instant deadline) override;
  void set_watcher(exchange::LinkWatcher* watcher) override { watcher_ = watcher; }
  void watch() override;
  [[nodiscard]] bool gone() const override { return gone_; }
  [[nodiscard]] bool cut_off() const override { return cut_off_; }
  void interrupt() override { transport_.cancel(); }
  [[nodiscard]] std::string_view peer() const override { return peer_; }

 private:
  enum class Heard : std::uint8_t { request, refused, nothing };

  asio::awaitable<bool> shake_hands();
  asio::awaitable<Heard> read_head(bool first);
  asio::awaitable<void> answer_malformed(const http::HeadError& error);
  asio::awaitable<void> linger();
  exchange::LinkStatus take_in(std::size_t limit);
  void on_readable();
  [[nodiscard]] Instant after(std::chrono::milliseconds wait) const;

  platform::Transport transport_;
  ConnectionHost& host_;
  std::string peer_;

  std::string in_;  // bytes that arrived, from in_offset_ not consumed
  std::size_t in_offset_ = 0;
  std::string head_bytes_;  // what head_ views
  http::RequestHead head_;
  std::string out_;  // what the socket did not take yet
  exchange::LinkWatcher* watcher_ = nullptr;
  bool watching_ = false;
  bool ended_ = false;  // the client will send no more
  bool gone_ = false;
  bool cut_off_ = false;
  bool idle_ = false;
  bool last_ = false;  // close after the exchange under way
};

}  // namespace tokenweir::listen
