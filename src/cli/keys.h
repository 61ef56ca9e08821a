// `tokenweir keys`: keys of this proxy's own. Only hashes are ever stored.
#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

void add_keys_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
