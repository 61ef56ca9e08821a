// Addresses and URLs as the configuration writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace tokenweir::config {

struct Address {
  std::string host;  // numeric, without brackets
  std::uint16_t port = 0;
};
// "127.0.0.1:8080", "[::1]:8080". The host must be numeric: a name may mean another machine
// tomorrow.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
[[nodiscard]] std::string to_text(const Address& address);

// "https://host[:port][/path]"; `why` says what is wrong.
[[nodiscard]] std::optional<Origin> parse_origin(std::string_view text, std::string& why);
[[nodiscard]] std::string to_text(const Origin& origin);

// A lower-case DNS name or numeric address, without port.
[[nodiscard]] bool is_host(std::string_view text);
// "/a/b": segments of unreserved characters, no dot segments, no slash at the end.
[[nodiscard]] bool is_plain_path(std::string_view text);
// 127.0.0.0/8, ::1, or the name localhost.
[[nodiscard]] bool names_loopback(std::string_view host);

}  // namespace tokenweir::config
