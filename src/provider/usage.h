// What a provider's usage object means, dialect by dialect: raw JSON in, disjoint token classes
// out. Pure. Formulas follow wire.md 1.2 and 1.3; each function names the differences it knows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/money.h"
#include "core/usage.h"

namespace tokenweir::provider {

struct UsageReading {
  Usage usage;                    // of the exchange's own model
  std::vector<Inference> others;  // further inferences, each with its model
  bool readable = false;          // the text was a JSON object
  bool anomaly = false;           // figures were negative, absurd or contradicted each other
  bool byok = false;              // paid with the client's own key at a reseller
  std::optional<Money> cost;      // what the provider says it charges
  std::string service_tier;
  std::string speed;
  std::string region;
  std::string search_context;
};

// What the OpenAI shape is used for; it decides what an absent figure means.
enum class OpenAiUse : std::uint8_t {
  text,        // chat, completions, responses
  input_only,  // embeddings, rerank, moderation: nothing is generated
  image,       // generated tokens are image tokens unless said otherwise
};

// The OpenAI shape in all the spellings of its many speakers. Recognised by their figures and
// fields, not by their names: reasoning outside the output (xAI chat, Gemini's compatible form),
// cache reads outside the input (Grok at Azure), audio outside the input (Mistral), reasoning and
// citations apart (Perplexity), cache hit and miss (DeepSeek), costs (OpenRouter, xAI, Perplexity).
// `reasoning_outside`: this host is known to count reasoning beside the output, whatever the total.
[[nodiscard]] UsageReading openai_usage(std::string_view raw, OpenAiUse use,
                                        bool reasoning_outside = false);
// Groq's compound models: {"models":[{"model","usage"}]}. Empty when it names no model.
[[nodiscard]] std::vector<Inference> openai_usage_breakdown(std::string_view raw, bool& anomaly);
// The Responses API's `tool_usage`: adds calls to `usage`, image tokens become an inference of
// `image_model`. True when web searches were told, so that nobody counts output items.
[[nodiscard]] bool openai_tool_usage(std::string_view raw, std::string_view image_model,
                                     UsageReading& reading);

// Anthropic: the pieces in their order (message_start, then every message_delta); a field that is
// present and not null replaces the earlier one. `iterations` make further inferences.
[[nodiscard]] UsageReading anthropic_usage(std::span<const std::string> pieces);

// Gemini's usageMetadata: running totals, field-wise. `ended`: the answer is known to be over, so
// an absent output count is what the total leaves.
[[nodiscard]] UsageReading gemini_usage(std::span<const std::string> pieces, bool ended);
// The Interactions API's `usage`. `generation`: the model's major version, which decides how
// grounding is charged; 0 when unknown.
[[nodiscard]] UsageReading interactions_usage(std::string_view raw, int generation);
// Major version of a Gemini model id ("gemini-2.5-pro" is 2); 0 when the name does not tell.
[[nodiscard]] int gemini_generation(std::string_view model);

// Cohere: {"billed_units", "tokens"} or the billed units themselves. Billed units are the truth;
// cached tokens belong to the physical count and are not charged apart.
[[nodiscard]] UsageReading cohere_usage(std::string_view raw);

// Which pieces are needed to come to the same reading: appends `raw` after dropping those at the
// end that it replaces in every field. At most eight pieces of 64 KiB in all are kept.
void keep_piece(std::vector<std::string>& pieces, std::string_view raw);
// One piece as it is, several as a JSON array.
[[nodiscard]] std::string joined(std::span<const std::string> pieces);

}  // namespace tokenweir::provider
