// A connection to a provider, plain or TLS, as the exchange sees it. Made by the pool, and given
// back to it when it carried a whole exchange.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "exchange/ports.h"
#include "platform/transport.h"

namespace tokenweir::forward {

class ProviderPool;

// What lives in the pool between exchanges.
class ProviderConnection : public std::enable_shared_from_this<ProviderConnection> {
 public:
  ProviderConnection(tcp::socket socket, platform::Deadlines& deadlines, Instant born);

  platform::Transport transport;
  Instant born{};
  Instant idle_since{};
  ProviderPool* pool = nullptr;  // who keeps its TLS session; outlives the connection
  std::string provider_name;
  bool used = false;  // has carried an exchange before
  exchange::LinkWatcher* watcher = nullptr;
  bool watching = false;

  void watch(exchange::LinkWatcher* told);
};

// One exchange's use of a connection.
class ProviderUse final : public exchange::ProviderLink {
 public:
  // `pool` and `buffer` outlive the use.
  ProviderUse(std::shared_ptr<ProviderConnection> connection, ProviderPool& pool, std::string key,
              std::span<char> buffer, const Clock& clock);
  ~ProviderUse() override;

  exchange::LinkStatus write_now(std::string_view bytes) override;
  asio::awaitable<exchange::LinkStatus> flush(Instant deadline) override;
  Piece read_now() override;
  asio::awaitable<exchange::LinkStatus> readable(Instant deadline) override;
  void watch(exchange::LinkWatcher* watcher) override { connection_->watch(watcher); }
  void interrupt() override { connection_->transport.cancel(); }
  void end_sending() override { connection_->transport.shutdown_send(); }
  [[nodiscard]] bool reused() const override { return connection_->used; }
  [[nodiscard]] bool sent_any() const override { return sent_any_; }
  void give_back() override { give_back_ = true; }

 private:
  std::shared_ptr<ProviderConnection> connection_;
  ProviderPool& pool_;
  std::string key_;
  std::span<char> buffer_;
  const Clock& clock_;
  std::string out_;
  platform::Io blocked_on_ = platform::Io::want_read;
  bool sent_any_ = false;
  bool give_back_ = false;
};

}  // namespace tokenweir::forward
