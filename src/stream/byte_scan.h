// The inner loops of the decoders: find the next byte that matters, sixteen at a time. SSE2 is part
// of every x86-64; elsewhere the plain loops behind it do all the work.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tokenweir::stream {

#if defined(__SSE2__)
namespace detail {
inline __m128i load16(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
inline int first_set(int mask) { return __builtin_ctz(static_cast<unsigned>(mask)); }
}  // namespace detail
#endif

// What JSON takes for white space.
inline bool is_white_space(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

// The first quote, backslash or control byte (below 0x20) of a JSON string, or `end`. Sets
// `non_ascii` when bytes above 0x7F may lie before it.
inline const char* find_string_special(const char* at, const char* end, bool& non_ascii) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1F);
  int high = 0;
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = detail::load16(at);
    const __m128i special =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    high |= _mm_movemask_epi8(bytes);
    const int mask = _mm_movemask_epi8(special);
    if (mask == 0) continue;
    if (high != 0) non_ascii = true;
    return at + detail::first_set(mask);
  }
  if (high != 0) non_ascii = true;
#endif
  for (; at != end; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '"' || byte == '\\' || byte < 0x20) return at;
    if (byte >= 0x80) non_ascii = true;
  }
  return end;
}

// The first CR or LF, or `end`.
inline const char* find_line_end(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = detail::load16(at);
    const int mask =
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, cr), _mm_cmpeq_epi8(bytes, lf)));
    if (mask != 0) return at + detail::first_set(mask);
  }
#endif
  while (at != end && *at != '\r' && *at != '\n') ++at;
  return at;
}

// The first byte above 0x7F, or `end`.
inline const char* skip_ascii(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16) {
    const int mask = _mm_movemask_epi8(detail::load16(at));
    if (mask != 0) return at + detail::first_set(mask);
  }
#endif
  while (at != end && static_cast<unsigned char>(*at) < 0x80) ++at;
  return at;
}

}  // namespace tokenweir::stream
