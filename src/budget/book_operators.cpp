// What operators, reloads and restarts do to the book.
#include <algorithm>

#include "budget/book_state.h"

namespace tokenweir::budget {
namespace {

constexpr std::size_t kSweepStep = 4'096;

}  // namespace

void Book::configure(std::vector<Rule> rules) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  std::vector<State::RuleEntry> old = std::move(state.rules);
  state.rules.clear();
  state.rules.reserve(rules.size());
  for (Rule& rule : rules) {
    State::RuleEntry entry;
    entry.of_run = std::ranges::any_of(rule.per, [](const Subject& subject) {
      return subject.tag.empty() && subject.property == Property::run;
    });
    const auto before = std::ranges::find_if(old, [&](const State::RuleEntry& candidate) {
      return candidate.rule.name == rule.name && candidate.rule.kind == rule.kind &&
             candidate.rule.per == rule.per && candidate.rule.window.same_as(rule.window);
    });
    if (before != old.end()) {
      entry.accounts = std::move(before->accounts);
      before->accounts.clear();
      entry.override_value = before->override_value;
    }
    entry.rule = std::move(rule);
    state.rules.push_back(std::move(entry));
    const auto index = static_cast<std::uint32_t>(state.rules.size() - 1);
    State::RuleEntry& placed = state.rules.back();
    for (const auto& [key, account] : placed.accounts) state.accounts[account]->rule = index;
    // A shared account exists from the start, so that it is seen before anything is spent.
    if (placed.rule.per.empty()) (void)state.account_of(index, "", true);
  }
  for (const State::RuleEntry& gone : old) {
    for (const auto& [key, account] : gone.accounts) {
      state.accounts[account]->rule = State::kNone;
      if (state.accounts[account]->legs == 0) state.drop_account(account);
    }
  }
  state.candidates.clear();
}

bool Book::set_override(std::string_view budget, std::optional<std::string_view> account,
                        const Override& value) {
  const std::lock_guard lock(mutex_);
  State::RuleEntry* rule = state_->rule_named(budget);
  if (rule == nullptr) return false;
  if (!account) {
    rule->override_value = value;
    return true;
  }
  const auto index = static_cast<std::uint32_t>(rule - state_->rules.data());
  const std::uint32_t found = state_->account_of(index, *account, true);
  if (found == State::kNone) return false;
  state_->accounts[found]->override_value = value;
  return true;
}

bool Book::clear_override(std::string_view budget, std::optional<std::string_view> account) {
  const std::lock_guard lock(mutex_);
  State::RuleEntry* rule = state_->rule_named(budget);
  if (rule == nullptr) return false;
  if (!account) {
    rule->override_value.reset();
    return true;
  }
  const auto found = rule->accounts.find(*account);
  if (found == rule->accounts.end()) return false;
  state_->accounts[found->second]->override_value.reset();
  return true;
}

bool Book::set_spent(std::string_view budget, std::string_view account, const Amounts& spent,
                     Now now) {
  const std::lock_guard lock(mutex_);
  State::RuleEntry* rule = state_->rule_named(budget);
  if (rule == nullptr) return false;
  const auto index = static_cast<std::uint32_t>(rule - state_->rules.data());
  const std::uint32_t found = state_->account_of(index, account, true);
  if (found == State::kNone) return false;
  State::AccountEntry& entry = *state_->accounts[found];
  entry.account.turn_to(rule->rule.window, now);
  entry.account.set_spent(spent);
  entry.confirmed = true;
  entry.used_at = now.monotonic;
  releases_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool Book::correct_spent(std::string_view budget, std::string_view account, Time at,
                         const Amounts& change, Now now) {
  const std::lock_guard lock(mutex_);
  State::RuleEntry* rule = state_->rule_named(budget);
  if (rule == nullptr) return false;
  const auto index = static_cast<std::uint32_t>(rule - state_->rules.data());
  const std::uint32_t found = state_->account_of(index, account, true);
  if (found == State::kNone) return false;
  State::AccountEntry& entry = *state_->accounts[found];
  entry.account.turn_to(rule->rule.window, now);
  (void)entry.account.post(rule->rule.window, at, now, change);
  entry.account.turn_to(rule->rule.window, now);
  entry.confirmed = true;
  entry.used_at = now.monotonic;
  releases_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

std::optional<AccountView> Book::find(std::string_view budget, std::string_view account, Now now) {
  const std::lock_guard lock(mutex_);
  const State::RuleEntry* rule = state_->rule_named(budget);
  if (rule == nullptr) return std::nullopt;
  const auto found = rule->accounts.find(account);
  if (found == rule->accounts.end()) return std::nullopt;
  return state_->view_of(*rule, *state_->accounts[found->second], now);
}

std::vector<std::string> Book::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const State::RuleEntry& rule : state_->rules) names.push_back(rule.rule.name);
  return names;
}

void Book::distrust(Now now) {
  const std::lock_guard lock(mutex_);
  state_->distrusted = now;
  for (auto& account : state_->accounts) {
    if (account) account->confirmed = false;
  }
}

void Book::trust() {
  const std::lock_guard lock(mutex_);
  state_->distrusted.reset();
  releases_.fetch_add(1, std::memory_order_relaxed);
}

void Book::restore(std::string_view budget, std::string_view account, Time period_begin,
                   const Amounts& spent, Now now) {
  const std::lock_guard lock(mutex_);
  State::RuleEntry* rule = state_->rule_named(budget);
  if (rule == nullptr) return;
  const auto index = static_cast<std::uint32_t>(rule - state_->rules.data());
  const std::uint32_t found = state_->account_of(index, account, true);
  if (found == State::kNone) return;
  State::AccountEntry& entry = *state_->accounts[found];
  entry.account.turn_to(rule->rule.window, now);
  (void)entry.account.post(rule->rule.window, period_begin, now, spent);
  entry.account.turn_to(rule->rule.window, now);
  entry.used_at = now.monotonic;
}

std::vector<AccountView> Book::view(Now now, std::size_t most, std::string_view budget) {
  const std::lock_guard lock(mutex_);
  std::vector<AccountView> views;
  for (const State::RuleEntry& rule : state_->rules) {
    if (!budget.empty() && rule.rule.name != budget) continue;
    std::size_t left = most;
    for (const auto& [key, index] : rule.accounts) {
      if (left-- == 0) break;
      views.push_back(state_->view_of(rule, *state_->accounts[index], now));
    }
  }
  return views;
}

std::size_t Book::sweep(Now now, std::chrono::microseconds run_unused) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  std::size_t swept = 0;
  const std::size_t looked_at = std::min<std::size_t>(kSweepStep, state.accounts.size());
  for (std::size_t i = 0; i < looked_at; ++i) {
    if (state.sweep_next >= state.accounts.size()) state.sweep_next = 0;
    const auto index = static_cast<std::uint32_t>(state.sweep_next++);
    if (!state.is_over(index, now, run_unused)) continue;
    state.drop_account(index);
    ++swept;
  }
  return swept;
}

std::size_t Book::size() const {
  const std::lock_guard lock(mutex_);
  return state_->account_count;
}

}  // namespace tokenweir::budget
