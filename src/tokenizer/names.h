// The vocabularies this product knows by name, and where each stands by licence.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tokenweir::tokenizer {

enum class VocabularyName : std::uint8_t {
  o200k_base,
  o200k_harmony,  // the ranks of o200k_base; differs in special tokens, which text never contains
  cl100k_base,
  p50k_base,
  r50k_base,
  tekken,
  qwen,
  deepseek_v3,
  claude_legacy,  // the last one Anthropic published; later models are estimated from it
  llama3,
  gemma,
};

inline constexpr std::array kVocabularyNames = {
    VocabularyName::o200k_base, VocabularyName::o200k_harmony, VocabularyName::cl100k_base,
    VocabularyName::p50k_base,  VocabularyName::r50k_base,     VocabularyName::tekken,
    VocabularyName::qwen,       VocabularyName::deepseek_v3,   VocabularyName::claude_legacy,
    VocabularyName::llama3,     VocabularyName::gemma,
};

// "o200k_base" and so on, as written in config/tokenizers/models.yaml and in records.
[[nodiscard]] std::string_view name_of(VocabularyName name);
[[nodiscard]] std::optional<VocabularyName> vocabulary_named(std::string_view name);

}  // namespace tokenweir::tokenizer
