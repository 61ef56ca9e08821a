#include "cli/ledger_path.h"

#include <iostream>

#include "config/load.h"
#include "core/exit_codes.h"

namespace tokenweir::cli {

Result<std::string, int> ledger_path(std::string_view command, const std::string& ledger,
                                     const std::string& config_file) {
  if (!ledger.empty()) return ledger;
  if (config_file.empty()) {
    std::cerr << "tokenweir " << command << ": name the ledger: -c FILE or --ledger PATH\n";
    return failure(kExitUsage);
  }
  yaml::Problems problems;
  const yaml::SystemEnvironment environment;
  const auto config = config::load(config_file, environment, problems);
  if (!config) {
    std::cerr << problems.text();
    return failure(kExitConfiguration);
  }
  return config->ledger.path;
}

}  // namespace tokenweir::cli
