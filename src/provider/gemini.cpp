// Google's Gemini API and Vertex AI, which also serves other makers' models in their own wire form.
#include <array>

#include "core/text.h"
#include "provider/rules.h"

namespace tokenweir::provider {
namespace {

constexpr std::uint16_t kGeminiFamilies = bit(Family::gemini) | bit(Family::vertex);

// What follows the last colon of the last segment: ".../models/m:generateContent".
struct Verb {
  std::string_view word;
  Dialect dialect;
  std::string_view name;
  std::uint8_t traits;
};
constexpr std::array kVerbs = std::to_array<Verb>({
    {"generateContent", Dialect::gemini, "generateContent", kInference},
    {"streamGenerateContent", Dialect::gemini, "streamGenerateContent", kInference},
    {"countTokens", Dialect::gemini_misc, "countTokens", kFree},
    {"computeTokens", Dialect::gemini_misc, "countTokens", kFree},
    {"embedContent", Dialect::gemini, "embedContent", kInference},
    {"batchEmbedContents", Dialect::gemini, "embedContent", kInference},
    {"predict", Dialect::gemini_misc, "predict", kInference},
    {"predictLongRunning", Dialect::gemini_misc, "predictLongRunning", kAsyncJob},
    {"fetchPredictOperation", Dialect::gemini_misc, "predictLongRunning", kFree},
    {"batchGenerateContent", Dialect::gemini_misc, "batches", kAsyncJob},
    {"asyncBatchEmbedContent", Dialect::gemini_misc, "batches", kAsyncJob},
});

constexpr std::array kGeminiRules = std::to_array<Rule>({
    {"interactions", kPost, Dialect::gemini_interactions, "interactions", kInference},
    {"interactions/*/cancel", kPost, Dialect::gemini_interactions, "interactions.cancel",
     kMetered | kReadsStored},
    {"interactions/*", kGet, Dialect::gemini_interactions, "interactions.get",
     kMetered | kReadsStored},
    {"interactions/*", kDelete, Dialect::gemini_misc, "interactions.delete", kFree},
    {"cachedContents/**", kPost, Dialect::gemini_misc, "cachedContents", kNone, kGeminiFamilies},
    {"cachedContents/**", kGet | kDelete, Dialect::gemini_misc, "cachedContents", kFree,
     kGeminiFamilies},
    {"batchPredictionJobs/**", kPost, Dialect::gemini_misc, "batches", kAsyncJob, kGeminiFamilies},
    {"batchPredictionJobs/**", kGet | kDelete, Dialect::gemini_misc, "batches", kFree,
     kGeminiFamilies},
    {"batches/**", kAnyMethod, Dialect::gemini_misc, "batches", kFree, kGeminiFamilies},
    {"files/**", kAnyMethod, Dialect::gemini_misc, "files", kFree, kGeminiFamilies},
    {"operations/**", kGet | kDelete, Dialect::gemini_misc, "operations", kFree, kGeminiFamilies},
    {"models/**", kGet, Dialect::gemini_misc, "models", kFree, kGeminiFamilies},
    {"tunedModels/**", kGet | kDelete, Dialect::gemini_misc, "models", kFree, kGeminiFamilies},
});

std::string model_of(std::string_view segment) {
  std::string model = percent_decoded(segment);
  constexpr std::string_view kPrefix = "models/";
  if (model.starts_with(kPrefix)) model.erase(0, kPrefix.size());
  return model;
}

// Another maker's model on Vertex: the body is the maker's own, the model is in the path.
bool recognise_partner(std::string_view publisher, std::string_view model, std::string_view verb,
                       Endpoint& endpoint) {
  constexpr Rule kMessages = {"", kPost, Dialect::anthropic_messages, "messages", kInference};
  constexpr Rule kCount = {"", kPost, Dialect::anthropic_misc, "count_tokens", kFree};
  constexpr Rule kChat = {"", kPost, Dialect::openai_chat, "chat.completions", kInference};
  constexpr Rule kPredict = {"", kPost, Dialect::gemini_misc, "predict", kInference};
  if (http::equals_ignoring_case(publisher, "anthropic") && model == "count-tokens") {
    apply(kCount, endpoint);
    return true;
  }
  const bool own = http::equals_ignoring_case(publisher, "google");
  const bool messages = http::equals_ignoring_case(publisher, "anthropic");
  apply(own ? kPredict : messages ? kMessages : kChat, endpoint);
  endpoint.model = model_of(model);
  if (http::equals_ignoring_case(verb, "streamRawPredict")) endpoint.streams = true;
  return true;
}

std::string_view word_of(int status) {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 402:
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "ABORTED";
    case 501:
      return "UNIMPLEMENTED";
    case 502:
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
  }
}

}  // namespace

bool recognise_gemini(Family family, Method method, const Segments& path, std::string_view query,
                      Endpoint& endpoint) {
  const std::string_view last = path.last();
  const std::size_t colon = last.rfind(':');
  if (colon != std::string_view::npos && method == kPost) {
    const std::string_view verb = last.substr(colon + 1);
    const std::string_view model = last.substr(0, colon);
    if (http::equals_ignoring_case(verb, "rawPredict") ||
        http::equals_ignoring_case(verb, "streamRawPredict")) {
      return recognise_partner(path.after("publishers"), model, verb, endpoint);
    }
    for (const Verb& known : kVerbs) {
      if (!http::equals_ignoring_case(known.word, verb)) continue;
      apply({"", kPost, known.dialect, known.name, known.traits}, endpoint);
      // "v1internal:generateContent" names no model.
      if (path.size() > 1) endpoint.model = model_of(model);
      if (endpoint.metered) endpoint.streams = known.word == "streamGenerateContent";
      if (endpoint.streams.value_or(false)) {
        endpoint.server_sent_events =
            query_value(query, "alt") == "sse" || query_value(query, "$alt") == "sse";
      }
      return true;
    }
  }
  const Rule* rule = first_match(kGeminiRules, family, method, path);
  if (rule == nullptr) return false;
  apply(*rule, endpoint);
  return true;
}

ErrorAnswer gemini_error(const Problem& problem, bool in_array) {
  ErrorAnswer answer;
  answer.content_type = "application/json; charset=UTF-8";
  std::string& body = answer.body;
  body = in_array ? R"([{"error":{"code":)" : R"({"error":{"code":)";
  body += std::to_string(problem.status);
  body += R"(,"message":)";
  append_json_string(body, problem.message);
  body += R"(,"status":)";
  append_json_string(body, word_of(problem.status));
  body += R"(,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":)";
  append_json_string(body, problem.code);
  body += R"(,"domain":"tokenweir","metadata":{"request_id":)";
  append_json_string(body, problem.request_id);
  // The values of google.rpc.ErrorInfo's metadata are strings.
  append_details(body, problem.details, true);
  body += "}}";
  if (problem.retry_after) {
    body += R"(,{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")";
    body += std::to_string(problem.retry_after->count());
    body += R"(s"})";
  }
  body += in_array ? "]}}]" : "]}}";
  return answer;
}

}  // namespace tokenweir::provider
