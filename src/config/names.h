// Rules for names that become labels, keys and rows.
#pragma once

#include <cstddef>
#include <string_view>

namespace tokenweir::config {

inline constexpr std::size_t kLongestName = 128;
inline constexpr std::string_view kUnset = "_unset";  // the workflow of requests that name none

// 1 to `most` bytes of valid UTF-8 without control characters.
[[nodiscard]] bool is_good_text(std::string_view text, std::size_t most = kLongestName);
// The same, and not one of the reserved names, which start with an underscore.
[[nodiscard]] bool is_good_name(std::string_view text);

}  // namespace tokenweir::config
