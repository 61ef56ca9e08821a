#include "budget/recovery.h"

#include <algorithm>

namespace tokenweir::budget {
namespace {

constexpr std::string_view kTag = "tag.";
constexpr std::string_view kAncestor = "ancestor";

// Input as it was held and the output that was delivered, never more than the hold.
Amounts counted(const JournalEntry& entry) {
  Demand demand;
  demand.fixed = entry.fixed;
  demand.usd_per_output_token = entry.usd_per_output_token;
  Amounts amounts = amounts_for(demand, entry.output_delivered);
  for (std::size_t i = 0; i < kMeasures; ++i) {
    amounts.of[i] = std::min(amounts.of[i], entry.held.of[i]);
  }
  return amounts;
}

}  // namespace

RecoveryPlan plan_recovery(std::span<const ReadSlot> slots,
                           const std::function<bool(std::string_view)>& in_ledger,
                           RecoveryPolicy policy) {
  RecoveryPlan plan;
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    const ReadSlot& read = slots[slot];
    if (read.entry.phase == HoldPhase::free) {
      if (read.fault != SlotFault::none) plan.torn.push_back(slot);
      continue;
    }
    if (read.entry.phase == HoldPhase::held || in_ledger(read.entry.id)) {
      plan.released.push_back(slot);
      continue;
    }
    Recovered recovered{read.entry, slot, {}, true};
    if (read.entry.settled) {
      recovered.charged = *read.entry.settled;
      recovered.from_hold = false;
    } else {
      // A count that nobody kept is no count.
      const bool can_count = policy == RecoveryPolicy::counted && read.entry.output_delivered > 0;
      recovered.charged = can_count ? counted(read.entry) : read.entry.held;
    }
    recovered.charged[Measure::concurrent] = 0;
    plan.charges.push_back(std::move(recovered));
  }
  return plan;
}

StoredFacts facts_of(const JournalEntry& entry) {
  StoredFacts stored;
  for (const auto& [name, value] : entry.facts) {
    if (const auto property = property_named(name)) {
      stored.facts[*property] = value;
    } else if (name.starts_with(kTag)) {
      stored.tags.emplace_back(name.substr(kTag.size()), value);
    } else if (name == kAncestor) {
      const std::size_t joint = value.find(kJoint);
      if (joint == std::string::npos) continue;
      stored.ancestors.push_back({value.substr(0, joint), value.substr(joint + 1)});
    }
  }
  stored.facts.tags = stored.tags;
  stored.facts.ancestors = stored.ancestors;
  return stored;
}

void store_facts(const Facts& facts, EntryFacts& out) {
  for (std::size_t i = 0; i < kProperties; ++i) {
    if (facts.values[i].empty()) continue;
    out.add(name_of(static_cast<Property>(i)), facts.values[i]);
  }
  for (const Ancestor& ancestor : facts.ancestors) {
    out.add_made(std::string(kAncestor), ancestor.workflow + kJoint + ancestor.run);
  }
  for (const auto& [name, value] : facts.tags) {
    out.add_made(std::string(kTag) + name, value);
  }
}

}  // namespace tokenweir::budget
