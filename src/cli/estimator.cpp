#include "cli/estimator.h"

#include <simdjson.h>

#include <array>

#include "cli/prices_common.h"
#include "core/text.h"
#include "pricing/quote.h"

namespace tokenweir::cli {
namespace {

using provider::Dialect;
using Json = simdjson::dom::element;

// Makers before resellers, so that a model is priced where it comes from.
constexpr std::array<std::string_view, 14> kLists = {
    "openai", "anthropic", "google",    "mistral",  "deepseek",   "cohere", "xai",
    "groq",   "together",  "fireworks", "cerebras", "perplexity", "azure",  "openrouter"};

bool has(const Json& root, std::string_view key) {
  return root.at_key(key).error() == simdjson::SUCCESS;
}

std::string text_of(const Json& root, std::string_view key) {
  std::string_view text;
  return root.at_key(key).get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// By the members only one dialect has; `messages` is Anthropic's where the model is.
Dialect dialect_of(const Json& root, std::string_view model) {
  if (has(root, "contents")) return Dialect::gemini;
  if (has(root, "messages")) {
    const bool claude = model.find("claude") != std::string_view::npos;
    return claude || has(root, "system") || has(root, "anthropic_version")
               ? Dialect::anthropic_messages
               : Dialect::openai_chat;
  }
  if (has(root, "input")) return Dialect::openai_responses;
  if (has(root, "prompt")) return Dialect::openai_completions;
  return Dialect::opaque;
}

std::optional<std::uint64_t> cap_of(const Json& root) {
  for (const std::string_view key : {"max_completion_tokens", "max_output_tokens", "max_tokens"}) {
    std::uint64_t cap = 0;
    if (root.at_key(key).get(cap) == simdjson::SUCCESS) return cap;
  }
  std::uint64_t cap = 0;
  if (root.at_pointer("/generationConfig/maxOutputTokens").get(cap) == simdjson::SUCCESS)
    return cap;
  return std::nullopt;
}

}  // namespace

std::string Estimator::list_of(std::string_view model) const {
  for (const std::string_view name : kLists) {
    const auto lists = pricing::lists_of(prices_.rows(), name);
    if (pricing::find_model(lists, model, at_).model != nullptr) return std::string(name);
  }
  return {};
}

Result<Estimate, std::string> Estimator::estimate(std::string_view text,
                                                  const EstimateSettings& settings) {
  Estimate out;
  std::string body(text);
  simdjson::dom::parser parser;
  Json root;
  provider::Endpoint endpoint;
  endpoint.name = "estimate";
  const bool is_request = parser.parse(body).get(root) == simdjson::SUCCESS && root.is_object();
  out.model = settings.model;
  std::optional<std::uint64_t> cap;
  if (is_request) {
    if (out.model.empty()) out.model = text_of(root, "model");
    endpoint.dialect = dialect_of(root, out.model);
    cap = cap_of(root);
    if (endpoint.dialect == Dialect::opaque)
      return failure(std::string("a JSON object, but no request of a known API"));
  } else {
    // A prompt is one message of the user's.
    endpoint.dialect = out.model.find("claude") != std::string::npos ? Dialect::anthropic_messages
                                                                     : Dialect::openai_chat;
    body = R"({"messages":[{"role":"user","content":)" + json_text(text) + "}]}";
  }
  if (out.model.empty()) return failure(std::string("no model: name it with -m"));
  endpoint.model = out.model;
  out.dialect = name_of(endpoint.dialect);

  const auto transcript = count::read_transcript(endpoint, body, count::HashKey{});
  if (!transcript.readable) return failure(std::string("the request cannot be read"));
  const auto counting = count::counting_of(models_, vocabularies_, "", out.model);
  out.count = count::count_request({endpoint, counting, out.model, body, transcript}, nullptr, 0);
  out.output_tokens = settings.output_tokens.value_or(cap.value_or(0));

  out.prices = settings.prices.empty() ? list_of(out.model) : settings.prices;
  pricing::PriceQuery query;
  query.prices = out.prices;
  query.model_requested = out.model;
  query.at = at_;
  const auto cost_of = [&](std::int64_t input) -> std::optional<Money> {
    Answer answer;
    Inference inference;
    inference.usage[TokenClass::input] = static_cast<std::uint64_t>(input);
    inference.usage[TokenClass::output] = out.output_tokens;
    answer.inferences.push_back(inference);
    return prices_.bill(query, answer, pricing::UnknownModel::allow).cost;
  };
  if (out.prices.empty()) return out;
  out.cost = cost_of(out.count.tokens);
  if (out.count.upper_bound) out.cost_at_most = cost_of(*out.count.upper_bound);
  return out;
}

}  // namespace tokenweir::cli
