#include <string>

#include "tokenizer/counter.h"
#include "tokenizer/normal_form.h"
#include "tokenizer/spans.h"

namespace tokenweir::tokenizer {

Closed count_normal(const Vocabulary& vocabulary, std::string_view text, bool complete) {
  if (text.empty()) return {0, text.data()};
  const char* begin = text.data();
  const char* end = begin + text.size();
  switch (vocabulary.name()) {
    case VocabularyName::o200k_base:
    case VocabularyName::o200k_harmony:
      return count_text<kO200k>(vocabulary, begin, end, complete);
    case VocabularyName::cl100k_base:
      return count_text<kCl100k>(vocabulary, begin, end, complete);
    case VocabularyName::llama3:
      return count_text<kLlama3>(vocabulary, begin, end, complete);
    case VocabularyName::qwen:
      return count_text<kQwen>(vocabulary, begin, end, complete);
    case VocabularyName::tekken:
      return count_text<kTekken>(vocabulary, begin, end, complete);
    case VocabularyName::deepseek_v3:
      return count_plainly<Scanner<kDeepSeek>>(vocabulary, begin, end, complete);
    default:
      return count_text<kGpt2>(vocabulary, begin, end, complete);
  }
}

std::size_t count(const Vocabulary& vocabulary, std::string_view text) {
  const NormalForm form = normal_form_of(vocabulary.name());
  if (form == NormalForm::none || is_normal(form, text)) {
    return count_normal(vocabulary, text, true).tokens;
  }
  std::string normal;
  normal.reserve(text.size());
  append_normal(form, text, normal);
  return count_normal(vocabulary, normal, true).tokens;
}

std::size_t memory_of(const Vocabulary& vocabulary) { return vocabulary.memory(); }

}  // namespace tokenweir::tokenizer
