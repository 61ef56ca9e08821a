// What the process's exit code says.
#pragma once

namespace tokenweir {

inline constexpr int kExitFailed = 1;  // at run time
inline constexpr int kExitUsage = 2;   // or "differs"
inline constexpr int kExitConflict = 3;
inline constexpr int kExitUnreachable = 69;    // the admin listener does not answer
inline constexpr int kExitTemporary = 75;      // try again later: the ledger has another owner
inline constexpr int kExitConfiguration = 78;  // the configuration is invalid

}  // namespace tokenweir
