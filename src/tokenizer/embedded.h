// The vocabularies that are part of the binary (data/README.md lists source, licence and hash).
#pragma once

#include <string_view>

#include "tokenizer/names.h"

namespace tokenweir::tokenizer {

// The `.tkv` file of a vocabulary, empty when the binary does not carry it.
[[nodiscard]] std::string_view embedded_vocabulary(VocabularyName name);

// config/tokenizers/models.yaml as this binary was built with.
[[nodiscard]] std::string_view embedded_model_map();

}  // namespace tokenweir::tokenizer
