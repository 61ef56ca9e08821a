#include "app/calibration_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tokenweir::app {
namespace {

bool write_synced(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return false;
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t done = ::write(file, text.data() + written, text.size() - written);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) break;
    written += static_cast<std::size_t>(done);
  }
  const bool whole = written == text.size() && ::fsync(file) == 0;
  return ::close(file) == 0 && whole;
}

// A renamed file is only found again after a power cut when its folder was synced too.
void sync_folder(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const int folder = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_CLOEXEC);
  if (folder < 0) return;
  (void)::fsync(folder);
  ::close(folder);
}

}  // namespace

void CalibrationFile::restore() {
  std::ifstream known(path_, std::ios::binary);
  if (known) calibration_.restore(std::string(std::istreambuf_iterator<char>(known), {}));
}

Result<void, std::string> CalibrationFile::keep() {
  const std::lock_guard lock(mutex_);
  const std::string fresh = path_ + ".new";
  if (!write_synced(fresh, calibration_.save()) || std::rename(fresh.c_str(), path_.c_str()) != 0) {
    return failure("what counting learned cannot be written to " + path_ + ": " +
                   std::strerror(errno));
  }
  sync_folder(path_);
  return {};
}

}  // namespace tokenweir::app
