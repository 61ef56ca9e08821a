// Ollama's native API; its /v1 paths are recognised as OpenAI's.
#include <array>

#include "core/text.h"
#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

constexpr std::uint16_t kOllamaFamily = bit(Family::ollama);
constexpr std::uint8_t kStreamed = kInference | kStreamsByDefault;

constexpr std::array kOllamaRules = std::to_array<Rule>({
    {"api/chat", kPost, Dialect::ollama, "chat", kStreamed},
    {"api/generate", kPost, Dialect::ollama, "generate", kStreamed},
    {"api/embed", kPost, Dialect::ollama, "embeddings", kInference},
    {"api/embeddings", kPost, Dialect::ollama, "embeddings", kInference, kOllamaFamily},
    {"api/tags", kGet, Dialect::ollama, "models", kFree},
    {"api/ps", kGet, Dialect::ollama, "models", kFree, kOllamaFamily},
    {"api/version", kGet, Dialect::ollama, "models", kFree, kOllamaFamily},
    {"api/show", kPost, Dialect::ollama, "models", kFree, kOllamaFamily},
    {"api/pull", kPost, Dialect::ollama, "models", kFree, kOllamaFamily},
    {"api/push", kPost, Dialect::ollama, "models", kFree, kOllamaFamily},
    {"api/create", kPost, Dialect::ollama, "models", kFree, kOllamaFamily},
    {"api/copy", kPost, Dialect::ollama, "models", kFree, kOllamaFamily},
    {"api/delete", kDelete, Dialect::ollama, "models", kFree, kOllamaFamily},
    {"api/blobs/*", kAnyMethod, Dialect::ollama, "models", kFree, kOllamaFamily},
});

}  // namespace

bool recognise_ollama(Family family, Method method, const Segments& path, std::string_view,
                      Endpoint& endpoint) {
  const Rule* rule = first_match(kOllamaRules, family, method, path);
  if (rule == nullptr) return false;
  apply(*rule, endpoint);
  return true;
}

ErrorAnswer ollama_error(const Problem& problem) {
  ErrorAnswer answer;
  answer.content_type = "application/json; charset=utf-8";
  answer.body = R"({"error":)";
  append_json_string(answer.body, problem.message);
  append_details_object(answer.body, problem.details);
  answer.body += '}';
  return answer;
}

}  // namespace tokenweir::provider
