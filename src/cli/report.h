// `tokenweir report`: the bill, from the ledger, while a server runs or not. Data goes to stdout,
// talk to stderr.
#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

void add_report_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
