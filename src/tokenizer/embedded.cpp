#include "tokenizer/embedded.h"

// The assembler copies the files in; TOKENWEIR_VOCABULARIES is their folder.
#define TOKENWEIR_EMBED(name)                       \
  asm(".section .rodata\n"                          \
      ".balign 16\n"                                \
      ".global tokenweir_" #name                    \
      "_begin\n"                                    \
      ".hidden tokenweir_" #name                    \
      "_begin\n"                                    \
      "tokenweir_" #name                            \
      "_begin:\n"                                   \
      ".incbin \"" TOKENWEIR_VOCABULARIES "/" #name \
      ".tkv\"\n"                                    \
      ".global tokenweir_" #name                    \
      "_end\n"                                      \
      ".hidden tokenweir_" #name                    \
      "_end\n"                                      \
      "tokenweir_" #name                            \
      "_end:\n"                                     \
      ".previous\n");                               \
  extern "C" const char tokenweir_##name##_begin[], tokenweir_##name##_end[];

TOKENWEIR_EMBED(o200k_base)
TOKENWEIR_EMBED(cl100k_base)
TOKENWEIR_EMBED(p50k_base)
TOKENWEIR_EMBED(r50k_base)
TOKENWEIR_EMBED(tekken)
TOKENWEIR_EMBED(qwen)
TOKENWEIR_EMBED(deepseek_v3)
TOKENWEIR_EMBED(claude_legacy)

namespace tokenweir::tokenizer {

std::string_view embedded_vocabulary(VocabularyName name) {
  switch (name) {
#define TOKENWEIR_CASE(name)          \
  case VocabularyName::name:          \
    return {tokenweir_##name##_begin, \
            static_cast<std::size_t>(tokenweir_##name##_end - tokenweir_##name##_begin)};
    TOKENWEIR_CASE(o200k_base)
    TOKENWEIR_CASE(cl100k_base)
    TOKENWEIR_CASE(p50k_base)
    TOKENWEIR_CASE(r50k_base)
    TOKENWEIR_CASE(tekken)
    TOKENWEIR_CASE(qwen)
    TOKENWEIR_CASE(deepseek_v3)
    TOKENWEIR_CASE(claude_legacy)
#undef TOKENWEIR_CASE
    default:
      return {};
  }
}

}  // namespace tokenweir::tokenizer
