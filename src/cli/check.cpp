#include "cli/check.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "core/exit_codes.h"
#include "core/text.h"
#include "pricing/price_file.h"

namespace tokenweir::cli {
namespace {

// GitHub reads "::error ...::text" lines; these bytes would end a property or the line.
std::string github_text(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    const bool escape = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
    if (escape) {
      out += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out;
}

void print_json(const std::vector<yaml::Problem>& problems,
                const std::vector<std::string>& warnings) {
  std::string out = "{\"schema\":1,\"valid\":";
  out += problems.empty() ? "true" : "false";
  out += ",\"problems\":[";
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const yaml::Problem& problem = problems[i];
    out += fmt::format("{}{{\"file\":{},\"line\":{},\"column\":{},\"message\":{}}}",
                       i == 0 ? "" : ",", json_text(problem.file), problem.line, problem.column,
                       json_text(problem.message));
  }
  out += "],\"warnings\":[";
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    out += (i == 0 ? "" : ",") + json_text(warnings[i]);
  }
  std::cout << out << "]}\n";
}

void print_github(const std::vector<yaml::Problem>& problems,
                  const std::vector<std::string>& warnings, const std::string& file) {
  for (const yaml::Problem& problem : problems) {
    const std::string place =
        problem.line == 0 ? "" : fmt::format(",line={},col={}", problem.line, problem.column);
    std::cout << "::error file=" << github_text(problem.file, true) << place
              << "::" << github_text(problem.message, false) << '\n';
  }
  for (const std::string& warning : warnings) {
    std::cout << "::warning file=" << github_text(file, true) << "::" << github_text(warning, false)
              << '\n';
  }
}

int check(const std::string& file, const std::string& format) {
  yaml::Problems problems;
  const yaml::SystemEnvironment environment;
  const auto config = config::load(file, environment, problems);
  std::vector<std::string> warnings;
  if (config) {
    const auto prices = pricing::load_prices(config->price_files, problems);
    if (prices) config::validate_prices(*config, *prices, problems);
    warnings = config->warnings;
    for (const std::string& section : config->inert) {
      warnings.push_back("`" + section + "` is valid, but this build does not act on it");
    }
  }
  if (format == "json") {
    print_json(problems.list(), warnings);
  } else if (format == "github") {
    print_github(problems.list(), warnings, file);
  } else {
    std::cerr << problems.text();
    for (const std::string& warning : warnings)
      std::cerr << file << ": warning: " << warning << '\n';
    if (problems.empty()) std::cout << file << ": valid, revision " << config->revision << '\n';
  }
  return problems.empty() ? 0 : kExitConfiguration;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand(
      "check", "verify a configuration, its certificates and prices without starting");
  const auto file = std::make_shared<std::string>();
  const auto format = std::make_shared<std::string>("text");
  command->add_option("-c,--config", *file, "configuration file")
      ->envname("TOKENWEIR_CONFIG")
      ->required();
  command->add_option("--format", *format, "text (compilers' form, to stderr), json or github")
      ->check(CLI::IsMember({"text", "json", "github"}));
  command->callback([file, format, &exit_code] { exit_code = check(*file, *format); });
}

}  // namespace tokenweir::cli
