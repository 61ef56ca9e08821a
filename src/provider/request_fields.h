// Which places of a request body mean what, per dialect. Private to the request reader.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "provider/dialect.h"
#include "stream/json_extractor.h"

namespace tokenweir::provider {

enum class RequestField : std::uint8_t {
  model,
  stream,
  choices,
  best_of,
  prompt,  // the legacy endpoint's; several prompts are several completions
  prompt_item,
  instance,  // of Vertex's predict: each is answered
  messages,
  message,
  asks,          // present: a conversation is asked for an answer
  session_type,  // of a realtime session
  background,
  service_tier,
  user,
  session,
  workflow,
  stream_options,
  include_usage,
  continuous_usage,
  search_context,
  speech_text,
  speed,
  region,
  other_model,
  fallback,  // another inference; its model, where it is nothing but a name
  // Limits on output: see request_caps.
  cap,
  cap_container,
  // What can make a request dearer than its text: see request_extras. The rank is the block level.
  block_type,
  block_media,   // a media type
  block_remote,  // a reference the provider resolves
  block,         // the end of one block of content
  item_type,     // of things that stand alone, not in a message's content
  image,         // each is one image
  remote_input,
  cache_control,
  cache_lifetime,
  tool_type,
  tool_uses,
  tool,
  client_tool,    // present: tools the client runs
  provider_tool,  // present and not null: a tool of the provider's own; the rank says which
  plugin,
  tool_calls_max,
  modality,
  audio_output,
  compaction,
  thinking_type,
  thinking_budget,
  effort,
};

// Tools that are switched on by the presence of a key.
struct KeyedTool {
  std::string_view name;
  bool looping;  // the provider decides how often it is called
};
[[nodiscard]] const KeyedTool& keyed_tool(std::size_t number);

struct RequestPlace {
  RequestField field;
  std::uint8_t rank = 0;  // of several places for one thing the lowest rank that is there counts
  CapPlace::Kind kind = CapPlace::Kind::output;  // of caps
  CapScope scope = CapScope::root;
  CapField spelling = CapField::other;
};

struct RequestFields {
  stream::PathSet paths;
  std::vector<RequestPlace> places;  // by path number
};

class RequestFieldsBuilder {
 public:
  // Labels, names and tiers: longer ones are not believed.
  static constexpr std::size_t kText = 2048;
  static constexpr std::size_t kNumber = 64;
  static constexpr std::size_t kFirstByte = 1;

  RequestFieldsBuilder() : fields_{stream::PathSet(stream::KeyCase::ignored), {}} {}

  // The first meaning given to a path stays.
  RequestFieldsBuilder& add(std::string_view path, const RequestPlace& place, std::size_t limit);
  RequestFieldsBuilder& add(std::string_view path, RequestField field, std::size_t limit,
                            int rank = 0) {
    return add(path, RequestPlace{.field = field, .rank = static_cast<std::uint8_t>(rank)}, limit);
  }
  RequestFields take() { return std::move(fields_); }

 private:
  RequestFields fields_;
};

void add_cap_paths(RequestFieldsBuilder& builder, Dialect dialect);
void add_extra_paths(RequestFieldsBuilder& builder, Dialect dialect);

// Built once per dialect and kept for the life of the process.
[[nodiscard]] const RequestFields& request_fields(Dialect dialect);

}  // namespace tokenweir::provider
