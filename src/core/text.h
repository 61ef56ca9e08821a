// Hostile text, measured and made safe to print. Names arrive from clients and providers and may
// hold any byte.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tokenweir {

// Length of the valid UTF-8 sequence at the front of `text`, which is not empty; 0 when there is
// none. Overlong forms, surrogates and code points above U+10FFFF are not valid (RFC 3629).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

// Appends a JSON string with its quotes. Control characters (C0, DEL and C1) are escaped, so a
// value can neither break a line nor move a terminal's cursor; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
// The same as a string of its own.
[[nodiscard]] std::string json_text(std::string_view text);
// True when a JSON string may hold the text as it is: printable ASCII without quotes or
// backslashes.
[[nodiscard]] bool is_plain_json(std::string_view text);

// ASCII letters in lower case, every other byte as it is.
[[nodiscard]] std::string lower_case(std::string_view text);

// True when the whole text matches a pattern in which `*` stands for any bytes and `?` for one.
[[nodiscard]] bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace tokenweir
