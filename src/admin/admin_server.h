// The operators' listener: health, metrics, records and actions, on an address of its own and a
// thread of its own. Reading is open on loopback; with a token configured everything but the health
// checks and metrics asks for it, and actions always do.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "admin/answer.h"
#include "config/config.h"
#include "core/result.h"
#include "platform/asio.h"

namespace tokenweir::admin {

class AdminServer {
 public:
  // `actions` and `operators` outlive the server. Without operators there are no orders but reload
  // and drain.
  AdminServer(config::Admin settings, Actions& actions, Operators* operators = nullptr);
  ~AdminServer();

  // The bound port, or why there is none.
  [[nodiscard]] Result<std::uint16_t, std::string> start();
  void stop();
  // Asks for another token from now on; from any thread.
  void take_token(std::string token);

 private:
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket socket);

  config::Admin settings_;
  Actions& actions_;
  Operators* operators_;
  std::size_t connections_ = 0;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  std::thread thread_;
};

}  // namespace tokenweir::admin
