// Keys without their case, as Go's JSON decoder compares them. Private to stream/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tokenweir::stream {

// The next letter of a key, folded; `at` moves past it. Go folds two letters beyond ASCII into it:
// long s and the Kelvin sign.
inline char next_folded(std::string_view key, std::size_t& at) {
  const char byte = key[at];
  if (byte >= 'A' && byte <= 'Z') {
    ++at;
    return static_cast<char>(byte - 'A' + 'a');
  }
  if (byte == '\xC5' && key.substr(at).starts_with("\xC5\xBF")) {
    at += 2;
    return 's';
  }
  if (byte == '\xE2' && key.substr(at).starts_with("\xE2\x84\xAA")) {
    at += 3;
    return 'k';
  }
  ++at;
  return byte;
}

// One of 32 bits for a key's first letter, the same in either case.
inline std::uint32_t initial_bit(char letter) {
  return std::uint32_t{1} << (static_cast<unsigned char>(letter) & 31U);
}

// Equal for ASCII keys that are equal but for their case; above that of every key.
inline constexpr std::uint16_t kNoSignature = 0xFFFF;
inline std::uint16_t signature_of(std::string_view key) {
  const unsigned initial = static_cast<unsigned char>(key.front()) & 31U;
  const auto length = static_cast<unsigned>(key.size() < 255 ? key.size() : 255);
  return static_cast<std::uint16_t>(initial << 8 | length);
}

inline std::string folded_key(std::string_view key) {
  std::string out;
  for (std::size_t at = 0; at < key.size();) out.push_back(next_folded(key, at));
  return out;
}

inline bool equals_folded(std::string_view folded, std::string_view key) {
  std::size_t at = 0;
  for (const char wanted : folded) {
    if (at >= key.size() || next_folded(key, at) != wanted) return false;
  }
  return at == key.size();
}

}  // namespace tokenweir::stream
