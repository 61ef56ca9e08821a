// The command line: one file a command, listed in cli.cpp.
#pragma once

namespace tokenweir::cli {

// Exit codes: 0 done; 1 failed at run time; 2 usage error or "differs"; 3 conflict; 69 admin
// unreachable; 75 try again later (the ledger has another owner); 78 invalid configuration.
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitTemporary = 75;
inline constexpr int kExitConfiguration = 78;

[[nodiscard]] int run(int argc, char** argv);

}  // namespace tokenweir::cli
