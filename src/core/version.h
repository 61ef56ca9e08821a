// What this build is.
#pragma once

#include <string_view>

namespace tokenweir {

inline constexpr std::string_view kVersion = TOKENWEIR_VERSION;
inline constexpr std::string_view kCompiler =
#if defined(__clang__)
    "clang " __clang_version__;
#else
    "g++ " __VERSION__;
#endif

}  // namespace tokenweir
