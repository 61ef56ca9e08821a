// Money that bought nothing: which class, where it is one (design 8). Each exchange is in the first
// class that applies, so that every dollar is counted once.
#pragma once

#include <string_view>

#include "core/record.h"

namespace tokenweir::settle {

// loop > retry > duplicate > client_abort > truncated; empty: not wasted. `looping` is the loop
// guard's word, `client_left` that nobody read the answer to its end.
[[nodiscard]] std::string_view waste_of(const Record& record, bool looping, bool client_left);

}  // namespace tokenweir::settle
