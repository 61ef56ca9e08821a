// Cohere's own API; its OpenAI-compatible paths are recognised as OpenAI's.
#include <array>

#include "core/text.h"
#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

constexpr std::uint16_t kCohereFamily = bit(Family::cohere);

constexpr std::array kCohereRules = std::to_array<Rule>({
    {"v2/chat", kPost, Dialect::cohere, "chat", kInference},
    {"v2/embed", kPost, Dialect::cohere, "embeddings", kInference},
    {"v2/rerank", kPost, Dialect::cohere, "rerank", kInference},
    {"chat", kPost, Dialect::cohere, "chat", kInference, kCohereFamily},
    {"embed", kPost, Dialect::cohere, "embeddings", kInference, kCohereFamily},
    {"rerank", kPost, Dialect::cohere, "rerank", kInference, kCohereFamily},
    {"generate", kPost, Dialect::cohere, "generate", kInference, kCohereFamily},
    {"summarize", kPost, Dialect::cohere, "summarize", kInference, kCohereFamily},
    {"classify", kPost, Dialect::cohere, "classify", kInference, kCohereFamily},
    {"tokenize", kPost, Dialect::cohere, "tokenize", kFree, kCohereFamily},
    {"detokenize", kPost, Dialect::cohere, "tokenize", kFree, kCohereFamily},
    {"embed-jobs/**", kPost, Dialect::cohere, "embed_jobs", kAsyncJob, kCohereFamily},
    {"models/**", kGet, Dialect::cohere, "models", kFree, kCohereFamily},
    {"datasets/**", kAnyMethod, Dialect::cohere, "datasets", kFree, kCohereFamily},
    {"connectors/**", kAnyMethod, Dialect::cohere, "connectors", kFree, kCohereFamily},
});

}  // namespace

bool recognise_cohere(Family family, Method method, const Segments& path, std::string_view,
                      Endpoint& endpoint) {
  const Rule* rule = first_match(kCohereRules, family, method, path);
  if (rule == nullptr) return false;
  apply(*rule, endpoint);
  return true;
}

ErrorAnswer cohere_error(const Problem& problem) {
  ErrorAnswer answer;
  answer.content_type = "application/json";
  std::string& body = answer.body;
  body = R"({"message":)";
  append_json_string(body, problem.message);
  body += R"(,"id":)";
  append_json_string(body, problem.request_id);
  append_details_object(body, problem.details);
  body += '}';
  return answer;
}

}  // namespace tokenweir::provider
