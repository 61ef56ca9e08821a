// How JSON values of a request are read: numbers in every spelling servers accept. Private to the
// request reader.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "provider/cap_places.h"

namespace tokenweir::provider {

// A count of zero or more from raw JSON: 1000, 1e3, 1000.0, "1000" (lenient servers take strings).
// A fraction counts as the next whole number. No value for null, negatives (which mean "no limit"
// where they mean anything), what is no number, and what no int64 can hold.
[[nodiscard]] std::optional<std::int64_t> count_value(std::string_view raw);
// How a value reads where a limit is expected. `tokens` saturates where no int64 can hold them, is
// zero below one (who cuts fractions off reads no more), and is meaningful for numbers alone.
struct LimitValue {
  CapPlace::Says says = CapPlace::Says::nothing;
  std::int64_t tokens = 0;
};
[[nodiscard]] LimitValue limit_value(std::string_view raw, bool cut);
// true or false; no value for anything else.
[[nodiscard]] std::optional<bool> bool_value(std::string_view raw);

}  // namespace tokenweir::provider
