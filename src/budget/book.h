// The book of all accounts. Money is held before a request leaves (on every account it touches or
// on none) and posted once afterwards. Shared by all event loops behind one short mutex; no call
// blocks or does I/O.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "budget/account.h"
#include "budget/amounts.h"
#include "budget/rule.h"

namespace tokenweir::budget {

// What a request may cost at most, linear in the output tokens it is allowed. `fixed` holds
// everything else (input in its dearest class, tools, the request itself).
struct Demand {
  Amounts fixed;
  std::int64_t usd_per_output_token = 0;  // picodollars, rounded up
  std::int64_t choices = 1;               // each may use the whole output cap
  std::int64_t output_asked = 0;          // tokens of one choice; 0: no output is possible
  std::int64_t output_least = 0;          // an answer shorter than this is worth nothing
  // Tokens of one choice to hold at the start of a stream that may grow; no value: all of them.
  std::optional<std::int64_t> output_first;
  // Where nothing is enforced: another rule would have refused the request. What it spends is
  // spent, but what observing budgets say of later requests leaves it out.
  bool foregone = false;
};
// The hold for an output of `tokens` a choice.
[[nodiscard]] Amounts amounts_for(const Demand& demand, std::int64_t tokens);

// Whether money held by others is worth waiting for. On the last try the output is clamped to what
// is free, and no answer is `must_wait`.
enum class Patience : std::uint8_t { may_wait, last_try };
enum class Verdict : std::uint8_t { admitted, must_wait, refused };

// The account that said no, as values for the refusal.
struct Shortfall {
  std::string budget;
  std::string account;  // the values of `per`, joined by "/"; empty for a shared account
  RuleKind kind = RuleKind::budget;
  WindowKind window = WindowKind::total;
  bool of_run = false;  // the account belongs to one run
  Measure measure = Measure::usd;
  std::int64_t limit = 0;
  std::int64_t spent = 0;
  std::int64_t held = 0;
  std::int64_t asked = 0;     // the least that would have been needed
  bool only_held = false;     // what blocks is held, not spent: trying again helps
  bool unknown = false;       // the account's spend was lost and must be set first
  bool crowded = false;       // there is no room for another account
  std::optional<Time> reset;  // when the window ends
  std::optional<std::chrono::seconds> retry_after;  // of a rate, rounded up
  std::string contact;
};

class Book;

// Money set aside for one exchange. Dropped without settle() or release() it counts as forfeited:
// it is released when nothing was sent, and posted whole when something was.
class Hold {
 public:
  Hold() = default;
  Hold(Hold&& other) noexcept;
  Hold& operator=(Hold&& other) noexcept;
  ~Hold();

  [[nodiscard]] explicit operator bool() const { return book_ != nullptr; }
  // From here on silence costs the whole hold. Called before the first byte leaves.
  void mark_sent();
  [[nodiscard]] bool sent() const { return sent_; }
  [[nodiscard]] const Amounts& amounts() const { return amounts_; }

 private:
  friend class Book;
  void forfeit();

  Book* book_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
  bool sent_ = false;
  Amounts amounts_;
};

struct Decision {
  Verdict verdict = Verdict::refused;
  Hold hold;                                  // of an admitted request
  std::int64_t output_cap = 0;                // tokens a choice may use; at most what was asked
  std::string clamped_by;                     // the budget that lowered it; empty: none did
  std::optional<Shortfall> no;                // of one that waits or is refused
  std::optional<std::int64_t> usd_remaining;  // least over its budgets, after this hold
  // What observing rules would have done.
  std::optional<Shortfall> would_refuse;
  std::optional<std::int64_t> would_clamp;  // to this output cap
};

// One account's share of a settlement; the ledger adds them up in the transaction of the row.
struct Posting {
  std::shared_ptr<const AccountName> account;
  Time period_begin{};  // of a rolling window: of its slice
  Amounts amounts;
};
struct Settlement {
  std::vector<Posting> postings;  // of budgets; rates are not durable
  bool first = true;              // false: it had been settled before, nothing changed
  Amounts overrun;                // beyond what was held
};

// How far a request's accounts are used, for the ladder: largest share over accounts and limits.
struct Standing {
  std::size_t rule = 0;   // index into the rules in force
  std::string_view name;  // valid until the next configure()
  std::int64_t millionths = 0;
};

struct Override {
  Limits limits;  // those with a value replace the rule's
  Time until = Time::max();
};

// One account as operators see it and as it is stored.
struct AccountView {
  std::shared_ptr<const AccountName> name;
  RuleKind kind = RuleKind::budget;
  WindowKind window = WindowKind::total;
  Period period;
  Limits limits;  // in force now, overrides applied
  Amounts spent;
  Amounts held;
  bool enforced = true;
  bool unknown = false;
};

class Book {
 public:
  // `accounts_max` bounds memory; a request that needs one more is refused (fails closed).
  explicit Book(std::size_t accounts_max = 1'000'000);
  ~Book();
  Book(const Book&) = delete;
  Book& operator=(const Book&) = delete;

  // Replaces the rules. Spend, holds and overrides of a name that stays are kept unless its window
  // or its `per` changed.
  void configure(std::vector<Rule> rules);

  // All accounts or none. `enforcing` false (the file's or an operator's word) turns every rule
  // into an observing one for this request.
  [[nodiscard]] Decision hold(const Facts& facts, const Demand& demand, Patience patience, Now now,
                              bool enforcing = true);
  // Adds to a hold of a stream that flows. Admitted or refused; `only_held` tells which kind.
  [[nodiscard]] Decision grow(Hold& hold, const Amounts& more, Now now);
  // Posts what was consumed and gives back the rest. The hold is over whatever the amounts are.
  Settlement settle(Hold&& hold, const Amounts& consumed, Now now);
  // Gives everything back: nothing left, or the provider said that it does not bill.
  Settlement release(Hold&& hold, Now now);
  // Posts without a hold: recovery after a crash and rebuilding from the ledger. `at` is the moment
  // of the hold.
  Settlement charge(const Facts& facts, const Amounts& consumed, Time at, Now now);

  [[nodiscard]] std::vector<Standing> standings(const Facts& facts, Now now);
  // Rises whenever money comes free; who waits need not ask again before it does.
  [[nodiscard]] std::uint64_t releases() const { return releases_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t forfeited() const {
    return forfeited_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t settled_twice() const {
    return settled_twice_.load(std::memory_order_relaxed);
  }

  // Operators. False when there is no budget of that name. `account` is the stored key; no value
  // means all accounts of the budget.
  bool set_override(std::string_view budget, std::optional<std::string_view> account,
                    const Override& value);
  bool clear_override(std::string_view budget, std::optional<std::string_view> account);
  // Sets what the current window has spent, and makes an unknown account known.
  bool set_spent(std::string_view budget, std::string_view account, const Amounts& spent, Now now);
  // Adds to what the period that holds `at` has spent, and makes an unknown account known: a
  // correction beside postings that go on.
  bool correct_spent(std::string_view budget, std::string_view account, Time at,
                     const Amounts& change, Now now);
  // The ledger is lost or older than the holds: enforced budgets refuse until set_spent(), a new
  // window, or trust().
  void distrust(Now now);
  void trust();

  // Adds stored spend at start: one posting of the ledger's sums.
  void restore(std::string_view budget, std::string_view account, Time period_begin,
               const Amounts& spent, Now now);
  // At most `most` accounts of each budget, or of the one that is named: the lock is short.
  [[nodiscard]] std::vector<AccountView> view(Now now, std::size_t most = 1'000,
                                              std::string_view budget = {});
  // One account by its stored key; no value when it does not exist (yet).
  [[nodiscard]] std::optional<AccountView> find(std::string_view budget, std::string_view account,
                                                Now now);
  // Names of all budgets and rates, in the order of the configuration.
  [[nodiscard]] std::vector<std::string> names() const;
  // Looks at the next few thousand accounts and forgets those that hold nothing and whose window is
  // over, and runs unused for so long. Called every second or so. Returns how many it forgot.
  std::size_t sweep(Now now, std::chrono::microseconds run_unused);
  [[nodiscard]] std::size_t size() const;

 private:
  friend class Hold;
  struct State;
  class Appraisal;

  Settlement close(Hold&& hold, const Amounts& consumed);

  std::unique_ptr<State> state_;
  mutable std::mutex mutex_;
  std::atomic<std::uint64_t> releases_{0};
  std::atomic<std::uint64_t> forfeited_{0};
  std::atomic<std::uint64_t> settled_twice_{0};
};

}  // namespace tokenweir::budget
