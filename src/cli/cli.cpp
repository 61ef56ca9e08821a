#include "cli/cli.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "cli/check.h"
#include "cli/config_commands.h"
#include "cli/estimate.h"
#include "cli/keys.h"
#include "cli/operator_commands.h"
#include "cli/prices.h"
#include "cli/report.h"
#include "cli/serve.h"
#include "cli/suggest.h"
#include "cli/version.h"
#include "core/exit_codes.h"

namespace tokenweir::cli {

int run(int argc, char** argv) {
  CLI::App app{"tokenweir: a transparent metering proxy for LLM APIs", "tokenweir"};
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int exit_code = 0;
  add_serve_command(app, exit_code);
  add_check_command(app, exit_code);
  add_config_commands(app, exit_code);
  add_report_command(app, exit_code);
  add_suggest_command(app, exit_code);
  add_top_command(app, exit_code);
  add_runs_command(app, exit_code);
  add_kill_command(app, exit_code);
  add_release_command(app, exit_code);
  add_budget_command(app, exit_code);
  add_enforce_command(app, exit_code);
  add_audit_command(app, exit_code);
  add_calibration_command(app, exit_code);
  add_prices_command(app, exit_code);
  add_keys_command(app, exit_code);
  add_estimate_command(app, exit_code);
  add_version_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "tokenweir: " << error.what() << '\n';
    return kExitFailed;
  }
  return exit_code;
}

}  // namespace tokenweir::cli
