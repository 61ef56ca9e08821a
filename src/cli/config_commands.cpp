#include "cli/config_commands.h"

#include <iostream>
#include <memory>
#include <string>

#include "config/load.h"
#include "config/show.h"
#include "core/exit_codes.h"

namespace tokenweir::cli {
namespace {

int show(const std::string& file) {
  yaml::Problems problems;
  const yaml::SystemEnvironment environment;
  const auto config = config::load(file, environment, problems);
  if (!config) {
    std::cerr << problems.text();
    return kExitConfiguration;
  }
  std::cout << config::show(*config);
  return 0;
}

}  // namespace

void add_config_commands(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("config", "the configuration and its format");
  command->require_subcommand(1);

  CLI::App* const show_command = command->add_subcommand(
      "show", "print the configuration in force, defaults included, secrets as ***");
  const auto file = std::make_shared<std::string>();
  show_command->add_option("-c,--config", *file, "configuration file")
      ->envname("TOKENWEIR_CONFIG")
      ->required();
  show_command->callback([file, &exit_code] { exit_code = show(*file); });

  CLI::App* const schema_command =
      command->add_subcommand("schema", "print a JSON Schema of the configuration file");
  schema_command->callback([&exit_code] {
    std::cout << yaml::json_schema(config::config_shape(), "tokenweir configuration",
                                   "urn:tokenweir:config:1");
    exit_code = 0;
  });
}

}  // namespace tokenweir::cli
