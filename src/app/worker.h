// One event loop: its thread, listeners, connections, provider pool and buffers. Nothing on the
// path of a request crosses from one worker to another.
#pragma once

#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "app/generation.h"
#include "exchange/services.h"
#include "forward/provider_pool.h"
#include "listen/client_connection.h"
#include "platform/deadlines.h"
#include "platform/identifiers.h"

namespace tokenweir::app {

class Worker final : public listen::ConnectionHost {
 public:
  Worker(const Generation& generation, const Clock& clock, exchange::Publisher& publisher,
         exchange::LiveFigures& live, exchange::Books& books, exchange::Counters& counters,
         const forward::Egress& egress);
  ~Worker() override;

  // Binds one listener per configured address, sharing the port with the other workers. Returns the
  // bound ports, or a message.
  [[nodiscard]] Result<std::vector<std::uint16_t>, std::string> bind(
      const std::vector<std::uint16_t>& ports);
  void start();

  // All of these are called from other threads and take effect on the worker's own.
  void apply(Generation generation);
  // Operators' stops have changed: requests under way look whether they are meant.
  void check_stops();
  void stop_accepting();
  void close_idle();
  void cut_all();
  void stop();
  void join();

  // The loop has come round lately. Any thread may ask.
  [[nodiscard]] bool alive() const;
  [[nodiscard]] std::chrono::microseconds lag() const { return deadlines_.lag(); }

  exchange::Services& services() override { return services_; }
  std::shared_ptr<const exchange::Snapshot> snapshot() override { return generation_.snapshot; }
  std::span<char> read_buffer() override { return read_buffer_; }
  void enter(listen::ClientConnection& connection) override;
  void leave(listen::ClientConnection& connection) override;

 private:
  asio::awaitable<void> accept(std::size_t listener);
  asio::awaitable<void> sweep_pool();
  void spare_descriptor();

  Generation generation_;
  const Clock& clock_;
  exchange::LiveFigures& live_;
  asio::io_context context_{1};
  platform::Deadlines deadlines_;
  platform::Identifiers identifiers_;
  std::vector<char> read_buffer_;
  forward::ProviderPool pool_;
  exchange::Services services_;
  std::vector<tcp::acceptor> acceptors_;
  std::set<listen::ClientConnection*> connections_;
  bool stopping_ = false;
  int spare_ = -1;  // given up when descriptors run out, so that accept can refuse in order
  std::thread thread_;
};

}  // namespace tokenweir::app
