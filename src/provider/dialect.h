// The dialects: what each LLM API's paths, requests, answers, errors and usage look like. This is
// the only room that knows vendors. Everything here is pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.h"
#include "provider/cap_places.h"
#include "provider/extras.h"

namespace tokenweir::provider {

// The word of the config's `dialect:`.
enum class Family : std::uint8_t {
  openai,
  azure,
  anthropic,
  gemini,
  vertex,
  cohere,
  ollama,
  opaque
};
[[nodiscard]] std::optional<Family> family_named(std::string_view name);
[[nodiscard]] std::string_view name_of(Family family);

// One wire form. A family speaks several (openai: chat, responses, embeddings, ... and also
// anthropic_messages where a compatible server offers it).
enum class Dialect : std::uint8_t {
  openai_chat,
  openai_completions,
  openai_responses,
  openai_embeddings,
  openai_images,
  openai_audio,
  openai_misc,
  anthropic_messages,
  anthropic_misc,
  gemini,
  gemini_interactions,
  gemini_misc,
  cohere,
  ollama,
  opaque
};
[[nodiscard]] std::string_view name_of(Dialect dialect);  // the ledger's word: "openai_chat"

// What a path means at a provider of a family.
struct Endpoint {
  Dialect dialect = Dialect::opaque;
  std::string_view name = "raw";    // static text, the ledger's `endpoint`: "chat.completions"
  bool cappable = false;            // the body is read whole before anything is forwarded
  bool metered = false;             // its answer may carry usage
  bool free = false;                // never billed (count_tokens, models, input_tokens)
  bool async_job = false;           // starts work whose usage arrives elsewhere (batches)
  bool streams_by_default = false;  // Ollama native
  bool reads_stored = false;    // its answer was made for an earlier request, with the same usage
  std::optional<bool> streams;  // decided by the path (Gemini)
  std::string model;            // taken from the path, percent-decoded; empty otherwise
  bool server_sent_events = true;  // Gemini without alt=sse streams a JSON array
};

// `path` is the normal form, provider prefix stripped, without query.
[[nodiscard]] Endpoint recognise(Family family, std::string_view method, std::string_view path,
                                 std::string_view query);
// The family a bare path belongs to, for routing by well-known path; no value when none.
// `fields` decide /v1/models (anthropic-version, x-goog-api-key).
[[nodiscard]] std::optional<Family> well_known_family(std::string_view method,
                                                      std::string_view path,
                                                      std::span<const http::Field> fields);

// A body edit: at `offset`, `remove` bytes are replaced by `insert`. Offsets refer to the body as
// received; a list is sorted and does not overlap.
struct Splice {
  std::uint64_t offset = 0;
  std::uint64_t remove = 0;
  std::string insert;
};

// Nobody can say more than this; as `output_cap` it means that no limit may be in force.
inline constexpr std::int64_t kNoLimit = INT64_MAX;

// What a request body asks for. Values are bounded; user ids are kept as given here and hashed by
// identify/.
struct Asked {
  bool readable = false;  // one complete JSON object in UTF-8 was seen
  std::string model;
  std::optional<bool> stream;
  // Of one choice: the largest any server could read, kNoLimit where one of them would read that
  // there is none (-1, a duplicate that is null, a word for a number). No value: none is written.
  std::optional<std::int64_t> output_cap;
  // The most that is set aside for thinking where any number is taken; 0: nothing is.
  std::int64_t thinking_cap = 0;
  std::int64_t choices = 1;  // n, candidateCount, best_of: the largest any server could read
  bool background = false;
  // False: nothing will be said, so nothing needs a limit (items for a conversation, embeddings
  // by an endpoint that serves any model).
  bool generates = true;
  std::string service_tier;
  std::string search_context;  // of a web search: low, medium, high
  // Code points of a text to be read aloud: some models are priced by them and report nothing.
  std::optional<std::uint64_t> spoken_characters;
  // Weak labels, never an identity that limits act on.
  std::string user;      // user, safety_identifier, metadata.user_id
  std::string session;   // prompt_cache_key and the like
  std::string workflow;  // metadata.workflow
  // Present where asking an OpenAI-style stream for usage needs an edit, i.e. it streams and
  // include_usage is not true yet.
  std::optional<Splice> ask_for_usage;
  // A model is named that could not be read: by no text, too long, too many, or in a body that is
  // not understood. Never where the path names it.
  bool model_unclear = false;
  // A reader that goes by the first of equal keys, or by keys in any case, finds another model.
  bool model_twice = false;
  std::string unheeded_model;   // the body's, where the path names one and wins
  bool duplicate_keys = false;  // of model, stream or n: two readers would disagree
  std::size_t message_count = 0;

  // The body can be edited at all: one readable JSON object, not compressed, said once where it
  // matters. Whether a given cap can be written is known from cap_splices() alone.
  bool splicable = false;
  CapPlaces caps;
  std::optional<Splice> model_value;  // where the body names its model; `insert` is empty
  Extras extras;
  Reasoning reasoning;
  // Types of the tools that are the provider's own, as written: web_search_20250305, googleSearch.
  std::vector<std::string> provider_tools;
  bool tools_unclear = false;  // more of them than are kept
  // Models besides `model` that may answer: fallbacks, routes, advisors, and what other readers of
  // a body that names its model twice would take for it.
  std::vector<std::string> other_models;
  std::string speed;                // asked for: fast
  std::string region;               // asked for: inference_geo
  std::uint64_t decoded_bytes = 0;  // of the body, decompressed: what its tokens are bounded by
};

// A figure or a name behind a refusal, for programs: {"limit_usd", "50.00"}, {"steps", 80}.
struct Detail {
  std::string_view name;  // snake case
  std::variant<std::int64_t, std::string> value;
};

struct Problem {
  int status = 502;
  std::string_view code;  // "upstream_unreachable", "request_too_large", ... snake case
  std::string message;    // from a fixed set, for humans; no client or provider bytes
  std::string_view request_id;
  std::string_view host;  // of the provider, where known: OpenRouter's SDK insists on its own form
  std::string_view type;  // the error type where it is not the usual one of the status
  std::span<const Detail> details;  // appended where the dialect's SDKs tolerate more members
  std::optional<std::chrono::seconds> retry_after;  // for dialects that say it in the body
};
struct ErrorAnswer {
  std::string body;
  std::string_view content_type;
  std::string_view request_id_header;  // the provider's own name: x-request-id, request-id, ...
};
// An error in the words of the client's dialect, such that the official SDKs raise it properly.
[[nodiscard]] ErrorAnswer error_answer(const Endpoint& endpoint, Family family,
                                       const Problem& problem);

}  // namespace tokenweir::provider
