#include "budget/book_state.h"

#include <algorithm>

namespace tokenweir::budget {

std::int64_t share_of(std::int64_t limit, std::int64_t millionths) {
  return static_cast<std::int64_t>(static_cast<Int128>(limit) * millionths / 1'000'000);
}

std::uint32_t Book::State::free_hold() {
  if (free_holds.empty()) {
    holds.emplace_back();
    return static_cast<std::uint32_t>(holds.size() - 1);
  }
  const std::uint32_t slot = free_holds.back();
  free_holds.pop_back();
  return slot;
}

std::uint32_t Book::State::account_of(std::uint32_t rule, std::string_view account_key,
                                      bool create) {
  RuleEntry& entry = rules[rule];
  if (const auto found = entry.accounts.find(account_key); found != entry.accounts.end()) {
    return found->second;
  }
  if (!create || account_count >= accounts_max) return kNone;
  std::uint32_t index = 0;
  if (free_accounts.empty()) {
    index = static_cast<std::uint32_t>(accounts.size());
    accounts.emplace_back();
  } else {
    index = free_accounts.back();
    free_accounts.pop_back();
  }
  auto name =
      std::make_shared<const AccountName>(AccountName{entry.rule.name, std::string(account_key)});
  accounts[index].emplace(
      AccountEntry{Account(std::move(name), entry.rule.window), rule, 0, {}, false, {}});
  entry.accounts.emplace(account_key, index);
  ++account_count;
  return index;
}

void Book::State::drop_account(std::uint32_t index) {
  const AccountEntry& account = *accounts[index];
  if (account.rule != kNone) {
    auto& of_rule = rules[account.rule].accounts;
    of_rule.erase(of_rule.find(account.account.name()->key));
  }
  accounts[index].reset();
  free_accounts.push_back(index);
  --account_count;
}

bool Book::State::collect(const Facts& facts, Now now, bool create, std::uint32_t& crowded_rule) {
  candidates.clear();
  bool room = true;
  const auto take = [&](std::uint32_t rule, const Ancestor* ancestor) {
    key.clear();
    if (!append_key(key, rules[rule].rule.per, facts, ancestor)) return;
    const std::uint32_t account = account_of(rule, key, create);
    if (account == kNone) {
      if (create && rules[rule].rule.enforce) {
        crowded_rule = rule;
        room = false;
      }
      return;
    }
    AccountEntry& entry = *accounts[account];
    entry.account.turn_to(rules[rule].rule.window, now);
    entry.used_at = now.monotonic;
    candidates.push_back({rule, account});
  };
  for (std::uint32_t rule = 0; rule < rules.size(); ++rule) {
    if (!rules[rule].rule.concerns(facts)) continue;
    take(rule, nullptr);
    if (!rules[rule].of_run) continue;
    // A sub-agent spends its parents' money too.
    for (const Ancestor& ancestor : facts.ancestors) take(rule, &ancestor);
  }
  return room;
}

const Book::State::RuleEntry* Book::State::rule_named(std::string_view name) const {
  const auto found =
      std::ranges::find_if(rules, [&](const RuleEntry& entry) { return entry.rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}
Book::State::RuleEntry* Book::State::rule_named(std::string_view name) {
  return const_cast<RuleEntry*>(static_cast<const State*>(this)->rule_named(name));
}

Limits Book::State::limits_of(const RuleEntry& rule, const AccountEntry& account, Now now) const {
  Limits limits = rule.rule.limits;
  const auto apply = [&](const std::optional<Override>& over) {
    if (!over || now.wall >= over->until) return;
    for (std::size_t i = 0; i < kMeasures; ++i) {
      if (over->limits[i]) limits[i] = over->limits[i];
    }
  };
  apply(rule.override_value);
  apply(account.override_value);
  return limits;
}

bool Book::State::is_unknown(const RuleEntry& rule, const AccountEntry& account, Now now) const {
  if (!distrusted || account.confirmed || rule.rule.kind != RuleKind::budget) return false;
  if (rule.rule.window.kind == WindowKind::rolling) {
    return now.monotonic < distrusted->monotonic + rule.rule.window.length;
  }
  return account.account.current().period.begin <= distrusted->wall;
}

Shortfall Book::State::shortfall(const RuleEntry& rule, const AccountEntry& account,
                                 const Account::Entry& entry, Measure measure, std::int64_t limit,
                                 std::int64_t asked, Now now) const {
  Shortfall no;
  no.budget = rule.rule.name;
  no.account = account.account.name()->key;
  std::ranges::replace(no.account, '\x1f', '/');
  no.kind = rule.rule.kind;
  no.window = rule.rule.window.kind;
  no.of_run = rule.of_run;
  no.measure = measure;
  no.limit = limit;
  no.spent = entry.spent[measure];
  no.held = entry.held[measure];
  no.asked = asked;
  no.contact = rule.rule.contact;
  if (rule.rule.window.is_calendar()) no.reset = entry.period.end;
  if (rule.rule.window.kind == WindowKind::rolling) {
    const auto wait = account.account.until_free(measure, limit, asked, now.monotonic);
    no.reset = now.wall + wait;
    no.retry_after =
        std::max(std::chrono::ceil<std::chrono::seconds>(wait), std::chrono::seconds{1});
  }
  return no;
}

AccountView Book::State::view_of(const RuleEntry& rule, AccountEntry& account, Now now) const {
  account.account.turn_to(rule.rule.window, now);
  const Account::Entry& entry = account.account.current();
  AccountView view;
  view.name = account.account.name();
  view.kind = rule.rule.kind;
  view.window = rule.rule.window.kind;
  view.period = entry.period;
  view.limits = limits_of(rule, account, now);
  view.spent = entry.spent;
  view.held = entry.held;
  view.enforced = rule.rule.enforce && rule.rule.reject_at.has_value();
  view.unknown = is_unknown(rule, account, now);
  return view;
}

bool Book::State::is_over(std::uint32_t index, Now now, std::chrono::microseconds run_unused) {
  // A clock that was put back must still find the figures of the window it had left.
  constexpr std::chrono::hours kClockSteps{3};
  auto& account = accounts[index];
  if (!account || account->legs > 0 || account->rule == kNone) return false;
  const RuleEntry& rule = rules[account->rule];
  if (account->override_value || rule.rule.per.empty()) return false;
  const auto idle = now.monotonic - account->used_at;
  if (rule.rule.window.kind == WindowKind::run) return idle >= run_unused;
  account->account.turn_to(rule.rule.window, now);
  const bool empty = account->account.current().spent == Amounts{};
  return empty && (!rule.rule.window.is_calendar() || idle >= kClockSteps);
}

}  // namespace tokenweir::budget
