// Operators' stops: by run, workflow, user, credential, model, provider or everything, with a
// reason and an expiry. Thread-safe; asking costs one atomic load while no switch is set.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "budget/selector.h"
#include "core/time.h"

namespace tokenweir::admit {

struct KillSwitch {
  std::uint64_t id = 0;
  std::optional<budget::Property> property;  // no value: everything
  std::string value;                         // exactly this; runs match under any workflow
  std::string reason;
  std::string by;  // who did it
  Time since{};
  std::optional<Time> until;

  friend bool operator==(const KillSwitch&, const KillSwitch&) = default;
};

class KillSwitches {
 public:
  // A run is also stopped when one of the runs above it is.
  [[nodiscard]] std::optional<KillSwitch> find(const budget::Facts& facts, Time now) const;
  [[nodiscard]] bool any() const { return any_.load(std::memory_order_acquire); }
  // Rises with every change: streams in flight ask find() again when it did.
  [[nodiscard]] std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  // Returns the switch's id. Setting the same target again replaces reason and expiry.
  std::uint64_t set(KillSwitch value);
  bool release(std::uint64_t id);
  // Drops what has expired and returns it, for the audit.
  std::vector<KillSwitch> expire(Time now);
  [[nodiscard]] std::vector<KillSwitch> all() const;
  // At start: what was stored, ids included.
  void restore(std::vector<KillSwitch> stored);

 private:
  using List = std::vector<KillSwitch>;
  void publish(List list);  // under mutex_

  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_ = std::make_shared<const List>();
  std::uint64_t next_id_ = 1;
  std::atomic<std::uint64_t> changes_{0};
  std::atomic<bool> any_{false};
};

}  // namespace tokenweir::admit
