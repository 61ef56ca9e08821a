#include "forward/provider_pool.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#if defined(__GNUC__) && !defined(__clang__)
// g++ 12 takes Asio's paired allocation functions of a coroutine frame for mismatched ones.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace tokenweir::forward {
namespace {

using exchange::ConnectFault;
using platform::Io;
using platform::Wait;

constexpr std::size_t kProxyAnswerLimit = 8 * 1024;

// Index of the owning connection in an SSL object, for the session callback.
int session_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

bool is_numeric(const std::string& host) {
  boost::system::error_code error;
  (void)asio::ip::make_address(host, error);
  return !error;
}

// The name in the certificate must be the one we were told to reach.
bool demand_name(SSL* ssl, const std::string& host) {
  if (is_numeric(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

}  // namespace

Result<std::shared_ptr<const ProviderTls>, std::string> load_provider_tls(
    const config::Config& config) {
  auto tls = std::make_shared<ProviderTls>();
  for (const config::Provider& provider : config.providers) {
    if (!provider.origin.tls) continue;
    auto context = platform::client_context(provider.ca_file);
    if (!context) return failure("provider " + provider.name + ": " + context.error());
    SSL_CTX_sess_set_new_cb(context->get(), &ProviderPool::remember_session);
    tls->contexts.emplace(provider.name, std::move(*context));
  }
  return std::shared_ptr<const ProviderTls>(std::move(tls));
}

ProviderPool::ProviderPool(asio::io_context& context, platform::Deadlines& deadlines,
                           const Clock& clock, exchange::LiveFigures& live, const Egress& egress,
                           std::span<char> read_buffer)
    : context_(context),
      deadlines_(deadlines),
      clock_(clock),
      live_(live),
      egress_(egress),
      read_buffer_(read_buffer),
      names_(context, clock) {}

ProviderPool::~ProviderPool() = default;

void ProviderPool::apply(std::shared_ptr<const exchange::Snapshot> snapshot,
                         std::shared_ptr<const ProviderTls> tls) {
  for (const auto& [name, lane] : lanes_) {
    live_.provider_connections_idle.fetch_sub(static_cast<std::int64_t>(lane.idle.size()));
  }
  lanes_.clear();
  snapshot_ = std::move(snapshot);
  tls_ = std::move(tls);
}

std::shared_ptr<ProviderConnection> ProviderPool::pick(Lane& lane) {
  const config::Timeouts& timeouts = snapshot_->config.timeouts;
  const Instant now = clock_.monotonic();
  while (!lane.idle.empty()) {
    std::shared_ptr<ProviderConnection> connection = std::move(lane.idle.back());
    lane.idle.pop_back();
    live_.provider_connections_idle.fetch_sub(1, std::memory_order_relaxed);
    const bool worn = now - connection->idle_since > timeouts.pool_idle ||
                      now - connection->born > timeouts.pool_age;
    if (!worn && !connection->transport.is_readable()) return connection;
  }
  return nullptr;
}

asio::awaitable<Result<std::unique_ptr<exchange::ProviderLink>, ConnectFault>> ProviderPool::open(
    const config::Provider& provider, bool fresh) {
  std::shared_ptr<ProviderConnection> connection;
  if (!fresh) {
    if (const auto lane = lanes_.find(provider.name); lane != lanes_.end()) {
      connection = pick(lane->second);
    }
  }
  if (connection == nullptr) {
    Opened opened = co_await connect(provider);
    if (!opened) co_return failure(opened.error());
    connection = std::move(*opened);
  }
  live_.provider_connections_busy.fetch_add(1, std::memory_order_relaxed);
  co_return std::make_unique<ProviderUse>(std::move(connection), *this, provider.name, read_buffer_,
                                          clock_);
}

void ProviderPool::take_back(const std::string& key,
                             std::shared_ptr<ProviderConnection> connection) {
  live_.provider_connections_busy.fetch_sub(1, std::memory_order_relaxed);
  Lane& lane = lanes_[key];
  if (lane.idle.size() >= snapshot_->config.limits.pool_idle_per_provider) return;
  connection->used = true;
  connection->idle_since = clock_.monotonic();
  lane.idle.push_back(std::move(connection));
  live_.provider_connections_idle.fetch_add(1, std::memory_order_relaxed);
}

void ProviderPool::drop(ProviderConnection& connection) {
  live_.provider_connections_busy.fetch_sub(1, std::memory_order_relaxed);
  connection.transport.shutdown_send();
  connection.transport.close();
}

void ProviderPool::sweep() {
  if (snapshot_ == nullptr) return;
  const Instant now = clock_.monotonic();
  for (auto& [name, lane] : lanes_) {
    const std::size_t before = lane.idle.size();
    std::erase_if(lane.idle, [&](const std::shared_ptr<ProviderConnection>& connection) {
      return now - connection->idle_since > snapshot_->config.timeouts.pool_idle ||
             connection->transport.is_readable();
    });
    live_.provider_connections_idle.fetch_sub(static_cast<std::int64_t>(before - lane.idle.size()),
                                              std::memory_order_relaxed);
  }
}

asio::awaitable<ProviderPool::Opened> ProviderPool::connect(const config::Provider& provider) {
  const auto patience = snapshot_->config.timeouts.connect;
  const std::shared_ptr<const ProviderTls> tls = tls_;  // a reload must not pull it away
  const config::Origin& origin = provider.origin;
  const EgressProxy* const proxy = origin.tls ? egress_.proxy_for(origin.host) : nullptr;

  // Not `condition ? co_await a : co_await b`: g++ 12 destroys the result of that twice.
  const std::string host = proxy == nullptr ? origin.host : proxy->host;
  const std::uint16_t port = proxy == nullptr ? origin.port : proxy->port;
  Opened opened = co_await reach(host, port, clock_.monotonic() + patience);
  if (!opened) co_return opened;
  ProviderConnection& connection = **opened;
  if (proxy != nullptr &&
      !co_await ask_proxy(connection, *proxy, origin, clock_.monotonic() + patience)) {
    co_return failure(ConnectFault::proxy);
  }
  if (origin.tls) {
    const auto context = tls->contexts.find(provider.name);
    if (context == tls->contexts.end() ||
        !co_await secure(connection, provider, context->second.get(),
                         clock_.monotonic() + patience)) {
      co_return failure(ConnectFault::tls);
    }
  }
  co_return opened;
}

asio::awaitable<ProviderPool::Opened> ProviderPool::reach(std::string host, std::uint16_t port,
                                                          Instant deadline) {
  const std::vector<tcp::endpoint> endpoints = co_await names_.resolve(host, port, deadline);
  if (endpoints.empty()) co_return failure(ConnectFault::resolve);
  bool late = false;
  for (const tcp::endpoint& endpoint : endpoints) {
    tcp::socket socket(context_);
    boost::system::error_code error;
    socket.open(endpoint.protocol(), error);
    if (error) continue;
    platform::Deadlines::Entry alarm;
    deadlines_.arm(alarm, socket, deadline);
    const auto [failed] =
        co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
    late = alarm.expired();
    deadlines_.disarm(alarm);
    if (!failed) {
      co_return std::make_shared<ProviderConnection>(std::move(socket), deadlines_,
                                                     clock_.monotonic());
    }
  }
  co_return failure(late ? ConnectFault::timed_out : ConnectFault::connect);
}

asio::awaitable<bool> ProviderPool::ask_proxy(ProviderConnection& connection,
                                              const EgressProxy& proxy,
                                              const config::Origin& origin, Instant deadline) {
  const std::string authority = origin.host + ":" + std::to_string(origin.port);
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!proxy.authorization.empty()) {
    request += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  }
  request += "\r\n";
  if (connection.transport.try_write(request).status != Io::ok) co_return false;

  std::string answer;
  http::ResponseHead head;
  http::HeadError error;
  std::size_t scanned = 0;
  while (answer.size() < kProxyAnswerLimit) {
    char byte_block[1024];
    const platform::IoResult result = connection.transport.try_read(byte_block, sizeof byte_block);
    if (result.status == Io::ok) {
      answer.append(byte_block, result.bytes);
      const http::Progress progress =
          http::parse_response_head(answer, {}, "CONNECT", scanned, head, error);
      if (progress == http::Progress::complete) {
        // The provider speaks only after our handshake, so nothing may follow.
        co_return head.status / 100 == 2 && head.size == answer.size();
      }
      if (progress == http::Progress::failed) co_return false;
    } else if (result.status == Io::want_read) {
      const Wait wait = co_await connection.transport.wait_for(Io::want_read, deadline);
      if (wait != Wait::ready) co_return false;
    } else {
      co_return false;
    }
  }
  co_return false;
}

int ProviderPool::remember_session(SSL* ssl, SSL_SESSION* session) {
  const auto* const owner =
      static_cast<const ProviderConnection*>(SSL_get_ex_data(ssl, session_slot()));
  if (owner == nullptr || owner->pool == nullptr) return 0;
  owner->pool->lanes_[owner->provider_name].session.reset(session);
  return 1;  // The session is ours now.
}

asio::awaitable<bool> ProviderPool::secure(ProviderConnection& connection,
                                           const config::Provider& provider, SSL_CTX* context,
                                           Instant deadline) {
  std::unique_ptr<SSL, platform::FreeSsl> ssl(SSL_new(context));
  SSL_set_connect_state(ssl.get());
  if (!demand_name(ssl.get(), provider.origin.host)) co_return false;
  Lane& lane = lanes_[provider.name];
  connection.pool = this;
  connection.provider_name = provider.name;
  SSL_set_ex_data(ssl.get(), session_slot(), &connection);
  if (lane.session != nullptr) SSL_set_session(ssl.get(), lane.session.get());
  connection.transport.start_tls(std::move(ssl));

  while (true) {
    const platform::IoResult result = connection.transport.try_handshake();
    if (result.status == Io::ok) break;
    if (result.status != Io::want_read && result.status != Io::want_write) {
      spdlog::warn("provider {}: TLS handshake failed: {}", provider.name,
                   connection.transport.failure_detail());
      co_return false;
    }
    const Wait wait = co_await connection.transport.wait_for(result.status, deadline);
    if (wait != Wait::ready) co_return false;
  }
  co_return SSL_get_verify_result(connection.transport.ssl()) == X509_V_OK;
}

}  // namespace tokenweir::forward
