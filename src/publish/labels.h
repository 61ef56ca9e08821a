// The values of metric labels, bounded and numbered. Every label has its own dictionary; a value
// beyond its limit becomes `_other`, is counted, and the ledger keeps the true one. Not
// thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/record.h"

namespace tokenweir::publish {

enum class Label : std::uint8_t {
  workflow,
  provider,
  model,      // canonical ids of the price files
  raw_model,  // names without a price; exposed as `model`
  outcome,
  streaming,
  direction,
  kind,
  reason,
  cause,
  type,
  result,
  label,
  phase,
  state,
  credential,
  resource,
  source,
  revision,
  team,
  cost_center,
  environment,
  version,
  compiler,
  budget,
  window,
  end,
};
inline constexpr std::size_t kLabels = 27;
[[nodiscard]] std::string_view name_of(Label label);

using LabelId = std::uint16_t;
inline constexpr LabelId kOther = 0;

class Labels {
 public:
  struct Limits {
    std::size_t workflows = 500;
    std::size_t models = 100;
    std::size_t raw_models = 50;
    std::size_t budgets = 600;
    std::size_t others = 64;  // each of the remaining labels
  };
  explicit Labels(const Limits& limits);

  // The number of a value; kOther when it is new and the dictionary is full. Hostile values are
  // repaired first: at most 128 bytes, valid UTF-8, no control characters.
  [[nodiscard]] LabelId id(Label label, std::string_view value);
  [[nodiscard]] std::string_view text(Label label, LabelId id) const { return at(label).texts[id]; }
  // Kinds are known beforehand, in the order of CostKind.
  [[nodiscard]] static LabelId id(CostKind kind) {
    return static_cast<LabelId>(static_cast<unsigned>(kind) + 1);
  }
  // How often a value of the label was folded into `_other`.
  [[nodiscard]] std::uint64_t dropped(Label label) const { return at(label).dropped; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Dictionary {
    std::unordered_map<std::string, LabelId, Hash, std::equal_to<>> ids;
    std::vector<std::string> texts;
    std::size_t limit = 0;
    std::uint64_t dropped = 0;
  };
  [[nodiscard]] const Dictionary& at(Label label) const {
    return dictionaries_[static_cast<std::size_t>(label)];
  }

  std::array<Dictionary, kLabels> dictionaries_;
};

// A label value as it may be exposed.
[[nodiscard]] std::string presentable(std::string_view value);

}  // namespace tokenweir::publish
