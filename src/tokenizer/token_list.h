// The tokens of a vocabulary as read from its `.tkv` file (data/tkv.py describes the format).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace tokenweir::tokenizer {

struct TokenList {
  struct Token {
    std::uint32_t rank = 0;    // lower merges first
    std::uint16_t shared = 0;  // leading bytes in common with the token before
    std::uint16_t length = 0;
    std::uint16_t left =
        0;  // bytes of the left part of its merge, 0 for atoms and unreachable ones
    std::uint32_t offset = 0;  // of the bytes after the shared ones
  };

  bool character_atoms = false;
  std::size_t longest = 0;
  std::vector<Token> tokens;  // in byte order
  std::string bytes;

  // Whether no merge makes this token, so that it can only match a whole piece.
  [[nodiscard]] static bool is_unreachable(const Token& token) {
    return token.left == 0 && token.length > 1;
  }
};

// Checks everything a damaged or hostile file could get wrong; the error names what.
[[nodiscard]] Result<TokenList, std::string> read_token_list(std::string_view file);

}  // namespace tokenweir::tokenizer
