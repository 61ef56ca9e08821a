// Single values out of a tree: each function either returns the value or reports one problem at the
// value's place and returns nothing. Text is never converted through floating point. Values that
// came from the environment or a file are not repeated in messages.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/money.h"
#include "yaml/problems.h"

namespace tokenweir::yaml {

// `true` or `false`, without quotes.
[[nodiscard]] std::optional<bool> read_bool(const Node& node, const Report& report);
// A decimal integer without quotes, in [least, most].
[[nodiscard]] std::optional<std::int64_t> read_integer(const Node& node, const Report& report,
                                                       std::int64_t least, std::int64_t most);
// Any single value as text; plain `true`, `false` and `null` need quotes. Empty text is refused.
[[nodiscard]] std::optional<std::string> read_text(const Node& node, const Report& report);
// Dollars as a plain decimal with at most twelve places, never negative: "12.50".
[[nodiscard]] std::optional<Money> read_money(const Node& node, const Report& report);
// A plain decimal with at most six places as an integer of millionths, in [least, most].
[[nodiscard]] std::optional<std::int64_t> read_millionths(const Node& node, const Report& report,
                                                          std::int64_t least, std::int64_t most);
// A whole number with a unit: 250ms, 5s, 10m, 2h, 7d. In [least, most].
[[nodiscard]] std::optional<std::chrono::milliseconds> read_duration(
    const Node& node, const Report& report, std::chrono::milliseconds least,
    std::chrono::milliseconds most);
// Bytes: a whole number, alone or with B, KiB, MiB, GiB, TiB, KB, MB, GB, TB. In [least, most].
[[nodiscard]] std::optional<std::uint64_t> read_size(const Node& node, const Report& report,
                                                     std::uint64_t least, std::uint64_t most);
// One text or a list of texts, at least one.
[[nodiscard]] std::optional<std::vector<std::string>> read_texts(const Node& node,
                                                                 const Report& report);

template <typename Value>
using Choices = std::vector<std::pair<std::string_view, Value>>;

// Reports a word that is none of `words`, with a suggestion.
void report_choice(const Node& node, const Report& report,
                   const std::vector<std::string_view>& words);
// Reports that `node` is of the wrong shape: "expected a list, found a map".
void report_kind(const Node& node, const Report& report, std::string_view expected);

// One word of a fixed set.
template <typename Value>
[[nodiscard]] std::optional<Value> read_choice(const Node& node, const Report& report,
                                               const Choices<Value>& choices) {
  std::vector<std::string_view> words;
  for (const auto& [word, value] : choices) {
    if (node.kind == Kind::scalar && node.text == word) return value;
    words.push_back(word);
  }
  report_choice(node, report, words);
  return std::nullopt;
}

// The texts' own grammar, for values that are part of a longer text and for printing.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::uint64_t bytes);
[[nodiscard]] std::optional<std::int64_t> parse_millionths(std::string_view text);
[[nodiscard]] std::string format_millionths(std::int64_t millionths);

}  // namespace tokenweir::yaml
