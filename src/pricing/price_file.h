// From price files to a price book. Strict: every mistake of every file is reported in one run with
// its place. docs/prices.md describes the format; `price_file_shape` is the same as a value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pricing/price_book.h"
#include "yaml/problems.h"
#include "yaml/shape.h"

namespace tokenweir::pricing {

struct PriceText {
  std::string file;  // the name used in messages and in `explain`
  std::string text;
};

// Pure. Lists may come in any order and any number of files; overlays of a list are applied in the
// order given. No value when there is any problem.
[[nodiscard]] std::optional<PriceBook> read_prices(const std::vector<PriceText>& texts,
                                                   yaml::Problems& problems);

// Reads files, and the *.yaml files of directories in the order of their names.
[[nodiscard]] std::optional<PriceBook> load_prices(const std::vector<std::string>& paths,
                                                   yaml::Problems& problems);

[[nodiscard]] yaml::Shape price_file_shape();

}  // namespace tokenweir::pricing
