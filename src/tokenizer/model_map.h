// Which vocabulary a model is counted with, and how far the figure can be trusted. The data is
// config/tokenizers/models.yaml; a snapshot is immutable and shared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "tokenizer/names.h"

namespace tokenweir::tokenizer {

enum class Confidence : std::uint8_t {
  exact,           // the public vocabulary of this model
  exact_fallback,  // the family's current vocabulary, for a model the map has not heard of
  estimated,       // another vocabulary stands in; the factor is a fit
};
[[nodiscard]] std::string_view name_of(Confidence confidence);

// How a request's messages become the one text a model reads.
enum class Template : std::uint8_t {
  plain,             // nothing is known of it: some tokens a message
  openai,            // ChatML as OpenAI's models without reasoning have it
  openai_reasoning,  // the channels of o-series and GPT-5
  harmony,           // the same, open, with a system message of its own
  anthropic,
  gemini,
  gemma,
  chatml,
  llama,
  mistral,
  deepseek,
  cohere,
};
[[nodiscard]] std::string_view name_of(Template name);

// How a picture becomes tokens.
struct ImageRule {
  enum class Kind : std::uint8_t { tiles, patches, area, gemini_tiles, flat };
  Kind kind = Kind::tiles;
  std::uint32_t base = 85;            // tiles: of every picture; flat: of one picture
  std::uint32_t tile = 170;           // tiles: of each square; area: pixels a token
  std::uint32_t most = 1536;          // patches of one picture; area: tokens of one picture
  std::uint32_t edge = 1568;          // area: pixels the longer side is shrunk to
  std::uint32_t per_thousand = 1000;  // patches: tokens of a thousand patches

  friend bool operator==(const ImageRule&, const ImageRule&) = default;
};

struct TokenizerChoice {
  VocabularyName vocabulary = VocabularyName::o200k_base;
  Confidence confidence = Confidence::estimated;
  // Tokens of the model per thousand tokens of the vocabulary; 1,000 where exact.
  std::uint32_t per_thousand = 1000;
  // The same for the part of the text outside Latin script, where a fit exists for it apart.
  std::uint32_t per_thousand_other_scripts = 1000;
  Template framing = Template::plain;
  // Tokens the provider is known to add to every request of such a model, the most it was seen to
  // add, and those it adds where the request has no instructions of its own.
  std::uint32_t hidden = 0;
  std::uint32_t hidden_most = 0;
  std::uint32_t responses_most = 0;  // the same over OpenAI's Responses API
  std::uint32_t default_system = 0;
  std::uint32_t default_system_most = 0;
  // Those that come with the first tool, over the template's; and only where chat completions are
  // asked for.
  std::uint32_t tool_prompt = 0;
  std::uint32_t chat_tool_prompt = 0;
  std::uint32_t responses_tool_prompt_most = 0;
  // The model reads digits one by one where the vocabulary that counts joins up to three.
  bool digits_apart = false;
  // The model searches by itself: what it finds is billed, and not in the request.
  bool searches = false;

  friend bool operator==(const TokenizerChoice&, const TokenizerChoice&) = default;
};

class ModelMap {
 public:
  // Reads the map's YAML; the error lists every mistake with its line.
  [[nodiscard]] static Result<ModelMap, std::string> read(const std::filesystem::path& file);
  // `file` is the name used in messages.
  [[nodiscard]] static Result<ModelMap, std::string> parse(std::string_view yaml,
                                                           std::string_view file);

  // `family` is the provider's ("openai", "anthropic", "gemini", ...; empty when unknown), `model`
  // the id as it was told, with or without vendor prefix and date. Always answers: an unknown model
  // gets its family's fallback, an unknown family the map's default.
  [[nodiscard]] TokenizerChoice find(std::string_view family, std::string_view model) const;

  // The rule for pictures; of a model nobody listed, that of its family.
  [[nodiscard]] ImageRule images(std::string_view family, std::string_view model) const;

  // Tokens that a host puts before every request, whatever the model; `hidden` and `hidden_most`.
  struct HostExtra {
    std::uint32_t hidden = 0;
    std::uint32_t most = 0;
  };
  [[nodiscard]] HostExtra host_extra(std::string_view host) const;

  // What to count with instead where the choice's vocabulary is optional and not installed.
  [[nodiscard]] TokenizerChoice stand_in(const TokenizerChoice& choice) const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

}  // namespace tokenweir::tokenizer
