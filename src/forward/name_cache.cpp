#include "forward/name_cache.h"

namespace tokenweir::forward {
namespace {

constexpr std::chrono::seconds kFresh{30};
constexpr std::chrono::minutes kStale{5};

std::vector<tcp::endpoint> with_port(const std::vector<asio::ip::address>& addresses,
                                     std::uint16_t port) {
  std::vector<tcp::endpoint> endpoints;
  endpoints.reserve(addresses.size());
  for (const auto& address : addresses) endpoints.emplace_back(address, port);
  return endpoints;
}

// No provider lives there, but the metadata service of many a cloud does: whoever controls a name
// must not lead a key to it. An address in the configuration itself is meant.
bool is_out_of_bounds(asio::ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (address.is_unspecified() || address.is_multicast()) return true;
  if (address.is_v6()) return address.to_v6().is_link_local();
  return (address.to_v4().to_uint() >> 16) == 0xA9FE;  // 169.254.0.0/16
}

}  // namespace

NameCache::NameCache(asio::io_context& context, const Clock& clock)
    : context_(context), clock_(clock) {}

asio::awaitable<std::vector<tcp::endpoint>> NameCache::resolve(std::string host, std::uint16_t port,
                                                               Instant deadline) {
  boost::system::error_code not_numeric;
  const auto numeric = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) co_return std::vector<tcp::endpoint>{tcp::endpoint(numeric, port)};

  const Instant now = clock_.monotonic();
  if (const auto found = entries_.find(host);
      found != entries_.end() && now - found->second.resolved_at < kFresh) {
    co_return with_port(found->second.addresses, port);
  }

  // The resolver cannot be interrupted; a timer cancels our wait for it instead.
  tcp::resolver resolver(context_);
  asio::steady_timer alarm(context_, deadline);
  alarm.async_wait([&resolver](const boost::system::error_code& error) {
    if (!error) resolver.cancel();
  });
  const auto [error, results] =
      co_await resolver.async_resolve(host, std::string(), asio::as_tuple(asio::use_awaitable));
  alarm.cancel();

  std::vector<asio::ip::address> addresses;
  if (!error) {
    for (const auto& result : results) {
      const auto address = result.endpoint().address();
      if (is_out_of_bounds(address)) continue;
      if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
        addresses.push_back(address);
      }
    }
  }
  if (addresses.empty()) {
    const auto known = entries_.find(host);
    if (known == entries_.end() || now - known->second.resolved_at > kFresh + kStale) {
      co_return std::vector<tcp::endpoint>{};
    }
    co_return with_port(known->second.addresses, port);
  }
  Entry& entry = entries_[host];
  entry.addresses = std::move(addresses);
  entry.resolved_at = clock_.monotonic();
  co_return with_port(entry.addresses, port);
}

}  // namespace tokenweir::forward
