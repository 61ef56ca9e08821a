#include "app/worker.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tokenweir::app {
namespace {

constexpr std::size_t kReadBuffer = 64 * 1024;
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr std::chrono::seconds kPoolSweep{5};
constexpr std::chrono::seconds kLoopPatience{5};
constexpr int kBacklog = 4096;

std::string name_of_peer(const tcp::socket& socket) {
  boost::system::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return error ? std::string() : endpoint.address().to_string();
}

}  // namespace

Worker::Worker(const Generation& generation, const Clock& clock, exchange::Publisher& publisher,
               exchange::LiveFigures& live, exchange::Books& books, exchange::Counters& counters,
               const forward::Egress& egress)
    : generation_(generation),
      clock_(clock),
      live_(live),
      deadlines_(context_, clock),
      read_buffer_(kReadBuffer),
      pool_(context_, deadlines_, clock, live, egress, read_buffer_),
      services_{clock,
                publisher,
                pool_,
                live,
                books,
                &counters,
                [this](Time now) { return identifiers_.next(now); },
                {},
                {},
                {},
                {},
                {},
                {}} {
  pool_.apply(generation_.snapshot, generation_.provider_tls);
  spare_descriptor();
}

Worker::~Worker() {
  join();
  if (spare_ >= 0) ::close(spare_);
}

void Worker::spare_descriptor() {
  if (spare_ < 0) spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

Result<std::vector<std::uint16_t>, std::string> Worker::bind(
    const std::vector<std::uint16_t>& ports) {
  std::vector<std::uint16_t> bound;
  const auto& listeners = generation_.snapshot->config.listen;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(listeners[i].address, error);
    if (error) return failure("listen address " + listeners[i].address + " is not numeric");
    const tcp::endpoint endpoint(address, ports.empty() ? listeners[i].port : ports[i]);
    tcp::acceptor acceptor(context_);
    acceptor.open(endpoint.protocol(), error);
    const int on = 1;
    if (!error) {
      (void)::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      (void)::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
      acceptor.bind(endpoint, error);
    }
    if (!error) acceptor.listen(kBacklog, error);
    if (error) {
      return failure("cannot listen on " + listeners[i].address + ":" +
                     std::to_string(endpoint.port()) + ": " + error.message());
    }
    bound.push_back(acceptor.local_endpoint().port());
    acceptors_.push_back(std::move(acceptor));
  }
  return bound;
}

void Worker::start() {
  deadlines_.start();
  for (std::size_t i = 0; i < acceptors_.size(); ++i) {
    asio::co_spawn(context_, accept(i), asio::detached);
  }
  asio::co_spawn(context_, sweep_pool(), asio::detached);
  thread_ = std::thread([this] { context_.run(); });
}

asio::awaitable<void> Worker::accept(std::size_t listener) {
  tcp::acceptor& acceptor = acceptors_[listener];
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted || !acceptor.is_open()) break;
    if (error) {
      // Out of descriptors: refuse the waiting client in order instead of spinning.
      if (spare_ >= 0) {
        ::close(spare_);
        spare_ = -1;
        const int refused = ::accept(acceptor.native_handle(), nullptr, nullptr);
        if (refused >= 0) ::close(refused);
        spare_descriptor();
      }
      asio::steady_timer pause(context_, kAcceptPause);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    if (live_.client_connections.load(std::memory_order_relaxed) >=
        static_cast<std::int64_t>(generation_.snapshot->config.limits.connections)) {
      continue;  // The socket closes here.
    }
    std::unique_ptr<SSL, platform::FreeSsl> tls;
    if (const auto& context = generation_.listener_tls->contexts[listener]; context != nullptr) {
      tls.reset(SSL_new(context.get()));
      SSL_set_accept_state(tls.get());
    }
    std::string peer = name_of_peer(socket);
    auto connection = std::make_shared<listen::ClientConnection>(
        std::move(socket), std::move(tls), deadlines_, *this, std::move(peer));
    asio::co_spawn(context_, listen::ClientConnection::serve(std::move(connection)),
                   asio::detached);
  }
}

asio::awaitable<void> Worker::sweep_pool() {
  asio::steady_timer timer(context_);
  while (true) {
    timer.expires_after(kPoolSweep);
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    pool_.sweep();
  }
}

void Worker::apply(Generation generation) {
  asio::post(context_, [this, next = std::move(generation)]() mutable {
    generation_ = std::move(next);
    services_.refuses_stream_usage.clear();
    pool_.apply(generation_.snapshot, generation_.provider_tls);
  });
}

void Worker::check_stops() {
  asio::post(context_, [this] {
    const std::vector<exchange::Stoppable*> all(services_.under_way.begin(),
                                                services_.under_way.end());
    for (exchange::Stoppable* one : all) one->check_stops();
  });
}

void Worker::stop_accepting() {
  asio::post(context_, [this] {
    for (tcp::acceptor& acceptor : acceptors_) {
      boost::system::error_code ignored;
      acceptor.close(ignored);
    }
  });
}

void Worker::close_idle() {
  asio::post(context_, [this] {
    for (listen::ClientConnection* connection : connections_) connection->close_when_idle();
  });
}

void Worker::cut_all() {
  asio::post(context_, [this] {
    const std::vector<listen::ClientConnection*> all(connections_.begin(), connections_.end());
    for (listen::ClientConnection* connection : all) connection->cut();
  });
}

// The loop ends when the last connection has left, so that no coroutine outlives what it borrows.
void Worker::stop() {
  asio::post(context_, [this] {
    stopping_ = true;
    if (connections_.empty()) context_.stop();
  });
  cut_all();
}

bool Worker::alive() const { return clock_.monotonic() - deadlines_.last_sweep() < kLoopPatience; }

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::enter(listen::ClientConnection& connection) {
  connections_.insert(&connection);
  live_.client_connections.fetch_add(1, std::memory_order_relaxed);
}

void Worker::leave(listen::ClientConnection& connection) {
  connections_.erase(&connection);
  live_.client_connections.fetch_sub(1, std::memory_order_relaxed);
  if (stopping_ && connections_.empty()) context_.stop();
}

}  // namespace tokenweir::app
