// From the YAML file to a Config. A pure function of the text and the environment, so that a reload
// is a second call; every mistake of the file is reported in one run with its place.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "yaml/expand.h"
#include "yaml/problems.h"
#include "yaml/shape.h"

namespace tokenweir::config {

// Reads, expands and validates. Paths in the file are taken from the file's folder. No value
// exactly when a problem was added. Price files are not read here (see validate_prices).
[[nodiscard]] std::optional<Config> load(const std::string& path,
                                         const yaml::Environment& environment,
                                         yaml::Problems& problems);
// The same for text that is already in memory; `file` names it in messages and places its paths.
[[nodiscard]] std::optional<Config> load_text(std::string_view text, const std::string& file,
                                              const yaml::Environment& environment,
                                              yaml::Problems& problems);

// Every `prices:` of a provider names a list of the book.
void validate_prices(const Config& config, const pricing::PriceBook& book,
                     yaml::Problems& problems);

// Keys that differ between two configurations and only take effect at a start.
[[nodiscard]] std::vector<std::string> needs_restart(const Config& before, const Config& after);

// Everything the file may hold: the source of `config schema`.
[[nodiscard]] yaml::Shape config_shape();

}  // namespace tokenweir::config
