// The metric catalogue: every family tokenweir exposes, one row each (docs/metrics.md).
#pragma once

#include <span>

#include "publish/family.h"

namespace tokenweir::publish {

// Families moved by records or by the publisher, in the order they are exposed.
[[nodiscard]] std::span<const Definition> catalogue();

}  // namespace tokenweir::publish
