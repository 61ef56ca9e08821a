// The text behind a raw JSON string.
#include <algorithm>

#include "stream/json_extractor.h"

namespace tokenweir::stream {

namespace {

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// The four digits at the start of `text`, or -1.
int hex_quad(std::string_view text) {
  if (text.size() < 4) return -1;
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// Appends what the \u escape at the start of `rest` (behind the "u") means, and says how many bytes
// of `rest` it took; 0 when it is malformed.
std::size_t append_unicode_escape(std::string_view rest, std::string& out) {
  const int first = hex_quad(rest);
  if (first < 0) return 0;
  const auto high = static_cast<std::uint32_t>(first);
  if (high >= 0xD800 && high <= 0xDBFF && rest.substr(4).starts_with("\\u")) {
    const int second = hex_quad(rest.substr(6));
    if (second >= 0xDC00 && second <= 0xDFFF) {
      append_utf8(0x10000 + ((high - 0xD800) << 10) + (static_cast<std::uint32_t>(second) - 0xDC00),
                  out);
      return 10;
    }
  }
  append_utf8(high, out);
  return 4;
}

char simple_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return letter;
  }
}

}  // namespace

std::string string_value(std::string_view raw, std::size_t limit) {
  if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') return {};
  std::string_view rest = raw.substr(1, raw.size() - 2);
  std::string out;
  while (!rest.empty()) {
    const std::size_t before = out.size();
    const std::size_t plain = std::min(rest.find('\\'), rest.size());
    if (plain > 0) {
      out.append(rest.substr(0, plain));
      rest.remove_prefix(plain);
    } else {
      if (rest.size() < 2) return {};
      const char letter = rest[1];
      rest.remove_prefix(2);
      if (letter == 'u') {
        const std::size_t taken = append_unicode_escape(rest, out);
        if (taken == 0) return {};
        rest.remove_prefix(taken);
      } else {
        out.push_back(simple_escape(letter));
      }
    }
    if (out.size() > limit) {
      // Never cut inside a character: step back over continuation bytes.
      std::size_t keep = std::max(limit, before);
      if (out.size() > keep) {
        while (keep > before && (static_cast<unsigned char>(out[keep]) & 0xC0) == 0x80) --keep;
      }
      out.resize(std::min(keep, out.size()));
      return out;
    }
  }
  return out;
}

}  // namespace tokenweir::stream
