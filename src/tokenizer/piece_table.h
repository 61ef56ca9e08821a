// Token counts of short pieces: filled with the vocabulary at start, then with what texts bring.
//
// Keys are the pieces themselves, so there are no collisions to be wrong about. An entry is 16
// bytes: up to 15 of text, zero padded, then length and count in half a byte each; four entries
// fill a cache line. Threads share the table without locks: an entry is read and written as one
// aligned 16-byte vector access, which processors with AVX perform in one go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "tokenizer/token_list.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define TOKENWEIR_X86 1
#endif

namespace tokenweir::tokenizer {

inline constexpr std::size_t kLongestKey = 15;

struct alignas(16) PieceKey {
  PieceKey() = default;
  PieceKey(std::uint64_t low_half, std::uint64_t high_half) : low(low_half), high(high_half) {}

  std::uint64_t low = 0;
  std::uint64_t high = 0;  // the top byte is length * 16

  // Reads no byte outside [begin, begin + length).
  [[nodiscard]] static PieceKey of(const char* begin, std::size_t length) {
    PieceKey key;
    // Two loads that may overlap, instead of a copy of unknown length.
    if (length >= 8) {
      key.low = load<std::uint64_t>(begin);
      const int spare = static_cast<int>(16 - length) * 8;
      key.high = spare < 64 ? load<std::uint64_t>(begin + length - 8) >> spare : 0;
    } else if (length >= 4) {
      const std::uint64_t end = load<std::uint32_t>(begin + length - 4);
      key.low = load<std::uint32_t>(begin) | end << ((length - 4) * 8);
    } else if (length > 0) {
      const std::uint64_t middle = load<std::uint8_t>(begin + length / 2);
      const std::uint64_t end = load<std::uint8_t>(begin + length - 1);
      key.low = load<std::uint8_t>(begin) | middle << (length / 2 * 8) | end << ((length - 1) * 8);
    }
    key.high |= static_cast<std::uint64_t>(length) << 60;
    return key;
  }
  friend bool operator==(const PieceKey&, const PieceKey&) = default;

 private:
  template <typename Word>
  [[nodiscard]] static Word load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof(word));
    return word;
  }
};

class PieceTable {
 public:
  static constexpr std::uint64_t kCountMask = std::uint64_t{15} << 56;

  explicit PieceTable(const TokenList& list);

  // Buckets are chosen by the top bits of a sum of products; equal for equal pieces, nothing more.
  [[nodiscard]] std::size_t bucket_of(const PieceKey& key) const {
    return static_cast<std::size_t>(
        (key.low * 0x9E3779B97F4A7C15u + key.high * 0xC2B2AE3D27D4EB4Fu) >> shift_);
  }
  [[nodiscard]] const void* bucket(std::size_t index) const { return entries_.get() + index * 4; }

  // Tokens of the piece, or 0 when it is not known.
  [[nodiscard]] std::size_t find(const PieceKey& key) const;
  // Remembers a count of 1 to 15 where this processor can do so safely.
  void remember(const PieceKey& key, std::size_t count) const;

  [[nodiscard]] std::size_t memory() const { return buckets_ * 64; }

  // Whether entries may be changed while others read them (decided once per process).
  [[nodiscard]] static bool can_learn();

 private:
  struct Free {
    void operator()(PieceKey* entries) const;
    std::size_t bytes;
  };
  [[nodiscard]] static PieceKey read(const PieceKey* entry);
  void insert(const PieceKey& key, std::size_t count);

  std::size_t buckets_ = 0;
  int shift_ = 0;
  std::unique_ptr<PieceKey[], Free> entries_{nullptr, Free{0}};
};

inline PieceKey PieceTable::read(const PieceKey* entry) {
#ifdef TOKENWEIR_X86
  __m128i value;
  asm volatile("movdqa %1, %0" : "=x"(value) : "m"(*entry));
  return {static_cast<std::uint64_t>(_mm_cvtsi128_si64(value)),
          static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(value, value)))};
#else
  return *entry;
#endif
}

inline std::size_t PieceTable::find(const PieceKey& key) const {
  const PieceKey* entry = entries_.get() + bucket_of(key) * 4;
  for (int way = 0; way < 4; ++way, ++entry) {
    const PieceKey found = read(entry);
    if (found.low == key.low && (found.high & ~kCountMask) == key.high) {
      return (found.high & kCountMask) >> 56;
    }
  }
  return 0;
}

}  // namespace tokenweir::tokenizer
