// The many spellings of one model: hosts prepend paths, regions and vendors, and append dates. Only
// tried when no entry of the price file matches the id as it was told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tokenweir::pricing {

// Lower case, at most this many bytes are looked at: ids come from hostile bodies.
inline constexpr std::size_t kModelIdMax = 256;
[[nodiscard]] std::string normal_model_id(std::string_view model);

// Ever simpler spellings of a normal id, the id itself not among them (wire.md 12.2). Variants that
// change the price (":free", ":nitro", a fine-tune's "ft:") are kept.
[[nodiscard]] std::vector<std::string> simpler_model_ids(std::string_view normal_id);

}  // namespace tokenweir::pricing
