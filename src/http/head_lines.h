// What request and response heads share: finding the end of the head, cutting it into fields, and
// judging the fields that decide framing and connection reuse. Internal to this room.
#pragma once

#include "http/message.h"

namespace tokenweir::http {

// Looks for the empty line that ends a head starting at `start`, from `scanned` on, which it moves.
// Also finds what need not wait for the end: a bare LF, and limits that are already passed.
[[nodiscard]] Progress find_head_end(std::string_view bytes, std::size_t start,
                                     const Limits& limits, std::size_t& scanned, HeadError& error);

// What the fields say about the message itself.
struct FieldFacts {
  unsigned hosts = 0;
  unsigned lengths = 0;
  unsigned transfer_encodings = 0;
  unsigned upgrades = 0;
  std::string_view host;
  std::uint64_t length = 0;
  std::string_view transfer_encoding;
  std::string_view upgrade;
  bool connection_close = false;
  bool connection_keep_alive = false;
  bool connection_upgrade = false;
  bool expects_continue = false;
  bool expects_other = false;
};

// Parses field lines from the front of `bytes` up to and including the empty line that ends them,
// and sets `size` to the bytes that took. On need_more `fields` and `facts` are of no use.
[[nodiscard]] Progress parse_fields(std::string_view bytes, const Limits& limits,
                                    std::vector<Field>& fields, FieldFacts& facts,
                                    std::size_t& size, HeadError& error);

// Body framing by Content-Length and Transfer-Encoding; none when neither is there.
[[nodiscard]] bool decide_framing(const FieldFacts& facts, int minor_version, Framing& framing,
                                  HeadError& error);

}  // namespace tokenweir::http
