// Short ways to parse a message in a test.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/message.h"

namespace tokenweir::http {

// Keeps the bytes that the head's views point into.
struct ParsedRequest {
  std::shared_ptr<const std::string> bytes;
  Progress progress = Progress::need_more;
  RequestHead head;
  HeadError error;
};

inline ParsedRequest parse_request(std::string_view bytes, const Limits& limits = {}) {
  ParsedRequest parsed;
  parsed.bytes = std::make_shared<const std::string>(bytes);
  std::size_t scanned = 0;
  parsed.progress = parse_request_head(*parsed.bytes, limits, scanned, parsed.head, parsed.error);
  return parsed;
}

// The status a request is refused with, 0 when it is accepted, -1 when it is not complete.
inline int refusal(std::string_view bytes, const Limits& limits = {}) {
  const ParsedRequest parsed = parse_request(bytes, limits);
  if (parsed.progress == Progress::need_more) return -1;
  return parsed.progress == Progress::failed ? parsed.error.status : 0;
}

struct ParsedResponse {
  std::shared_ptr<const std::string> bytes;
  Progress progress = Progress::need_more;
  ResponseHead head;
  HeadError error;
};

inline ParsedResponse parse_response(std::string_view bytes, std::string_view method = "GET") {
  ParsedResponse parsed;
  parsed.bytes = std::make_shared<const std::string>(bytes);
  std::size_t scanned = 0;
  parsed.progress =
      parse_response_head(*parsed.bytes, {}, method, scanned, parsed.head, parsed.error);
  return parsed;
}

struct DecodedBody {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  bool failed = false;
  std::string_view error;
};

// Feeds the bytes in pieces of the given size.
inline DecodedBody decode(Framing framing, std::string_view bytes, std::size_t piece = 1'000'000,
                          const Limits& limits = {}) {
  BodyDecoder decoder(framing, limits);
  DecodedBody decoded;
  while (decoded.consumed < bytes.size()) {
    std::string_view part = bytes.substr(decoded.consumed, piece);
    std::size_t used = 0;
    while (used < part.size()) {
      const BodyDecoder::Step step = decoder.next(part.substr(used));
      decoded.data += step.data;
      used += step.consumed;
      if (step.consumed == 0) break;
    }
    decoded.consumed += used;
    if (used < part.size()) break;
  }
  decoded.done = decoder.done();
  decoded.failed = decoder.failed();
  decoded.error = decoder.error();
  return decoded;
}

}  // namespace tokenweir::http
