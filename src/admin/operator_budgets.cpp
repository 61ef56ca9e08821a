// Budgets: what one may spend for a while, and what it has spent.
#include <algorithm>

#include "admin/operator_views.h"
#include "admin/operators.h"
#include "admin/order_checks.h"
#include "publish/text.h"

namespace tokenweir::admin {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kOverridesMax = 10'000;
constexpr std::size_t kAccountMax = 1'024;  // bytes of an account's key
// What a correction may set: leaves room for everything that is posted afterwards.
constexpr std::int64_t kSpentMost = INT64_MAX / 4;

bool same_target(const publish::StoredOverride& left, const publish::StoredOverride& right) {
  return left.budget == right.budget && left.account == right.account;
}

// Without the line's end.
std::string detail_of(JsonText& out) {
  std::string text = out.take();
  text.pop_back();
  return text;
}

}  // namespace

std::optional<Reply> Operators::unknown_budget(std::string_view budget) const {
  const std::vector<std::string> names = house_.accounts.names();
  if (std::ranges::find(names, budget) != names.end()) return std::nullopt;
  std::string known;
  for (const std::string& name : names) {
    if (known.size() > 1'000) break;
    known += known.empty() ? "" : ", ";
    known += name;
  }
  return problem(404, "there is no budget of that name; there " +
                          (known.empty() ? std::string("are none") : "is: " + known));
}

Result<std::string, Reply> Operators::key_of(std::string_view budget,
                                             const AccountChoice& account) const {
  if (auto unknown = unknown_budget(budget)) return failure(*unknown);
  if (account.name.size() > kAccountMax || !publish::is_storable(account.name)) {
    return failure(problem(400, "the account is too long or no valid UTF-8"));
  }
  std::string key = account.name;
  if (!account.exact) std::ranges::replace(key, '/', '\x1f');
  if (account.create || house_.accounts.find(budget, key, moment())) return key;
  // A value may hold a "/" itself.
  for (const budget::AccountView& view : house_.accounts.view(moment(), 10'000, budget)) {
    if (!account.exact && shown_key(view.name->key) == account.name) return view.name->key;
  }
  return failure(
      problem(404, account.name.empty()
                       ? "this budget keeps an account for each of its `per`: name one"
                       : "this budget has no such account (yet); `create` makes it beforehand"));
}

Reply Operators::set_limits(std::string_view budget, const std::optional<AccountChoice>& account,
                            const budget::Limits& limits, std::optional<milliseconds> duration,
                            const Order& order) {
  if (auto poor = poor_reason(order, true)) return *poor;
  if (auto poor = poor_duration(duration, kOrderMost)) return *poor;
  const auto set = [](const auto& limit) { return limit.has_value(); };
  if (std::ranges::none_of(limits, set)) return problem(400, "`limit` says nothing");
  if (std::ranges::any_of(limits, [](const auto& limit) { return limit && *limit < 0; })) {
    return problem(400, "a limit is negative");
  }
  const std::lock_guard lock(mutex_);
  if (auto unknown = unknown_budget(budget)) return *unknown;
  publish::StoredOverride value;
  value.budget = budget;
  if (account) {
    auto key = key_of(budget, *account);
    if (!key) return key.error();
    value.account = std::move(*key);
  }
  value.limits = limits;
  value.reason = order.reason;
  value.actor = order.actor;
  value.since = now();
  if (duration) value.until = value.since + *duration;
  const auto before = std::ranges::find_if(
      overrides_, [&](const publish::StoredOverride& other) { return same_target(other, value); });
  if (before == overrides_.end() && overrides_.size() >= kOverridesMax) {
    return problem(409, "there are 10000 overrides: clear some");
  }
  auto entry = line("budget.limit", target_text(budget, value.account), order);
  JsonText out;
  append_override(out, value);
  entry.detail = detail_of(out);
  if (auto failed = stored(house_.store.put(value, entry), "budget.limit")) return *failed;
  apply(value);
  confirm(value, order);
  if (before != overrides_.end()) {
    *before = std::move(value);
  } else {
    overrides_.push_back(std::move(value));
  }
  return {201, "application/json", entry.detail + "\n"};
}

// Who says what an account may spend from here on, after its ledger was lost, vouches for it.
void Operators::confirm(const publish::StoredOverride& value, const Order& order) {
  const budget::Now at = moment();
  for (const budget::AccountView& view : house_.accounts.view(at, 10'000, value.budget)) {
    if (!view.unknown || (value.account && view.name->key != *value.account)) continue;
    publish::SpentCorrection correction;
    correction.budget = value.budget;
    correction.account = view.name->key;
    correction.period_begin =
        view.window == budget::WindowKind::rolling ? at.wall : view.period.begin;
    correction.at = at.wall;
    const auto entry = line("budget.spent", target_text(value.budget, correction.account), order);
    if (stored(house_.store.correct(correction, entry), "budget.spent")) return;
    house_.accounts.correct_spent(value.budget, correction.account, at.wall, {}, at);
  }
}

Reply Operators::clear_limits(std::string_view budget, const std::optional<AccountChoice>& account,
                              const Order& order) {
  if (auto poor = poor_reason(order, false)) return *poor;
  const std::lock_guard lock(mutex_);
  // Also of a budget that has left the configuration.
  const auto found = std::ranges::find_if(overrides_, [&](const publish::StoredOverride& value) {
    if (value.budget != budget || value.account.has_value() != account.has_value()) return false;
    return !account || (account->exact ? *value.account == account->name
                                       : shown_key(*value.account) == account->name);
  });
  if (found == overrides_.end()) return problem(404, "there is no such override");
  auto entry = line("budget.clear", target_text(budget, found->account), order);
  if (auto failed = stored(
          house_.store.drop_override(
              budget,
              found->account ? std::optional<std::string_view>(*found->account) : std::nullopt,
              entry),
          "budget.clear")) {
    return *failed;
  }
  put_out_of_force(*found);
  JsonText out;
  append_override(out, *found);
  overrides_.erase(found);
  return {200, "application/json", out.take()};
}

Reply Operators::set_spent(std::string_view budget, const AccountChoice& account,
                           const budget::Limits& spent, const Order& order) {
  if (auto poor = poor_reason(order, true)) return *poor;
  if (std::ranges::none_of(spent, [](const auto& amount) { return amount.has_value(); })) {
    return problem(400, "`spent` says nothing");
  }
  for (const auto& amount : spent) {
    if (amount && (*amount < 0 || *amount > kSpentMost)) {
      return problem(400, "an amount of `spent` is negative or too large");
    }
  }
  if (spent[static_cast<std::size_t>(budget::Measure::concurrent)]) {
    return problem(400, "what is in flight cannot be set");
  }
  const std::lock_guard lock(mutex_);
  auto key = key_of(budget, account);
  if (!key) return key.error();
  const budget::Now at = moment();
  auto view = house_.accounts.find(budget, *key, at);
  if (!view) {
    // Made beforehand: nothing is spent on it.
    house_.accounts.correct_spent(budget, *key, at.wall, {}, at);
    view = house_.accounts.find(budget, *key, at);
    if (!view) return problem(409, "there is no room for another account");
  }
  if (view->kind == budget::RuleKind::rate) return problem(400, "a rate has no spend to set");

  const bool rolling = view->window == budget::WindowKind::rolling;
  budget::Amounts wanted = view->spent;
  publish::SpentCorrection correction;
  correction.budget = budget;
  correction.account = *key;
  correction.period_begin = rolling ? at.wall : view->period.begin;
  correction.replace = rolling;
  correction.at = at.wall;
  budget::Amounts change;
  for (std::size_t i = 0; i < budget::kMeasures; ++i) {
    if (spent[i]) wanted.of[i] = *spent[i];
    change.of[i] = budget::saturating_subtract(wanted.of[i], view->spent.of[i]);
    correction.amounts[i] = rolling ? wanted.of[i] : change.of[i];
  }
  auto entry = line("budget.spent", target_text(budget, *key), order);
  JsonText detail;
  detail.open_object();
  for (const budget::Measure measure : budget::kEveryMeasure) {
    if (!spent[static_cast<std::size_t>(measure)]) continue;
    detail.name(name_of(measure)).open_object();
    detail.member("from", view->spent[measure]).member("to", wanted[measure]).close();
  }
  entry.detail = detail_of(detail.close());
  if (auto failed = stored(house_.store.correct(correction, entry), "budget.spent")) return *failed;
  // As a change, so that what was posted since the account was looked at is kept; a rolling window
  // has no one place to change and is set as a whole.
  if (rolling) {
    house_.accounts.set_spent(budget, *key, wanted, at);
  } else {
    house_.accounts.correct_spent(budget, *key, view->period.begin, change, at);
  }
  JsonText out;
  if (const auto after = house_.accounts.find(budget, *key, at)) {
    append_account(out, *after, nullptr);
  }
  return {200, "application/json", out.take()};
}

Reply Operators::trust(const Order& order) {
  if (auto poor = poor_reason(order, true)) return *poor;
  const std::lock_guard lock(mutex_);
  if (auto failed =
          stored(house_.store.trust(line("budget.trust", "budgets", order)), "budget.trust")) {
    return *failed;
  }
  house_.accounts.trust();
  JsonText out;
  out.open_object().member("trusted", true).close();
  return {200, "application/json", out.take()};
}

}  // namespace tokenweir::admin
