// OpenAI's API, Azure's copy of it, and the many servers that imitate it.
#include <array>

#include "core/text.h"
#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

constexpr std::uint16_t kNotCohere = static_cast<std::uint16_t>(~bit(Family::cohere));
constexpr std::uint16_t kOpenaiFamilies =
    bit(Family::openai) | bit(Family::azure) | bit(Family::opaque);
constexpr std::uint16_t kSelfHosted = bit(Family::openai) | bit(Family::opaque);

constexpr std::array kOpenaiRules = std::to_array<Rule>({
    {"chat/completions", kPost, Dialect::openai_chat, "chat.completions", kInference},
    {"fim/completions", kPost, Dialect::openai_chat, "fim.completions", kInference},
    {"agents/completions", kPost, Dialect::openai_chat, "agents.completions", kInference},
    {"chat/deferred-completion/*", kGet, Dialect::openai_chat, "chat.completions.deferred",
     kMetered | kReadsStored},
    {"chat/completions/**", kAnyMethod, Dialect::openai_misc, "chat.completions.stored", kFree},
    {"completions", kPost, Dialect::openai_completions, "completions", kInference},

    {"responses/compact", kPost, Dialect::openai_responses, "responses.compact", kInference},
    {"responses/input_tokens", kPost, Dialect::openai_misc, "responses.input_tokens", kFree},
    {"responses/*/cancel", kPost, Dialect::openai_responses, "responses.cancel",
     kMetered | kReadsStored},
    {"responses/*/input_items", kGet, Dialect::openai_misc, "responses.input_items", kFree},
    {"responses/*", kGet, Dialect::openai_responses, "responses.get", kMetered | kReadsStored},
    {"responses/*", kDelete, Dialect::openai_misc, "responses.delete", kFree},
    {"responses", kPost, Dialect::openai_responses, "responses", kInference},
    {"decisions", kPost, Dialect::openai_responses, "decisions", kInference},
    {"v1/agent", kPost, Dialect::openai_responses, "agent", kInference,
     kOpenaiFamilies},  // Perplexity's

    {"embeddings", kPost, Dialect::openai_embeddings, "embeddings", kInference},
    {"images/generations", kPost, Dialect::openai_images, "images", kInference},
    {"images/edits", kPost, Dialect::openai_images, "images", kInference},
    {"images/variations", kPost, Dialect::openai_images, "images", kInference},
    {"audio/transcriptions", kPost, Dialect::openai_audio, "audio.transcriptions", kInference},
    {"audio/translations", kPost, Dialect::openai_audio, "audio.translations", kInference},
    {"audio/speech", kPost, Dialect::openai_audio, "audio.speech", kInference},
    {"audio/**", kAnyMethod, Dialect::openai_misc, "audio", kNone, kOpenaiFamilies},

    {"chat/moderations", kPost, Dialect::openai_misc, "moderations", kInference, kOpenaiFamilies},
    {"moderations", kPost, Dialect::openai_misc, "moderations", kFree, kOpenaiFamilies},
    {"classifications", kPost, Dialect::openai_misc, "classifications", kInference,
     kOpenaiFamilies},
    {"ocr", kPost, Dialect::openai_misc, "ocr", kInference, kOpenaiFamilies},
    {"rerank", kPost, Dialect::openai_misc, "rerank", kInference, kNotCohere},
    {"score", kPost, Dialect::openai_misc, "score", kInference, kOpenaiFamilies},
    {"tokenize", kPost, Dialect::openai_misc, "tokenize", kFree, kOpenaiFamilies},
    {"detokenize", kPost, Dialect::openai_misc, "tokenize", kFree, kOpenaiFamilies},
    {"completion", kPost, Dialect::openai_completions, "completion", kInference, kSelfHosted},
    {"infill", kPost, Dialect::openai_completions, "infill", kInference, kSelfHosted},
    {"generate", kPost, Dialect::openai_misc, "generate", kInference, kSelfHosted},
    {"generate_stream", kPost, Dialect::openai_misc, "generate", kInference, kSelfHosted},

    // Native forms of hosters whose answers carry an OpenAI-like usage: Cloudflare, Alibaba,
    // Hugging Face, Replicate.
    {"ai/run/**", kPost, Dialect::openai_misc, "run", kInference, kOpenaiFamilies},
    {"services/aigc/**", kPost, Dialect::openai_misc, "generation", kInference, kOpenaiFamilies},
    {"services/embeddings/**", kPost, Dialect::openai_misc, "generation", kInference,
     kOpenaiFamilies},
    {"models/*/*", kPost, Dialect::openai_misc, "inference", kMetered, kSelfHosted},
    {"predictions/**", kPost, Dialect::openai_misc, "predictions", kAsyncJob, kSelfHosted},
    {"predictions/**", kGet, Dialect::openai_misc, "predictions", kFree, kSelfHosted},

    {"threads/runs", kPost, Dialect::openai_misc, "threads.runs", kInference, kOpenaiFamilies},
    {"threads/*/runs", kPost, Dialect::openai_misc, "threads.runs", kInference, kOpenaiFamilies},
    // A run tells its usage in every answer once it has ended.
    {"threads/*/runs/**", kGet | kPost, Dialect::openai_misc, "threads.runs",
     kMetered | kReadsStored, kOpenaiFamilies},
    {"threads/**", kAnyMethod, Dialect::openai_misc, "threads", kFree, kOpenaiFamilies},
    {"assistants/**", kAnyMethod, Dialect::openai_misc, "assistants", kFree, kOpenaiFamilies},
    {"batches/**", kPost, Dialect::openai_misc, "batches", kAsyncJob, kOpenaiFamilies},
    {"batches/**", kGet, Dialect::openai_misc, "batches", kFree, kOpenaiFamilies},
    {"videos/**", kPost, Dialect::openai_misc, "videos", kAsyncJob, kOpenaiFamilies},
    {"videos/**", kGet | kDelete, Dialect::openai_misc, "videos", kFree, kOpenaiFamilies},
    {"realtime/client_secrets", kPost, Dialect::openai_misc, "realtime.client_secrets", kCappable,
     kOpenaiFamilies},
    {"realtime/sessions", kPost, Dialect::openai_misc, "realtime.sessions", kCappable,
     kOpenaiFamilies},
    {"realtime/**", kAnyMethod, Dialect::openai_misc, "realtime", kNone, kOpenaiFamilies},
    {"live/**", kAnyMethod, Dialect::openai_misc, "live", kNone, kOpenaiFamilies},
    // Mistral's answer; OpenAI's only keep items.
    {"conversations", kPost, Dialect::openai_misc, "conversations", kInference, kOpenaiFamilies},
    {"conversations/*", kPost, Dialect::openai_misc, "conversations", kInference, kOpenaiFamilies},
    {"conversations/*/restart", kPost, Dialect::openai_misc, "conversations", kInference,
     kOpenaiFamilies},
    {"conversations/**", kPost, Dialect::openai_misc, "conversations.items", kFree,
     kOpenaiFamilies},
    {"conversations/**", kGet | kDelete, Dialect::openai_misc, "conversations", kFree,
     kOpenaiFamilies},
    {"fine_tuning/**", kPost, Dialect::openai_misc, "fine_tuning", kAsyncJob, kOpenaiFamilies},
    {"fine_tuning/**", kGet | kDelete, Dialect::openai_misc, "fine_tuning", kFree, kOpenaiFamilies},
    {"evals/**", kPost, Dialect::openai_misc, "evals", kAsyncJob, kOpenaiFamilies},
    {"evals/**", kGet | kDelete, Dialect::openai_misc, "evals", kFree, kOpenaiFamilies},
    {"vector_stores/**", kPost, Dialect::openai_misc, "vector_stores", kNone, kOpenaiFamilies},
    {"vector_stores/**", kGet | kDelete, Dialect::openai_misc, "vector_stores", kFree,
     kOpenaiFamilies},
    {"containers/**", kPost, Dialect::openai_misc, "containers", kNone, kOpenaiFamilies},
    {"containers/**", kGet | kDelete, Dialect::openai_misc, "containers", kFree, kOpenaiFamilies},
    {"files/**", kAnyMethod, Dialect::openai_misc, "files", kFree, kOpenaiFamilies},
    {"uploads/**", kAnyMethod, Dialect::openai_misc, "files", kFree, kOpenaiFamilies},
    {"models/**", kGet | kDelete, Dialect::openai_misc, "models", kFree, kOpenaiFamilies},
    {"generation", kGet, Dialect::openai_misc, "generation", kFree, kOpenaiFamilies},
});

std::string_view openai_type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "insufficient_quota";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

bool is_openrouter(std::string_view host) {
  return host == "openrouter.ai" || host.ends_with(".openrouter.ai");
}

// Its SDK takes an error whose code is no integer for a malformed answer.
std::string openrouter_body(const Problem& problem) {
  std::string body = R"({"error":{"code":)" + std::to_string(problem.status);
  body += R"(,"message":)";
  append_json_string(body, problem.message);
  body += R"(,"metadata":{"error_type":)";
  append_json_string(body, problem.code);
  append_details(body, problem.details);
  body += "}}}";
  return body;
}

}  // namespace

bool recognise_openai(Family family, Method method, const Segments& path, std::string_view query,
                      Endpoint& endpoint) {
  const Rule* rule = first_match(kOpenaiRules, family, method, path);
  if (rule == nullptr) return false;
  apply(*rule, endpoint);
  // Azure names the deployment in the path, and the path wins over the body.
  for (const std::string_view before : {"deployments", "engines"}) {
    if (endpoint.model.empty()) endpoint.model = percent_decoded(path.after(before));
  }
  if (endpoint.name == "run") endpoint.model = percent_decoded(path.rest_after("run"));
  if (endpoint.name == "realtime") {
    for (const std::string_view parameter : {"model", "deployment"}) {
      if (endpoint.model.empty()) endpoint.model = percent_decoded(query_value(query, parameter));
    }
  }
  return true;
}

ErrorAnswer openai_error(const Problem& problem) {
  ErrorAnswer answer;
  answer.content_type = "application/json";
  answer.request_id_header = "x-request-id";
  std::string& body = answer.body;
  if (is_openrouter(problem.host)) {
    body = openrouter_body(problem);
    return answer;
  }
  body = R"({"error":{"message":)";
  append_json_string(body, problem.message);
  body += R"(,"type":)";
  append_json_string(body, problem.type.empty() ? openai_type_of(problem.status) : problem.type);
  body += R"(,"param":null,"code":)";
  append_json_string(body, problem.code);
  append_details_object(body, problem.details);
  body += "}}";
  return answer;
}

}  // namespace tokenweir::provider
