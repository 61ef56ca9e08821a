// Character classes of RFC 9110 §5.6.2 and RFC 3986 as one lookup table, and a fast test for the
// control bytes that no field value may hold.
#pragma once

#include <array>
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

// True when every byte may stand in a field value. Eight bytes a step: the bit tricks find a byte
// below 0x20 or equal to 0x7f, and only a word with such a byte (it may be a tab) is looked at
// closely.
inline bool is_field_value(std::string_view value) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = kOnes * 0x80;
  const char* cursor = value.data();
  std::size_t left = value.size();
  for (; left >= 8; cursor += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, cursor, 8);
    const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
    const std::uint64_t delete_bytes = word ^ (kOnes * 0x7f);
    const std::uint64_t is_delete = (delete_bytes - kOnes) & ~delete_bytes;
    if (((below_space | is_delete) & kHighBits) != 0 &&
        !all_are(std::string_view(cursor, 8), kValueCharacter)) {
      return false;
    }
  }
  return all_are(std::string_view(cursor, left), kValueCharacter);
}

}  // namespace tokenweir::http
