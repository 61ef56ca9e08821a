#include "app/secret_files.h"

#include <system_error>

namespace tokenweir::app {

std::optional<FileStamp> stamp_of(const std::string& path) {
  std::error_code error;
  FileStamp stamp;
  stamp.written = std::filesystem::last_write_time(path, error);
  if (error) return std::nullopt;
  stamp.size = std::filesystem::file_size(path, error);
  if (error) return std::nullopt;
  return stamp;
}

std::optional<std::string> RememberingEnvironment::variable(const std::string& name) const {
  return system_.variable(name);
}

std::optional<std::string> RememberingEnvironment::file(const std::string& path,
                                                        std::string& why) const {
  files_.insert_or_assign(path, stamp_of(path));
  return system_.file(path, why);
}

bool RememberingEnvironment::readable_by_all(const std::string& path) const {
  return system_.readable_by_all(path);
}

bool changed(SecretFiles& files) {
  bool any = false;
  for (auto& [path, known] : files) {
    const std::optional<FileStamp> now = stamp_of(path);
    // A file that is being replaced may be gone for a moment.
    if (!now || now == known) continue;
    known = now;
    any = true;
  }
  return any;
}

}  // namespace tokenweir::app
