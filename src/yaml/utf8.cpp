#include "yaml/utf8.h"

namespace tokenweir::yaml {
namespace {

// Length of the valid sequence at the front, or 0. The bounds of the second byte exclude overlong
// forms and surrogates (Unicode 15, table 3-7).
std::size_t sequence(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() < length || at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::size_t first_unprintable(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const bool white = c == '\t' || c == '\n' || c == '\r';
    if ((c < 0x20 && !white) || c == 0x7F) return i;
    const std::size_t length = sequence(text.substr(i));
    if (length == 0) return i;
    // C1 control characters arrive as C2 80 .. C2 9F.
    if (c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0) return i;
    i += length;
  }
  return std::string_view::npos;
}

}  // namespace tokenweir::yaml
