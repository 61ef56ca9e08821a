// The figures of one record in the terms that ledger, metrics and access log share, worked out
// once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/record.h"

namespace tokenweir::publish {

// The first nine cost kinds are kinds of tokens; the rest are fees.
inline constexpr std::size_t kTokenKinds = 9;
static_assert(static_cast<std::size_t>(CostKind::output_image) + 1 == kTokenKinds);

struct Figures {
  Usage usage;  // of all inferences together
  // By CostKind, disjoint. Counts that do not fit the ledger's 64-bit columns saturate here, so
  // that every reader saturates alike.
  std::array<std::optional<std::int64_t>, kTokenKinds> tokens;
  std::optional<std::int64_t> total_input;
  std::optional<std::int64_t> total_output;

  [[nodiscard]] const std::optional<std::int64_t>& operator[](CostKind kind) const {
    return tokens[static_cast<std::size_t>(kind)];
  }
};

[[nodiscard]] Figures figures_of(const Record& record);
[[nodiscard]] Figures figures_of(const Usage& usage);

[[nodiscard]] std::optional<std::int64_t> saturated(std::optional<std::uint64_t> count);
[[nodiscard]] bool is_input_kind(CostKind kind);
// The weaker of the two sources, the ledger's `usage_source`.
[[nodiscard]] UsageSource usage_source_of(const Record& record);

}  // namespace tokenweir::publish
