#include "tokenizer/piece_table.h"

#include <sys/mman.h>

#include <bit>
#include <new>
#include <string>

namespace tokenweir::tokenizer {

namespace {

// Huge pages matter: a lookup is one random access, and small pages would make it two.
constexpr std::size_t kHugePage = 2u << 20;

}  // namespace

bool PieceTable::can_learn() {
#ifdef TOKENWEIR_X86
  static const bool able = __builtin_cpu_supports("avx") != 0;
  return able;
#else
  return false;
#endif
}

void PieceTable::Free::operator()(PieceKey* entries) const { ::munmap(entries, bytes); }

PieceTable::PieceTable(const TokenList& list) {
  // A third full with the vocabulary alone, so that learned pieces seldom push its tokens out.
  buckets_ = std::bit_ceil(list.tokens.size() * 5 / 2) / 4;
  if (buckets_ < 1024) buckets_ = 1024;
  shift_ = 64 - std::countr_zero(buckets_);
  const std::size_t bytes = buckets_ * 64;
  void* memory = ::mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Trim to a huge page's boundary; what is cut off is given back.
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t aligned = (begin + kHugePage - 1) & ~(kHugePage - 1);
  if (aligned > begin) ::munmap(memory, aligned - begin);
  const std::uintptr_t rest = begin + bytes + kHugePage - (aligned + bytes);
  if (rest > 0) ::munmap(reinterpret_cast<void*>(aligned + bytes), rest);
  auto* const table = reinterpret_cast<PieceKey*>(aligned);
  ::madvise(table, bytes, MADV_HUGEPAGE);
  entries_ = std::unique_ptr<PieceKey[], Free>(table, Free{bytes});

  std::string text;
  for (const TokenList::Token& token : list.tokens) {
    text.resize(token.shared);
    text.append(list.bytes, token.offset, token.length - token.shared);
    if (text.size() <= kLongestKey) insert(PieceKey::of(text.data(), text.size()), 1);
  }
}

void PieceTable::insert(const PieceKey& key, std::size_t count) {
  PieceKey* entry = entries_.get() + bucket_of(key) * 4;
  for (int way = 0; way < 4; ++way, ++entry) {
    if (entry->high != 0) continue;
    *entry = {key.low, key.high | static_cast<std::uint64_t>(count) << 56};
    return;
  }
}

void PieceTable::remember(const PieceKey& key, std::size_t count) const {
#ifdef TOKENWEIR_X86
  if (count == 0 || count > 15 || !can_learn()) return;
  PieceKey* entry = entries_.get() + bucket_of(key) * 4;
  // A free place, else one picked by bits of the key that did not choose the bucket.
  PieceKey* place = entry + ((key.low ^ key.high >> 3) * 0xD6E8FEB86659FD93u >> 62);
  for (int way = 0; way < 4; ++way) {
    if (read(entry + way).high == 0) {
      place = entry + way;
      break;
    }
  }
  const PieceKey full{key.low, key.high | static_cast<std::uint64_t>(count) << 56};
  const __m128i value = _mm_load_si128(reinterpret_cast<const __m128i*>(&full));
  asm volatile("movdqa %1, %0" : "=m"(*place) : "x"(value));
#else
  (void)key;
  (void)count;
#endif
}

}  // namespace tokenweir::tokenizer
