// The one form in which a command says on stderr what went wrong.
#pragma once

#include <iostream>
#include <string_view>

namespace tokenweir::cli {

// Returns `code`, so that a command can end with it.
inline int fail(std::string_view command, int code, std::string_view message) {
  std::cerr << "tokenweir " << command << ": " << message << '\n';
  return code;
}

}  // namespace tokenweir::cli
