// Where the server of each endpoint looks for a limit on its output (wire.md 13.1).
#include <algorithm>
#include <array>

#include "provider/request_caps.h"
#include "provider/request_edit.h"

namespace tokenweir::provider {
namespace {

struct Row {
  Dialect dialect;
  std::string_view endpoint;  // empty: every endpoint of the dialect
  CapScope scope;
  std::string_view container;      // empty: the limit stands in the root
  std::string_view key;            // as it is inserted
  std::array<CapField, 2> fields;  // the first is that key's
  bool zero_is_none = true;
};

constexpr CapScope kRoot = CapScope::root;
// clang-format off
constexpr std::array kRows = std::to_array<Row>({
    {Dialect::openai_completions, "completion", kRoot, "", "n_predict", {CapField::n_predict, CapField::max_tokens}, false},
    {Dialect::openai_completions, "infill", kRoot, "", "n_predict", {CapField::n_predict, CapField::max_tokens}, false},
    // To have a prompt echoed with its probabilities nothing is generated: zero is a limit.
    {Dialect::openai_completions, "", kRoot, "", "max_tokens", {CapField::max_tokens, CapField::none}, false},
    {Dialect::openai_responses, "", kRoot, "", "max_output_tokens", {CapField::max_output_tokens, CapField::none}},
    // Zero warms the prompt cache and says nothing.
    {Dialect::anthropic_messages, "", kRoot, "", "max_tokens", {CapField::max_tokens, CapField::none}, false},
    {Dialect::anthropic_misc, "complete", kRoot, "", "max_tokens_to_sample", {CapField::max_tokens_to_sample, CapField::none}},
    {Dialect::gemini, "", CapScope::generation_config, "generationConfig", "maxOutputTokens", {CapField::max_output_tokens_camel, CapField::max_output_tokens}},
    {Dialect::gemini_interactions, "", CapScope::generation_config, "generation_config", "max_output_tokens", {CapField::max_output_tokens, CapField::max_output_tokens_camel}},
    {Dialect::gemini_misc, "predict", CapScope::parameters, "parameters", "maxOutputTokens", {CapField::max_output_tokens_camel, CapField::max_output_tokens}},
    {Dialect::cohere, "", kRoot, "", "max_tokens", {CapField::max_tokens, CapField::none}},
    {Dialect::ollama, "", CapScope::options, "options", "num_predict", {CapField::num_predict, CapField::none}},
    // Cloudflare, TGI, Alibaba, OpenAI's assistants, Mistral.
    {Dialect::openai_misc, "run", kRoot, "", "max_tokens", {CapField::max_tokens, CapField::none}},
    {Dialect::openai_misc, "generate", CapScope::parameters, "parameters", "max_new_tokens", {CapField::max_new_tokens, CapField::none}},
    {Dialect::openai_misc, "generation", CapScope::parameters, "parameters", "max_tokens", {CapField::max_tokens, CapField::none}},
    {Dialect::openai_misc, "threads.runs", kRoot, "", "max_completion_tokens", {CapField::max_completion_tokens, CapField::none}},
    {Dialect::openai_misc, "conversations", CapScope::completion_args, "completion_args", "max_tokens", {CapField::max_tokens, CapField::none}},
    {Dialect::openai_misc, "realtime.client_secrets", CapScope::session, "session", "max_output_tokens", {CapField::max_output_tokens, CapField::none}},
    {Dialect::openai_misc, "realtime.sessions", kRoot, "", "max_response_output_tokens", {CapField::max_response_output_tokens, CapField::max_output_tokens}},
});
// clang-format on

bool wants_the_newer_name(Family family, std::string_view host, std::string_view model) {
  if (family == Family::azure) return true;
  for (const std::string_view known : {"api.openai.com", "openai.azure.com", "groq.com", "x.ai"}) {
    if (host == known || (host.ends_with(known) && host[host.size() - known.size() - 1] == '.')) {
      return true;
    }
  }
  if (const std::size_t slash = model.rfind('/'); slash != model.npos) {
    model.remove_prefix(slash + 1);
  }
  if (model.starts_with("ft:")) model.remove_prefix(3);
  const bool numbered = model.size() >= 2 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9';
  return numbered || model.starts_with("gpt-5") || model.starts_with("gpt-6");
}

// Servers of OpenAI's chat API that know the older name alone.
bool knows_the_older_name_only(Family family, std::string_view host) {
  if (family == Family::ollama || family == Family::cohere) return true;
  for (const std::string_view known : {"mistral.ai", "deepseek.com", "perplexity.ai", "together.ai",
                                       "together.xyz", "fireworks.ai", "cohere.com", "cohere.ai"}) {
    if (host == known || (host.ends_with(known) && host[host.size() - known.size() - 1] == '.')) {
      return true;
    }
  }
  return false;
}

// The spellings of OpenAI's chat API: what to insert depends on who serves it.
HeededCaps heeded_by_chat(Family family, std::string_view host, std::string_view model) {
  HeededCaps heeded;
  heeded.key = "max_tokens";
  heeded.fields = {CapField::max_tokens};
  if (knows_the_older_name_only(family, host)) return heeded;
  heeded.fields.push_back(CapField::max_completion_tokens);
  if (wants_the_newer_name(family, host, model)) {
    heeded.key = "max_completion_tokens";
    std::ranges::reverse(heeded.fields);
  }
  return heeded;
}

}  // namespace

std::optional<HeededCaps> heeded_caps(const Endpoint& endpoint, Family family,
                                      std::string_view host, std::string_view model) {
  if (endpoint.dialect == Dialect::openai_chat) return heeded_by_chat(family, host, model);
  for (const Row& row : kRows) {
    if (row.dialect != endpoint.dialect) continue;
    if (!row.endpoint.empty() && row.endpoint != endpoint.name) continue;
    HeededCaps heeded;
    heeded.scope = row.scope;
    heeded.fields = {row.fields[0]};
    if (row.fields[1] != CapField::none) heeded.fields.push_back(row.fields[1]);
    heeded.zero_is_none = row.zero_is_none || family == Family::ollama;
    heeded.container = row.container;
    heeded.key = row.key;
    return heeded;
  }
  return std::nullopt;
}

bool has_place_for_cap(const Endpoint& endpoint) {
  // What compacting a conversation says cannot be limited.
  return endpoint.cappable && endpoint.name != "responses.compact" &&
         heeded_caps(endpoint, Family::openai, {}, {});
}

}  // namespace tokenweir::provider
