// Anthropic's Messages API, at Anthropic and at the servers that offer it beside their own.
#include <array>

#include "core/text.h"
#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

constexpr std::uint16_t kAnthropicFamily = bit(Family::anthropic);

constexpr std::array kAnthropicRules = std::to_array<Rule>({
    {"messages/count_tokens", kPost, Dialect::anthropic_misc, "count_tokens", kFree},
    {"messages/batches", kPost, Dialect::anthropic_misc, "messages.batches", kAsyncJob},
    {"messages/batches/**", kAnyMethod, Dialect::anthropic_misc, "messages.batches", kFree},
    {"messages", kPost, Dialect::anthropic_messages, "messages", kInference},
    // Also offered by servers that speak OpenAI's API otherwise.
    {"complete", kPost, Dialect::anthropic_misc, "complete", kInference,
     kAnthropicFamily | bit(Family::openai)},
    {"files/**", kAnyMethod, Dialect::anthropic_misc, "files", kFree, kAnthropicFamily},
    {"models/**", kGet, Dialect::anthropic_misc, "models", kFree, kAnthropicFamily},
    {"skills/**", kAnyMethod, Dialect::anthropic_misc, "skills", kFree, kAnthropicFamily},
});

std::string_view anthropic_type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 409:
      return "conflict_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

}  // namespace

bool recognise_anthropic(Family family, Method method, const Segments& path, std::string_view,
                         Endpoint& endpoint) {
  const Rule* rule = first_match(kAnthropicRules, family, method, path);
  if (rule == nullptr) return false;
  apply(*rule, endpoint);
  return true;
}

ErrorAnswer anthropic_error(const Problem& problem) {
  ErrorAnswer answer;
  answer.content_type = "application/json";
  answer.request_id_header = "request-id";
  std::string& body = answer.body;
  body = R"({"type":"error","error":{"type":)";
  append_json_string(body, problem.type.empty() ? anthropic_type_of(problem.status) : problem.type);
  body += R"(,"message":)";
  append_json_string(body, problem.message);
  body += R"(,"details":{"error_code":)";
  append_json_string(body, problem.code);
  append_details(body, problem.details);
  body += R"(}},"request_id":)";
  append_json_string(body, problem.request_id);
  body += '}';
  return answer;
}

}  // namespace tokenweir::provider
