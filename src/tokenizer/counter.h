// Adds up the pieces of a text. Pieces are collected and looked up in batches, so that the memory
// they need is on its way while the next ones are found.
#pragma once

#include <cstddef>
#include <cstring>

#include "tokenizer/blocks.h"
#include "tokenizer/vocabulary.h"

namespace tokenweir::tokenizer {

// How a text that may go on is counted: up to its first piece that more text could change.
struct Closed {
  std::size_t tokens = 0;
  const char* stop = nullptr;  // the end of the text when it is taken as complete
};

// One piece after the other, for any processor.
template <typename Scan>
[[nodiscard]] Closed count_plainly(const Vocabulary& vocabulary, const char* at, const char* end,
                                   bool complete) {
  std::size_t total = 0;
  bool open = false;
  while (at != end) {
    const char* next = Scan(at, end).next(open);
    if (open && !complete) break;
    total += vocabulary.count_piece(at, next);
    at = next;
  }
  return {total, at};
}

#ifdef TOKENWEIR_X86

// The bytes below a length, and the length where a key has it.
struct KeyMasks {
  alignas(16) unsigned char keep[16][16] = {};
  alignas(16) unsigned char tag[16][16] = {};
  constexpr KeyMasks() {
    for (unsigned length = 0; length < 16; ++length) {
      for (unsigned i = 0; i < length; ++i) keep[length][i] = 0xFF;
      tag[length][15] = static_cast<unsigned char>(length << 4);
    }
  }
};
inline constexpr KeyMasks kKeyMasks;

class Batch {
 public:
  explicit Batch(const Vocabulary& vocabulary)
      : vocabulary_(vocabulary), table_(vocabulary.table()) {}

  // A piece of at most kLongestKey bytes behind which at least 16 bytes of text are readable.
  TOKENWEIR_AVX2 void add(const char* begin, std::size_t length) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    add(_mm_or_si128(_mm_and_si128(text, mask(kKeyMasks.keep[length])),
                     mask(kKeyMasks.tag[length])));
  }
  TOKENWEIR_AVX2 void add_key(const PieceKey& key) {
    add(_mm_load_si128(reinterpret_cast<const __m128i*>(&key)));
  }
  void add_tokens(std::size_t tokens) { total_ += tokens; }

  // A piece that is not ASCII, cut at its seams; at least 16 bytes of text are readable behind it.
  TOKENWEIR_AVX2 void add_parts(const char* begin, const char* end);

  TOKENWEIR_AVX2 bool full() const { return size_ > kCapacity - kMostPerBlock; }
  TOKENWEIR_AVX2 void flush();
  [[nodiscard]] std::size_t total() const { return total_; }

 private:
  static constexpr std::size_t kMostPerBlock = 64;
  static constexpr std::size_t kCapacity = 160;

  TOKENWEIR_AVX2 static __m128i mask(const unsigned char* from) {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(from));
  }

  TOKENWEIR_AVX2 void add(__m128i key) {
    Waiting& waiting = waiting_[size_++];
    _mm_store_si128(reinterpret_cast<__m128i*>(waiting.key), key);
    const PieceKey words{static_cast<std::uint64_t>(_mm_cvtsi128_si64(key)),
                         static_cast<std::uint64_t>(_mm_extract_epi64(key, 1))};
    waiting.bucket = table_.bucket(table_.bucket_of(words));
    _mm_prefetch(static_cast<const char*>(waiting.bucket), _MM_HINT_T0);
  }

  // Without initial values: a batch lives on the stack of every call.
  struct Waiting {
    alignas(16) std::uint64_t key[2];
    const void* bucket;
  };
  const Vocabulary& vocabulary_;
  const PieceTable& table_;
  std::size_t size_ = 0;
  std::size_t total_ = 0;
  Waiting waiting_[kCapacity];
};

// An entry is loaded as one 16-byte access (see PieceTable); the pair is only joined in a register.
TOKENWEIR_AVX2 inline __m256i load_entries(const void* at) {
  const auto* entries = static_cast<const __m128i*>(at);
  __m128i first;
  __m256i both;
  asm volatile("vmovdqa %1, %0" : "=x"(first) : "m"(entries[0]));
  asm volatile("vinserti128 $1, %2, %t1, %0" : "=x"(both) : "x"(first), "m"(entries[1]));
  return both;
}

// The entry that has the key, or zeros.
TOKENWEIR_AVX2 inline __m256i matching(__m256i entries, __m256i key) {
  constexpr auto kText = static_cast<long long>(~PieceTable::kCountMask);
  const __m256i text = _mm256_and_si256(entries, _mm256_set_epi64x(kText, -1, kText, -1));
  const __m256i same = _mm256_cmpeq_epi64(text, key);
  const __m256i swapped = _mm256_shuffle_epi32(same, 0x4E);
  return _mm256_and_si256(_mm256_and_si256(same, swapped), entries);
}

TOKENWEIR_AVX2 inline void Batch::flush() {
  std::size_t total = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const Waiting& waiting = waiting_[i];
    const __m256i key =
        _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(waiting.key)));
    const char* bucket = static_cast<const char*>(waiting.bucket);
    const __m256i found = _mm256_or_si256(matching(load_entries(bucket), key),
                                          matching(load_entries(bucket + 32), key));
    const __m128i one =
        _mm_or_si128(_mm256_castsi256_si128(found), _mm256_extracti128_si256(found, 1));
    const auto top = static_cast<std::uint64_t>(_mm_extract_epi64(one, 1));
    if (__builtin_expect(top == 0, 0)) {
      total += vocabulary_.learn(PieceKey{waiting.key[0], waiting.key[1]});
    } else {
      total += top >> 56 & 15;
    }
  }
  total_ += total;
  size_ = 0;
}

TOKENWEIR_AVX2 inline void Batch::add_parts(const char* begin, const char* end) {
  const Seams& seams = vocabulary_.seams();
  const char* part = begin;
  Character before = character_at(begin, end);
  for (const char* at = begin + before.length;;) {
    const Character next = at == end ? Character{} : character_at(at, end);
    if (at == end || seams.between(before.code, next.code)) {
      const auto length = static_cast<std::size_t>(at - part);
      if (length <= kLongestKey) {
        add(part, length);
      } else {
        add_tokens(vocabulary_.automaton().count({part, length}));
      }
      if (at == end) return;
      if (full()) flush();
      part = at;
    }
    before = next;
    at += next.length;
  }
}

template <Grammar kGrammar>
TOKENWEIR_AVX2 Closed count_in_blocks(const Vocabulary& vocabulary, const char* at, const char* end,
                                      bool complete) {
  Batch batch(vocabulary);
  const bool parts = vocabulary.may_look_up_parts();
  bool open = false;
  while (at != end) {
    if (end - at >= kBlock + 16 && static_cast<signed char>(at[0]) >= 0 &&
        static_cast<signed char>(at[1]) >= 0) {
      std::uint64_t starts = starts_in_block<kGrammar>(at);
      if (starts != 1) {
        unsigned from = 0;
        starts = _blsr_u64(starts);
        do {
          const auto to = static_cast<unsigned>(_tzcnt_u64(starts));
          starts = _blsr_u64(starts);
          const std::size_t length = to - from;
          if (__builtin_expect(length <= kLongestKey, 1)) {
            batch.add(at + from, length);
          } else {
            batch.add_tokens(vocabulary.count_long(at + from, at + to));
          }
          from = to;
        } while (starts != 0);
        at += from;
        if (batch.full()) batch.flush();
        continue;
      }
    }
    const char* next = Scanner<kGrammar>(at, end).next(open);
    if (open && !complete) break;
    const auto length = static_cast<std::size_t>(next - at);
    if (length > kLongestKey) {
      if (static_cast<signed char>(next[-1]) < 0 && end - next >= 16 && parts) {
        batch.add_parts(at, next);
      } else {
        batch.add_tokens(vocabulary.count_long(at, next));
      }
    } else if (end - at >= 16) {
      batch.add(at, length);
    } else {
      batch.add_key(PieceKey::of(at, length));
    }
    if (batch.full()) batch.flush();
    at = next;
  }
  batch.flush();
  return {batch.total(), at};
}

[[nodiscard]] inline bool has_block_instructions() {
  static const bool has = __builtin_cpu_supports("avx2") != 0 &&
                          __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
  return has;
}

#endif

// Below this a batch does not pay.
inline constexpr std::ptrdiff_t kShortText = 2 * kBlock;

template <Grammar kGrammar>
[[nodiscard]] Closed count_text(const Vocabulary& vocabulary, const char* begin, const char* end,
                                bool complete) {
#ifdef TOKENWEIR_X86
  if (end - begin >= kShortText && has_block_instructions()) {
    return count_in_blocks<kGrammar>(vocabulary, begin, end, complete);
  }
#endif
  return count_plainly<Scanner<kGrammar>>(vocabulary, begin, end, complete);
}

// Counts with the grammar of the vocabulary; the text is in the vocabulary's normal form.
[[nodiscard]] Closed count_normal(const Vocabulary& vocabulary, std::string_view text,
                                  bool complete);

}  // namespace tokenweir::tokenizer
