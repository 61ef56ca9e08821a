// What a request says, part by part, known by keyed hashes: the same history sent again has the
// same hashes, whatever white space, cache marks or spelling of a lone text block it came with.
// Pure; the body is read with a parser each thread keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "count/parsed_body.h"
#include "count/sip_hash.h"
#include "provider/dialect.h"

namespace tokenweir::count {

// Larger bodies are known by the hash of their bytes only.
inline constexpr std::size_t kMostTranscriptBytes = 8 * 1024 * 1024;
// A transcript of more parts or calls is not read.
inline constexpr std::size_t kMostParts = 16'384;
inline constexpr std::size_t kMostToolNameBytes = 128;

enum class PartKind : std::uint8_t { system, tools, user, assistant, tool_result, other };

// Where a part's tokens are booked (the ledger's `input_parts`). Instructions and tools are that
// wherever they stand. Of the rest, everything up to the last thing the assistant said is history;
// after it come the results of tools and what is new. Without an assistant all of it is new.
enum class Slice : std::uint8_t { system, tools, history, tool_results, fresh };
inline constexpr std::size_t kSlices = 5;
// "system", "tools", "history", "tool_results", "new"
[[nodiscard]] std::string_view name_of(Slice slice);

struct Part {
  PartKind kind = PartKind::other;
  Slice slice = Slice::fresh;
  std::uint64_t hash = 0;   // of the part alone
  std::uint64_t chain = 0;  // of all parts up to and with this one
};

struct ToolCall {
  std::uint32_t part = 0;       // index of the part that makes the call
  std::string name;             // at most kMostToolNameBytes
  std::uint64_t arguments = 0;  // see hash_of_arguments()
  std::optional<std::uint64_t> result;
  bool failed = false;   // the result says so: a flag where the dialect has one, or it begins as
                         // error messages do
  bool waiting = false;  // the result says that the work is still going on
};

// A result whose call is not in the transcript: the provider holds what was said before.
struct LooseResult {
  std::uint64_t result = 0;
  bool failed = false;
  bool waiting = false;
};

struct Transcript {
  // One JSON object in UTF-8 of a dialect with transcripts, whose places are not said twice and
  // which is not beyond the limits. Otherwise `body` is all there is.
  bool readable = false;
  // Of the whole request with its endpoint: equal for requests that ask the same. Never 0.
  std::uint64_t body = 0;
  // The same without what only says how the answer is made: limits, temperature, seed, streaming
  // and labels. 0 where `readable` is false.
  std::uint64_t question = 0;
  // The request goes on from a conversation that the provider holds.
  bool stored_context = false;
  std::vector<Part> parts;  // tools first, then instructions, then messages in their order
  std::vector<ToolCall> calls;
  std::vector<LooseResult> loose_results;
};

// What a tool is called with: JSON, in a text or not. The order of members and white space do not
// matter, nor do members beside others that only date or number the call (`timestamp`, `nonce`,
// `request_id`, ...).
[[nodiscard]] std::uint64_t hash_of_arguments(std::string_view text, const HashKey& key);

// Never fails and never throws, whatever the body.
[[nodiscard]] Transcript read_transcript(const provider::Endpoint& endpoint, std::string_view body,
                                         const HashKey& key);
// The same where the body was parsed already, for the endpoint's dialect.
[[nodiscard]] Transcript read_transcript(const provider::Endpoint& endpoint,
                                         const ParsedBody& parsed, std::string_view body,
                                         const HashKey& key);

}  // namespace tokenweir::count
