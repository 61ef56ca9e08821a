// Connections to providers of one event loop: kept alive and reused last-in first-out, verified,
// with TLS sessions resumed. Nothing here crosses threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "exchange/ports.h"
#include "exchange/services.h"
#include "exchange/snapshot.h"
#include "forward/egress.h"
#include "forward/name_cache.h"
#include "forward/provider_connection.h"
#include "platform/tls_context.h"

namespace tokenweir::forward {

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

// TLS contexts of all providers of a configuration: loaded once, shared by all loops.
struct ProviderTls {
  // By provider name; only for https origins.
  std::unordered_map<std::string, platform::TlsContext> contexts;
};
[[nodiscard]] Result<std::shared_ptr<const ProviderTls>, std::string> load_provider_tls(
    const config::Config& config);

class ProviderPool final : public exchange::ProviderGate {
 public:
  ProviderPool(asio::io_context& context, platform::Deadlines& deadlines, const Clock& clock,
               exchange::LiveFigures& live, const Egress& egress, std::span<char> read_buffer);
  ~ProviderPool() override;

  // A new configuration: idle connections of the old one are closed.
  void apply(std::shared_ptr<const exchange::Snapshot> snapshot,
             std::shared_ptr<const ProviderTls> tls);

  asio::awaitable<Result<std::unique_ptr<exchange::ProviderLink>, exchange::ConnectFault>> open(
      const config::Provider& provider, bool fresh) override;

  // Called by ProviderUse at the end of an exchange.
  void take_back(const std::string& key, std::shared_ptr<ProviderConnection> connection);
  void drop(ProviderConnection& connection);
  // OpenSSL's callback: a session that may be resumed later.
  static int remember_session(SSL* ssl, SSL_SESSION* session);
  // Closes what has been idle too long or was closed by the provider.
  void sweep();

 private:
  struct Lane {  // one provider's connections
    std::vector<std::shared_ptr<ProviderConnection>> idle;
    std::unique_ptr<SSL_SESSION, FreeSession> session;
  };
  using Opened = Result<std::shared_ptr<ProviderConnection>, exchange::ConnectFault>;

  asio::awaitable<Opened> connect(const config::Provider& provider);
  asio::awaitable<Opened> reach(std::string host, std::uint16_t port, Instant deadline);
  asio::awaitable<bool> ask_proxy(ProviderConnection& connection, const EgressProxy& proxy,
                                  const config::Origin& origin, Instant deadline);
  asio::awaitable<bool> secure(ProviderConnection& connection, const config::Provider& provider,
                               SSL_CTX* context, Instant deadline);
  std::shared_ptr<ProviderConnection> pick(Lane& lane);
  asio::io_context& context_;
  platform::Deadlines& deadlines_;
  const Clock& clock_;
  exchange::LiveFigures& live_;
  const Egress& egress_;
  std::span<char> read_buffer_;
  NameCache names_;
  std::shared_ptr<const exchange::Snapshot> snapshot_;
  std::shared_ptr<const ProviderTls> tls_;
  std::unordered_map<std::string, Lane> lanes_;
};

}  // namespace tokenweir::forward
