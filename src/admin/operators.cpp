#include "admin/operators.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

#include "admin/operator_views.h"
#include "admin/order_checks.h"
#include "core/text.h"
#include "publish/text.h"

namespace tokenweir::admin {
namespace {

using budget::Property;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t kKillsMax = 10'000;
constexpr std::size_t kValueMax = 256;  // bytes of a kill's target
// Longer than this it is not a broken glass but another configuration.
constexpr std::chrono::hours kOffMost{24};

std::optional<Reply> poor_target(const KillTarget& target) {
  if (!target.property) return std::nullopt;
  switch (*target.property) {
    case Property::run:
    case Property::workflow:
    case Property::user:
    case Property::credential:
    case Property::model:
    case Property::provider:
      break;
    default:
      return problem(400, "kill by run, workflow, user, credential, model, provider or everything");
  }
  if (target.value.empty()) return problem(400, "the target has no value");
  if (target.value.size() > kValueMax) return problem(400, "the target is longer than 256 bytes");
  if (!publish::is_storable(target.value)) return problem(400, "the target is no valid UTF-8");
  return std::nullopt;
}

publish::StoredKill stored_form(const admit::KillSwitch& kill) {
  publish::StoredKill form;
  form.id = kill.id;
  if (kill.property) form.property = std::string(name_of(*kill.property));
  form.value = kill.value;
  form.reason = kill.reason;
  form.actor = kill.by;
  form.since = kill.since;
  form.until = kill.until;
  return form;
}

// No value when a newer version stored a property that this one does not know.
std::optional<admit::KillSwitch> kill_of(const publish::StoredKill& form) {
  admit::KillSwitch kill;
  if (form.property) {
    kill.property = budget::property_named(*form.property);
    if (!kill.property) return std::nullopt;
  }
  kill.id = form.id;
  kill.value = form.value;
  kill.reason = form.reason;
  kill.by = form.actor;
  kill.since = form.since;
  kill.until = form.until;
  return kill;
}

Reply created(JsonText& out) { return {201, "application/json", out.take()}; }
const Order kClock{"tokenweir", "its time was over"};

}  // namespace

publish::AuditEntry Operators::line(std::string_view action, std::string target,
                                    const Order& order) const {
  publish::AuditEntry entry;
  entry.at = now();
  entry.actor = order.actor;
  entry.action = action;
  entry.target = std::move(target);
  entry.reason = order.reason;
  return entry;
}

std::optional<Reply> Operators::stored(const Result<void, std::string>& outcome,
                                       std::string_view action) {
  if (outcome) {
    ++actions_[std::string(action)];
    return std::nullopt;
  }
  spdlog::error("operators: {} failed: {}", action, outcome.error());
  return problem(503, outcome.error());
}

Result<void, std::string> Operators::restore() {
  const std::lock_guard lock(mutex_);
  auto state = house_.store.load();
  if (!state) return failure(state.error());
  const budget::Now at = moment();
  std::vector<admit::KillSwitch> kills;
  for (const publish::StoredKill& form : state->kills) {
    auto kill = kill_of(form);
    if (!kill) {
      return failure("a kill switch by `" + *form.property +
                     "` is stored, which this version does not know");
    }
    kills.push_back(std::move(*kill));
  }
  if (!kills.empty()) spdlog::warn("operators: {} kill switch(es) restored", kills.size());
  house_.kills.restore(std::move(kills));
  overrides_ = std::move(state->overrides);
  for (const publish::StoredOverride& value : overrides_) apply(value);
  if (state->distrusted_at) {
    for (const publish::StoredConfirmation& confirmed : state->confirmations) {
      if (confirmed.at < *state->distrusted_at) continue;
      house_.accounts.correct_spent(confirmed.budget, confirmed.account, at.wall, {}, at);
    }
  }
  off_ = std::move(state->enforcement_off);
  if (off_) {
    // Never longer than was asked for, wherever the wall clock was put meanwhile.
    const auto left =
        std::clamp<microseconds>(off_->until - at.wall, microseconds{0}, off_->until - off_->since);
    off_end_ = at.monotonic + left;
    house_.enforcement.off_until(at.wall + left);
    spdlog::warn("operators: enforcement is off for another {} s, by {}: {}",
                 std::chrono::floor<std::chrono::seconds>(left).count(), off_->actor,
                 json_text(off_->reason));
  }
  actions_ = std::move(state->actions);
  return {};
}

void Operators::after_reload() {
  const std::lock_guard lock(mutex_);
  for (const publish::StoredOverride& value : overrides_) apply(value);
}

void Operators::apply(const publish::StoredOverride& value) {
  static_assert(publish::kStoredMeasures == budget::kMeasures);
  // A budget that is not in the configuration now keeps its override for when it comes back.
  static_cast<void>(house_.accounts.set_override(
      value.budget, value.account ? std::optional<std::string_view>(*value.account) : std::nullopt,
      {value.limits, value.until.value_or(Time::max())}));
}

void Operators::put_out_of_force(const publish::StoredOverride& value) {
  static_cast<void>(house_.accounts.clear_override(
      value.budget,
      value.account ? std::optional<std::string_view>(*value.account) : std::nullopt));
}

Reply Operators::kill(const KillTarget& target, std::optional<milliseconds> duration,
                      const Order& order) {
  if (auto poor = poor_target(target)) return *poor;
  if (auto poor = poor_reason(order, true)) return *poor;
  if (auto poor = poor_duration(duration, kOrderMost)) return *poor;
  const std::lock_guard lock(mutex_);
  if (house_.kills.all().size() >= kKillsMax) {
    return problem(409, "there are 10000 kill switches: release some");
  }
  admit::KillSwitch kill;
  kill.property = target.property;
  kill.value = target.property ? target.value : std::string();
  kill.reason = order.reason;
  kill.by = order.actor;
  kill.since = now();
  if (duration) kill.until = kill.since + *duration;
  // In force first: a full disk must not keep money burning.
  kill.id = house_.kills.set(kill);
  auto entry = line("kill", target_text(kill.property, kill.value), order);
  JsonText out;
  append_kill(out, kill);
  const std::string shown = out.take();
  entry.detail = shown.substr(0, shown.size() - 1);
  spdlog::warn("operators: {} is killed by {}: {}", json_text(entry.target), order.actor,
               json_text(order.reason));
  if (auto failed = stored(house_.store.put(stored_form(kill), entry), "kill")) {
    return problem(503,
                   "the switch is in force, but it is not stored and would end with a restart: "
                   "give the order again. " +
                       failed->body);
  }
  return {201, "application/json", shown};
}

Reply Operators::release(const admit::KillSwitch& kill, const Order& order) {
  auto entry = line("release", target_text(kill.property, kill.value), order);
  JsonText out;
  append_kill(out, kill);
  const std::string shown = out.take();
  entry.detail = shown.substr(0, shown.size() - 1);
  if (auto failed = stored(house_.store.drop_kill(kill.id, entry), "release")) return *failed;
  house_.kills.release(kill.id);
  spdlog::warn("operators: {} is released by {}", json_text(entry.target), order.actor);
  return {200, "application/json", shown};
}

// A run that the loop guard has stopped goes on.
std::optional<Reply> Operators::resume(std::string_view run, const Order& order) {
  const bool stopped = std::ranges::any_of(
      house_.runs.view(std::numeric_limits<std::size_t>::max()),
      [&](const runs::RunView& view) { return view.run == run && !view.evidence.empty(); });
  if (!stopped) return std::nullopt;
  const budget::Now at = moment();
  auto entry = line("release", target_text(Property::run, run), order);
  if (auto failed = stored(house_.store.resume(run, at.wall, entry), "release")) return failed;
  const std::size_t resumed = house_.runs.resume(run, at.monotonic);
  spdlog::warn("operators: the stopped run {} goes on, by {}", json_text(run), order.actor);
  JsonText out;
  out.open_object().member("scope", "run").member("value", run);
  out.member("resumed", static_cast<std::int64_t>(resumed)).close();
  return json_reply(out.take());
}

Reply Operators::release(std::uint64_t id, const Order& order) {
  if (auto poor = poor_reason(order, false)) return *poor;
  const std::lock_guard lock(mutex_);
  for (const admit::KillSwitch& kill : house_.kills.all()) {
    if (kill.id == id) return release(kill, order);
  }
  return problem(404, "there is no kill switch of that id");
}

Reply Operators::release(const KillTarget& target, const Order& order) {
  if (auto poor = poor_target(target)) return *poor;
  if (auto poor = poor_reason(order, false)) return *poor;
  const std::lock_guard lock(mutex_);
  for (const admit::KillSwitch& kill : house_.kills.all()) {
    if (kill.property == target.property && (!kill.property || kill.value == target.value)) {
      Reply reply = release(kill, order);
      if (target.property == Property::run && reply.status == 200) {
        static_cast<void>(resume(target.value, order));
      }
      return reply;
    }
  }
  if (target.property == Property::run) {
    if (auto resumed = resume(target.value, order)) return *resumed;
  }
  return problem(404, "there is no kill switch of " + target_text(target.property, target.value));
}

Reply Operators::enforce_off(milliseconds duration, const Order& order) {
  if (auto poor = poor_reason(order, true)) return *poor;
  if (auto poor = poor_duration(duration, kOffMost)) return *poor;
  const std::lock_guard lock(mutex_);
  const budget::Now at = moment();
  publish::StoredEnforcementOff off{order.reason, order.actor, at.wall, at.wall + duration};
  auto entry = line("enforcement.off", "enforcement", order);
  entry.detail = "{\"until\":\"" + format_rfc3339(off.until) + "\"}";
  if (auto failed = stored(house_.store.put(off, entry), "enforcement.off")) return *failed;
  off_end_ = at.monotonic + duration;
  house_.enforcement.off_until(off.until);
  spdlog::warn("operators: enforcement is off until {}, by {}: {}", format_rfc3339(off.until),
               order.actor, json_text(order.reason));
  off_ = std::move(off);
  JsonText out;
  out.open_object().member("enforcing", false).member("until", off_->until).close();
  return created(out);
}

Reply Operators::enforce_on(const Order& order) {
  if (auto poor = poor_reason(order, false)) return *poor;
  const std::lock_guard lock(mutex_);
  JsonText out;
  out.open_object().member("enforcing", true).close();
  if (!off_) return json_reply(out.take());
  // Enforcing again must not wait for a disk either.
  house_.enforcement.on();
  spdlog::warn("operators: enforcement is on again, by {}", order.actor);
  if (auto failed =
          stored(house_.store.drop_enforcement_off(line("enforcement.on", "enforcement", order)),
                 "enforcement.on")) {
    return *failed;
  }
  off_.reset();
  return json_reply(out.take());
}

void Operators::note(std::string_view action, std::string_view target, const Order& order) {
  const std::lock_guard lock(mutex_);
  static_cast<void>(stored(house_.store.note(line(action, std::string(target), order)), action));
}

void Operators::tick() {
  const std::lock_guard lock(mutex_);
  const budget::Now at = moment();
  expire_kills(at.wall);
  expire_overrides(at.wall);
  expire_enforcement_off(at);
}

// What has expired is without effect already; here it leaves the store. Where that fails the next
// tick tries again.
void Operators::expire_kills(Time at) {
  if (!house_.kills.any()) return;
  for (const admit::KillSwitch& kill : house_.kills.all()) {
    if (!kill.until || at < *kill.until) continue;
    const auto entry = line("kill.expired", target_text(kill.property, kill.value), kClock);
    if (stored(house_.store.drop_kill(kill.id, entry), entry.action)) return;
    house_.kills.release(kill.id);
  }
}

void Operators::expire_overrides(Time at) {
  for (auto value = overrides_.begin(); value != overrides_.end();) {
    if (!value->until || at < *value->until) {
      ++value;
      continue;
    }
    const auto entry = line("budget.expired", target_text(value->budget, value->account), kClock);
    const auto account =
        value->account ? std::optional<std::string_view>(*value->account) : std::nullopt;
    if (stored(house_.store.drop_override(value->budget, account, entry), entry.action)) return;
    put_out_of_force(*value);
    value = overrides_.erase(value);
  }
}

void Operators::expire_enforcement_off(budget::Now at) {
  if (!off_) return;
  if (!house_.enforcement.enforcing(at.wall) && at.monotonic < off_end_) return;
  house_.enforcement.on();
  const auto entry = line("enforcement.returned", "enforcement", kClock);
  if (stored(house_.store.drop_enforcement_off(entry), entry.action)) return;
  off_.reset();
  spdlog::warn("operators: enforcement has returned by itself");
}

}  // namespace tokenweir::admin
