#include "tokenizer/long_piece.h"

#include <bit>

#include "tokenizer/counter.h"
#include "tokenizer/spans.h"

namespace tokenweir::tokenizer {

GrowingPiece::GrowingPiece(const Automaton& automaton) : automaton_(&automaton) {
  const std::size_t places = std::bit_ceil(automaton.longest() + 2);
  ring_.last.resize(places);
  ring_.tokens.resize(places);
}

void GrowingPiece::restart() {
  state_ = Automaton::kRoot;
  length_ = 0;
  ring_.tokens[0] = 0;
}

void GrowingPiece::append(std::string_view bytes) {
  for (const char byte : bytes) {
    automaton_->step(state_, ring_, ++length_, static_cast<std::uint8_t>(byte));
  }
}

LongPiece::LongPiece(const Vocabulary& vocabulary, const Grammar& grammar)
    : vocabulary_(vocabulary),
      grammar_(grammar),
      first_(vocabulary.automaton()),
      second_(vocabulary.automaton()) {}

bool LongPiece::choose(std::string_view text, std::size_t& prefix) {
  const std::uint8_t word = grammar_.cased_words ? kAnyLetter | kMark : kAnyLetter;
  const auto not_punctuation = static_cast<std::uint8_t>(kAnyLetter | kNumber | kSpace);
  const Kind word_kind = grammar_.cased_words ? Kind::word : Kind::run;
  const char* end = text.data() + text.size();
  const Character first = character_at(text.data(), end);
  if (first.length >= text.size()) return false;
  const Character second = character_at(text.data() + first.length, end);
  const bool blank = text[0] == ' ';
  const bool may_lead = grammar_.any_prefix ? (first.kind & kNewline) == 0 : blank;

  prefix = 0;
  members_ = Members::letters;
  if ((first.kind & word) != 0) {
    kind_ = word_kind;
  } else if ((first.kind & kNumber) != 0) {
    if (grammar_.digits != 0) return false;
    kind_ = Kind::run;
    members_ = Members::numbers;
  } else if (may_lead && (second.kind & word) != 0) {
    kind_ = word_kind;
    prefix = first.length;
  } else if (grammar_.digits == 0 && blank && (second.kind & kNumber) != 0) {
    kind_ = Kind::run;
    members_ = Members::numbers;
    prefix = first.length;
  } else if ((first.kind & kSpace) == 0 || (blank && (second.kind & not_punctuation) == 0)) {
    kind_ = Kind::punctuation;
    prefix = first.length;
  } else {
    kind_ = Kind::space;
  }
  return true;
}

bool LongPiece::choose_in_span(std::string_view text, std::size_t& prefix) {
  const char* end = text.data() + text.size();
  const Character first = character_at(text.data(), end);
  if (first.length >= text.size() || (first.kind & kNumber) != 0) return false;
  const Character second = character_at(text.data() + first.length, end);
  prefix = 0;
  kind_ = Kind::run;
  asian_ = is_east_asian(first.code);
  if (is_span_symbol(first, asian_)) {
    prefix = first.length;
    const bool letters = first.code < 0x80 && is_ascii_letter(second);
    members_ = Members::ascii_letters;
    if (!letters) kind_ = Kind::punctuation;
  } else if (is_span_letter(first, asian_)) {
    members_ = Members::span_letters;
  } else if ((first.kind & kNewline) == 0 && is_span_letter(second, asian_)) {
    members_ = Members::span_letters;
    prefix = first.length;
  } else if (first.code == ' ' && is_span_symbol(second, asian_)) {
    kind_ = Kind::punctuation;
    prefix = first.length;
  } else {
    kind_ = (first.kind & kSpace) != 0 ? Kind::space : Kind::unmatched;
  }
  return true;
}

bool LongPiece::start(std::string_view text) {
  std::size_t prefix = 0;
  if (!(grammar_.spans ? choose_in_span(text, prefix) : choose(text, prefix))) return false;
  later_ = over_ = split_ = false;
  partial_.clear();
  contraction_.clear();
  last_.clear();
  remainder_.clear();
  before_second_ = before_last_ = settled_ = 0;
  first_.restart();
  second_.restart();
  first_.append(text.substr(0, prefix));
  const std::size_t taken = append(text.substr(prefix));
  remainder_.append(text.substr(prefix + taken));
  return true;
}

std::size_t LongPiece::append(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && !over_) {
    if (!contraction_.empty()) {
      contraction_.push_back(*at++);
      decide_contraction();
      continue;
    }
    if (!partial_.empty()) {
      partial_.push_back(*at++);
      const Character next = character_at(partial_.data(), partial_.data() + partial_.size());
      if (next.cut) continue;
      // Either the character is whole, or its first byte was none and the others are read again.
      const std::string bytes = std::move(partial_);
      partial_.clear();
      take(next, std::string_view(bytes).substr(0, next.length));
      const std::string_view others = std::string_view(bytes).substr(next.length);
      if (over_) {
        remainder_.append(others);
      } else if (!others.empty()) {
        const std::size_t taken = append(others);
        remainder_.append(others.substr(taken));
      }
      continue;
    }
    const Character next = character_at(at, end);
    if (next.cut) {
      partial_.assign(at, end);
      return text.size();
    }
    take(next, {at, next.length});
    at += next.length;
  }
  return static_cast<std::size_t>(at - text.data());
}

bool LongPiece::is_member(const Character& next) const {
  switch (members_) {
    case Members::letters:
      return (next.kind & kAnyLetter) != 0;
    case Members::numbers:
      return (next.kind & kNumber) != 0;
    case Members::span_letters:
      return is_span_letter(next, asian_);
    case Members::ascii_letters:
      return is_ascii_letter(next);
  }
  return false;
}

bool LongPiece::continues(const Character& next) const {
  const std::uint8_t small = kLower | kLetter | kMark;
  switch (kind_) {
    case Kind::run:
      return is_member(next);
    case Kind::word:
      return (next.kind & (later_ ? small : small | kUpper)) != 0;
    case Kind::space:
      return (next.kind & kSpace) != 0;
    case Kind::unmatched:
      return is_unmatched(next, asian_);
    case Kind::punctuation:
      break;
  }
  const bool sign = grammar_.spans ? is_span_symbol(next, asian_)
                                   : (next.kind & (kAnyLetter | kNumber | kSpace)) == 0;
  if (sign && !later_) return true;
  if (!grammar_.tail_newlines || asian_) return false;
  return (next.kind & kNewline) != 0 || (later_ && grammar_.tail_slashes && next.code == '/');
}

void LongPiece::take(const Character& next, std::string_view bytes) {
  if (!continues(next)) {
    if (kind_ == Kind::word && grammar_.contractions == Contractions::suffix && bytes[0] == '\'') {
      contraction_ = bytes;
      return;
    }
    end(next, bytes);
  } else if (kind_ == Kind::word) {
    take_word(next.kind, bytes);
  } else if (kind_ == Kind::space || kind_ == Kind::unmatched) {
    take_space(next.kind, bytes);
  } else {
    first_.append(bytes);
    if (kind_ == Kind::punctuation) later_ = later_ || (next.kind & kNewline) != 0;
  }
}

// Capitals behind an uncased letter are a piece of their own, unless a small letter follows them.
void LongPiece::take_word(std::uint8_t kind, std::string_view bytes) {
  first_.append(bytes);
  if ((kind & kLower) != 0) later_ = true;
  if (later_) {
    split_ = false;
  } else if ((kind & kUpper) == 0) {
    before_second_ = first_.tokens();
    split_ = true;
    second_.restart();
  } else if (split_) {
    second_.append(bytes);
  }
}

void LongPiece::take_space(std::uint8_t kind, std::string_view bytes) {
  before_last_ = split_ ? second_.tokens() : first_.tokens();
  first_.append(bytes);
  last_ = bytes;
  if (grammar_.newline_rule && (kind & kNewline) != 0) {
    before_second_ = first_.tokens();
    split_ = true;
    second_.restart();
    last_.clear();
  } else if (split_) {
    second_.append(bytes);
  }
}

LongPiece::Ending LongPiece::ending(const Character& next) const {
  // The last white space goes with what follows, unless that is cut out of the text.
  const bool joined = kind_ == Kind::space
                          ? !(grammar_.spans && ends_span(next, asian_))
                          : kind_ == Kind::unmatched && is_span_letter(next, asian_);
  if (!joined) return {kind_ == Kind::space ? tokens_at_end() : tokens_of_parts(), {}};
  return {(split_ ? before_second_ : 0) + (last_.empty() ? 0 : before_last_), last_};
}

std::uint64_t LongPiece::tokens_of_parts() const {
  if (!split_) return first_.tokens();
  return before_second_ + (second_.empty() ? 0 : second_.tokens());
}

std::uint64_t LongPiece::tokens_at_end() const {
  return kind_ == Kind::space && grammar_.whole_at_end ? first_.tokens() : tokens_of_parts();
}

void LongPiece::end(const Character& next, std::string_view rest) {
  const Ending now = ending(next);
  settled_ = now.tokens;
  remainder_.assign(now.remainder);
  remainder_.append(rest);
  over_ = true;
}

void LongPiece::decide_contraction() {
  bool cut = false;
  const char* begin = contraction_.data();
  const int length = contraction_at<false>(begin, begin + contraction_.size(), cut);
  if (cut) return;
  const auto taken = static_cast<std::size_t>(length);
  if (length > 0) {
    // It belongs to the last piece, which is the capitals where those were split off.
    (split_ && !second_.empty() ? second_ : first_).append(contraction_.substr(0, taken));
    if (split_ && second_.empty()) split_ = false;
  }
  const std::string rest = contraction_.substr(taken);
  contraction_.clear();
  end({}, rest);
}

std::uint64_t LongPiece::count_rest(std::string_view first, std::string_view second) const {
  const std::string text = std::string(first).append(second);
  return count_normal(vocabulary_, text, true).tokens;
}

std::uint64_t LongPiece::tokens_with(std::string_view text) const {
  LongPiece copy = *this;
  const std::size_t taken = copy.append(text);
  if (!copy.over()) return copy.tokens();
  return copy.settled() + copy.count_rest(copy.remainder(), text.substr(taken));
}

std::uint64_t LongPiece::tokens() const {
  if (over_) return settled_ + count_rest(remainder_, {});
  if (!contraction_.empty()) return tokens_of_parts() + count_rest(contraction_, {});
  if (partial_.empty()) return tokens_at_end();
  // Bytes that are no character: punctuation to most grammars, unmatched to the other.
  const bool goes_on =
      grammar_.spans ? kind_ == Kind::unmatched && !asian_ : kind_ == Kind::punctuation && !later_;
  if (goes_on) {
    GrowingPiece copy = first_;
    copy.append(partial_);
    return copy.tokens();
  }
  const Ending now = ending({});
  return now.tokens + count_rest(now.remainder, partial_);
}

}  // namespace tokenweir::tokenizer
