// Writes fresh message heads. Nothing of a received head block is copied wholesale: end-to-end
// fields are written one by one, in order, case and bytes kept; hop-by-hop fields, fields named in
// Connection and framing are left out and framing is written anew.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace tokenweir::http {

struct HeaderEdits {
  std::span<const std::string_view> drop;           // names to leave out, any case
  std::span<const std::string_view> drop_prefixes;  // e.g. "x-llm-"
  // Written in place of the first field of that name (later ones dropped), else at the end. Wins
  // over the hop-by-hop rules, so that an upgrade can be passed on. At most 64; Host and framing
  // fields in it are ignored, and so is a value with a control character.
  std::span<const std::pair<std::string_view, std::string_view>> set;
};

// Appends the head to be sent to a provider. Host comes first; Expect is left out, because the
// client's side answers it. `framing` none writes no framing field, except for the Content-Length:
// 0 that a client sent. A Content-Length keeps the place and the spelling the client gave it.
void append_request_head(std::string& out, const RequestHead& head, std::string_view target,
                         std::string_view host, Framing framing, const HeaderEdits& edits);

// Appends the head to be sent to a client. Answers without a body keep the Content-Length they came
// with, unless they are 1xx or 204. `close`, and framing until_close, add Connection: close; for
// HTTP/1.0 clients that may stay connected, Connection: keep-alive is written.
void append_response_head(std::string& out, const ResponseHead& head, Framing framing,
                          int client_minor_version, bool close, const HeaderEdits& edits);

// A complete answer of our own: status line, Content-Type, Content-Length and the given extra
// fields, among which a server with a clock puts a Date.
void append_own_response(std::string& out, int status, std::string_view content_type,
                         std::string_view body, bool close, bool head_only,
                         std::span<const std::pair<std::string_view, std::string_view>> extra);

// "1f4\r\n" for a chunk of n bytes; the caller appends data and "\r\n".
void append_chunk_size(std::string& out, std::uint64_t size);

[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace tokenweir::http
