// What asking an OpenAI-style stream for usage changes in the other chunks.
#pragma once

#include <string_view>

namespace tokenweir::provider {

// True for hosts that write `"usage":null` into every chunk when asked for usage and leave the
// member out otherwise. Others (Together among them) write it always, asked or not.
// Source: recorded streams of both kinds.
[[nodiscard]] bool adds_null_usage(std::string_view host);

}  // namespace tokenweir::provider
