// What operators tell a running server: kill, release, budget, enforce; and ask it: runs, top,
// audit, calibration. Data goes to stdout, talk to stderr.
#pragma once

#include <CLI/CLI.hpp>

namespace tokenweir::cli {

void add_kill_command(CLI::App& app, int& exit_code);
void add_release_command(CLI::App& app, int& exit_code);
void add_enforce_command(CLI::App& app, int& exit_code);
void add_budget_command(CLI::App& app, int& exit_code);
void add_runs_command(CLI::App& app, int& exit_code);
void add_top_command(CLI::App& app, int& exit_code);
void add_audit_command(CLI::App& app, int& exit_code);
void add_calibration_command(CLI::App& app, int& exit_code);

}  // namespace tokenweir::cli
