// HTTP/1.1 messages as views over the bytes they were read from. Strict by design (RFC 9112 and
// docs on desync): what two parsers could read differently is refused, never repaired.
// Pure: bytes in, values out. A head object is reused between messages; its views live as long as
// the buffer it was parsed from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::http {

struct Field {
  std::string_view name;   // as sent, case kept
  std::string_view value;  // without surrounding white space
};

struct Limits {
  std::size_t line_bytes = 16 * 1024;
  std::size_t head_bytes = 64 * 1024;
  std::size_t fields = 128;
  std::size_t chunk_line_bytes = 256;
  std::size_t trailer_bytes = 8 * 1024;
};

enum class FramingKind : std::uint8_t { none, length, chunked, until_close };

struct Framing {
  FramingKind kind = FramingKind::none;
  std::uint64_t length = 0;  // for FramingKind::length
};

struct RequestHead {
  std::string_view method;
  std::string_view target;  // as sent
  // The path and query of the target: origin-form, or what follows the authority of absolute-form.
  // Empty for "*" (OPTIONS only). CONNECT and TRACE are refused by the parser with 501.
  std::string_view path_and_query;
  std::string_view host;  // the one Host field's value
  int minor_version = 1;  // HTTP/1.x
  std::vector<Field> fields;
  Framing framing;
  bool keep_alive = true;  // what version and Connection ask for
  bool expects_continue = false;
  std::string_view upgrade;  // value of Upgrade when Connection names it; else empty
  std::size_t size = 0;      // bytes of the head, final empty line included
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int minor_version = 1;
  std::vector<Field> fields;
  Framing framing;  // already decided by method, status and fields
  bool keep_alive = true;
  std::size_t size = 0;
};

// Why a head was refused. `status` is what a client should be answered (400, 414, 431, 501, 505,
// 417); for a response it has no meaning. `reason` is a fixed text, never message bytes.
struct HeadError {
  int status = 400;
  std::string_view reason;
};

enum class Progress : std::uint8_t { need_more, complete, failed };

// Parses one request head at the start of `bytes`. On need_more nothing is kept: call again with
// more bytes; `scanned` (in and out, start at 0) remembers how far the search for the end of the
// head has come, so that a byte-a-time peer costs linear work.
[[nodiscard]] Progress parse_request_head(std::string_view bytes, const Limits& limits,
                                          std::size_t& scanned, RequestHead& head,
                                          HeadError& error);

// The same for a response to a request of the given method (HEAD answers have no body).
[[nodiscard]] Progress parse_response_head(std::string_view bytes, const Limits& limits,
                                           std::string_view request_method, std::size_t& scanned,
                                           ResponseHead& head, HeadError& error);

[[nodiscard]] bool equals_ignoring_case(std::string_view left, std::string_view right);
// First field of that name; null when absent.
[[nodiscard]] const Field* find(std::span<const Field> fields, std::string_view name);
// Value of the first field of that name; empty when absent.
[[nodiscard]] std::string_view value_of(std::span<const Field> fields, std::string_view name);
// True when the comma list in a field's value holds the token, ignoring case.
[[nodiscard]] bool lists_token(std::string_view value, std::string_view token);

}  // namespace tokenweir::http
