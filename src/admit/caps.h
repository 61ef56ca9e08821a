// Caps on what a request may say and hear: the first rule that matches decides. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admit/refusal.h"
#include "budget/selector.h"
#include "config/policy.h"

namespace tokenweir::admit {

struct OutputCapRule {
  budget::Selector match;
  config::OutputCap cap;
};
struct InputCapRule {
  budget::Selector match;
  config::InputCap cap;
};

struct CapRequest {
  std::optional<std::int64_t> asked;  // by the client, per choice; provider::kNoLimit is one
  bool reasoning_model = false;
  bool enforcing = true;
  std::optional<std::int64_t> ladder_cap;  // a budget's ladder lowers it too
  std::int64_t choices = 1;                // how many answers share a rule's maximum
  bool readable = true;                    // the body; what it asks for is known
  bool writable = true;                    // a cap could be written into it
  std::int64_t thinking = 0;               // the largest number of tokens set aside for it
};

struct CapDecision {
  std::optional<std::int64_t> cap;    // to be in force, per choice; no value: none
  bool edit = false;                  // it differs from what was asked, the body must say it
  std::string_view source;            // rule, default, ladder; empty: nothing was changed
  std::optional<std::int64_t> would;  // what an observing rule would have set
  bool would_refuse = false;
  std::optional<Refusal> refusal;  // on_exceed: reject
};
[[nodiscard]] CapDecision decide_output_cap(std::span<const OutputCapRule> rules,
                                            const budget::Facts& facts, const CapRequest& request);

// Named parts of the input, largest first in the refusal.
struct InputPart {
  std::string_view name;  // system, tools, history, tool_results, new
  std::int64_t tokens = 0;
};
struct InputDecision {
  std::optional<Refusal> refusal;
  bool would_refuse = false;
};
[[nodiscard]] InputDecision decide_input_cap(std::span<const InputCapRule> rules,
                                             const budget::Facts& facts, std::int64_t input_tokens,
                                             std::span<const InputPart> parts, bool enforcing);

}  // namespace tokenweir::admit
