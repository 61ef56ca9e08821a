#include "platform/body_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tokenweir::platform {
namespace {

constexpr std::size_t kReadStep = 64 * 1024;

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

BodyStore::BodyStore(std::uint64_t memory_limit, std::string directory)
    : memory_limit_(memory_limit), directory_(std::move(directory)) {}

BodyStore::~BodyStore() { clear(); }

bool BodyStore::spill() {
  descriptor_ = ::open(directory_.empty() ? "." : directory_.c_str(),
                       O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor_ < 0 || !write_all(descriptor_, memory_)) return false;
  std::string().swap(memory_);
  return true;
}

bool BodyStore::append(std::string_view bytes) {
  if (in_memory() && size_ + bytes.size() > memory_limit_ && !spill()) return false;
  size_ += bytes.size();
  if (in_memory()) {
    memory_.append(bytes);
    return true;
  }
  return write_all(descriptor_, bytes);
}

std::string_view BodyStore::read(std::uint64_t offset, std::uint64_t size,
                                 std::string& buffer) const {
  if (offset >= size_) return {};
  size = std::min(size, size_ - offset);
  if (in_memory()) return std::string_view(memory_).substr(offset, size);
  buffer.resize(std::min<std::uint64_t>(size, kReadStep));
  const ssize_t count =
      ::pread(descriptor_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
  if (count <= 0) return {};
  return std::string_view(buffer).substr(0, static_cast<std::size_t>(count));
}

void BodyStore::clear() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  std::string().swap(memory_);
  size_ = 0;
}

}  // namespace tokenweir::platform
