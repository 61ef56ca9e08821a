// Money that bought nothing: which class, where it is one (design 8). Each exchange is in the first
// class that applies, so that every dollar is counted once.
#pragma once

#include <string_view>

#include "core/record.h"

namespace tokenweir::settle {

// What is known of an exchange beside its record.
struct Ending {
  bool looping = false;      // the loop guard's word
  bool client_left = false;  // nobody read the answer to its end
  bool after_cut = false;    // asks again what was answered before and cut short by a cap of ours
};

// loop > retry > duplicate > client_abort; empty: not wasted. Who asks again after a cut is no
// duplicate: the answer that was cut is the waste.
[[nodiscard]] std::string_view waste_of(const Record& record, const Ending& ending);

// The class of an answer that was cut short and asked for again.
inline constexpr std::string_view kTruncated = "truncated";
// A cap of ours cut the answer short, and nothing else has made it waste: it becomes that only when
// the same is asked again.
[[nodiscard]] bool is_cut(const Record& record);

}  // namespace tokenweir::settle
