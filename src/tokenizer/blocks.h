// Finds the starts of pieces in plain ASCII text, 64 bytes at a time, by arithmetic on bit masks
// (bit i stands for byte i). Works from a place where a piece is known to start, and says only what
// nothing beyond the block can change.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tokenizer/grammar.h"
#include "tokenizer/piece_table.h"

#ifdef TOKENWEIR_X86

#define TOKENWEIR_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

namespace tokenweir::tokenizer {

// Bytes that must be readable from the start of a block.
inline constexpr std::ptrdiff_t kBlock = 64;

struct BlockClasses {
  std::uint64_t letters = 0, upper = 0, digits = 0;
  std::uint64_t blanks = 0;    // the space character
  std::uint64_t tabs = 0;      // other white space within a line
  std::uint64_t newlines = 0;  // CR, LF
  std::uint64_t others = 0;    // bytes of characters that are not ASCII
};

TOKENWEIR_AVX2 inline std::uint64_t bits(__m256i mask) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(mask));
}

// x in [low, low + n): the range is moved to the bottom of the signed bytes, then one comparison.
TOKENWEIR_AVX2 inline __m256i within(__m256i x, char low, int n) {
  const __m256i moved = _mm256_sub_epi8(x, _mm256_set1_epi8(static_cast<char>(low + 128)));
  return _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(-128 + n)), moved);
}

TOKENWEIR_AVX2 inline std::uint64_t bits_equal(__m256i bytes, char c) {
  return bits(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c)));
}

TOKENWEIR_AVX2 inline BlockClasses classes_of(const char* at) {
  std::uint64_t letters = 0, upper = 0, digits = 0, blanks = 0, spaces = 0, newlines = 0,
                others = 0;
  for (int half = 0; half < 2; ++half) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32 * half));
    const __m256i alphabetic = within(_mm256_or_si256(bytes, _mm256_set1_epi8(0x20)), 'a', 26);
    // Bit 5 tells small letters from capitals; shifted up it is where movemask looks.
    const __m256i small = _mm256_slli_epi16(bytes, 2);
    const int shift = 32 * half;
    letters |= bits(alphabetic) << shift;
    upper |= bits(_mm256_andnot_si256(small, alphabetic)) << shift;
    digits |= bits(within(bytes, '0', 10)) << shift;
    blanks |= bits_equal(bytes, ' ') << shift;
    spaces |= bits(within(bytes, '\t', 5)) << shift;
    newlines |= (bits_equal(bytes, '\n') | bits_equal(bytes, '\r')) << shift;
    others |= bits(bytes) << shift;
  }
  return {letters, upper, digits, blanks, spaces & ~newlines, newlines, others};
}

// Start bits of the block at `at`, bit 0 among them; only bits that are certain. Needs kBlock
// readable bytes and text going on after them.
template <Grammar kGrammar>
TOKENWEIR_AVX2 inline std::uint64_t starts_in_block(const char* at) {
  const BlockClasses is = classes_of(at);
  const int limit = static_cast<int>(_tzcnt_u64(is.others));  // 64 when all is ASCII
  const std::uint64_t known = _bzhi_u64(~std::uint64_t{0}, static_cast<unsigned>(limit));
  const std::uint64_t inner = is.blanks | is.tabs;
  const std::uint64_t space = inner | is.newlines;
  const std::uint64_t punctuation = ~(is.letters | is.digits | space | is.others);
  const std::uint64_t small = is.letters & ~is.upper;
  // The start of a run of punctuation, unless a blank leads it.
  const std::uint64_t signs = punctuation & ~(punctuation << 1 | is.blanks << 1);

  // Certain: nothing that looks beyond the ASCII part, and no white space that touches its end.
  int certain = limit - 2;
  const std::uint64_t solid = ~space & known;
  if (limit > 0 && (space >> (limit - 1) & 1) != 0) {
    certain = std::min(certain, 65 - static_cast<int>(_lzcnt_u64(solid)));
  }

  std::uint64_t starts = signs;
  if constexpr (kGrammar.newline_rule) {
    // Line ends right after punctuation belong to it: let a carry run through them.
    const std::uint64_t tail = is.newlines & ~(is.newlines + (is.newlines & punctuation << 1));
    const std::uint64_t breaks = is.newlines & ~tail;
    if constexpr (kGrammar.tail_slashes) {
      std::uint64_t behind = tail << 1 & punctuation;
      for (; behind != 0; behind = _blsr_u64(behind)) {
        const int i = static_cast<int>(_tzcnt_u64(behind));
        if (at[i] == '/') {
          certain = std::min(certain, i);  // it may belong to the piece before
          break;
        }
      }
    }
    // Runs of blanks and tabs that a line end follows are not cut off from a line end before them.
    const std::uint64_t run_starts = inner & ~(inner << 1);
    const std::uint64_t run_ends = (inner + run_starts) & ~inner;
    const std::uint64_t before_newline =
        _pdep_u64(_pext_u64(run_ends & is.newlines, run_ends), run_starts);
    starts |= run_starts & ~(breaks << 1 & before_newline);
    starts |= (run_ends & ~is.newlines) >> 1;  // the last of a run goes with what follows
    starts |= breaks & ~(breaks << 1 | inner << 1);
  } else {
    const std::uint64_t run_starts = space & ~(space << 1);
    const std::uint64_t run_ends = (space + run_starts) & ~space;
    starts |= run_starts | run_ends >> 1;
  }

  if constexpr (kGrammar.digits == 0) {
    starts |= is.digits & ~(is.digits << 1 | is.blanks << 1);
  } else if constexpr (kGrammar.digits == 1) {
    starts |= is.digits;
  } else {
    std::uint64_t group = is.digits & ~(is.digits << 1);
    const std::uint64_t third = is.digits & is.digits << 1 & is.digits << 2 & is.digits << 3;
    while (group != 0) {
      starts |= group;
      group = group << 3 & third;
    }
  }

  const std::uint64_t prefix = kGrammar.any_prefix ? inner | signs : is.blanks;
  starts |= is.letters & ~(is.letters << 1 | prefix << 1);
  if constexpr (kGrammar.cased_words) starts |= is.upper & small << 1;

  if constexpr (kGrammar.contractions != Contractions::none) {
    constexpr bool kSuffix = kGrammar.contractions == Contractions::suffix;
    constexpr bool kExact = kGrammar.contractions == Contractions::leading_exact;
    // Punctuation between two letters, or before one: few, so they are looked at one by one.
    std::uint64_t candidates =
        signs & is.letters >> 1 & known & (kSuffix ? is.letters << 1 : ~std::uint64_t{0});
    int past = -1;  // the end of the contraction before
    for (; candidates != 0; candidates = _blsr_u64(candidates)) {
      const int i = static_cast<int>(_tzcnt_u64(candidates));
      if (i >= certain || at[i] != '\'' || (kSuffix && i == past)) continue;
      bool cut = false;
      const int length = contraction_at<kExact>(at + i, at + kBlock, cut);
      if (length == 0) continue;
      past = i + length;
      starts &= ~(std::uint64_t{kSuffix ? 7u : 6u} << i &
                  _bzhi_u64(~std::uint64_t{0}, static_cast<unsigned>(past)));
      if (past < 64) starts |= std::uint64_t{1} << past;
    }
  }
  if (certain <= 0) return 1;
  return (starts | 1) & _bzhi_u64(~std::uint64_t{0}, static_cast<unsigned>(certain));
}

}  // namespace tokenweir::tokenizer

#endif
