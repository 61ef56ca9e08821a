// What the book keeps behind its mutex. Private to the book's own files.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "budget/book.h"
#include "core/money.h"

namespace tokenweir::budget {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

// The part of a limit from which on requests are refused.
[[nodiscard]] std::int64_t share_of(std::int64_t limit, std::int64_t millionths);

struct Book::State {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct RuleEntry {
    Rule rule;
    bool of_run = false;
    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> accounts;
    std::optional<Override> override_value;
  };
  struct AccountEntry {
    Account account;
    std::uint32_t rule = kNone;  // none: its rule is gone, only holds keep it
    std::uint32_t legs = 0;      // open holds on it
    Instant used_at{};
    bool confirmed = false;
    std::optional<Override> override_value;
  };
  // One account's part of a hold.
  struct Leg {
    std::uint32_t account = kNone;
    RuleKind kind = RuleKind::budget;
    Place place;
  };
  struct HoldEntry {
    std::uint32_t generation = 0;
    bool open = false;
    bool enforcing = true;
    bool foregone = false;
    std::optional<Amounts> clamped;  // while nothing is enforced: the most it should have used
    Amounts amounts;                 // on budgets
    Amounts rate_amounts;            // on rates
    std::vector<Leg> legs;
  };
  struct Candidate {
    std::uint32_t rule = 0;
    std::uint32_t account = kNone;
  };

  std::size_t accounts_max = 0;
  std::vector<RuleEntry> rules;
  std::deque<std::optional<AccountEntry>> accounts;
  std::vector<std::uint32_t> free_accounts;
  std::size_t account_count = 0;
  std::deque<HoldEntry> holds;
  std::vector<std::uint32_t> free_holds;
  std::vector<Candidate> candidates;  // scratch
  std::string key;                    // scratch
  std::optional<Now> distrusted;
  std::size_t sweep_next = 0;

  // Finds every account the facts touch; `create` makes those that are missing. False when there
  // was no room for one, whose rule is then `crowded_rule`.
  bool collect(const Facts& facts, Now now, bool create, std::uint32_t& crowded_rule);
  std::uint32_t account_of(std::uint32_t rule, std::string_view account_key, bool create);
  void drop_account(std::uint32_t index);
  [[nodiscard]] bool is_open(std::uint32_t slot, std::uint32_t generation) const {
    return slot < holds.size() && holds[slot].open && holds[slot].generation == generation;
  }
  [[nodiscard]] std::uint32_t free_hold();
  [[nodiscard]] AccountView view_of(const RuleEntry& rule, AccountEntry& account, Now now) const;
  // Nothing is lost when the account is forgotten.
  [[nodiscard]] bool is_over(std::uint32_t index, Now now, std::chrono::microseconds run_unused);
  [[nodiscard]] const RuleEntry* rule_named(std::string_view name) const;
  [[nodiscard]] RuleEntry* rule_named(std::string_view name);
  [[nodiscard]] Limits limits_of(const RuleEntry& rule, const AccountEntry& account, Now now) const;
  [[nodiscard]] bool is_unknown(const RuleEntry& rule, const AccountEntry& account, Now now) const;
  [[nodiscard]] Shortfall shortfall(const RuleEntry& rule, const AccountEntry& account,
                                    const Account::Entry& entry, Measure measure,
                                    std::int64_t limit, std::int64_t asked, Now now) const;
};

}  // namespace tokenweir::budget
