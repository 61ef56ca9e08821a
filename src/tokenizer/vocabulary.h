// One vocabulary, ready to count: grammar, merging engine, seams and the table of known pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "tokenizer/automaton.h"
#include "tokenizer/grammar.h"
#include "tokenizer/names.h"
#include "tokenizer/piece_table.h"
#include "tokenizer/seams.h"
#include "tokenizer/tokenizer.h"

namespace tokenweir::tokenizer {

class Vocabulary {
 public:
  // From the bytes of a `.tkv` file.
  [[nodiscard]] static Result<SharedVocabulary, std::string> build(VocabularyName name,
                                                                   std::string_view file);

  Vocabulary(VocabularyName name, const TokenList& list, Automaton automaton);

  [[nodiscard]] VocabularyName name() const { return name_; }
  [[nodiscard]] const Automaton& automaton() const { return automaton_; }
  [[nodiscard]] const PieceTable& table() const { return table_; }
  [[nodiscard]] const Seams& seams() const { return seams_; }

  // Tokens of one piece of the vocabulary's grammar.
  [[nodiscard]] std::size_t count_piece(const char* begin, const char* end) const {
    const auto length = static_cast<std::size_t>(end - begin);
    if (length > kLongestKey) return count_long(begin, end);
    const PieceKey key = PieceKey::of(begin, length);
    const std::size_t known = table_.find(key);
    return known != 0 ? known : learn(key);
  }
  // The same for a piece the table did not have; it has it afterwards.
  [[nodiscard]] std::size_t learn(const PieceKey& key) const;
  // The same for pieces too long for the table.
  [[nodiscard]] std::size_t count_long(const char* begin, const char* end) const;

  // Whether a part between seams may be looked up like a piece.
  [[nodiscard]] bool may_look_up_parts() const { return whole_only_.empty(); }

  [[nodiscard]] std::size_t memory() const {
    return automaton_.memory() + table_.memory() + seams_.memory();
  }

 private:
  [[nodiscard]] std::size_t count_between_seams(const char* begin, const char* end) const;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  VocabularyName name_;
  Automaton automaton_;
  Seams seams_;
  PieceTable table_;
  // Tokens no merge makes (678 of Llama 3's): they count where they are a whole piece.
  std::unordered_set<std::string, Hash, std::equal_to<>> whole_only_;
  std::size_t longest_whole_ = 0;
};

}  // namespace tokenweir::tokenizer
