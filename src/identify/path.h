// One reading of a request path for routing, recognition and forwarding. The normal form decodes
// what every server decodes alike (RFC 3986 pchar), keeps everything else escaped, joins repeated
// slashes and drops one at the end. Paths on which two servers could disagree are refused.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tokenweir::identify {

struct SplitTarget {
  std::string_view path;   // raw
  std::string_view query;  // raw, without "?"
  bool has_query = false;
};
[[nodiscard]] SplitTarget split_target(std::string_view path_and_query);

// No value when the path holds dot segments (also escaped, also before ";"), a backslash, control
// bytes, a broken escape, escaped bytes that are not UTF-8, a fragment, or does not start with "/".
// Applied to its own result it changes nothing.
[[nodiscard]] std::optional<std::string> normal_form(std::string_view raw_path);

// How many raw bytes make up the first `length` bytes of the normal form of `raw_path`. What
// follows is the provider's, repeated slashes included.
[[nodiscard]] std::size_t raw_length(std::string_view raw_path, std::size_t length);

// True when `path` is `prefix` or continues it after a "/".
[[nodiscard]] bool has_path_prefix(std::string_view path, std::string_view prefix);

// Undoes percent-encoding; no value when an escape is broken. With `plus`, "+" is a space.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus = false);

}  // namespace tokenweir::identify
