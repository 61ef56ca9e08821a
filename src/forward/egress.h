// How provider connections leave this host: directly, or through the proxy that HTTPS_PROXY names,
// unless NO_PROXY lists the host. Read from the environment once, at start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::forward {

struct EgressProxy {
  std::string host;
  std::uint16_t port = 80;
  std::string authorization;  // value of Proxy-Authorization; empty: none
};

class Egress {
 public:
  Egress() = default;
  // Values as in the environment; malformed proxy URLs are reported by the optional staying empty.
  Egress(std::string_view https_proxy, std::string_view no_proxy);

  // The proxy to use for a host; null: connect directly. Loopback is always direct.
  [[nodiscard]] const EgressProxy* proxy_for(std::string_view host) const;

 private:
  std::optional<EgressProxy> proxy_;
  std::vector<std::string> direct_;
};

}  // namespace tokenweir::forward
