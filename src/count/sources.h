// Where in a dialect's request the parts of the transcript stand. Shared by the reader of
// transcripts and the counter, so that part i of one is part i of the other. Private to the room.
#pragma once

#include <string_view>
#include <vector>

#include "count/json.h"
#include "count/transcript.h"
#include "provider/dialect.h"

namespace tokenweir::count {

// How a source is written.
enum class Shape : std::uint8_t {
  text,          // a string, or blocks of text
  declarations,  // an array of tools
  message,       // an object with role and content (Gemini: parts)
  rest,          // the same without the blocks that are tool results; they are sources before it
  block,         // one block or part of a message: a tool result
  item,          // an item of a Responses input
  value,         // anything else
};

struct Source {
  PartKind kind = PartKind::other;
  Shape shape = Shape::value;
  Json value;
};

struct Sources {
  bool readable = false;
  std::vector<Source> list;
  std::vector<std::string_view> keys;  // members of the root that `list` covers

  void clear() {
    readable = false;
    list.clear();
    keys.clear();
  }
};

// Fills `out` from the root of a request; its views live as long as the parsed document.
void find_sources(provider::Dialect dialect, const Json& root, Sources& out);

// Whether a block of an Anthropic message, or a part of a Gemini content, is a tool's result.
[[nodiscard]] bool is_result_block(provider::Dialect dialect, const Json& block);
// The blocks of a message: `content`, or `parts` in Gemini's dialect. Null where there are none.
[[nodiscard]] const Json* blocks_of(provider::Dialect dialect, const Json& message, Json& storage);

}  // namespace tokenweir::count
