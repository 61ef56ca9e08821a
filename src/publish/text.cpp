#include "publish/text.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/text.h"

namespace tokenweir::publish {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

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

}  // namespace

bool is_storable(std::string_view text) {
  if (is_ascii(text)) return true;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0 || text.front() == '\0') return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string to_storable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = text.front() == '\0' ? 0 : utf8_length(text);
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
