// What the `prices` commands share: finding the files, loading them, choosing the moment.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "pricing/price_book.h"

namespace tokenweir::cli {

inline constexpr int kPricesSame = 0;
inline constexpr int kPricesDiffer = 2;
inline constexpr int kPricesConflict = 3;
inline constexpr int kPricesInvalid = 78;

// The shipped prices, where a command is not told other files.
[[nodiscard]] std::vector<std::string> default_price_files();
// Loads, or prints every problem to stderr.
[[nodiscard]] std::optional<pricing::PriceBook> load_or_complain(
    const std::vector<std::string>& files);
// The moment named on the command line, now when empty; no value (and a word on stderr) when it is
// neither a date nor a time.
[[nodiscard]] std::optional<Time> moment_of(const std::string& text);

void add_prices_explain(CLI::App& prices, int& exit_code);
void add_prices_diff(CLI::App& prices, int& exit_code);
void add_prices_update(CLI::App& prices, int& exit_code);

}  // namespace tokenweir::cli
