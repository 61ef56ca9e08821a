// The small grammars in which requests carry labels. Each reads one hostile value and returns
// nothing when it does not follow its grammar or its bounds.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tokenweir::identify {

using Tags = std::vector<std::pair<std::string, std::string>>;
inline constexpr std::size_t kMostTags = 32;
inline constexpr std::size_t kLongestTagKey = 64;
inline constexpr std::size_t kLongestTagValue = 512;

// "k=v,k=v", percent-encoded; keys unique.
[[nodiscard]] std::optional<Tags> parse_tags(std::string_view value);
// "useful", "useless", either with ";value=N", N a plain decimal; returned without white space.
[[nodiscard]] std::optional<std::string> parse_outcome(std::string_view value);
// One of answer, plan, tool, check, grade, retrieve.
[[nodiscard]] bool is_purpose(std::string_view value);

// The first of `keys` in a JSON object whose value is text (at most 4 KiB of JSON are looked at).
[[nodiscard]] std::optional<std::string> from_json(std::string_view value,
                                                   std::span<const std::string> keys);
// The first of `keys` in a W3C baggage list.
[[nodiscard]] std::optional<std::string> from_baggage(std::string_view value,
                                                      std::span<const std::string> keys);
// What follows "key:" in the first element of a comma list that starts with it.
[[nodiscard]] std::optional<std::string> from_tag_list(std::string_view value,
                                                       std::span<const std::string> keys);
// The trace id of a W3C traceparent.
[[nodiscard]] std::optional<std::string> trace_id(std::string_view value);

}  // namespace tokenweir::identify
