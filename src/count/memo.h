// Bounded memories of what was counted and seen, shared by all threads. When full, the entry of its
// neighbourhood that was used longest ago makes room.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace tokenweir::count {

// A count of one part: its tokens and the most it can be billed as.
struct PartTokens {
  static constexpr std::uint32_t kUnbounded = UINT32_MAX;
  std::uint32_t tokens = 0;
  std::uint32_t bound = 0;      // kUnbounded: the size is the provider's secret
  bool framed_exactly = false;  // nothing of it had to be guessed
  bool media = false;           // a picture, a sound or a document is in it
};

class Memo {
 public:
  // 32 bytes an entry, all of them taken at once; at least a few thousand.
  explicit Memo(std::size_t entries = 65'536);
  ~Memo();
  Memo(const Memo&) = delete;
  Memo& operator=(const Memo&) = delete;

  // `key`: the part's hash mixed with everything else its count depends on.
  [[nodiscard]] std::optional<PartTokens> find(std::uint64_t key);
  void put(std::uint64_t key, const PartTokens& tokens);

  // Since the process began, for the metric of hits.
  [[nodiscard]] std::uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t misses() const { return misses_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t memory() const;

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kLocks = 64;
  struct Entry {
    std::uint64_t key = 0;
    PartTokens tokens;
    std::uint32_t used = 0;  // by the clock
  };
  struct alignas(64) Lock {
    std::mutex mutex;
    std::uint32_t clock = 0;
  };

  std::size_t set_of(std::uint64_t key) const {
    return static_cast<std::size_t>(key) & (sets_ - 1);
  }

  std::size_t sets_;
  std::unique_ptr<Entry[]> entries_;
  std::unique_ptr<std::array<Lock, kLocks>> locks_;
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> misses_{0};
};

}  // namespace tokenweir::count
