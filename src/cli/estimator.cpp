#include "cli/estimator.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "cli/prices_common.h"
#include "core/text.h"
#include "pricing/quote.h"
#include "pricing/rates.h"

namespace tokenweir::cli {
namespace {

using provider::Dialect;
using Json = simdjson::dom::element;

// Makers before resellers, so that a model is priced where it comes from.
constexpr std::array<std::string_view, 14> kLists = {
    "openai", "anthropic", "google",    "mistral",  "deepseek",   "cohere", "xai",
    "groq",   "together",  "fireworks", "cerebras", "perplexity", "azure",  "openrouter"};

// More answers than this nobody samples.
constexpr std::uint64_t kMostChoices = 1'000;

bool has(const Json& root, std::string_view key) {
  Json value;
  return root.at_key(key).get(value) == simdjson::SUCCESS && !value.is_null();
}

std::string text_of(const Json& root, std::string_view key) {
  std::string_view text;
  return root.at_key(key).get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

bool is_claude(std::string_view model) { return model.find("claude") != std::string_view::npos; }

// `messages` may be OpenAI's or Anthropic's, whatever the model: resellers translate.
Dialect dialect_of_messages(const Json& root, std::string_view model) {
  if (has(root, "system") || has(root, "anthropic_version")) return Dialect::anthropic_messages;
  const auto declares = [&](std::string_view member) {
    simdjson::dom::array tools;
    if (root.at_key("tools").get(tools) != simdjson::SUCCESS) return false;
    for (const Json tool : tools) {
      if (has(tool, member)) return true;
    }
    return false;
  };
  if (declares("input_schema")) return Dialect::anthropic_messages;
  if (declares("function")) return Dialect::openai_chat;
  simdjson::dom::array messages;
  if (root.at_key("messages").get(messages) == simdjson::SUCCESS) {
    for (const Json message : messages) {
      const std::string role = text_of(message, "role");
      if (role != "user" && role != "assistant") return Dialect::openai_chat;
    }
  }
  return is_claude(model) ? Dialect::anthropic_messages : Dialect::openai_chat;
}

// By the members only one dialect has.
Dialect dialect_of(const Json& root, std::string_view model) {
  if (has(root, "contents")) return Dialect::gemini;
  if (has(root, "messages")) return dialect_of_messages(root, model);
  const bool embeds = model.find("embed") != std::string_view::npos;
  if (has(root, "input")) return embeds ? Dialect::openai_embeddings : Dialect::openai_responses;
  if (has(root, "message") || has(root, "texts")) return Dialect::cohere;
  if (has(root, "prompt")) return Dialect::openai_completions;
  return Dialect::opaque;
}

std::string_view family_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::anthropic_messages:
      return "anthropic";
    case Dialect::gemini:
      return "gemini";
    case Dialect::cohere:
      return "cohere";
    default:
      return "";
  }
}

std::optional<std::uint64_t> cap_of(const Json& root) {
  std::uint64_t cap = 0;
  for (const std::string_view key : {"max_completion_tokens", "max_output_tokens", "max_tokens"}) {
    if (root.at_key(key).get(cap) == simdjson::SUCCESS) return cap;
  }
  for (const std::string_view place :
       {"/generationConfig/maxOutputTokens", "/generation_config/max_output_tokens"}) {
    if (root.at_pointer(place).get(cap) == simdjson::SUCCESS) return cap;
  }
  return std::nullopt;
}

std::uint64_t choices_of(const Json& root) {
  std::uint64_t choices = 1;
  if (root.at_key("n").get(choices) != simdjson::SUCCESS &&
      root.at_pointer("/generationConfig/candidateCount").get(choices) != simdjson::SUCCESS) {
    return 1;
  }
  return std::clamp<std::uint64_t>(choices, 1, kMostChoices);
}

// What a batch wraps a request in: OpenAI's `body`, Anthropic's `params`, Gemini's `request`.
Json unwrapped(const Json& root) {
  if (has(root, "messages") || has(root, "contents") || has(root, "input")) return root;
  Json inner;
  for (const std::string_view key : {"body", "params", "request"}) {
    if (root.at_key(key).get(inner) == simdjson::SUCCESS && inner.is_object()) return inner;
  }
  return root;
}

}  // namespace

std::string Estimator::list_of(std::string_view model) const {
  for (const std::string_view name : kLists) {
    const auto lists = pricing::lists_of(prices_.rows(), name);
    if (pricing::find_model(lists, model, at_).model != nullptr) return std::string(name);
  }
  return {};
}

void Estimator::price(Estimate& out, const EstimateSettings& settings) const {
  out.prices = settings.prices.empty() ? list_of(out.model) : settings.prices;
  if (out.prices.empty()) return;
  pricing::PriceQuery query;
  query.prices = out.prices;
  query.model_requested = out.model;
  query.at = at_;
  const auto cost_of = [&](std::int64_t input, std::uint64_t output) -> std::optional<Money> {
    Answer answer;
    Inference inference;
    inference.usage[TokenClass::input] = static_cast<std::uint64_t>(input);
    inference.usage[TokenClass::output] = output;
    answer.inferences.push_back(inference);
    return prices_.bill(query, answer, pricing::UnknownModel::allow).cost;
  };
  out.cost = cost_of(out.count.tokens, out.output_tokens);
  if (!out.output_at_most) {
    const std::int64_t longest = prices_.limits(out.prices, out.model, at_).output;
    if (longest > 0) out.output_at_most = static_cast<std::uint64_t>(longest);
  }
  if (out.count.upper_bound && out.output_at_most) {
    out.cost_at_most =
        cost_of(*out.count.upper_bound, std::max(*out.output_at_most, out.output_tokens));
  }
}

Result<Estimate, std::string> Estimator::estimate(std::string_view text,
                                                  const EstimateSettings& settings,
                                                  bool must_be_json) {
  Estimate out;
  std::string body(text);
  simdjson::dom::parser parser;
  Json root;
  provider::Endpoint endpoint;
  endpoint.name = "estimate";
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return failure(std::string("nothing in it"));
  const auto error = parser.parse(body).get(root);
  if (error != simdjson::SUCCESS && must_be_json)
    return failure(std::string("broken JSON: ") + simdjson::error_message(error));
  const bool is_request = error == simdjson::SUCCESS && root.is_object();
  out.model = settings.model;
  std::optional<std::uint64_t> cap;
  std::uint64_t choices = 1;
  if (is_request) {
    root = unwrapped(root);
    if (out.model.empty()) out.model = text_of(root, "model");
    endpoint.dialect = dialect_of(root, out.model);
    cap = cap_of(root);
    choices = choices_of(root);
    if (endpoint.dialect == Dialect::opaque)
      return failure(std::string("a JSON object, but no request of a known API"));
    body = simdjson::to_string(root);
  } else if (must_be_json) {
    return failure(std::string("JSON, but no request"));
  } else {
    out.is_prompt = true;
    // A prompt is one message of the user's.
    endpoint.dialect = is_claude(out.model) ? Dialect::anthropic_messages : Dialect::openai_chat;
    body = R"({"messages":[{"role":"user","content":)" + json_text(text) + "}]}";
  }
  if (out.model.empty()) return failure(std::string("no model: name it with -m"));
  endpoint.model = out.model;
  out.dialect = name_of(endpoint.dialect);

  const auto transcript = count::read_transcript(endpoint, body, count::HashKey{});
  if (!transcript.readable)
    return failure(
        std::string("the request cannot be read: a member stands twice, it is larger "
                    "than 8 MiB, or is nested too deep"));
  const auto counting =
      count::counting_of(models_, vocabularies_, family_of(endpoint.dialect), out.model);
  out.count = count::count_request({endpoint, counting, out.model, body, transcript}, nullptr, 0);
  const bool answers = endpoint.dialect != Dialect::openai_embeddings;
  out.output_known = settings.output_tokens || cap || !answers;
  out.output_tokens = settings.output_tokens.value_or(cap.value_or(0)) * choices;
  if (!answers) out.output_at_most = 0;
  if (cap) out.output_at_most = *cap * choices;
  price(out, settings);
  return out;
}

}  // namespace tokenweir::cli
