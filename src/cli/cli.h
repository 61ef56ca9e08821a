// The command line: one file a command, listed in cli.cpp.
#pragma once

namespace tokenweir::cli {

[[nodiscard]] int run(int argc, char** argv);

}  // namespace tokenweir::cli
