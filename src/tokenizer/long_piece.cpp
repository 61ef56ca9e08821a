#include "tokenizer/long_piece.h"

#include <bit>

#include "tokenizer/counter.h"

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

bool LongPiece::start(std::string_view text) {
  const std::uint8_t word = grammar_.cased_words ? kAnyLetter | kMark : kAnyLetter;
  const char* end = text.data() + text.size();
  const Character first = character_at(text.data(), end);
  std::size_t prefix = first.length;
  if (prefix >= text.size()) return false;
  const Character second = character_at(text.data() + prefix, end);
  const bool blank = text[0] == ' ';
  const bool may_lead = grammar_.any_prefix ? (first.kind & kNewline) == 0 : blank;
  const auto not_punctuation = static_cast<std::uint8_t>(kAnyLetter | kNumber | kSpace);

  if ((first.kind & word) != 0) {
    kind_ = Kind::word;
    prefix = 0;
  } else if ((first.kind & kNumber) != 0) {
    if (grammar_.digits != 0) return false;
    kind_ = Kind::run;
    prefix = 0;
  } else if (may_lead && (second.kind & word) != 0) {
    kind_ = Kind::word;
  } else if (grammar_.digits == 0 && blank && (second.kind & kNumber) != 0) {
    kind_ = Kind::run;
  } else if ((first.kind & kSpace) == 0 || (blank && (second.kind & not_punctuation) == 0)) {
    kind_ = Kind::punctuation;
  } else {
    kind_ = Kind::space;
    prefix = 0;
  }
  if (kind_ == Kind::word && !grammar_.cased_words) kind_ = Kind::run;
  members_ =
      (first.kind & kNumber) != 0 || (second.kind & kNumber & -(prefix != 0)) != 0 ? kNumber : word;
  later_ = over_ = split_ = false;
  partial_.clear();
  contraction_.clear();
  last_.clear();
  remainder_.clear();
  before_second_ = before_last_ = settled_ = 0;
  first_.restart();
  second_.restart();
  first_.append(text.substr(0, prefix));
  // The text was looked at as a whole and is not over, so all of it is taken, or nothing makes
  // sense.
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

bool LongPiece::continues(std::uint8_t kind, char first) const {
  if (kind_ == Kind::run) return (kind & members_) != 0;
  if (kind_ == Kind::space) return (kind & kSpace) != 0;
  if (kind_ == Kind::word) {
    const std::uint8_t small = kLower | kLetter | kMark;
    return (kind & (later_ ? small : small | kUpper)) != 0;
  }
  if (!later_ && (kind & (kAnyLetter | kNumber | kSpace)) == 0) return true;
  if (!grammar_.tail_newlines) return false;
  return (kind & kNewline) != 0 || (later_ && grammar_.tail_slashes && first == '/');
}

void LongPiece::take(const Character& next, std::string_view bytes) {
  if (!continues(next.kind, bytes[0])) {
    if (kind_ == Kind::word && grammar_.contractions == Contractions::suffix && bytes[0] == '\'') {
      contraction_ = bytes;
      return;
    }
    end(bytes);
  } else if (kind_ == Kind::word) {
    take_word(next.kind, bytes);
  } else if (kind_ == Kind::space) {
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

LongPiece::Ending LongPiece::ending() const {
  if (kind_ == Kind::space)
    return {(split_ ? before_second_ : 0) + (last_.empty() ? 0 : before_last_), last_};
  if (!split_) return {first_.tokens(), {}};
  return {before_second_ + (second_.empty() ? 0 : second_.tokens()), {}};
}

void LongPiece::end(std::string_view rest) {
  const Ending now = ending();
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
  end(rest);
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
  if (!contraction_.empty()) return ending().tokens + count_rest(contraction_, {});
  if (!partial_.empty()) {
    if (kind_ == Kind::punctuation && !later_) {
      GrowingPiece copy = first_;  // bytes that are no character are punctuation
      copy.append(partial_);
      return copy.tokens();
    }
    const Ending now = ending();
    return now.tokens + count_rest(now.remainder, partial_);
  }
  if (kind_ == Kind::space) {
    if (!split_ || grammar_.whole_at_end) return first_.tokens();
    return before_second_ + (second_.empty() ? 0 : second_.tokens());
  }
  return ending().tokens;
}

}  // namespace tokenweir::tokenizer
