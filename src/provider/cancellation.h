// What a provider charges for an answer whose connection is closed early (wire.md 11, as data).
#pragma once

#include <string_view>

#include "provider/dialect.h"

namespace tokenweir::provider {

// True when generation (and billing) stops soon after the connection is closed. False: it runs on
// and is billed in full, so reading on to the end costs nothing and yields exact usage.
[[nodiscard]] bool stops_when_cut(Family family, std::string_view host);

}  // namespace tokenweir::provider
