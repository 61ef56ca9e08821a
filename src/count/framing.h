// What stands around a message in the text a model reads, per template. Private to the room.
#pragma once

#include <cstdint>
#include <string_view>

#include "count/transcript.h"
#include "tokenizer/model_map.h"

namespace tokenweir::count {

struct Framing {
  std::uint32_t request = 3;     // the start of the text and the beginning of the answer
  std::uint32_t message = 4;     // marks of any message, its role included unless counted
  bool counts_role = false;      // the role is text of its own
  std::uint32_t assistant = 0;   // more for a message of the assistant
  std::uint32_t system = 0;      // for instructions that are no message
  std::uint32_t call = 8;        // marks of a tool call
  std::uint32_t result = 8;      // marks of its result
  std::uint32_t first_tool = 0;  // instructions that come with tools
  std::uint32_t tool = 8;        // marks of each tool
  // What servers of open models add beside: a date, a persona, marks of a newer template. For the
  // bound only.
  std::uint32_t slack = 64;
  bool exact = false;  // known to be what the provider bills for plain text
};
[[nodiscard]] const Framing& framing_of(tokenizer::Template name);

}  // namespace tokenweir::count
