// Provider addresses of one event loop: resolved off the loop, used for half a minute, and for five
// minutes more when the resolver fails.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/time.h"
#include "platform/asio.h"

namespace tokenweir::forward {

class NameCache {
 public:
  NameCache(asio::io_context& context, const Clock& clock);

  // Empty when the name cannot be resolved before the deadline.
  asio::awaitable<std::vector<tcp::endpoint>> resolve(std::string host, std::uint16_t port,
                                                      Instant deadline);

 private:
  struct Entry {
    std::vector<asio::ip::address> addresses;
    Instant resolved_at{};
  };
  asio::io_context& context_;
  const Clock& clock_;
  std::unordered_map<std::string, Entry> entries_;  // bounded by the configured providers
};

}  // namespace tokenweir::forward
