// The one decision everything else serves: does this request fit, how long may its answer be, and
// is it worth waiting.
#include <algorithm>

#include "budget/book_state.h"

namespace tokenweir::budget {
namespace {

// What one more output token of every choice adds.
std::int64_t step_of(const Demand& demand, Measure measure) {
  switch (measure) {
    case Measure::usd:
      return saturating_multiply(demand.usd_per_output_token, demand.choices);
    case Measure::output_tokens:
    case Measure::total_tokens:
      return demand.choices;
    default:
      return 0;
  }
}

// The longest output that fits into `free`; -1: not even the rest of the request does.
std::int64_t longest(const Demand& demand, Measure measure, std::int64_t free) {
  if (free < demand.fixed[measure]) return -1;
  const std::int64_t step = step_of(demand, measure);
  if (step == 0) return INT64_MAX;
  return saturating_subtract(free, demand.fixed[measure]) / step;
}

}  // namespace

Amounts amounts_for(const Demand& demand, std::int64_t tokens) {
  Amounts amounts = demand.fixed;
  for (const Measure measure : {Measure::usd, Measure::output_tokens, Measure::total_tokens}) {
    amounts[measure] =
        saturating_add(amounts[measure], saturating_multiply(step_of(demand, measure), tokens));
  }
  return amounts;
}

// Asks every account in turn and keeps what the answers come to.
class Book::Appraisal {
 public:
  Appraisal(const State& state, const Demand& demand, Now now)
      : state_(state),
        demand_(demand),
        now_(now),
        least_(amounts_for(demand, demand.output_least)),
        cap_now_(demand.output_asked),
        cap_unheld_(demand.output_asked) {}

  void ask(const State::Candidate& candidate, bool enforced);

  // Fills what the decision says whatever it is; admitted stays to be booked by the caller.
  void conclude(Patience patience, Decision& decision) const;
  [[nodiscard]] const Amounts& least() const { return least_; }
  [[nodiscard]] std::optional<std::int64_t> usd_free() const { return usd_free_; }

 private:
  struct Blocked {
    const State::Candidate* candidate = nullptr;
    Measure measure = Measure::usd;
    std::int64_t limit = 0;
    bool unknown = false;
  };
  void ask_measure(const State::Candidate& candidate, Measure measure, std::int64_t limit,
                   bool enforced);
  [[nodiscard]] Shortfall said(const Blocked& by, bool only_held) const;

  const State& state_;
  const Demand& demand_;
  const Now now_;
  const Amounts least_;
  std::int64_t cap_now_;     // what is free allows
  std::int64_t cap_unheld_;  // what would be free if nobody held anything allows
  Blocked exhausted_, waiting_, clamping_, observed_;
  std::optional<std::int64_t> would_clamp_;
  std::optional<std::int64_t> usd_free_;
};

void Book::Appraisal::ask(const State::Candidate& candidate, bool enforced) {
  const State::RuleEntry& rule = state_.rules[candidate.rule];
  const State::AccountEntry& account = *state_.accounts[candidate.account];
  const Account::Entry& entry = account.account.current();
  const Limits limits = state_.limits_of(rule, account, now_);
  if (rule.rule.reject_at && state_.is_unknown(rule, account, now_)) {
    Blocked& said = enforced ? exhausted_ : observed_;
    if (said.candidate == nullptr) said = {&candidate, Measure::usd, limits[0].value_or(0), true};
    return;
  }
  for (const Measure measure : kEveryMeasure) {
    const auto& limit = limits[static_cast<std::size_t>(measure)];
    if (!limit) continue;
    if (measure == Measure::usd && rule.rule.kind == RuleKind::budget) {
      const std::int64_t unheld = saturating_subtract(*limit, entry.spent[measure]);
      const std::int64_t free = saturating_subtract(unheld, entry.held[measure]);
      usd_free_ = std::min(usd_free_.value_or(INT64_MAX), free);
    }
    if (!rule.rule.reject_at) continue;
    ask_measure(candidate, measure, share_of(*limit, *rule.rule.reject_at), enforced);
  }
}

void Book::Appraisal::ask_measure(const State::Candidate& candidate, Measure measure,
                                  std::int64_t limit, bool enforced) {
  const Account::Entry& entry = state_.accounts[candidate.account]->account.current();
  // An observing rule says what it would do had it been enforced all along.
  const std::int64_t spent = saturating_subtract(
      entry.spent[measure], enforced ? std::int64_t{0} : entry.foregone[measure]);
  const std::int64_t unheld = saturating_subtract(limit, spent);
  const std::int64_t free = saturating_subtract(unheld, entry.held[measure]);
  std::int64_t fits_now = 0;
  std::int64_t fits_unheld = 0;
  if (state_.rules[candidate.rule].rule.kind == RuleKind::rate) {
    // A rate spreads requests over time and shortens none: it asks for the least they need.
    fits_now = least_[measure] <= free ? INT64_MAX : -1;
    fits_unheld = least_[measure] <= unheld ? INT64_MAX : -1;
  } else {
    fits_now = longest(demand_, measure, free);
    fits_unheld = longest(demand_, measure, unheld);
  }
  if (fits_unheld < demand_.output_least) {
    Blocked& said = enforced ? exhausted_ : observed_;
    if (said.candidate == nullptr) said = {&candidate, measure, limit, false};
    return;
  }
  if (!enforced) {
    if (fits_unheld < demand_.output_asked) {
      would_clamp_ = std::min(would_clamp_.value_or(INT64_MAX), fits_unheld);
    }
    return;
  }
  if (fits_now < demand_.output_least && waiting_.candidate == nullptr) {
    waiting_ = {&candidate, measure, limit, false};
  }
  cap_unheld_ = std::min(cap_unheld_, fits_unheld);
  if (fits_now < cap_now_) {
    cap_now_ = fits_now;
    clamping_ = {&candidate, measure, limit, false};
  }
}

Shortfall Book::Appraisal::said(const Blocked& by, bool only_held) const {
  const State::AccountEntry& account = *state_.accounts[by.candidate->account];
  Shortfall no =
      state_.shortfall(state_.rules[by.candidate->rule], account, account.account.current(),
                       by.measure, by.limit, least_[by.measure], now_);
  no.only_held = only_held;
  no.unknown = by.unknown;
  return no;
}

void Book::Appraisal::conclude(Patience patience, Decision& decision) const {
  const bool may_wait = patience == Patience::may_wait;
  decision.verdict = Verdict::admitted;
  decision.would_clamp = would_clamp_;
  if (observed_.candidate != nullptr) decision.would_refuse = said(observed_, false);
  if (exhausted_.candidate != nullptr) {
    decision.verdict = Verdict::refused;
    decision.no = said(exhausted_, false);
  } else if (waiting_.candidate != nullptr) {
    decision.verdict = may_wait ? Verdict::must_wait : Verdict::refused;
    decision.no = said(waiting_, true);
  } else if (cap_now_ < cap_unheld_ && may_wait) {
    // Others hold what this answer may need and rarely use all of it: a longer answer is near.
    decision.verdict = Verdict::must_wait;
    decision.no = said(clamping_, true);
  } else {
    decision.output_cap = cap_now_;
    if (clamping_.candidate != nullptr) {
      decision.clamped_by = state_.rules[clamping_.candidate->rule].rule.name;
    }
  }
}

Decision Book::hold(const Facts& facts, const Demand& demand, Patience patience, Now now,
                    bool enforcing) {
  const std::lock_guard lock(mutex_);
  State& state = *state_;
  Decision decision;
  decision.output_cap = demand.output_asked;
  std::uint32_t crowded = 0;
  if (!state.collect(facts, now, true, crowded)) {
    Shortfall no;
    no.budget = state.rules[crowded].rule.name;
    no.kind = state.rules[crowded].rule.kind;
    no.contact = state.rules[crowded].rule.contact;
    no.crowded = true;
    if (enforcing) {
      decision.no = std::move(no);
      return decision;
    }
    decision.would_refuse = std::move(no);
  }
  Appraisal appraisal(state, demand, now);
  for (const State::Candidate& candidate : state.candidates) {
    appraisal.ask(candidate, enforcing && state.rules[candidate.rule].rule.enforce);
  }
  appraisal.conclude(patience, decision);
  if (decision.verdict != Verdict::admitted) return decision;

  const std::uint32_t slot = state.free_hold();
  State::HoldEntry& entry = state.holds[slot];
  const std::int64_t first = demand.output_first.value_or(decision.output_cap);
  entry.amounts = amounts_for(demand, std::min(first, decision.output_cap));
  entry.rate_amounts = appraisal.least();
  entry.open = true;
  entry.enforcing = enforcing;
  entry.foregone = demand.foregone || decision.would_refuse.has_value();
  entry.clamped.reset();
  if (decision.would_clamp) entry.clamped = amounts_for(demand, *decision.would_clamp);
  ++entry.generation;
  entry.legs.clear();
  for (const State::Candidate& candidate : state.candidates) {
    State::AccountEntry& account = *state.accounts[candidate.account];
    const RuleKind kind = state.rules[candidate.rule].rule.kind;
    const Place place = account.account.here(now.wall);
    account.account.hold(place, kind == RuleKind::rate ? entry.rate_amounts : entry.amounts);
    ++account.legs;
    entry.legs.push_back({candidate.account, kind, place});
  }
  if (const auto free = appraisal.usd_free()) {
    decision.usd_remaining = saturating_subtract(*free, entry.amounts[Measure::usd]);
  }
  decision.hold.book_ = this;
  decision.hold.slot_ = slot;
  decision.hold.generation_ = entry.generation;
  decision.hold.amounts_ = entry.amounts;
  return decision;
}

}  // namespace tokenweir::budget
