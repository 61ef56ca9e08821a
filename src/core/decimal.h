// Integers as decimal text, without a format string to be read each time.
#pragma once

#include <charconv>
#include <concepts>
#include <string>

namespace tokenweir {

void append_number(std::string& out, std::integral auto number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace tokenweir
