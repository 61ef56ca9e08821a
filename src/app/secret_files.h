// The files a configuration took its secrets from (`${file:...}`), watched so that a changed key is
// taken up without a signal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "yaml/expand.h"

namespace tokenweir::app {

// When a file was written and how long it is; no value while it cannot be seen.
struct FileStamp {
  std::filesystem::file_time_type written;
  std::uintmax_t size = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
[[nodiscard]] std::optional<FileStamp> stamp_of(const std::string& path);

using SecretFiles = std::map<std::string, std::optional<FileStamp>>;

// The process's own environment, which remembers the files that were read. The stamp is taken
// before the text, so that a change in between is seen as one later on.
class RememberingEnvironment final : public yaml::Environment {
 public:
  [[nodiscard]] std::optional<std::string> variable(const std::string& name) const override;
  [[nodiscard]] std::optional<std::string> file(const std::string& path,
                                                std::string& why) const override;
  [[nodiscard]] bool readable_by_all(const std::string& path) const override;

  [[nodiscard]] SecretFiles files() const { return files_; }

 private:
  yaml::SystemEnvironment system_;
  mutable SecretFiles files_;
};

// Whether one of the files is another than it was; brings `files` up to date, so that a change that
// was refused is not tried again every time.
[[nodiscard]] bool changed(SecretFiles& files);

}  // namespace tokenweir::app
