// A request body kept until it has been sent: in memory up to a bound, beyond it in an unlinked
// file, so that large uploads cost disk instead of memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tokenweir::platform {

class BodyStore {
 public:
  // `directory` is where the file goes when one is needed.
  BodyStore(std::uint64_t memory_limit, std::string directory);
  ~BodyStore();
  BodyStore(const BodyStore&) = delete;
  BodyStore& operator=(const BodyStore&) = delete;

  // False when the disk refused; the store is then unusable.
  [[nodiscard]] bool append(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool in_memory() const { return descriptor_ < 0; }

  // Up to `size` bytes from `offset`: a view into memory, or into `buffer` when they lie in the
  // file. Empty at the end and on a read error.
  [[nodiscard]] std::string_view read(std::uint64_t offset, std::uint64_t size,
                                      std::string& buffer) const;
  // Gives memory and file back.
  void clear();

 private:
  [[nodiscard]] bool spill();

  std::uint64_t memory_limit_;
  std::string directory_;
  std::string memory_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace tokenweir::platform
