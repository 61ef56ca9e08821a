#include "cli/suggest.h"

#include <iostream>
#include <memory>

#include "cli/complain.h"
#include "cli/ledger_path.h"
#include "cli/suggestion.h"
#include "cli/time_zone.h"
#include "core/exit_codes.h"
#include "platform/system_clock.h"

namespace tokenweir::cli {
namespace {

struct SuggestOptions {
  std::string config, ledger;
  std::string since = "7d";
  std::string until;
  std::int64_t requests_min = 50;
};

int run(const SuggestOptions& options) {
  const auto zone = TimeZone::named("UTC");
  const Time now = platform::SystemClock().now();
  const auto since = zone->parse(options.since, now);
  if (!since) return fail("suggest", kExitUsage, "--since is no time: give 7d, a date or RFC 3339");
  std::optional<Time> until;
  if (!options.until.empty()) {
    until = zone->parse(options.until, now);
    if (!until)
      return fail("suggest", kExitUsage, "--until is no time: give 7d, a date or RFC 3339");
  }
  const auto path = ledger_path("suggest", options.ledger, options.config);
  if (!path) return path.error();
  auto history = read_history(*path, *since, until);
  if (!history) return fail("suggest", kExitFailed, history.error());
  if (history->requests == 0) {
    return fail("suggest", kExitFailed, "the ledger has no requests of that time: try --since 30d");
  }
  std::cout << suggestion_yaml(std::move(*history), options.requests_min) << std::flush;
  return std::cout ? 0 : kExitFailed;
}

}  // namespace

void add_suggest_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand(
      "suggest", "caps, budgets and run limits that the ledger's traffic would have stayed under");
  const auto options = std::make_shared<SuggestOptions>();
  command->add_option("-c,--config", options->config, "configuration file that names the ledger")
      ->envname("TOKENWEIR_CONFIG");
  command->add_option("--ledger", options->ledger, "ledger file, instead of a configuration");
  command->add_option("--since", options->since, "from when on: 7d, 2026-11-01 or RFC 3339")
      ->capture_default_str();
  command->add_option("--until", options->until, "until when");
  command
      ->add_option("--min-requests", options->requests_min,
                   "workflows with fewer requests are only named")
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tokenweir::cli
