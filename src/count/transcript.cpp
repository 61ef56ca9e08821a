#include "count/transcript.h"

#include <algorithm>
#include <array>

#include "count/calls.h"
#include "count/content_hash.h"
#include "count/document.h"

namespace tokenweir::count {

namespace {

// What a hash is of, so that equal bytes in different places differ.
enum Purpose : std::uint64_t {
  kOfPart = 1,
  kOfChain = 2,
  kOfBody = 3,
  kOfBytes = 4,
  kOfQuestion = 5
};

// Members of a request that do not change what is asked.
constexpr std::array<std::string_view, 34> kHowOnly = {"temperature",
                                                       "top_p",
                                                       "top_k",
                                                       "seed",
                                                       "max_tokens",
                                                       "max_completion_tokens",
                                                       "max_output_tokens",
                                                       "maxOutputTokens",
                                                       "maxTokens",
                                                       "max_new_tokens",
                                                       "max_tokens_to_sample",
                                                       "max_gen_len",
                                                       "max_decode_tokens",
                                                       "num_predict",
                                                       "n_predict",
                                                       "metadata",
                                                       "user",
                                                       "safety_identifier",
                                                       "prompt_cache_key",
                                                       "presence_penalty",
                                                       "frequency_penalty",
                                                       "store",
                                                       "service_tier",
                                                       "generationConfig",
                                                       "generation_config",
                                                       "random_seed",
                                                       "logprobs",
                                                       "top_logprobs",
                                                       "labels",
                                                       "prompt_cache_retention",
                                                       "p",
                                                       "k",
                                                       "max_tool_calls",
                                                       "options"};
constexpr std::array<std::string_view, 4> kContextHeld = {
    "previous_response_id", "conversation", "previous_interaction_id", "conversation_id"};

std::uint64_t hash_of(const Source& source, provider::Dialect dialect, const HashKey& key) {
  ContentHash hash(key);
  hash.number(kOfPart | static_cast<std::uint64_t>(dialect) << 8 |
              static_cast<std::uint64_t>(source.kind) << 16 |
              static_cast<std::uint64_t>(source.shape) << 24);
  switch (source.shape) {
    case Shape::text:
      hash.content(source.value);
      break;
    case Shape::message:
    case Shape::rest:
    case Shape::block:
    case Shape::item:
      hash.message(source.value, source.shape != Shape::rest,
                   [dialect](const Json& block) { return !is_result_block(dialect, block); });
      break;
    case Shape::declarations:
    case Shape::value:
      hash.value(source.value);
      break;
  }
  return hash.finish();
}

// See Slice.
void cut_slices(std::vector<Part>& parts) {
  const auto is_assistant = [](const Part& part) { return part.kind == PartKind::assistant; };
  const auto last = std::find_if(parts.rbegin(), parts.rend(), is_assistant);
  const auto history = static_cast<std::size_t>(parts.rend() - last);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Part& part = parts[i];
    if (part.kind == PartKind::tools) {
      part.slice = Slice::tools;
    } else if (part.kind == PartKind::system) {
      part.slice = Slice::system;
    } else if (i < history) {
      part.slice = Slice::history;
    } else {
      part.slice = part.kind == PartKind::tool_result ? Slice::tool_results : Slice::fresh;
    }
  }
}

void begin_body(ContentHash& hash, std::uint64_t purpose, const provider::Endpoint& endpoint) {
  hash.number(purpose);
  hash.text(endpoint.name);
  hash.text(endpoint.model);
}

std::uint64_t not_zero(std::uint64_t hash) { return hash != 0 ? hash : 1; }

bool read_parts(const provider::Endpoint& endpoint, const ParsedBody& parsed, const HashKey& key,
                Transcript& out) {
  const Sources& sources = parsed.document().sources;
  if (!sources.readable) return false;
  out.parts.reserve(sources.list.size());
  std::uint64_t chain = 0;
  for (const Source& source : sources.list) {
    Part part;
    part.kind = source.kind;
    part.hash = hash_of(source, endpoint.dialect, key);
    SipHash link(key);
    link.word(kOfChain);
    link.word(chain);
    link.word(part.hash);
    part.chain = chain = link.finish();
    out.parts.push_back(part);
  }
  cut_slices(out.parts);
  if (!find_calls(endpoint.dialect, sources, key, out)) return false;

  ContentHash body(key);
  ContentHash question(key);
  begin_body(body, kOfBody, endpoint);
  begin_body(question, kOfQuestion, endpoint);
  body.number(chain);
  question.number(chain);
  for_each_member(parsed.document().root, [&](std::string_view name, const Json& value) {
    if (is_cache_mark(name) || std::ranges::find(sources.keys, name) != sources.keys.end()) return;
    body.text(name);
    body.value(value);
    if (std::ranges::find(kContextHeld, name) != kContextHeld.end()) {
      out.stored_context = out.stored_context || !value.is_null();
    }
    if (std::ranges::find(kHowOnly, name) != kHowOnly.end()) return;
    question.text(name);
    question.value(value);
  });
  out.body = not_zero(body.finish());
  out.question = not_zero(question.finish());
  return true;
}

}  // namespace

std::string_view name_of(Slice slice) {
  constexpr std::string_view kNames[kSlices] = {"system", "tools", "history", "tool_results",
                                                "new"};
  return kNames[static_cast<std::size_t>(slice)];
}

Transcript read_transcript(const provider::Endpoint& endpoint, std::string_view body,
                           const HashKey& key) {
  return read_transcript(endpoint, ParsedBody(endpoint.dialect, body), body, key);
}

Transcript read_transcript(const provider::Endpoint& endpoint, const ParsedBody& parsed,
                           std::string_view body, const HashKey& key) {
  Transcript out;
  if (parsed && read_parts(endpoint, parsed, key, out)) {
    out.readable = true;
    return out;
  }
  out.parts.clear();
  out.calls.clear();
  out.loose_results.clear();
  out.stored_context = false;
  ContentHash bytes(key);
  begin_body(bytes, kOfBytes, endpoint);
  bytes.text(body);
  out.body = not_zero(bytes.finish());
  return out;
}

}  // namespace tokenweir::count
