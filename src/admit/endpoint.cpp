#include "admit/endpoint.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace tokenweir::admit {
namespace {

constexpr std::array<std::string_view, 8> kGenerateNothing = {
    "embeddings",  "embed",           "rerank",   "score",
    "moderations", "classifications", "classify", "embedContent"};

}  // namespace

bool can_cap(const provider::Endpoint& endpoint) {
  if (!endpoint.cappable || generates_nothing(endpoint)) return false;
  switch (endpoint.dialect) {
    case provider::Dialect::openai_chat:
    case provider::Dialect::openai_completions:
    case provider::Dialect::anthropic_messages:
    case provider::Dialect::gemini:
    case provider::Dialect::gemini_interactions:
    case provider::Dialect::cohere:
    case provider::Dialect::ollama:
      return true;
    case provider::Dialect::openai_responses:
      return endpoint.name == "responses" || endpoint.name == "decisions";
    case provider::Dialect::anthropic_misc:
      return endpoint.name == "complete";
    case provider::Dialect::openai_misc:
      return endpoint.name == "generate" || endpoint.name == "run" || endpoint.name == "generation";
    default:
      return false;
  }
}

bool generates_nothing(const provider::Endpoint& endpoint) {
  return endpoint.dialect == provider::Dialect::openai_embeddings ||
         std::ranges::find(kGenerateNothing, endpoint.name) != kGenerateNothing.end();
}

}  // namespace tokenweir::admit
