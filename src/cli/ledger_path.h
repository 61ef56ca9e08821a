// Where the ledger is: named by hand, or by the configuration.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace tokenweir::cli {

// The error is an exit code; what is wrong has been told on stderr, with `command` in front.
[[nodiscard]] Result<std::string, int> ledger_path(std::string_view command,
                                                   const std::string& ledger,
                                                   const std::string& config);

}  // namespace tokenweir::cli
