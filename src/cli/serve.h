#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

// `tokenweir serve -c FILE`
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
