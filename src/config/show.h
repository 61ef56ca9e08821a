// The configuration in force as YAML, every key with its value, defaults included. With the secrets
// filled in it loads again and means the same.
#pragma once

#include <string>

#include "config/config.h"

namespace tokenweir::config {

// Secrets are printed as ***; a digest of a key is not one.
[[nodiscard]] std::string show(const Config& config);

}  // namespace tokenweir::config
