#include "provider/usage_cost.h"

namespace tokenweir::provider {
namespace {

// 10^10 ticks are a dollar.
constexpr std::int64_t kPicodollarsPerTick = 100;

std::optional<Money> told_cost(const std::optional<Json>& usage, Counts& counts) {
  if (const std::optional<Json> cost = member(usage, "cost")) {
    return cost->is_object() ? dollars_member(cost, "total_cost") : dollars_member(usage, "cost");
  }
  if (const auto ticks = counts.get(usage, "cost_in_usd_ticks")) {
    return Money::checked_picodollars(static_cast<Int128>(*ticks) * kPicodollarsPerTick);
  }
  return std::nullopt;
}

}  // namespace

void read_cost(const std::optional<Json>& usage, UsageReading& reading, Counts& counts) {
  if (const std::optional<Json> flag = member(usage, "is_byok")) {
    if (flag->get(reading.byok) != simdjson::SUCCESS) reading.byok = false;
  }
  const std::optional<Money> cost = told_cost(usage, counts);
  if (!cost) return;
  reading.cost = cost;
  if (!reading.byok) return;
  // With the client's own key `cost` is the reseller's fee; the provider's bill comes on top.
  const auto beyond = dollars_member(member(usage, "cost_details"), "upstream_inference_cost");
  if (beyond) reading.cost = checked_add(*reading.cost, *beyond);
}

}  // namespace tokenweir::provider
