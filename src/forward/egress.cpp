#include "forward/egress.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "http/message.h"

namespace tokenweir::forward {
namespace {

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<EgressProxy> parse(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
    if (!http::equals_ignoring_case(url.substr(0, scheme), "http")) return std::nullopt;
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find('/'));
  EgressProxy proxy;
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    proxy.authorization = "Basic " + base64(url.substr(0, at));
    url.remove_prefix(at + 1);
  }
  if (const auto colon = url.rfind(':'); colon != std::string_view::npos) {
    const std::string_view digits = url.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), proxy.port);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    url = url.substr(0, colon);
  }
  if (url.empty()) return std::nullopt;
  proxy.host = url;
  return proxy;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

Egress::Egress(std::string_view https_proxy, std::string_view no_proxy)
    : proxy_(https_proxy.empty() ? std::nullopt : parse(https_proxy)) {
  while (!no_proxy.empty()) {
    const auto comma = no_proxy.find(',');
    std::string_view entry = no_proxy.substr(0, comma);
    no_proxy = comma == std::string_view::npos ? std::string_view{} : no_proxy.substr(comma + 1);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    while (entry.starts_with('.') || entry.starts_with('*')) entry.remove_prefix(1);
    if (!entry.empty())
      direct_.emplace_back(entry);
    else if (comma == std::string_view::npos)
      break;
  }
}

const EgressProxy* Egress::proxy_for(std::string_view host) const {
  if (!proxy_ || is_loopback(host)) return nullptr;
  const bool direct = std::ranges::any_of(direct_, [&](std::string_view domain) {
    if (host.size() < domain.size()) return false;
    const std::string_view tail = host.substr(host.size() - domain.size());
    return http::equals_ignoring_case(tail, domain) &&
           (tail.size() == host.size() || host[host.size() - domain.size() - 1] == '.');
  });
  return direct ? nullptr : &*proxy_;
}

}  // namespace tokenweir::forward
