// `tokenweir suggest`: caps and budgets from the ledger's own figures, as YAML to paste.
#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

void add_suggest_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
