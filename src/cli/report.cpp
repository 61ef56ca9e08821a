#include "cli/report.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/bill_format.h"
#include "cli/complain.h"
#include "cli/ledger_path.h"
#include "cli/table.h"
#include "cli/would.h"
#include "core/exit_codes.h"
#include "platform/system_clock.h"

namespace tokenweir::cli {
namespace {

struct ReportOptions {
  std::string config;
  std::string ledger;
  std::vector<std::string> by = {"workflow"};
  std::string since;
  std::string until;
  std::string format = "table";
  std::string timezone = "UTC";
  std::size_t top = 0;
  bool no_header = false;
  bool would = false;
};

int print_would(const ReportOptions& options, const std::string& path,
                const BillQuestion& question) {
  const auto lines = would_lines(path, question.since, question.until);
  if (!lines) return fail("report", kExitFailed, lines.error());
  if (options.format == "json") {
    std::cout << would_json(*lines) << std::flush;
  } else if (options.format == "csv") {
    std::cout << csv(would_table(*lines), !options.no_header) << std::flush;
  } else {
    if (lines->empty()) std::cerr << "no rule has refused or clamped, or would have\n";
    std::cout << text_table(would_table(*lines), !options.no_header) << std::flush;
  }
  return std::cout ? 0 : kExitFailed;
}

int run(const ReportOptions& options) {
  BillQuestion question;
  question.keys = options.by;
  question.top = options.top;
  for (const std::string& key : question.keys) {
    if (is_bill_key(key)) continue;
    return fail("report", kExitUsage,
                fmt::format("--by: unknown key '{}'; known: {}", key, bill_key_names()));
  }
  auto zone = TimeZone::named(options.timezone);
  if (!zone) return fail("report", kExitUsage, zone.error());
  const Time now = platform::SystemClock().now();
  for (const auto& [text, time, name] : {std::tuple{&options.since, &question.since, "--since"},
                                         std::tuple{&options.until, &question.until, "--until"}}) {
    if (text->empty()) continue;
    *time = zone->parse(*text, now);
    if (*time) continue;
    return fail("report", kExitUsage,
                fmt::format("{}: '{}' is no time: give 24h, 7d, a date or RFC 3339", name, *text));
  }
  const auto path = ledger_path("report", options.ledger, options.config);
  if (!path) return path.error();
  if (options.would) return print_would(options, *path, question);
  const auto bill = make_bill(*path, question, *zone);
  if (!bill) return fail("report", kExitFailed, bill.error());

  BillLayout layout;
  layout.header = !options.no_header;
  if (options.format == "csv") layout.format = BillFormat::csv;
  if (options.format == "json") layout.format = BillFormat::json;
  std::cout << format_bill(*bill, question, *zone, layout) << std::flush;
  return std::cout ? 0 : kExitFailed;
}

}  // namespace

void add_report_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("report", "the bill: requests, tokens and cost from the ledger");
  const auto options = std::make_shared<ReportOptions>();
  command->add_option("-c,--config", options->config, "configuration file that names the ledger")
      ->envname("TOKENWEIR_CONFIG");
  command->add_option("--ledger", options->ledger, "ledger file, instead of a configuration");
  command->add_option("--by", options->by, "keys to sum by, comma between: " + bill_key_names())
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--since", options->since,
                      "requests that started at or after: 24h, 7d, 2026-11-01 or RFC 3339");
  command->add_option("--until", options->until, "requests that started before");
  command->add_option("--format", options->format, "table, csv or json")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->capture_default_str();
  command->add_option("--timezone", options->timezone, "of hours, days, months and bare dates")
      ->capture_default_str();
  command->add_option("--top", options->top, "only so many lines, the rest as one");
  command->add_flag("--would", options->would,
                    "what rules refused and clamped, and what observed rules would have");
  command->add_flag("--no-header", options->no_header, "leave out the line of names");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tokenweir::cli
