#include "tokenizer/unicode.h"

namespace tokenweir::tokenizer {

Character decode(const char* at, const char* end) {
  const auto byte = [at](int i) { return static_cast<std::uint8_t>(at[i]); };
  const auto continues = [&](int i) { return (byte(i) & 0xC0) == 0x80; };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, kClassOf[kClassBlock[0]][lead], 1, false};
  const auto left = end - at;
  const auto other = [&](bool cut) { return Character{kNotUnicode + lead, 0, 1, cut}; };
  if (lead < 0xC2 || lead > 0xF4) return other(false);
  if (left < 2) return other(true);
  if (lead < 0xE0) {
    if (!continues(1)) return other(false);
    const std::uint32_t code = (lead & 0x1Fu) << 6 | (byte(1) & 0x3Fu);
    return {code, class_of(code), 2, false};
  }
  // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  const std::uint8_t second = byte(1);
  if (lead < 0xF0) {
    const std::uint8_t least = lead == 0xE0 ? 0xA0 : 0x80;
    const std::uint8_t most = lead == 0xED ? 0x9F : 0xBF;
    if (second < least || second > most) return other(false);
    if (left < 3) return other(true);
    if (!continues(2)) return other(false);
    const std::uint32_t code = (lead & 0x0Fu) << 12 | (second & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    return {code, class_of(code), 3, false};
  }
  const std::uint8_t least = lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t most = lead == 0xF4 ? 0x8F : 0xBF;
  if (second < least || second > most) return other(false);
  if (left < 3) return other(true);
  if (!continues(2)) return other(false);
  if (left < 4) return other(true);
  if (!continues(3)) return other(false);
  const std::uint32_t code =
      (lead & 0x07u) << 18 | (second & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
  return {code, class_of(code), 4, false};
}

}  // namespace tokenweir::tokenizer
