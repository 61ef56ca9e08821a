#include "tokenizer/embedded.h"

// The assembler copies the file in; TOKENWEIR_MODEL_MAP is its path.
asm(".section .rodata\n"
    ".hidden tokenweir_model_map_begin\n"
    ".global tokenweir_model_map_begin\n"
    "tokenweir_model_map_begin:\n"
    ".incbin \"" TOKENWEIR_MODEL_MAP
    "\"\n"
    ".hidden tokenweir_model_map_end\n"
    ".global tokenweir_model_map_end\n"
    "tokenweir_model_map_end:\n"
    ".previous\n");
extern "C" const char tokenweir_model_map_begin[], tokenweir_model_map_end[];

namespace tokenweir::tokenizer {

std::string_view embedded_model_map() {
  return {tokenweir_model_map_begin,
          static_cast<std::size_t>(tokenweir_model_map_end - tokenweir_model_map_begin)};
}

}  // namespace tokenweir::tokenizer
