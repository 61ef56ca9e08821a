#include "provider/request_fields.h"

#include <array>

namespace tokenweir::provider {

namespace {

// Labels, names and tiers: longer ones are not believed.
constexpr std::size_t kText = 2048;
constexpr std::size_t kNumber = 64;
constexpr std::size_t kFirstByte = 1;
constexpr std::size_t kObject = 4096;
// 4,096 characters of at most twelve bytes are what a server reads aloud; it refuses more.
constexpr std::size_t kSpokenText = 64 * 1024;

class Builder {
 public:
  explicit Builder(stream::KeyCase key_case) : fields_{stream::PathSet(key_case), {}} {}

  Builder& add(std::string_view path, RequestField field, std::size_t limit, int rank = 0) {
    const auto number = static_cast<std::size_t>(fields_.paths.add(path, limit));
    if (number == fields_.places.size()) {
      fields_.places.push_back(RequestPlace{field, static_cast<std::uint8_t>(rank)});
    }
    return *this;
  }
  Builder& caps(std::initializer_list<std::string_view> paths) {
    int rank = 0;
    for (const std::string_view path : paths) add(path, RequestField::output_cap, kNumber, rank++);
    return *this;
  }
  // Spellings of one field: none of them comes before the others.
  Builder& spellings(RequestField field, std::initializer_list<std::string_view> paths) {
    for (const std::string_view path : paths) add(path, field, kNumber);
    return *this;
  }
  Builder& messages(std::string_view path) {
    add(path, RequestField::messages, kFirstByte);
    return add(std::string(path) + "[]", RequestField::message, 0);
  }
  Builder& labels() {
    add("user", RequestField::user, kText, 0);
    add("safety_identifier", RequestField::user, kText, 1);
    add("metadata.user_id", RequestField::user, kText, 2);
    add("prompt_cache_key", RequestField::session, kText);
    return add("metadata.workflow", RequestField::workflow, kText);
  }
  Builder& common() {
    add("model", RequestField::model, kText);
    add("stream", RequestField::stream, kNumber);
    add("service_tier", RequestField::service_tier, kText);
    return labels();
  }
  RequestFields take() { return std::move(fields_); }

 private:
  RequestFields fields_;
};

void add_openai_stream_options(Builder& builder) {
  builder.add("stream_options", RequestField::stream_options, kObject)
      .add("stream_options.include_usage", RequestField::include_usage, kNumber)
      .add("stream_options.continuous_usage_stats", RequestField::continuous_usage, 0);
}

// proto3's JSON form takes a field's camelCase and its snake_case name alike.
void add_gemini(Builder& builder) {
  builder
      .spellings(RequestField::output_cap,
                 {"generationConfig.maxOutputTokens", "generationConfig.max_output_tokens",
                  "generation_config.maxOutputTokens", "generation_config.max_output_tokens"})
      .spellings(RequestField::choices,
                 {"generationConfig.candidateCount", "generationConfig.candidate_count",
                  "generation_config.candidateCount", "generation_config.candidate_count"})
      .add("serviceTier", RequestField::service_tier, kText)
      .add("labels.workflow", RequestField::workflow, kText)
      .messages("contents");
}

// Ollama is a Go program: Go's decoder takes keys in any case.
enum class Server : std::uint8_t { usual, ollama };

RequestFields build(Dialect dialect, Server server) {
  Builder builder(server == Server::ollama ? stream::KeyCase::ignored : stream::KeyCase::exact);
  builder.common();
  switch (dialect) {
    case Dialect::openai_chat:
      // Ollama heeds only the older name.
      if (server == Server::usual) {
        builder.caps({"max_completion_tokens", "max_tokens"});
      } else {
        builder.caps({"max_tokens"});
      }
      builder.add("n", RequestField::choices, kNumber)
          .add("web_search_options.search_context_size", RequestField::search_context, kNumber)
          .messages("messages");
      add_openai_stream_options(builder);
      break;
    case Dialect::openai_completions:
      builder.caps({"max_tokens"})
          .add("n", RequestField::choices, kNumber)
          .add("best_of", RequestField::best_of, kNumber)
          .add("prompt", RequestField::prompt, kFirstByte)
          .add("prompt[]", RequestField::prompt_item, kFirstByte);
      add_openai_stream_options(builder);
      break;
    case Dialect::openai_responses:
      builder.caps({"max_output_tokens"})
          .add("background", RequestField::background, kNumber)
          .add("tools[].search_context_size", RequestField::search_context, kNumber)
          .messages("input");
      break;
    case Dialect::openai_embeddings:
      builder.messages("input");
      break;
    case Dialect::anthropic_messages:
    case Dialect::anthropic_misc:
      builder.caps({"max_tokens"}).messages("messages");
      break;
    case Dialect::gemini:
    case Dialect::gemini_misc:
      add_gemini(builder);
      break;
    case Dialect::gemini_interactions:
      builder
          .spellings(RequestField::output_cap,
                     {"generation_config.max_output_tokens", "generationConfig.maxOutputTokens"})
          .add("background", RequestField::background, kNumber)
          .messages("input");
      break;
    case Dialect::cohere:
      builder.caps({"max_tokens"}).messages("messages");
      break;
    case Dialect::ollama:
      builder.caps({"options.num_predict"}).messages("messages");
      break;
    case Dialect::openai_audio:
      builder.add("input", RequestField::speech_text, kSpokenText);
      break;
    case Dialect::openai_images:
    case Dialect::openai_misc:
    case Dialect::opaque:
      builder.caps({"max_completion_tokens", "max_tokens", "max_output_tokens"})
          .add("n", RequestField::choices, kNumber)
          .messages("messages");
      break;
  }
  return builder.take();
}

constexpr std::size_t kDialects = static_cast<std::size_t>(Dialect::opaque) + 1;
using Table = std::array<RequestFields, kDialects>;

Table build_all(Server server) {
  Table table;
  for (std::size_t i = 0; i < kDialects; ++i) table[i] = build(static_cast<Dialect>(i), server);
  return table;
}

}  // namespace

const RequestFields& request_fields(Dialect dialect, Family family) {
  static const Table usual = build_all(Server::usual);
  static const Table ollama = build_all(Server::ollama);
  return (family == Family::ollama ? ollama : usual)[static_cast<std::size_t>(dialect)];
}

}  // namespace tokenweir::provider
