#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tokenweir::tokenizer {

Result<SharedVocabulary, std::string> Vocabulary::build(VocabularyName name,
                                                        std::string_view file) {
  auto list = read_token_list(file);
  if (!list) return failure(std::move(list.error()));
  auto automaton = Automaton::build(*list);
  if (!automaton) return failure(std::move(automaton.error()));
  return SharedVocabulary(std::make_shared<const Vocabulary>(name, *list, std::move(*automaton)));
}

Vocabulary::Vocabulary(VocabularyName name, const TokenList& list, Automaton automaton)
    : name_(name), automaton_(std::move(automaton)), seams_(list), table_(list) {
  std::string text;
  for (const TokenList::Token& token : list.tokens) {
    text.resize(token.shared);
    text.append(list.bytes, token.offset, token.length - token.shared);
    if (!TokenList::is_unreachable(token)) continue;
    whole_only_.insert(text);
    longest_whole_ = std::max(longest_whole_, text.size());
  }
}

std::size_t Vocabulary::learn(const PieceKey& key) const {
  char text[16];
  std::memcpy(text, &key, 16);
  const std::size_t length = key.high >> 60;
  const std::size_t count = count_long(text, text + length);
  table_.remember(key, count);
  return count;
}

std::size_t Vocabulary::count_long(const char* begin, const char* end) const {
  const std::string_view piece(begin, static_cast<std::size_t>(end - begin));
  if (piece.size() <= longest_whole_ && whole_only_.contains(piece)) return 1;
  // Nearly every pair of ASCII characters is in some token, so there are no seams to look for.
  if (static_cast<std::uint8_t>(end[-1]) >= 0x80) return count_between_seams(begin, end);
  return automaton_.count(piece);
}

std::size_t Vocabulary::count_between_seams(const char* begin, const char* end) const {
  std::size_t total = 0;
  Character before = character_at(begin, end);
  const char* part = begin;
  const char* at = begin + before.length;
  while (true) {
    const Character next = at == end ? Character{} : character_at(at, end);
    if (at == end || seams_.between(before.code, next.code)) {
      const auto length = static_cast<std::size_t>(at - part);
      const bool whole = part == begin && at == end;
      std::size_t tokens = 0;
      if (length <= kLongestKey && !whole && whole_only_.empty()) {
        const PieceKey key = PieceKey::of(part, length);
        tokens = table_.find(key);
        if (tokens == 0) {
          tokens = automaton_.count({part, length});
          table_.remember(key, tokens);
        }
      } else {
        tokens = automaton_.count({part, length});
      }
      total += tokens;
      if (at == end) return total;
      part = at;
    }
    before = next;
    at += next.length;
  }
}

}  // namespace tokenweir::tokenizer
