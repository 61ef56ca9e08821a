#include "cli/serve.h"

#include <memory>
#include <string>

#include "app/app.h"

namespace tokenweir::cli {

void add_serve_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand(
      "serve",
      "run the proxy until SIGTERM or SIGINT (drains; a second one cuts); SIGHUP reloads the "
      "configuration and reopens the access log");
  const auto file = std::make_shared<std::string>();
  command->add_option("-c,--config", *file, "configuration file")
      ->envname("TOKENWEIR_CONFIG")
      ->required();
  command->callback([file, &exit_code] {
    app::App house(*file);
    exit_code = house.run();
  });
}

}  // namespace tokenweir::cli
