// UTF-8 checks for text that comes from outside.
#pragma once

#include <cstddef>
#include <string_view>

namespace tokenweir::yaml {

// Offset of the first byte that is not part of valid UTF-8 (no overlong forms, no surrogates, at
// most U+10FFFF) or is a control character other than tab, line feed and carriage return; npos
// when there is none.
[[nodiscard]] std::size_t first_unprintable(std::string_view text);

}  // namespace tokenweir::yaml
