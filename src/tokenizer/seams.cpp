#include "tokenizer/seams.h"

#include <string>

#include "tokenizer/unicode.h"

namespace tokenweir::tokenizer {

namespace {

constexpr int kPairBits = 20;  // 128 KiB; o200k has some 25,000 pairs

}  // namespace

Seams::Seams(const TokenList& list)
    : pairs_((std::size_t{1} << kPairBits) / 64), edges_(0x10000), shift_(64 - kPairBits) {
  std::string text;
  for (const TokenList::Token& token : list.tokens) {
    text.resize(token.shared);
    text.append(list.bytes, token.offset, token.length - token.shared);
    const char* const end = text.data() + text.size();
    std::uint32_t before = 0;
    for (const char* at = text.data(); at != end;) {
      const Character next = character_at(at, end);
      if (at != text.data()) {
        // Bytes that are no characters here may be the end or the start of one in a text, so the
        // character beside them is marked instead of the pair. Other bytes side by side are parts
        // of the same character.
        const bool end_before = before >= kNotUnicode + 0x80 && before < kNotUnicode + 0xC0;
        const bool start_after = next.code >= kNotUnicode + 0xC0;
        if (start_after && before < kNotUnicode) edges_[before & 0xFFFF] |= 1;
        if (end_before && next.code < kNotUnicode) edges_[next.code & 0xFFFF] |= 2;
        if (end_before && start_after) mark_endings(text.data(), at);
        // In a text that is not UTF-8 they stand for themselves.
        const std::size_t place = place_of(before, next.code);
        pairs_[place >> 6] |= std::uint64_t{1} << (place & 63);
      }
      before = next.code;
      at += next.length;
    }
  }
  // Bytes that are not UTF-8 are never cut off: parts of tokens may match them in any grouping.
  for (std::uint32_t byte = 0x80; byte < 0x100; ++byte) edges_[(kNotUnicode + byte) & 0xFFFF] |= 3;
}

// A token joins the end of one character with the start of another and holds neither whole: no
// text is cut behind any character with that end. Such tokens are few.
void Seams::mark_endings(const char* begin, const char* end) {
  std::uint32_t bits = 0;
  std::uint32_t mask = 0;
  for (int shift = 0; end != begin && shift < 18; shift += 6) {
    const auto byte = static_cast<std::uint8_t>(*--end);
    if ((byte & 0xC0) != 0x80) break;
    bits |= (byte & 0x3Fu) << shift;
    mask |= 0x3Fu << shift;
  }
  mask &= 0xFFFF;
  for (std::uint32_t code = 0; code <= 0xFFFF; ++code) {
    if ((code & mask) == (bits & mask)) edges_[code] |= 1;
  }
}

}  // namespace tokenweir::tokenizer
