// The one form of a date that HTTP writes.
#pragma once

#include <string>

#include "core/time.h"

namespace tokenweir {

// "Sun, 06 Nov 1994 08:49:37 GMT": RFC 9110, 5.6.7, as a Date field has it.
[[nodiscard]] std::string format_http_date(Time time);

}  // namespace tokenweir
