#include "provider/cancellation.h"

#include <algorithm>
#include <array>

namespace tokenweir::provider {
namespace {

// Hosts behind an OpenAI-style interface that keep generating (source: OpenRouter's published
// table of stream cancellation support).
constexpr std::array<std::string_view, 8> kRunsOn = {
    "groq.com",   "mistral.ai",   "perplexity.ai", "huggingface.co",
    "minimax.io", "aliyuncs.com", "nebius.com",    "googleapis.com"};

bool belongs_to(std::string_view host, std::string_view domain) {
  if (!host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace

bool stops_when_cut(Family family, std::string_view host) {
  switch (family) {
    case Family::gemini:
    case Family::vertex:
      return false;
    case Family::openai:
    case Family::azure:
    case Family::anthropic:
    case Family::cohere:
    case Family::ollama:
    case Family::opaque:
      break;
  }
  return std::ranges::none_of(kRunsOn,
                              [&](std::string_view domain) { return belongs_to(host, domain); });
}

}  // namespace tokenweir::provider
