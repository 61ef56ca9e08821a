// The operators' listener: health, metrics, records and actions, on an address of its own and a
// thread of its own. Reading is open on loopback; with a token configured everything but the health
// checks and metrics asks for it, and actions always do.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "config/config.h"
#include "core/result.h"
#include "platform/asio.h"

namespace tokenweir::admin {

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

// What the listener can ask of the house. Called on the admin thread.
class Actions {
 public:
  virtual ~Actions() = default;
  [[nodiscard]] virtual bool alive() = 0;
  // Empty when ready; otherwise why not, one reason a line.
  [[nodiscard]] virtual std::vector<std::string> unready_reasons() = 0;
  [[nodiscard]] virtual std::string metrics() = 0;
  // Empty on success, else the problems.
  [[nodiscard]] virtual std::string reload() = 0;
  virtual void drain() = 0;
  // JSON of one record; no value when there is none.
  [[nodiscard]] virtual std::optional<std::string> record(std::string_view id) = 0;
  // JSON array of records, newest first.
  [[nodiscard]] virtual std::string records(
      const std::map<std::string, std::string, std::less<>>& query) = 0;
};

class AdminServer {
 public:
  AdminServer(config::Admin settings, Actions& actions);
  ~AdminServer();

  // The bound port, or why there is none.
  [[nodiscard]] Result<std::uint16_t, std::string> start();
  void stop();

 private:
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(tcp::socket socket);

  config::Admin settings_;
  Actions& actions_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  std::thread thread_;
};

// One request's answer, without a socket. `authorization` and `host` are field values.
struct Question {
  std::string_view method;
  std::string_view target;
  std::string_view authorization;
  std::string_view host;
};
[[nodiscard]] Reply answer(const Question& question, const config::Admin& settings,
                           Actions& actions);

}  // namespace tokenweir::admin
