// A file mapped into memory that survives `kill -9`: the pages belong to the kernel, so what was
// stored is there for the next process. What the bytes mean is decided by budget/journal.h.
// Opening is done once at start; afterwards slots are plain memory and cost no system call.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace tokenweir::platform {

class HoldJournalFile {
 public:
  struct Layout {
    std::size_t header_size = 0;
    std::size_t slot_size = 0;
    std::size_t slots = 0;
  };
  // Creates the file (mode 0600) or maps the one that is there, growing it to `slots` when it is
  // smaller. Room on the disk is reserved at once: a full disk fails here and never later as
  // SIGBUS. The error is a sentence for operators.
  [[nodiscard]] static Result<HoldJournalFile, std::string> open(const std::string& path,
                                                                 const Layout& layout);
  ~HoldJournalFile();
  HoldJournalFile(HoldJournalFile&& other) noexcept;
  HoldJournalFile& operator=(HoldJournalFile&&) = delete;

  [[nodiscard]] bool created() const { return created_; }
  [[nodiscard]] std::span<std::byte> header() const { return {data_, layout_.header_size}; }
  [[nodiscard]] std::size_t slots() const { return layout_.slots; }
  [[nodiscard]] std::span<std::byte> slot(std::size_t index) const;

  // A slot that nobody uses; no value when all are taken (then nothing more may be sent). Slots are
  // all taken at first: recovery gives back what it has read. Thread-safe.
  [[nodiscard]] std::optional<std::size_t> take();
  void give_back(std::size_t index);
  // Gives the memory of all pages back; their content stays in the file and its cache.
  void let_go() const;
  // Starts writing changed pages to the disk, without waiting: for power cuts, not for crashes.
  void flush() const;

 private:
  HoldJournalFile(std::byte* data, std::size_t size, const Layout& layout, bool created)
      : data_(data), size_(size), layout_(layout), created_(created) {}

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  Layout layout_;
  bool created_ = false;
  std::mutex mutex_;
  std::vector<std::size_t> free_;
};

}  // namespace tokenweir::platform
