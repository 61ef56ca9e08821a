// Parsing of JSON bodies, and what a ParsedBody holds. Private to the room.
#pragma once

#include "count/parsed_body.h"
#include "count/sources.h"

namespace tokenweir::count {

struct ParsedBody::Document {
  simdjson::dom::parser parser{kMostTranscriptBytes};
  Json root;
  Sources sources;  // views into the parser's document
};

// A parser of this thread. Its document lives until the next call; null when it is not JSON in
// UTF-8, or too large.
[[nodiscard]] const Json* parse_body(std::string_view body);

}  // namespace tokenweir::count
