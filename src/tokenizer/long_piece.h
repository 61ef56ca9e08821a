// A piece that is long and not over yet (a run of letters, signs or white space without end), read
// byte by byte in bounded memory. Knows at any moment what it counts for if the text ended here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace tokenweir::tokenizer {

// The merging engine over a piece that grows.
class GrowingPiece {
 public:
  explicit GrowingPiece(const Automaton& automaton);

  void restart();
  void append(std::string_view bytes);
  [[nodiscard]] std::uint64_t tokens() const { return ring_.tokens[length_ & ring_.mask()]; }
  [[nodiscard]] bool empty() const { return length_ == 0; }

 private:
  struct Ring {
    [[nodiscard]] std::size_t mask() const { return last.size() - 1; }
    std::vector<Automaton::Token> last;
    std::vector<std::uint32_t> tokens;
  };
  const Automaton* automaton_;
  Automaton::State state_ = Automaton::kRoot;
  std::size_t length_ = 0;
  Ring ring_;
};

class LongPiece {
 public:
  LongPiece(const Vocabulary& vocabulary, const Grammar& grammar);

  // Starts with the text from the piece's start on. False when what starts there never gets long.
  [[nodiscard]] bool start(std::string_view text);
  // Takes bytes until the piece is over and returns how many it took; the rest is the caller's.
  [[nodiscard]] std::size_t append(std::string_view text);
  [[nodiscard]] bool over() const { return over_; }

  // Once over: the tokens it settled, and bytes it had taken that belong to what follows.
  [[nodiscard]] std::uint64_t settled() const { return settled_; }
  [[nodiscard]] const std::string& remainder() const { return remainder_; }

  // Tokens of all it took, if the text ended here.
  [[nodiscard]] std::uint64_t tokens() const;
  // The same, if it went on with `text` and ended then.
  [[nodiscard]] std::uint64_t tokens_with(std::string_view text) const;

 private:
  enum class Kind : std::uint8_t { run, word, punctuation, space, unmatched };
  // What continues a run.
  enum class Members : std::uint8_t { letters, numbers, span_letters, ascii_letters };
  // What it would settle if a character of another kind came next.
  struct Ending {
    std::uint64_t tokens = 0;
    std::string_view remainder;
  };

  // Takes one character, or ends; `bytes` are its own.
  void take(const Character& next, std::string_view bytes);
  void take_word(std::uint8_t kind, std::string_view bytes);
  void take_space(std::uint8_t kind, std::string_view bytes);
  [[nodiscard]] bool continues(const Character& next) const;
  [[nodiscard]] bool is_member(const Character& next) const;
  // What the piece is, by its first characters; the prefix is what stands before its run.
  [[nodiscard]] bool choose(std::string_view text, std::size_t& prefix);
  [[nodiscard]] bool choose_in_span(std::string_view text, std::size_t& prefix);
  [[nodiscard]] Ending ending(const Character& next) const;
  void end(const Character& next, std::string_view rest);
  [[nodiscard]] std::uint64_t tokens_of_parts() const;
  [[nodiscard]] std::uint64_t tokens_at_end() const;
  // Decides about a contraction once enough of it is there.
  void decide_contraction();
  [[nodiscard]] std::uint64_t count_rest(std::string_view first, std::string_view second) const;

  const Vocabulary& vocabulary_;
  const Grammar& grammar_;
  Kind kind_ = Kind::run;
  Members members_ = Members::letters;
  bool later_ = false;  // a word's small letters, the line ends after punctuation
  bool over_ = false;
  bool asian_ = false;               // the span it is in (spans.h)
  bool split_ = false;               // `second_` counts for the end of the piece
  std::string partial_;              // the start of a character
  std::string contraction_;          // what may become one
  std::string last_;                 // white space: the last character
  GrowingPiece first_;               // everything from the start
  GrowingPiece second_;              // from the last uncased letter or line end on
  std::uint64_t before_second_ = 0;  // tokens up to there
  std::uint64_t before_last_ = 0;    // tokens of the current part without its last character
  std::uint64_t settled_ = 0;
  std::string remainder_;
};

}  // namespace tokenweir::tokenizer
