#include "cli/version.h"

#include <iostream>
#include <memory>

#include "core/version.h"

namespace tokenweir::cli {

void add_version_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("version", "print the version of this build");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "as JSON");
  command->callback([json, &exit_code] {
    if (*json) {
      std::cout << R"({"version":")" << kVersion << R"(","compiler":")" << kCompiler << "\"}\n";
    } else {
      std::cout << "tokenweir " << kVersion << " (" << kCompiler << ")\n";
    }
    exit_code = 0;
  });
}

}  // namespace tokenweir::cli
