// Checks that need whole lists: names that two models claim, aliases without a target, overlays
// without a list. All problems carry the place of the row at fault.
#pragma once

#include <string>
#include <vector>

#include "pricing/rates.h"
#include "yaml/problems.h"

namespace tokenweir::pricing {

// The list is indexed already.
void check_list(const PriceList& list, const std::vector<std::string>& files,
                yaml::Problems& problems);
void check_inheritance(const PriceBook::Rows& rows, yaml::Problems& problems);

}  // namespace tokenweir::pricing
