// What a usage object says that it cost. Internal to the readers of usage.
#pragma once

#include "provider/usage.h"
#include "provider/usage_json.h"

namespace tokenweir::provider {

// Sets `cost` and `byok` where `usage` tells them, whatever the dialect around it: OpenRouter,
// Vercel and others (`cost`), Perplexity (`cost.total_cost`), xAI (`cost_in_usd_ticks`).
void read_cost(const std::optional<Json>& usage, UsageReading& reading, Counts& counts);

}  // namespace tokenweir::provider
