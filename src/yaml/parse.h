// From YAML text to a tree. Stricter than YAML: one document of UTF-8, unique keys, no anchors,
// aliases or tags, and bounds on size, depth and number of values, so that a hostile file can
// neither exhaust memory nor mean two things.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "yaml/node.h"
#include "yaml/problems.h"

namespace tokenweir::yaml {

inline constexpr std::size_t kMostBytes = 8 * 1024 * 1024;
inline constexpr std::size_t kMostNodes = 500'000;
inline constexpr int kMostDepth = 64;

struct Document {
  std::string file;  // the name used in messages
  Node root;
};

// No value when the text is not one well-formed document; duplicate keys are reported and the first
// is kept, so that the rest of the file is still checked.
[[nodiscard]] std::optional<Document> parse(std::string_view text, std::string_view file,
                                            Problems& problems);
// Reads and parses a regular file. An unreadable file is a problem without a line.
[[nodiscard]] std::optional<Document> parse_file(const std::string& path, Problems& problems);
// The bytes of a regular file of at most `most` bytes; `why` is a fixed text on failure.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path, std::size_t most,
                                                   std::string& why);

}  // namespace tokenweir::yaml
