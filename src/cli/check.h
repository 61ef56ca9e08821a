#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

// `tokenweir check -c FILE [--format text|json|github]`: verifies the configuration, its
// certificates and its price files without starting anything.
void add_check_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
