// A budget or a rate as the book keeps it: who it is about, what it limits, when it starts anew.
// A rate is an account like any other, with a rolling minute and a limit on what is in flight.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "budget/amounts.h"
#include "budget/selector.h"
#include "budget/window.h"

namespace tokenweir::budget {

enum class RuleKind : std::uint8_t {
  budget,  // exhausted is final
  rate,    // exhausted passes by itself; not durable
};

using Limits = std::array<std::optional<std::int64_t>, kMeasures>;

struct Rule {
  std::string name;  // unique; spend survives a reload under it
  RuleKind kind = RuleKind::budget;
  Selector match;
  // Credentials that always pay here, whatever their requests say of themselves.
  std::vector<std::string> pinned;
  std::vector<Subject> per;
  Limits limits;
  Window window;
  // Millionths of the limit from which on requests are refused; no value: the budget only warns.
  std::optional<std::int64_t> reject_at = 1'000'000;
  bool enforce = true;  // false: nothing is refused, what would have been is told
  std::string contact;

  [[nodiscard]] bool concerns(const Facts& facts) const {
    const std::string_view credential = facts[Property::credential];
    return match.matches(facts) ||
           (!pinned.empty() && std::ranges::find(pinned, credential) != pinned.end());
  }
};

}  // namespace tokenweir::budget
