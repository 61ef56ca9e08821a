#include "count/framing.h"

#include <array>

namespace tokenweir::count {

namespace {

using tokenizer::Template;

// openai: the cookbook's "How to count tokens with tiktoken", 3 a message and 3 to begin the
// answer; tools as hmarr/openai-chat-tokens found. openai_reasoning: harmony's format.md, where the
// answer begins with two tokens and an assistant's message names its channel with two more. The
// others: the published chat templates (tokenizers.md 5.6) and, for closed models, what recorded
// usage leaves over beside the text.
Framing make(Template name) {
  Framing is;
  switch (name) {
    case Template::openai:
      is = {.request = 3,
            .message = 3,
            .counts_role = true,
            .system = 4,
            .call = 4,
            .result = 4,
            .first_tool = 3,
            .tool = 0,
            .slack = 12,
            .exact = true};
      break;
    case Template::openai_reasoning:
      is = {.request = 2,
            .message = 3,
            .counts_role = true,
            .assistant = 2,
            .system = 4,
            .call = 8,
            .result = 8,
            .first_tool = 9,
            .tool = 0,
            .slack = 12,
            .exact = true};
      break;
    case Template::harmony:
      is = {.request = 2,
            .message = 3,
            .counts_role = true,
            .assistant = 2,
            .system = 4,
            .call = 8,
            .result = 8,
            .first_tool = 24,
            .tool = 0};
      break;
    case Template::anthropic:
      is = {.request = 4,
            .message = 3,
            .system = 2,
            .call = 30,
            .result = 20,
            .first_tool = 0,
            .tool = 45,
            .slack = 8};
      break;
    case Template::gemini:
      is = {.request = 0,
            .message = 0,
            .system = 0,
            .call = 4,
            .result = 4,
            .first_tool = 0,
            .tool = 2,
            .slack = 5};
      break;
    case Template::gemma:
      is = {.request = 4, .message = 4, .system = 0};
      break;
    case Template::chatml:
      is = {.request = 3,
            .message = 5,
            .system = 5,
            .call = 12,
            .result = 8,
            .first_tool = 115,
            .tool = 8};
      break;
    case Template::llama:
      is = {.request = 5, .message = 5, .system = 5, .first_tool = 60};
      break;
    case Template::mistral:
      is = {.request = 1,
            .message = 2,
            .system = 2,
            .call = 6,
            .result = 6,
            .first_tool = 4,
            .tool = 4};
      break;
    case Template::deepseek:
      is = {.request = 2,
            .message = 1,
            .assistant = 1,
            .system = 0,
            .call = 20,
            .result = 10,
            .first_tool = 210,
            .tool = 20,
            .slack = 32};
      break;
    case Template::cohere:
      // Bills what was said, not what frames it (billed_units).
      is = {.request = 0,
            .message = 0,
            .system = 0,
            .call = 4,
            .result = 4,
            .first_tool = 0,
            .slack = 8};
      break;
    case Template::plain:
      break;
  }
  return is;
}

}  // namespace

const Framing& framing_of(Template name) {
  static const auto table = [] {
    std::array<Framing, 12> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = make(static_cast<Template>(i));
    return all;
  }();
  return table[static_cast<std::size_t>(name)];
}

}  // namespace tokenweir::count
