// `${env:NAME}`, `${env:NAME:-default}`, `${env:NAME:?message}`, `${file:path}` and `$$` in values,
// expanded after parsing, so that no value can add keys or change the file's structure. Keys are
// never expanded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "yaml/parse.h"

namespace tokenweir::yaml {

// Where expansions come from; tests give their own.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual std::optional<std::string> variable(const std::string& name) const = 0;
  // The bytes of a file; on failure no value and `why` is a fixed text.
  [[nodiscard]] virtual std::optional<std::string> file(const std::string& path,
                                                        std::string& why) const = 0;
  // Whether users other than the owner and the group may read the file.
  [[nodiscard]] virtual bool readable_by_all(const std::string& path) const = 0;
};

// The process's own environment and file system.
class SystemEnvironment final : public Environment {
 public:
  [[nodiscard]] std::optional<std::string> variable(const std::string& name) const override;
  [[nodiscard]] std::optional<std::string> file(const std::string& path,
                                                std::string& why) const override;
  [[nodiscard]] bool readable_by_all(const std::string& path) const override;
};

inline constexpr std::size_t kMostExpandedBytes = 64 * 1024;

// Expands every value of the tree in place; relative `${file:}` paths are taken from `folder`. A
// value that cannot be expanded is reported and left as it was. One line end at the end of a
// file's text is dropped; text with other line ends or control characters is refused, because it
// ends up in headers and log lines.
void expand(Node& node, const Environment& environment, std::string_view folder,
            const Report& report);

// `path` as seen from `folder`, unless it is absolute.
[[nodiscard]] std::string resolve(std::string_view folder, std::string_view path);
// The folder a file stands in: "." for a bare name.
[[nodiscard]] std::string folder_of(std::string_view path);

}  // namespace tokenweir::yaml
