// DeepSeek's grammar: groups of digits are cut out of the text first, then runs of Chinese
// characters and kana, and a pattern divides every span, those runs included. For the pattern a
// span's end is the end of the text, so white space before a digit is never split.
#pragma once

#include "tokenizer/grammar.h"

namespace tokenweir::tokenizer {

// The characters of the second cut: U+4E00 to U+9FA5, and the two blocks of kana.
[[nodiscard]] inline bool is_east_asian(std::uint32_t code) {
  return (code >= 0x4E00 && code <= 0x9FA5) || (code >= 0x3040 && code <= 0x30FF);
}
// The following ask about a character behind one of a span that is East Asian or not.
[[nodiscard]] inline bool ends_span(const Character& next, bool asian) {
  return (next.kind & kNumber) != 0 || is_east_asian(next.code) != asian;
}
[[nodiscard]] inline bool is_span_letter(const Character& next, bool asian) {
  return (next.kind & (kAnyLetter | kMark)) != 0 && is_east_asian(next.code) == asian;
}
[[nodiscard]] inline bool is_span_symbol(const Character& next, bool asian) {
  return (next.kind & kSymbol) != 0 && is_east_asian(next.code) == asian;
}
[[nodiscard]] inline bool is_ascii_letter(const Character& next) {
  return next.code < 0x80 && (next.kind & kAnyLetter) != 0;
}
// Controls, unassigned characters and bytes that are no text: no alternative matches them alone.
[[nodiscard]] inline bool is_unmatched(const Character& next, bool asian) {
  return next.kind == 0 && is_east_asian(next.code) == asian;
}

template <>
class Scanner<kDeepSeek> {
 public:
  Scanner(const char* begin, const char* end) : begin_(begin), end_(end) {}

  [[nodiscard]] const char* next(bool& open) {
    open_ = false;
    const char* piece_end = piece();
    open = open_;
    return piece_end;
  }

 private:
  // Length 0 at the end of the text.
  [[nodiscard]] Character look(const char* at) {
    if (at == end_) {
      open_ = true;
      return {};
    }
    const Character character = character_at(at, end_);
    open_ |= character.cut;
    return character;
  }

  template <typename Member>
  [[nodiscard]] const char* run(const char* at, Member member) {
    for (Character next = look(at); next.length != 0 && member(next); next = look(at)) {
      at += next.length;
    }
    return at;
  }

  [[nodiscard]] const char* piece() {
    const Character first = look(begin_);
    const char* after = begin_ + first.length;
    if ((first.kind & kNumber) != 0) return number(after);
    asian_ = is_east_asian(first.code);
    const Character second = look(after);
    const bool more = second.length != 0;
    if (is_span_symbol(first, asian_)) {
      if (first.code < 0x80 && more && is_ascii_letter(second)) return run(after, is_ascii_letter);
      return symbols(begin_);
    }
    if (is_span_letter(first, asian_)) return letters(after);
    if ((first.kind & kNewline) == 0 && more && is_span_letter(second, asian_)) {
      return letters(after);
    }
    if (first.code == ' ' && more && is_span_symbol(second, asian_)) return symbols(after);
    return (first.kind & kSpace) != 0 ? space() : unmatched();
  }

  [[nodiscard]] const char* letters(const char* at) {
    return run(at, [this](const Character& next) { return is_span_letter(next, asian_); });
  }

  [[nodiscard]] const char* number(const char* at) {
    for (int i = 1; i < 3; ++i) {
      const Character next = look(at);
      if (next.length == 0 || (next.kind & kNumber) == 0) break;
      at += next.length;
    }
    return at;
  }

  [[nodiscard]] const char* symbols(const char* at) {
    at = run(at, [this](const Character& next) { return is_span_symbol(next, asian_); });
    if (asian_) return at;
    while (at != end_ && (*at == '\r' || *at == '\n')) ++at;
    open_ |= at == end_;
    return at;
  }

  [[nodiscard]] const char* space() {
    const char* at = begin_;
    const char* after_newline = nullptr;
    const char* last = begin_;
    Character next = look(at);
    for (; next.length != 0 && (next.kind & kSpace) != 0; next = look(at)) {
      last = at;
      at += next.length;
      if ((next.kind & kNewline) != 0) after_newline = at;
    }
    if (after_newline != nullptr) return after_newline;
    if (next.length == 0 || ends_span(next, asian_) || last == begin_) return at;
    return last;
  }

  [[nodiscard]] const char* unmatched() {
    const char* at = begin_;
    const char* last = begin_;
    Character next = look(at);
    for (; next.length != 0 && is_unmatched(next, asian_); next = look(at)) {
      last = at;
      at += next.length;
    }
    const bool joins = next.length != 0 && is_span_letter(next, asian_) && last != begin_;
    return joins ? last : at;
  }

  const char* begin_;
  const char* end_;
  bool open_ = false;
  bool asian_ = false;
};

}  // namespace tokenweir::tokenizer
