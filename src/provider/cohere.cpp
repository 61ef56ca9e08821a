// Cohere's own API; its OpenAI-compatible paths are recognised as OpenAI's.
#include <array>

#include "core/text.h"
#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

constexpr std::uint16_t kOwn = bit(Family::cohere);

constexpr std::array kRules = std::to_array<Rule>({
    {"v2/chat", kPost, Dialect::cohere, "chat", kInference},
    {"v2/embed", kPost, Dialect::cohere, "embeddings", kInference},
    {"v2/rerank", kPost, Dialect::cohere, "rerank", kInference},
    {"chat", kPost, Dialect::cohere, "chat", kInference, kOwn},
    {"embed", kPost, Dialect::cohere, "embeddings", kInference, kOwn},
    {"rerank", kPost, Dialect::cohere, "rerank", kInference, kOwn},
    {"generate", kPost, Dialect::cohere, "generate", kInference, kOwn},
    {"summarize", kPost, Dialect::cohere, "summarize", kInference, kOwn},
    {"classify", kPost, Dialect::cohere, "classify", kInference, kOwn},
    {"tokenize", kPost, Dialect::cohere, "tokenize", kFree, kOwn},
    {"detokenize", kPost, Dialect::cohere, "tokenize", kFree, kOwn},
    {"embed-jobs/**", kPost, Dialect::cohere, "embed_jobs", kAsyncJob, kOwn},
    {"models/**", kGet, Dialect::cohere, "models", kFree, kOwn},
    {"datasets/**", kAnyMethod, Dialect::cohere, "datasets", kFree, kOwn},
    {"connectors/**", kAnyMethod, Dialect::cohere, "connectors", kFree, kOwn},
});

}  // namespace

bool recognise_cohere(Family family, Method method, const Segments& path, std::string_view,
                      Endpoint& endpoint) {
  const Rule* rule = first_match(kRules, family, method, path);
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
