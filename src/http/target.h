// The request target and the Host field (RFC 9112 §3.2, RFC 3986 §3.2). Internal to this room.
#pragma once

#include <string_view>

#include "http/message.h"

namespace tokenweir::http {

// A name, an IPv4 address or a bracketed IPv6 address, with an optional port. Stricter than the
// grammar: no percent-encoding and no sub-delims, which no real host name needs.
[[nodiscard]] bool is_host(std::string_view value);

// Judges method and target of `head` together with its Host, and fills in path_and_query.
[[nodiscard]] bool parse_target(RequestHead& head, HeadError& error);

}  // namespace tokenweir::http
