// How many tokens a request carries, before the provider says so: part by part, with the parts seen
// before remembered. Meant to run after the request was forwarded; no call throws, and apart from
// the memos nothing is shared.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "count/memo.h"
#include "count/text_counter.h"
#include "count/transcript.h"
#include "provider/dialect.h"

namespace tokenweir::count {

// How far a count can be trusted.
enum class Grade : std::uint8_t {
  exact,              // the model's own vocabulary and framing known to the token
  estimated_framing,  // its vocabulary, but tools, media or a template that only usage tells
  estimated,          // another vocabulary stands in
};
[[nodiscard]] std::string_view name_of(Grade grade);

// What makes the difference between counts and usage, so that errors are told apart by it.
enum class RequestKind : std::uint8_t { text, tools, media };
inline constexpr std::size_t kRequestKinds = 3;
[[nodiscard]] std::string_view name_of(RequestKind kind);

struct RequestCount {
  std::int64_t tokens = 0;  // best estimate of what the provider will bill as input
  // Never less than billed. No value: part of the context is held by the provider (a stored
  // conversation, files, its own tools), so only the model's window bounds it; or the body is
  // unreadable.
  std::optional<std::int64_t> upper_bound;
  std::array<std::int64_t, kSlices> parts{};  // by Slice; they add up to `tokens`
  // Of `tokens`, those of the longest beginning of the transcript that this scope sent before.
  std::int64_t repeated = 0;
  tokenizer::VocabularyName vocabulary = tokenizer::VocabularyName::o200k_base;
  Grade grade = Grade::estimated;
  RequestKind kind = RequestKind::text;
  bool readable = false;
};

struct RequestQuestion {
  const provider::Endpoint& endpoint;
  const ModelCounting& model;                // of the model asked for
  std::string_view model_name;               // as the request has it
  std::string_view body;                     // decoded
  const Transcript& transcript;              // of this body
  tokenizer::ModelMap::HostExtra host = {};  // ModelMap::host_extra of the provider's host
  const ParsedBody* parsed = nullptr;        // of this body, where it is there already
};

// The memories one process has. Both may be shared by all threads.
struct Memories {
  Memo parts;  // counts of parts
  Memo seen;   // beginnings of transcripts, per scope
};

// `scope` says what a repeated context is repeated in (a hash of run or credential); 0: nothing is
// looked up or remembered. `memories` may be null: then everything is counted.
[[nodiscard]] RequestCount count_request(const RequestQuestion& question, Memories* memories,
                                         std::uint64_t scope);

}  // namespace tokenweir::count
