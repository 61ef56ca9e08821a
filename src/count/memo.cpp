#include "count/memo.h"

#include <algorithm>
#include <bit>

namespace tokenweir::count {

Memo::Memo(std::size_t entries)
    : sets_(std::bit_ceil(std::max<std::size_t>(entries / kWays, 512))),
      entries_(std::make_unique<Entry[]>(sets_ * kWays)),
      locks_(std::make_unique<std::array<Lock, kLocks>>()) {}

Memo::~Memo() = default;

std::size_t Memo::memory() const { return sets_ * kWays * sizeof(Entry) + sizeof(*locks_); }

std::optional<PartTokens> Memo::find(std::uint64_t key) {
  const std::size_t set = set_of(key);
  Lock& lock = (*locks_)[set % kLocks];
  {
    const std::lock_guard guard(lock.mutex);
    Entry* const first = &entries_[set * kWays];
    for (Entry* entry = first; entry != first + kWays; ++entry) {
      if (entry->key != key || entry->used == 0) continue;
      entry->used = ++lock.clock;
      hits_.fetch_add(1, std::memory_order_relaxed);
      return entry->tokens;
    }
  }
  misses_.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

void Memo::put(std::uint64_t key, const PartTokens& tokens) {
  const std::size_t set = set_of(key);
  Lock& lock = (*locks_)[set % kLocks];
  const std::lock_guard guard(lock.mutex);
  Entry* const first = &entries_[set * kWays];
  Entry* oldest = first;
  for (Entry* entry = first; entry != first + kWays; ++entry) {
    if (entry->key == key && entry->used != 0) {
      oldest = entry;
      break;
    }
    // Differences of a wrapping clock: the largest is the oldest; unused ones are older than all.
    if (oldest->used == 0) break;
    if (entry->used == 0 || lock.clock - entry->used > lock.clock - oldest->used) oldest = entry;
  }
  if (++lock.clock == 0) ++lock.clock;
  *oldest = {key, tokens, lock.clock};
}

}  // namespace tokenweir::count
