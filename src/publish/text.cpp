#include "publish/text.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace tokenweir::publish {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Length of the valid UTF-8 sequence at the front of `text`, 0 when there is none. Overlong forms,
// surrogates and code points above U+10FFFF are not valid.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

// ASCII without NUL, eight bytes at a time: nearly all text is, and every text is asked.
bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = kOnes << 7;
  std::uint64_t word = 0;
  while (text.size() >= sizeof word) {
    std::memcpy(&word, text.data(), sizeof word);
    // A borrow out of a zero byte sets its high bit; bytes above 127 have it set already.
    if (((word | (word - kOnes)) & kHighs) != 0) return false;
    text.remove_prefix(sizeof word);
  }
  return std::ranges::all_of(text, [](char c) { return c > 0; });
}

void append_unicode_escape(std::string& out, unsigned code) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u00";
  out += kHex[(code >> 4) & 15];
  out += kHex[code & 15];
}

void append_escaped_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      append_unicode_escape(out, static_cast<unsigned char>(c));
  }
}

constexpr bool is_plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

}  // namespace

bool is_storable(std::string_view text) {
  if (is_ascii(text)) return true;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0 || text.front() == '\0') return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string to_storable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = text.front() == '\0' ? 0 : sequence_length(text);
    if (length == 0) {
      out += kReplacement;
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

bool is_plain_json(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = kOnes << 7;
  const auto zeros = [](std::uint64_t word) { return (word - kOnes) & ~word; };
  std::uint64_t word = 0;
  while (text.size() >= sizeof word) {
    std::memcpy(&word, text.data(), sizeof word);
    // High bits mark bytes that are below a space, above '~', a quote or a backslash. A borrow may
    // mark a byte behind a marked one, never clear one.
    const std::uint64_t marks = (word - kOnes * 0x20) | word | (word + kOnes) |
                                zeros(word ^ (kOnes * '"')) | zeros(word ^ (kOnes * '\\'));
    if ((marks & kHighs) != 0) return false;
    text.remove_prefix(sizeof word);
  }
  return std::ranges::all_of(text, is_plain);
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = sequence_length(text);
    if (length == 1) {
      append_escaped_ascii(out, text.front());
    } else if (length == 0) {
      out += kReplacement;
    } else if (length == 2 && text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0) {
      append_unicode_escape(out, static_cast<unsigned char>(text[1]));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

void append_decimal(std::string& out, Int128 value, int decimals) {
  if (value < 0) {
    out += '-';
    value = -value;
  }
  constexpr Int128 kChunk = 1'000'000'000'000'000'000;
  std::array<char, 48> digits{};
  std::size_t count = 0;
  do {  // Least significant digit first; 64-bit division where it suffices.
    auto part = static_cast<std::uint64_t>(value % kChunk);
    value /= kChunk;
    for (int i = 0; i < 18 && (value != 0 || part != 0); ++i) {
      digits[count++] = static_cast<char>('0' + part % 10);
      part /= 10;
    }
  } while (value != 0);
  const auto places = static_cast<std::size_t>(decimals);
  while (count < places + 1) digits[count++] = '0';

  std::size_t last = 0;
  while (last < places && digits[last] == '0') ++last;
  for (std::size_t i = count; i-- > last;) {
    out += digits[i];
    if (i == places && last < places) out += '.';
  }
}

std::string_view TimeText::format(Time time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  if (day.time_since_epoch().count() != day_) {
    day_ = day.time_since_epoch().count();
    const std::string text = format_rfc3339(Time{day});
    std::memcpy(text_, text.data(), std::min(text.size(), sizeof text_));
  }
  auto left = static_cast<std::uint32_t>(floor<milliseconds>(time - day).count());
  const auto put = [&](std::size_t at, int digits) {
    for (int i = digits; i-- > 0; left /= 10) {
      text_[at + static_cast<std::size_t>(i)] = static_cast<char>('0' + left % 10);
    }
  };
  const std::uint32_t in_day = left;
  left = in_day % 1000;
  put(20, 3);
  left = in_day / 1000 % 60;
  put(17, 2);
  left = in_day / 60'000 % 60;
  put(14, 2);
  left = in_day / 3'600'000;
  put(11, 2);
  return {text_, sizeof text_};
}

}  // namespace tokenweir::publish
