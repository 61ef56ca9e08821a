#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

// `tokenweir version [--json]`
void add_version_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
