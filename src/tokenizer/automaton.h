// The merging engine: for each prefix of a piece, the last token of its encoding and how many
// tokens it has, in constant work per byte and without writing tokens down.
//
// Two facts carry it (Jiang and Gong, "incremental BPE", arXiv 2605.30813). The last token of a
// prefix ends there, so an Aho-Corasick automaton over the vocabulary offers the candidates. And
// candidate t, made by merging (left, right), is the one exactly when the last token of the prefix
// without `right` lies in one interval of a numbering in which every token follows the token that
// is its right part, those with higher rank first. Tokens are therefore known by that number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "tokenizer/token_list.h"

namespace tokenweir::tokenizer {

class Automaton {
 public:
  using Token = std::uint32_t;
  using State = std::uint32_t;
  static constexpr State kRoot = 256;

  // The last token and the number of tokens of the prefixes still of interest. Places are written
  // before they are read, so a ring need not be cleared.
  template <std::size_t kCapacity>
  struct Ring {
    static constexpr std::size_t mask() { return kCapacity - 1; }
    std::array<Token, kCapacity> last;
    std::array<std::uint32_t, kCapacity> tokens;
  };

  // A vocabulary whose 256 single bytes are tokens.
  [[nodiscard]] static Result<Automaton, std::string> build(const TokenList& list);

  // The longest token; a ring must hold more prefixes than this.
  [[nodiscard]] std::size_t longest() const { return longest_; }
  [[nodiscard]] std::size_t memory() const;

  // Takes one byte: `length` is that of the prefix it completes (from 1). Fills the ring's place.
  template <typename Ring>
  void step(State& state, Ring& ring, std::size_t length, std::uint8_t byte) const {
    State at = state;
    State to = slots_[at].base ^ byte;
    while (slots_[to].parent != at) {
      at = slots_[at].failure;
      to = slots_[at].base ^ byte;
    }
    state = to;
    Token token = slots_[to].token;
    const std::size_t place = length & ring.mask();
    ring.last[place] = 0;  // what a single byte compares itself with
    if (!fits(token, ring, length)) {
      token = records_[token].shorter;
      if (!fits(token, ring, length)) token = descend(ring, length, byte);
    }
    ring.last[place] = token;
    ring.tokens[place] = ring.tokens[(length - records_[token].length) & ring.mask()] + 1;
  }

  // Tokens of a whole piece.
  [[nodiscard]] std::size_t count(std::string_view piece) const;

 private:
  friend class AutomatonBuilder;
  // A transition of the double array: parent + byte leads to slot `base ^ byte`.
  struct Slot {
    std::uint32_t base = 0;
    State parent = UINT32_MAX;  // the state it belongs to; no state has this number when free
    State failure = kRoot;
    Token token = 0;  // longest token that ends here
  };
  struct Record {
    Token low = 0;  // first of the interval, and how many follow it
    std::uint32_t span = UINT32_MAX;
    Token shorter = 0;  // the longest token that ends this one
    std::uint16_t length = 1;
    std::uint16_t right = 0;  // bytes of the right part, 0 for a single byte
  };
  // A token among those with the same right part, which are kept by the start of their intervals.
  struct Child {
    Token low;
    std::uint32_t span;
    Token token;
  };

  template <typename Ring>
  [[nodiscard]] bool fits(Token token, const Ring& ring, std::size_t length) const {
    const Record& record = records_[token];
    return ring.last[(length - record.right) & ring.mask()] - record.low <= record.span;
  }

  // Finds the token from its last byte upwards: among the tokens that share a right part at most
  // one has the interval that is asked for. Bounded by the depth of the merge tree, so that long
  // chains of candidates (runs of one character) cost no more than text.
  template <typename Ring>
  [[nodiscard]] Token descend(const Ring& ring, std::size_t length, std::uint8_t byte) const {
    Token token = atoms_[byte];
    while (records_[token].length < length) {
      const Token before = ring.last[(length - records_[token].length) & ring.mask()];
      const Child* first = children_.data() + first_child_[token];
      std::size_t left = first_child_[token + 1] - first_child_[token];
      if (left == 0) break;
      while (left > 1) {
        const std::size_t half = left / 2;
        first = first[half].low <= before ? first + half : first;
        left -= half;
      }
      if (before - first->low > first->span) break;
      token = first->token;
    }
    return token;
  }

  std::vector<Slot> slots_;
  std::vector<Record> records_;
  std::vector<std::uint32_t> first_child_;
  std::vector<Child> children_;
  std::array<Token, 256> atoms_{};
  std::size_t longest_ = 1;
};

}  // namespace tokenweir::tokenizer
