// What the loop guard may know of a request's content: keyed hashes and tool names, never text. The
// reader of the body fills it in; without it only counting detectors work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tokenweir::runs {

enum class PartKind : std::uint8_t { system, tools, user, assistant, tool_result, other };

// One message (or system text, or tool list) of the transcript.
struct Part {
  PartKind kind = PartKind::other;
  std::uint64_t hash = 0;  // keyed, of the content
};

// A tool call in the transcript, together with its result where the transcript has one.
struct ToolCall {
  std::uint32_t part = 0;  // index of the part that makes the call
  std::string name;        // as the client declared it, at most 128 bytes
  std::uint64_t arguments = 0;
  std::optional<std::uint64_t> result;
  bool failed = false;   // the result says that the call went wrong
  bool waiting = false;  // the result says that the work is still going on
};

// The result of a call that the provider remembers and the request does not repeat.
struct LooseResult {
  std::uint64_t result = 0;
  bool failed = false;
  bool waiting = false;
};

struct Signs {
  std::uint64_t body = 0;      // of the whole request; 0: not known
  std::uint64_t question = 0;  // without what only says how to answer it; 0: as `body`
  // The provider holds what was said before; the parts are only what is new.
  bool stored_context = false;
  std::vector<Part> parts;  // in the order of the transcript
  std::vector<ToolCall> calls;
  std::vector<LooseResult> loose_results;
  std::vector<ToolCall> made;     // calls that the answer makes, known when it has ended
  std::uint32_t sdk_retries = 0;  // what the client's SDK admits to
};

}  // namespace tokenweir::runs
