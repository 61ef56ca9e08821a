#include "tokenizer/names.h"

namespace tokenweir::tokenizer {

namespace {

constexpr std::array<std::string_view, kVocabularyNames.size()> kNames = {
    "o200k_base", "o200k_harmony", "cl100k_base",   "p50k_base", "r50k_base", "tekken",
    "qwen",       "deepseek_v3",   "claude_legacy", "llama3",    "gemma",
};

}  // namespace

std::string_view name_of(VocabularyName name) { return kNames[static_cast<std::size_t>(name)]; }

std::optional<VocabularyName> vocabulary_named(std::string_view name) {
  for (const VocabularyName candidate : kVocabularyNames) {
    if (name_of(candidate) == name) return candidate;
  }
  return std::nullopt;
}

}  // namespace tokenweir::tokenizer
