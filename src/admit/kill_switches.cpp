#include "admit/kill_switches.h"

#include <algorithm>

namespace tokenweir::admit {
namespace {

using budget::Property;

bool stops(const KillSwitch& kill, const budget::Facts& facts, Time now) {
  if (kill.until && now >= *kill.until) return false;
  if (!kill.property) return true;
  const std::string_view value = facts[*kill.property];
  if (!value.empty() && value == kill.value) return true;
  if (*kill.property != Property::run) return false;
  return facts[Property::parent_run] == kill.value ||
         std::ranges::find(facts.ancestors, kill.value, &budget::Ancestor::run) !=
             facts.ancestors.end();
}

bool same_target(const KillSwitch& left, const KillSwitch& right) {
  return left.property == right.property && left.value == right.value;
}

}  // namespace

std::optional<KillSwitch> KillSwitches::find(const budget::Facts& facts, Time now) const {
  if (!any_.load(std::memory_order_acquire)) return std::nullopt;
  std::shared_ptr<const List> list;
  {
    const std::lock_guard lock(mutex_);
    list = list_;
  }
  const auto found =
      std::ranges::find_if(*list, [&](const KillSwitch& kill) { return stops(kill, facts, now); });
  if (found == list->end()) return std::nullopt;
  return *found;
}

void KillSwitches::publish(List list) {
  const bool any = !list.empty();
  list_ = std::make_shared<const List>(std::move(list));
  any_.store(any, std::memory_order_release);
  changes_.fetch_add(1, std::memory_order_acq_rel);
}

std::uint64_t KillSwitches::set(KillSwitch value) {
  const std::lock_guard lock(mutex_);
  List list = *list_;
  const auto same =
      std::ranges::find_if(list, [&](const KillSwitch& kill) { return same_target(kill, value); });
  value.id = same != list.end() ? same->id : next_id_++;
  const std::uint64_t id = value.id;
  if (same != list.end()) {
    *same = std::move(value);
  } else {
    list.push_back(std::move(value));
  }
  publish(std::move(list));
  return id;
}

bool KillSwitches::release(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  List list = *list_;
  if (std::erase_if(list, [&](const KillSwitch& kill) { return kill.id == id; }) == 0) return false;
  publish(std::move(list));
  return true;
}

std::vector<KillSwitch> KillSwitches::expire(Time now) {
  const std::lock_guard lock(mutex_);
  std::vector<KillSwitch> expired, list;
  for (const KillSwitch& kill : *list_) {
    (kill.until && now >= *kill.until ? expired : list).push_back(kill);
  }
  if (!expired.empty()) publish(std::move(list));
  return expired;
}

std::vector<KillSwitch> KillSwitches::all() const {
  const std::lock_guard lock(mutex_);
  return *list_;
}

void KillSwitches::restore(std::vector<KillSwitch> stored) {
  const std::lock_guard lock(mutex_);
  for (const KillSwitch& kill : stored) next_id_ = std::max(next_id_, kill.id + 1);
  publish(std::move(stored));
}

}  // namespace tokenweir::admit
