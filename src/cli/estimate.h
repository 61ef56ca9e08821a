#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

// `tokenweir estimate -m MODEL FILE|-`: the tokens of one request by part, their upper bound and
// their cost. `tokenweir estimate DIR --requests-per-day N --days 30 [--baseline DIR]
// [--fail-above USD|%]`: what a folder of requests will cost in a month, and how much more than
// before; exits with 1 above the limit.
void add_estimate_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
