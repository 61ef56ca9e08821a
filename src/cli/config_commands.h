#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

// `tokenweir config show -c FILE`: the configuration in force, defaults included, secrets as ***.
// `tokenweir config schema`: a JSON Schema of the configuration file, for editors.
void add_config_commands(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
