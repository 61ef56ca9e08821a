// Where a piece may be cut before merging without changing its tokens: between two characters that
// no token of the vocabulary holds side by side, because then no merge can ever join them. Long
// runs of Chinese fall apart into words this way, and the parts are short enough to be looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tokenizer/token_list.h"

namespace tokenweir::tokenizer {

class Seams {
 public:
  explicit Seams(const TokenList& list);

  // Whether text may be cut between these characters. Errs on the side of no.
  [[nodiscard]] bool between(std::uint32_t before, std::uint32_t after) const {
    const std::size_t place = place_of(before, after);
    const std::uint64_t joined = pairs_[place >> 6] >> (place & 63);
    return ((joined | edge(before) | edge(after) >> 1) & 1) == 0;
  }

  [[nodiscard]] std::size_t memory() const { return pairs_.size() * 8 + edges_.size(); }

 private:
  void mark_endings(const char* begin, const char* end);
  [[nodiscard]] std::size_t place_of(std::uint32_t before, std::uint32_t after) const {
    return static_cast<std::size_t>((before * 0x9E3779B97F4A7C15u ^ after * 0xC2B2AE3D27D4EB4Fu) *
                                        0xD6E8FEB86659FD93u >>
                                    shift_);
  }
  // Bit 0: a token continues this character with a fragment of the next; bit 1: a token holds a
  // fragment of the character before. Characters beyond 16 bits share places with lower ones.
  [[nodiscard]] unsigned edge(std::uint32_t code) const { return edges_[code & 0xFFFF]; }

  std::vector<std::uint64_t> pairs_;  // a set of hashed pairs; a false yes costs time only
  std::vector<std::uint8_t> edges_;
  int shift_ = 0;
};

}  // namespace tokenweir::tokenizer
