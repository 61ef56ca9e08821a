// What every order must have, as the reply that refuses it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "admin/operators.h"

namespace tokenweir::admin {

inline constexpr std::chrono::hours kOrderMost{24 * 366};

[[nodiscard]] inline std::optional<Reply> poor_reason(const Order& order, bool needed) {
  constexpr std::size_t kReasonMax = 500;
  if (needed && order.reason.empty()) {
    return problem(400, "`reason` is missing: say why, it goes into the audit");
  }
  if (order.reason.size() > kReasonMax) return problem(400, "`reason` is longer than 500 bytes");
  return std::nullopt;
}

[[nodiscard]] inline std::optional<Reply> poor_duration(
    const std::optional<std::chrono::milliseconds>& duration, std::chrono::hours most) {
  if (!duration) return std::nullopt;
  if (*duration < std::chrono::seconds{1}) return problem(400, "`for` is less than a second");
  if (*duration > most) {
    return problem(400, "`for` is more than " + std::to_string(most.count()) + "h");
  }
  return std::nullopt;
}

}  // namespace tokenweir::admin
