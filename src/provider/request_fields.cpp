#include "provider/request_fields.h"

#include <array>

namespace tokenweir::provider {

namespace {

using Builder = RequestFieldsBuilder;
constexpr std::size_t kText = Builder::kText;
constexpr std::size_t kNumber = Builder::kNumber;
constexpr std::size_t kFirstByte = Builder::kFirstByte;
constexpr std::size_t kObject = 4096;
// 4,096 characters of at most twelve bytes are what a server reads aloud; it refuses more.
constexpr std::size_t kSpokenText = 64 * 1024;

// Spellings of one field: none of them comes before the others.
void add_spellings(Builder& builder, RequestField field,
                   std::initializer_list<std::string_view> paths) {
  for (const std::string_view path : paths) builder.add(path, field, kNumber);
}

void add_messages(Builder& builder, std::string_view path) {
  builder.add(path, RequestField::messages, kFirstByte);
  builder.add(std::string(path) + "[]", RequestField::message, 0);
}

void add_common(Builder& builder) {
  builder.add("model", RequestField::model, kText)
      .add("stream", RequestField::stream, kNumber)
      .add("service_tier", RequestField::service_tier, kText)
      .add("user", RequestField::user, kText, 0)
      .add("safety_identifier", RequestField::user, kText, 1)
      .add("metadata.user_id", RequestField::user, kText, 2)
      .add("prompt_cache_key", RequestField::session, kText)
      .add("metadata.workflow", RequestField::workflow, kText);
}

void add_openai_stream_options(Builder& builder) {
  builder.add("stream_options", RequestField::stream_options, kObject)
      .add("stream_options.include_usage", RequestField::include_usage, kNumber)
      .add("stream_options.continuous_usage_stats", RequestField::continuous_usage, 0);
}

// proto3's JSON form takes a field's camelCase and its snake_case name alike.
void add_candidates(Builder& builder) {
  add_spellings(builder, RequestField::choices,
                {"generationConfig.candidateCount", "generationConfig.candidate_count",
                 "generation_config.candidateCount", "generation_config.candidate_count"});
}

// The general form of Vertex: one answer, or several, for each instance.
void add_instances(Builder& builder) {
  builder.add("instances", RequestField::prompt, kFirstByte)
      .add("instances[]", RequestField::instance, 0)
      .add("instances[].n", RequestField::best_of, kNumber)
      .add("instances[].best_of", RequestField::best_of, kNumber);
}

void add_gemini_fields(Builder& builder) {
  add_candidates(builder);
  builder.add("serviceTier", RequestField::service_tier, kText)
      .add("labels.workflow", RequestField::workflow, kText);
  add_messages(builder, "contents");
}

void add_others(Builder& builder, Dialect dialect) {
  switch (dialect) {
    case Dialect::openai_chat:
      add_instances(builder);
      builder.add("n", RequestField::choices, kNumber)
          .add("best_of", RequestField::best_of, kNumber)
          .add("n_cmpl", RequestField::best_of, kNumber)
          .add("web_search_options.search_context_size", RequestField::search_context, kNumber);
      add_messages(builder, "messages");
      add_openai_stream_options(builder);
      break;
    case Dialect::openai_completions:
      builder.add("n", RequestField::choices, kNumber)
          .add("n_cmpl", RequestField::best_of, kNumber)
          .add("best_of", RequestField::best_of, kNumber)
          .add("prompt", RequestField::prompt, kFirstByte)
          .add("prompt[]", RequestField::prompt_item, kFirstByte);
      add_openai_stream_options(builder);
      break;
    case Dialect::openai_responses:
      builder.add("background", RequestField::background, kNumber)
          .add("tools[].search_context_size", RequestField::search_context, kNumber);
      add_messages(builder, "input");
      break;
    case Dialect::openai_embeddings:
      add_messages(builder, "input");
      break;
    case Dialect::anthropic_messages:
    case Dialect::anthropic_misc:
      builder.add("speed", RequestField::speed, kText)
          .add("inference_geo", RequestField::region, kText)
          .add("fallbacks[].model", RequestField::other_model, kText)
          .add("fallbacks[].speed", RequestField::speed, kText)
          .add("tools[].model", RequestField::other_model, kText);
      add_messages(builder, "messages");
      break;
    case Dialect::gemini_misc:
      add_spellings(builder, RequestField::choices,
                    {"parameters.candidateCount", "parameters.candidate_count",
                     "parameters.sampleCount", "parameters.sample_count"});
      add_instances(builder);
      [[fallthrough]];
    case Dialect::gemini:
      add_gemini_fields(builder);
      break;
    case Dialect::gemini_interactions:
      add_candidates(builder);
      builder.add("background", RequestField::background, kNumber);
      add_messages(builder, "input");
      break;
    case Dialect::cohere:
      builder.add("num_generations", RequestField::choices, kNumber);
      [[fallthrough]];
    case Dialect::ollama:
      add_messages(builder, "messages");
      break;
    case Dialect::openai_audio:
      builder.add("input", RequestField::speech_text, kSpokenText);
      break;
    case Dialect::openai_misc:
      for (const std::string_view path : {"inputs", "agent_id", "from_entry_id"}) {
        builder.add(path, RequestField::asks, kFirstByte);
      }
      builder.add("session.type", RequestField::session_type, kText)
          .add("session.model", RequestField::model, kText)
          .add("sampling_params.n", RequestField::best_of, kNumber)
          .add("sampling_params[].n", RequestField::best_of, kNumber);
      [[fallthrough]];
    case Dialect::openai_images:
    case Dialect::opaque:
      builder.add("n", RequestField::choices, kNumber)
          .add("best_of", RequestField::best_of, kNumber)
          .add("parameters.best_of", RequestField::best_of, kNumber);
      add_messages(builder, "messages");
      break;
  }
}

RequestFields build(Dialect dialect) {
  Builder builder;
  add_common(builder);
  add_others(builder, dialect);
  add_cap_paths(builder, dialect);
  add_extra_paths(builder, dialect);
  return builder.take();
}

constexpr std::size_t kDialects = static_cast<std::size_t>(Dialect::opaque) + 1;
using Table = std::array<RequestFields, kDialects>;

Table build_all() {
  Table table;
  for (std::size_t i = 0; i < kDialects; ++i) table[i] = build(static_cast<Dialect>(i));
  return table;
}

}  // namespace

RequestFieldsBuilder& RequestFieldsBuilder::add(std::string_view path, const RequestPlace& place,
                                                std::size_t limit) {
  const auto number = static_cast<std::size_t>(fields_.paths.add(path, limit));
  if (number == fields_.places.size()) fields_.places.push_back(place);
  return *this;
}

const RequestFields& request_fields(Dialect dialect) {
  static const Table table = build_all();
  return table[static_cast<std::size_t>(dialect)];
}

}  // namespace tokenweir::provider
