// `tokenweir prices check|show|explain|diff|update`: everything about price files that needs no
// running proxy. Data goes to stdout, talk to stderr.
#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

void add_prices_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
