// Character classes of UTF-8 text as the vocabularies' patterns use them (Unicode 16.0, which is
// what the encoders of 2026 carry; later versions only assign new characters).
#pragma once

#include <cstdint>

namespace tokenweir::tokenizer {

// Bits of a class. Zero: control, format, unassigned, or a byte that is not UTF-8.
inline constexpr std::uint8_t kUpper = 1;     // Lu, Lt
inline constexpr std::uint8_t kLower = 2;     // Ll
inline constexpr std::uint8_t kLetter = 4;    // Lm, Lo: letters without case
inline constexpr std::uint8_t kMark = 8;      // M
inline constexpr std::uint8_t kNumber = 16;   // N
inline constexpr std::uint8_t kSpace = 32;    // White_Space
inline constexpr std::uint8_t kNewline = 64;  // CR and LF, which are kSpace too
inline constexpr std::uint8_t kSymbol = 128;  // P, S
inline constexpr std::uint8_t kAnyLetter = kUpper | kLower | kLetter;

// Two stages: the block of 128 characters a code point is in, then its place there.
extern const std::uint8_t kClassBlock[0x110000 / 128];
extern const std::uint8_t kClassOf[][128];

struct Character {
  std::uint32_t code = 0;
  std::uint8_t kind = 0;    // class bits
  std::uint8_t length = 0;  // bytes, 1 for a byte that is not UTF-8
  bool cut = false;         // the text ended inside what may become a longer character
};

[[nodiscard]] inline std::uint8_t class_of(std::uint32_t code) {
  return kClassOf[kClassBlock[code >> 7]][code & 127];
}

// A code for bytes that are not UTF-8, outside Unicode so that no character is mistaken for one.
inline constexpr std::uint32_t kNotUnicode = 0x110000;

// Any character, any bytes; see character_at.
[[nodiscard]] Character decode(const char* at, const char* end);

// Reads the character at `at`; there is at least one byte.
[[nodiscard, gnu::always_inline]] inline Character character_at(const char* at, const char* end) {
  const auto byte = [at](int i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(at[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, kClassOf[kClassBlock[0]][lead], 1, false};
  // The most common kinds here, the others and whatever is wrong out of line.
  if (end - at >= 3) {
    const std::uint32_t second = byte(1) ^ 0x80;
    const std::uint32_t third = byte(2) ^ 0x80;
    if (lead - 0xE1 < 0xED - 0xE1 && (second | third) < 0x40) {
      const std::uint32_t code = (lead & 0x0F) << 12 | second << 6 | third;
      return {code, class_of(code), 3, false};
    }
    if (lead - 0xC2 < 0xE0 - 0xC2 && second < 0x40) {
      const std::uint32_t code = (lead & 0x1F) << 6 | second;
      return {code, class_of(code), 2, false};
    }
  }
  return decode(at, end);
}

}  // namespace tokenweir::tokenizer
