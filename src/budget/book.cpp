#include "budget/book.h"

#include <algorithm>
#include <utility>

#include "budget/book_state.h"

namespace tokenweir::budget {
namespace {

Amounts above(const Amounts& consumed, const Amounts& held) {
  Amounts over;
  for (std::size_t i = 0; i < kMeasures; ++i) {
    over.of[i] = std::max<std::int64_t>(saturating_subtract(consumed.of[i], held.of[i]), 0);
  }
  return over;
}

}  // namespace

Hold::Hold(Hold&& other) noexcept
    : book_(std::exchange(other.book_, nullptr)),
      slot_(other.slot_),
      generation_(other.generation_),
      sent_(other.sent_),
      amounts_(other.amounts_) {}

Hold& Hold::operator=(Hold&& other) noexcept {
  if (this == &other) return *this;
  forfeit();
  book_ = std::exchange(other.book_, nullptr);
  slot_ = other.slot_;
  generation_ = other.generation_;
  sent_ = other.sent_;
  amounts_ = other.amounts_;
  return *this;
}

Hold::~Hold() { forfeit(); }

void Hold::mark_sent() { sent_ = true; }

void Hold::forfeit() {
  if (book_ == nullptr) return;
  Book& book = *book_;
  book.forfeited_.fetch_add(1, std::memory_order_relaxed);
  const Amounts consumed = sent_ ? amounts_ : Amounts{};
  (void)book.close(std::move(*this), consumed);
}

Book::Book(std::size_t accounts_max) : state_(std::make_unique<State>()) {
  state_->accounts_max = accounts_max;
}
Book::~Book() = default;

Decision Book::grow(Hold& hold, const Amounts& more, Now now) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  Decision decision;
  if (hold.book_ != this || !state.is_open(hold.slot_, hold.generation_)) return decision;
  State::HoldEntry& entry = state.holds[hold.slot_];
  for (const State::Leg& leg : entry.legs) {
    if (leg.kind == RuleKind::rate) continue;
    const State::AccountEntry& account = *state.accounts[leg.account];
    if (account.rule == State::kNone || !entry.enforcing) continue;
    const State::RuleEntry& rule = state.rules[account.rule];
    const Account::Entry* at = account.account.entry_at(leg.place);
    if (!rule.rule.enforce || !rule.rule.reject_at || at == nullptr) continue;
    const Limits limits = state.limits_of(rule, account, now);
    for (const Measure measure : kEveryMeasure) {
      const auto& configured = limits[static_cast<std::size_t>(measure)];
      if (!configured || more[measure] == 0) continue;
      const std::int64_t limit = share_of(*configured, *rule.rule.reject_at);
      const std::int64_t unheld = saturating_subtract(limit, at->spent[measure]);
      const std::int64_t free = saturating_subtract(unheld, at->held[measure]);
      if (more[measure] <= free) continue;
      decision.no = state.shortfall(rule, account, *at, measure, limit, more[measure], now);
      // Its own hold is not worth waiting for.
      decision.no->only_held = saturating_add(entry.amounts[measure], more[measure]) <= unheld &&
                               at->held[measure] > entry.amounts[measure];
      return decision;
    }
  }
  for (const State::Leg& leg : entry.legs) {
    if (leg.kind == RuleKind::rate) continue;
    state.accounts[leg.account]->account.hold(leg.place, more);
  }
  entry.amounts.add(more);
  hold.amounts_ = entry.amounts;
  decision.verdict = Verdict::admitted;
  return decision;
}

Settlement Book::settle(Hold&& hold, const Amounts& consumed, Now) {
  return close(std::move(hold), consumed);
}

Settlement Book::release(Hold&& hold, Now) { return close(std::move(hold), {}); }

Settlement Book::close(Hold&& hold, const Amounts& consumed) {
  Settlement settlement;
  const bool mine = hold.book_ == this;
  hold.book_ = nullptr;  // whatever comes, this hold is over
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  if (!mine || !state.is_open(hold.slot_, hold.generation_)) {
    settled_twice_.fetch_add(1, std::memory_order_relaxed);
    settlement.first = false;
    return settlement;
  }
  State::HoldEntry& entry = state.holds[hold.slot_];
  Amounts posted = consumed;
  posted[Measure::concurrent] = 0;
  settlement.overrun = above(posted, entry.amounts);
  settlement.postings.reserve(entry.legs.size());
  for (const State::Leg& leg : entry.legs) {
    State::AccountEntry& account = *state.accounts[leg.account];
    account.account.settle(leg.place,
                           leg.kind == RuleKind::rate ? entry.rate_amounts : entry.amounts, posted);
    if (entry.foregone) {
      account.account.forego(leg.place, posted);
    } else if (entry.clamped) {
      account.account.forego(leg.place, above(posted, *entry.clamped));
    }
    --account.legs;
    if (leg.kind == RuleKind::budget && posted != Amounts{}) {
      settlement.postings.push_back({account.account.name(), leg.place.period_begin, posted});
    }
    if (account.rule == State::kNone && account.legs == 0) state.drop_account(leg.account);
  }
  entry.open = false;
  state.free_holds.push_back(hold.slot_);
  releases_.fetch_add(1, std::memory_order_relaxed);
  return settlement;
}

Settlement Book::charge(const Facts& facts, const Amounts& consumed, Time at, Now now) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  Settlement settlement;
  Amounts posted = consumed;
  posted[Measure::concurrent] = 0;
  std::uint32_t crowded = 0;
  (void)state.collect(facts, now, true, crowded);
  for (const State::Candidate& candidate : state.candidates) {
    const Rule& rule = state.rules[candidate.rule].rule;
    if (rule.kind == RuleKind::rate) continue;
    Account& account = state.accounts[candidate.account]->account;
    const Place place = account.post(rule.window, at, now, posted);
    account.turn_to(rule.window, now);
    settlement.postings.push_back({account.name(), place.period_begin, posted});
  }
  return settlement;
}

std::vector<Standing> Book::standings(const Facts& facts, Now now) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  std::vector<Standing> standings;
  std::uint32_t crowded = 0;
  (void)state.collect(facts, now, false, crowded);
  for (const State::Candidate& candidate : state.candidates) {
    const State::RuleEntry& rule = state.rules[candidate.rule];
    if (rule.rule.kind == RuleKind::rate) continue;
    const State::AccountEntry& account = *state.accounts[candidate.account];
    const Limits limits = state.limits_of(rule, account, now);
    std::int64_t most = 0;
    for (const Measure measure : kEveryMeasure) {
      const auto& limit = limits[static_cast<std::size_t>(measure)];
      if (!limit || *limit <= 0) continue;
      const Int128 share =
          static_cast<Int128>(account.account.current().spent[measure]) * 1'000'000;
      const Int128 part = share / *limit;
      most = std::max(most, part > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(part));
    }
    standings.push_back({candidate.rule, rule.rule.name, most});
  }
  return standings;
}

}  // namespace tokenweir::budget
