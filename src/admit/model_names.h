// The names one model goes by, so that a rule against it holds however it is asked for. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pricing/price_book.h"

namespace tokenweir::admit {

// Lower case with "-" for ".", so that "gpt-5.1", "GPT-5-1" and "gpt-5-1" are one spelling; globs
// keep their signs.
[[nodiscard]] std::string folded_model(std::string_view name);

// Folded: the name as asked for; without provider prefixes ("openai/", "models/"), variants
// (":free", "@20250929", ":latest"), dates and numbers of snapshots, "ft:"; and what the price list
// calls the model each of these stands for. A name of hostile length is cut.
[[nodiscard]] std::vector<std::string> names_of_model(const pricing::PriceBook& prices,
                                                      std::string_view list, std::string_view model,
                                                      Time at);

}  // namespace tokenweir::admit
