#include "platform/hold_journal_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tokenweir::platform {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

std::string because(const std::string& path, const char* what, int error) {
  return "the journal of holds " + path + " could not be " + what + ": " + std::strerror(error);
}

}  // namespace

Result<HoldJournalFile, std::string> HoldJournalFile::open(const std::string& path,
                                                           const Layout& layout) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return failure(because(path, "opened", errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failure(because(path, "read", errno));
  if (!S_ISREG(status.st_mode)) {
    return failure("the journal of holds " + path + " is not a plain file");
  }
  Layout actual = layout;
  const auto present = static_cast<std::size_t>(status.st_size);
  if (present > layout.header_size) {
    // A former process may have had more slots; none of them may be overlooked.
    actual.slots = std::max(layout.slots, (present - layout.header_size) / layout.slot_size);
  }
  const std::size_t size = actual.header_size + actual.slots * actual.slot_size;
  const int reserved = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size));
  if (reserved != 0) return failure(because(path, "given room", reserved));
  void* const data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) return failure(because(path, "mapped", errno));
  return HoldJournalFile(static_cast<std::byte*>(data), size, actual, present == 0);
}

HoldJournalFile::HoldJournalFile(HoldJournalFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(other.size_),
      layout_(other.layout_),
      created_(other.created_),
      free_(std::move(other.free_)) {}

HoldJournalFile::~HoldJournalFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

std::span<std::byte> HoldJournalFile::slot(std::size_t index) const {
  return {data_ + layout_.header_size + index * layout_.slot_size, layout_.slot_size};
}

std::optional<std::size_t> HoldJournalFile::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return std::nullopt;
  const std::size_t index = free_.back();
  free_.pop_back();
  return index;
}

void HoldJournalFile::give_back(std::size_t index) {
  const std::lock_guard lock(mutex_);
  free_.push_back(index);
}

void HoldJournalFile::let_go() const { ::madvise(data_, size_, MADV_DONTNEED); }

void HoldJournalFile::flush() const { ::msync(data_, size_, MS_ASYNC); }

}  // namespace tokenweir::platform
