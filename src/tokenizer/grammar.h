// How a vocabulary cuts text into pieces before merging, and a scanner that finds one piece.
//
// The encoders state this as a regular expression; the same alternatives are written out here as
// one left-to-right machine, so that no input makes it backtrack. Sources: openai/tiktoken
// tiktoken_ext/openai_public.py, and the `pattern` fields inside the other vocabularies' files.
#pragma once

#include <cstdint>

#include "tokenizer/names.h"
#include "tokenizer/unicode.h"

namespace tokenweir::tokenizer {

enum class Contractions : std::uint8_t {
  none,
  suffix,         // 's and its like end a word
  leading,        // they are pieces of their own
  leading_exact,  // the same, lower case only
};

struct Grammar {
  bool cased_words = false;   // a word is capitals, then small letters; marks are letters
  bool any_prefix = true;     // any one character but CR, LF, letters, digits may start a word
  bool newline_rule = true;   // white space is cut after its last line end
  bool whole_at_end = false;  // white space that ends the text is one piece, line ends or not
  bool tail_newlines = true;  // punctuation takes the line ends that follow
  bool tail_slashes = false;  // and slashes among them
  int digits = 3;             // most digits in a piece; 0: any number, after an optional space
  Contractions contractions = Contractions::none;
  bool spans = false;  // digits and East Asian runs are cut out first (spans.h)
};

inline constexpr Grammar kO200k = {
    .cased_words = true, .tail_slashes = true, .contractions = Contractions::suffix};
inline constexpr Grammar kCl100k = {.whole_at_end = true, .contractions = Contractions::leading};
inline constexpr Grammar kLlama3 = {.contractions = Contractions::leading};
inline constexpr Grammar kQwen = {.digits = 1, .contractions = Contractions::leading};
inline constexpr Grammar kTekken = {.cased_words = true, .tail_slashes = true, .digits = 1};
inline constexpr Grammar kGpt2 = {.any_prefix = false,
                                  .newline_rule = false,
                                  .tail_newlines = false,
                                  .digits = 0,
                                  .contractions = Contractions::leading_exact};

inline constexpr Grammar kDeepSeek = {.spans = true};

[[nodiscard]] inline const Grammar& grammar_of(VocabularyName name) {
  switch (name) {
    case VocabularyName::o200k_base:
    case VocabularyName::o200k_harmony:
      return kO200k;
    case VocabularyName::cl100k_base:
      return kCl100k;
    case VocabularyName::llama3:
      return kLlama3;
    case VocabularyName::qwen:
      return kQwen;
    case VocabularyName::tekken:
      return kTekken;
    case VocabularyName::deepseek_v3:
      return kDeepSeek;
    default:
      return kGpt2;
  }
}

// Length of the contraction ('s 't 're 've 'm 'll 'd) that starts at `at`, or 0. U+017F folds to
// s, which is why two bytes can stand for it. `cut` is set when more text could make it another.
template <bool kExact>
[[nodiscard]] inline int contraction_at(const char* at, const char* end, bool& cut) {
  if (at == end) {
    cut = true;
    return 0;
  }
  if (*at != '\'') return 0;
  if (end - at < 2) {
    cut = true;
    return 0;
  }
  constexpr int kFold = kExact ? 0 : 0x20;
  const auto letter = [&](int i) { return static_cast<unsigned char>(at[i]) | kFold; };
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
    case 'l':
      if (end - at < 3) {
        cut = true;
        return 0;
      }
      return letter(2) == (letter(1) == 'l' ? 'l' : 'e') ? 3 : 0;
    default:
      break;
  }
  if (kExact || static_cast<unsigned char>(at[1]) != 0xC5) return 0;
  if (end - at < 3) {
    cut = true;
    return 0;
  }
  return static_cast<unsigned char>(at[2]) == 0xBF ? 3 : 0;
}

// The end of the piece that starts at `begin`. `open` is set when bytes after `end` could change
// the answer; without it the piece is final whatever follows.
template <Grammar kGrammar>
class Scanner {
 public:
  Scanner(const char* begin, const char* end) : begin_(begin), end_(end) {}

  [[nodiscard]] const char* next(bool& open) {
    open_ = false;
    const char* piece_end = piece();
    open = open_;
    return piece_end;
  }

  static constexpr std::uint8_t kWord = kGrammar.cased_words ? kAnyLetter | kMark : kAnyLetter;
  // What may not be punctuation.
  static constexpr std::uint8_t kNotPunctuation = kAnyLetter | kNumber | kSpace;

 private:
  // The class at `at`, or none at the end of the text; there, and where a character is cut, the
  // answer stays open.
  struct Look {
    std::uint8_t kind = 0;
    std::uint8_t length = 0;
  };
  [[nodiscard]] Look look(const char* at) {
    if (at == end_) {
      open_ = true;
      return {};
    }
    const Character character = character_at(at, end_);
    open_ |= character.cut;
    return {character.kind, character.length};
  }

  [[nodiscard]] const char* piece() {
    constexpr bool kLeading = kGrammar.contractions == Contractions::leading ||
                              kGrammar.contractions == Contractions::leading_exact;
    if constexpr (kLeading) {
      constexpr bool kExact = kGrammar.contractions == Contractions::leading_exact;
      if (const int length = contraction_at<kExact>(begin_, end_, open_); length > 0) {
        return begin_ + length;
      }
    }
    const Look first = look(begin_);
    const char* second_at = begin_ + first.length;
    if ((first.kind & kWord) != 0) return word(begin_);
    if ((first.kind & kNumber) != 0) return number(begin_);
    const bool blank = *begin_ == ' ';
    const bool prefix = kGrammar.any_prefix ? (first.kind & kNewline) == 0 : blank;
    const Look second = look(second_at);
    if (prefix && (second.kind & kWord) != 0) return word(second_at);
    if (kGrammar.digits == 0 && blank && (second.kind & kNumber) != 0) return number(second_at);
    if ((first.kind & kSpace) == 0) return punctuation(begin_);
    if (blank && second.length != 0 && (second.kind & kNotPunctuation) == 0) {
      return punctuation(second_at);
    }
    return space();
  }

  [[nodiscard]] const char* run(const char* at, std::uint8_t kinds) {
    for (Look next = look(at); next.length != 0 && (next.kind & kinds) != 0; next = look(at)) {
      at += next.length;
    }
    return at;
  }

  [[nodiscard]] const char* word(const char* at) {
    if constexpr (!kGrammar.cased_words) return run(at, kWord);
    const char* after_uncased = nullptr;
    Look next = look(at);
    for (; next.length != 0 && (next.kind & (kUpper | kLetter | kMark)) != 0; next = look(at)) {
      at += next.length;
      if ((next.kind & kUpper) == 0) after_uncased = at;
    }
    if ((next.kind & kLower) != 0) {
      at = run(at, kLower | kLetter | kMark);
    } else if (after_uncased != nullptr && after_uncased != at) {
      return after_uncased;  // the capitals behind it are a piece of their own
    }
    if constexpr (kGrammar.contractions == Contractions::suffix) {
      at += contraction_at<false>(at, end_, open_);
    }
    return at;
  }

  [[nodiscard]] const char* number(const char* at) {
    if constexpr (kGrammar.digits == 0) return run(at, kNumber);
    for (int i = 0; i < kGrammar.digits; ++i) {
      const Look next = look(at);
      if (next.length == 0 || (next.kind & kNumber) == 0) break;
      at += next.length;
    }
    return at;
  }

  [[nodiscard]] const char* punctuation(const char* at) {
    for (Look next = look(at); next.length != 0 && (next.kind & kNotPunctuation) == 0;
         next = look(at)) {
      at += next.length;
    }
    if constexpr (kGrammar.tail_newlines) {
      while (at != end_ && (*at == '\r' || *at == '\n' || (kGrammar.tail_slashes && *at == '/'))) {
        ++at;
      }
      open_ |= at == end_;
    }
    return at;
  }

  [[nodiscard]] const char* space() {
    const char* at = begin_;
    const char* after_newline = nullptr;
    const char* last = begin_;  // start of the last character of the run
    for (Look next = look(at); next.length != 0 && (next.kind & kSpace) != 0; next = look(at)) {
      last = at;
      at += next.length;
      if ((next.kind & kNewline) != 0) after_newline = at;
    }
    if (kGrammar.whole_at_end && at == end_) return at;
    if (kGrammar.newline_rule && after_newline != nullptr) return after_newline;
    if (at == end_ || last == begin_) return at;
    return last;  // it joins what follows
  }

  const char* begin_;
  const char* end_;
  bool open_ = false;
};

}  // namespace tokenweir::tokenizer
