// Character classes of RFC 9110 §5.6.2 and RFC 3986 as one lookup table, and a fast test for the
// control bytes that no field value may hold.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tokenweir::http {

enum CharacterClass : std::uint8_t {
  kTokenCharacter = 1,   // tchar
  kHostCharacter = 2,    // letters, digits, "-._~": names and IPv4 addresses
  kPathCharacter = 4,    // what may stand in a path, "%" included
  kQueryCharacter = 8,   // the same for a query, which clients escape less
  kValueCharacter = 16,  // HTAB, SP, VCHAR, obs-text
  kHexDigit = 32,
  kDigit = 64,
  kAlphanumeric = 128,
};

namespace detail {

constexpr std::array<std::uint8_t, 256> make_character_table() {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&table](std::string_view characters, int classes) {
    for (const char c : characters) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | classes);
    }
  };
  const int everywhere =
      kTokenCharacter | kHostCharacter | kPathCharacter | kQueryCharacter | kAlphanumeric;
  mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", everywhere);
  mark("0123456789", everywhere | kHexDigit | kDigit);
  mark("abcdefABCDEF", kHexDigit);
  mark("-._~", kHostCharacter | kPathCharacter | kQueryCharacter);
  mark("!#$%&'*+-.^_`|~", kTokenCharacter);
  mark("/%!$&'()*+,;=:@", kPathCharacter | kQueryCharacter);
  // Outside the URI grammar, yet browsers and URL libraries send these raw.
  mark("[]|^", kPathCharacter | kQueryCharacter);
  mark("?{}`", kQueryCharacter);
  for (int c = 0x20; c < 0x100; ++c) {
    auto& entry = table[static_cast<std::size_t>(c)];
    if (c != 0x7f) entry = static_cast<std::uint8_t>(entry | kValueCharacter);
  }
  mark("\t", kValueCharacter);
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharacters = make_character_table();

}  // namespace detail

constexpr bool is(char character, CharacterClass wanted) {
  return (detail::kCharacters[static_cast<unsigned char>(character)] & wanted) != 0;
}

constexpr bool all_are(std::string_view text, CharacterClass wanted) {
  for (const char c : text) {
    if (!is(c, wanted)) return false;
  }
  return true;
}

constexpr bool is_blank(char character) { return character == ' ' || character == '\t'; }

constexpr char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character | 0x20) : character;
}

// First byte that is neither HTAB, SP, VCHAR nor obs-text, or the end. Eight bytes a step: the bit
// tricks mark bytes below 0x20 and 0x7f, exactly so for the first one marked.
inline const char* find_control(const char* cursor, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = kOnes * 0x80;
  while (end - cursor >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, cursor, 8);
    const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
    const std::uint64_t flipped = word ^ (kOnes * 0x7f);
    const std::uint64_t is_delete = (flipped - kOnes) & ~flipped;
    const std::uint64_t marks = (below_space | is_delete) & kHighBits;
    if (marks == 0) {
      cursor += 8;
      continue;
    }
    if constexpr (std::endian::native == std::endian::little) {
      cursor += static_cast<unsigned>(std::countr_zero(marks)) / 8;
      if (*cursor != '\t') return cursor;
      ++cursor;
    } else {
      break;
    }
  }
  while (cursor != end && is(*cursor, kValueCharacter)) ++cursor;
  return cursor;
}

// First byte that is no tchar, or the end. Letters and hyphens, which make up nearly every name, go
// eight at a time (each mark is exact: no sum carries into the next byte); the table judges others.
inline const char* find_token_end(const char* cursor, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = kOnes * 0x80;
  if constexpr (std::endian::native == std::endian::little) {
    while (end - cursor >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, cursor, 8);
      const std::uint64_t low = (word | kOnes * 0x20) & ~kHighBits;
      const std::uint64_t letters =
          (low + kOnes * (0x80 - 'a')) & ~(low + kOnes * (0x80 - 'z' - 1)) & ~word;
      const std::uint64_t flipped = word ^ (kOnes * '-');
      const std::uint64_t no_hyphen = ((flipped & ~kHighBits) + ~kHighBits) | flipped;
      const std::uint64_t others = no_hyphen & ~letters & kHighBits;
      if (others == 0) {
        cursor += 8;
        continue;
      }
      cursor += static_cast<unsigned>(std::countr_zero(others)) / 8;
      if (!is(*cursor, kTokenCharacter)) return cursor;
      ++cursor;
    }
  }
  while (cursor != end && is(*cursor, kTokenCharacter)) ++cursor;
  return cursor;
}

inline bool is_field_value(std::string_view value) {
  const char* const end = value.data() + value.size();
  return find_control(value.data(), end) == end;
}

}  // namespace tokenweir::http
