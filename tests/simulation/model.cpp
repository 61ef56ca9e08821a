#include "model.h"

#include <fmt/format.h>

#include <algorithm>

namespace tokenweir::simulation {
namespace {

__extension__ using Wide = __int128;

Wide cost(const Demand& demand, Measure measure, std::int64_t tokens) {
  const Wide fixed = demand.fixed[measure];
  const Wide all = Wide{tokens} * demand.choices;
  if (measure == Measure::usd) return fixed + all * demand.usd_per_output_token;
  const bool counts = measure == Measure::output_tokens || measure == Measure::total_tokens;
  return counts ? fixed + all : fixed;
}

// By trial: the longest answer up to what was asked that costs no more than `money`; -1: none does.
std::int64_t longest(const Demand& demand, Measure measure, Wide money) {
  if (cost(demand, measure, 0) > money) return -1;
  std::int64_t low = 0, high = demand.output_asked;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (cost(demand, measure, middle) <= money) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

std::string text(const Amounts& amounts) {
  std::string out;
  for (const std::int64_t part : amounts.of) out += fmt::format("{} ", part);
  return out;
}

}  // namespace

Time period_begin(Span span, Time wall) {
  using namespace std::chrono;
  const std::int64_t second = floor<seconds>(wall).time_since_epoch().count();
  switch (span) {
    case Span::minute:
      return Time{seconds{second / 60 * 60}};
    case Span::hour:
      return Time{seconds{second / 3'600 * 3'600}};
    case Span::day:
      return Time{seconds{second / 86'400 * 86'400}};
    default:
      return Time::min();
  }
}

budget::Rule PlainRule::real() const {
  budget::Rule rule;
  rule.name = name;
  rule.kind = rate ? budget::RuleKind::rate : budget::RuleKind::budget;
  if (per == Per::workflow) rule.per = {*budget::Subject::named("workflow")};
  if (per == Per::run) rule.per = {*budget::Subject::named("run")};
  for (const auto& [measure, limit] : limits) {
    rule.limits[static_cast<std::size_t>(measure)] = limit;
  }
  switch (span) {
    case Span::total:
      rule.window.kind = per == Per::run ? budget::WindowKind::run : budget::WindowKind::total;
      break;
    case Span::minute:
      rule.window.kind = budget::WindowKind::minute;
      break;
    case Span::hour:
      rule.window.kind = budget::WindowKind::hour;
      break;
    case Span::day:
      rule.window.kind = budget::WindowKind::day;
      break;
    case Span::rolling:
      rule.window.kind = budget::WindowKind::rolling;
      rule.window.length = length;
      break;
  }
  rule.reject_at = reject_at;
  rule.enforce = enforced;
  return rule;
}

std::int64_t PlainRule::limit_of(Measure measure) const {
  return static_cast<std::int64_t>(Wide{limits.at(measure)} * reject_at / 1'000'000);
}

budget::Facts Asker::facts() const {
  budget::Facts facts;
  facts[budget::Property::workflow] = workflow;
  facts[budget::Property::run] = run;
  facts[budget::Property::credential] = "app";
  facts.ancestors = ancestors;
  return facts;
}

std::vector<Leg> Model::legs_of(const Asker& asker, Time wall) const {
  std::vector<Leg> legs;
  for (const PlainRule& rule : rules) {
    const Time begin = period_begin(rule.span, wall);
    if (rule.per == Per::all) legs.push_back({&rule, "", begin});
    if (rule.per == Per::workflow) legs.push_back({&rule, asker.workflow, begin});
    if (rule.per != Per::run || asker.run.empty()) continue;
    legs.push_back({&rule, "app\x1f" + asker.workflow + "\x1f" + asker.run, begin});
    for (const budget::Ancestor& up : asker.ancestors) {
      legs.push_back({&rule, "app\x1f" + up.workflow + "\x1f" + up.run, begin});
    }
  }
  return legs;
}

const Model::Sum* Model::find(const Leg& leg) const {
  const auto account = sums_.find({leg.rule->name, leg.key});
  if (account == sums_.end()) return nullptr;
  const auto period = account->second.find(leg.begin);
  return period == account->second.end() ? nullptr : &period->second;
}
Model::Sum& Model::at(const Leg& leg) { return sums_[{leg.rule->name, leg.key}][leg.begin]; }

Expected Model::expect(const std::vector<Leg>& legs, const Demand& demand,
                       budget::Patience patience, const budget::Book&,
                       const std::vector<budget::AccountView>& views) const {
  bool exhausted = false, waiting = false;
  std::int64_t cap = demand.output_asked, cap_unheld = demand.output_asked;
  for (const Leg& leg : legs) {
    if (!leg.rule->enforced) continue;
    const Sum* sum = find(leg);
    for (const auto& [measure, unused] : leg.rule->limits) {
      Wide spent = sum != nullptr ? sum->spent[measure] : 0;
      const Wide held = sum != nullptr ? sum->held[measure] : 0;
      if (leg.rule->span == Span::rolling) {
        const auto view = std::ranges::find_if(views, [&](const budget::AccountView& candidate) {
          return candidate.name->budget == leg.rule->name && candidate.name->key == leg.key;
        });
        spent = view == views.end() ? 0 : view->spent[measure];
      }
      const Wide unheld = leg.rule->limit_of(measure) - spent;
      const Wide free = unheld - held;
      if (leg.rule->rate) {
        const Wide least = cost(demand, measure, demand.output_least);
        exhausted = exhausted || least > unheld;
        waiting = waiting || least > free;
        continue;
      }
      exhausted = exhausted || longest(demand, measure, unheld) < demand.output_least;
      waiting = waiting || longest(demand, measure, free) < demand.output_least;
      cap = std::min(cap, longest(demand, measure, free));
      cap_unheld = std::min(cap_unheld, longest(demand, measure, unheld));
    }
  }
  using budget::Verdict;
  const bool patient = patience == budget::Patience::may_wait;
  if (exhausted) return {Verdict::refused, 0, false};
  if (waiting) return {patient ? Verdict::must_wait : Verdict::refused, 0, true};
  if (cap < cap_unheld && patient) return {Verdict::must_wait, 0, true};
  return {Verdict::admitted, cap, false};
}

void Model::hold(const std::vector<Leg>& legs, const Amounts& amounts,
                 const Amounts& rate_amounts) {
  for (const Leg& leg : legs) at(leg).held.add(leg.rule->rate ? rate_amounts : amounts);
}

void Model::settle(const std::vector<Leg>& legs, const Amounts& held, const Amounts& rate_held,
                   Amounts consumed, Instant held_at) {
  consumed[Measure::concurrent] = 0;
  for (const Leg& leg : legs) {
    Sum& sum = at(leg);
    sum.held.subtract(leg.rule->rate ? rate_held : held);
    sum.spent.add(consumed);
    if (leg.rule->span == Span::rolling) sum.posts.emplace_back(held_at, consumed);
  }
}

std::optional<std::string> Model::check_limits(const std::vector<Leg>& legs,
                                               const Amounts& added) const {
  for (const Leg& leg : legs) {
    if (!leg.rule->enforced || leg.rule->rate || leg.rule->span == Span::rolling) continue;
    const Sum* const sum = find(leg);
    for (const auto& [measure, unused] : leg.rule->limits) {
      if (added[measure] == 0) continue;
      const Wide used = Wide{sum->spent[measure]} + sum->held[measure];
      if (used <= leg.rule->limit_of(measure)) continue;
      return fmt::format("{} ({}): {} spent and {} held of {} {}", leg.rule->name, leg.key,
                         sum->spent[measure], sum->held[measure], leg.rule->limit_of(measure),
                         budget::name_of(measure));
    }
  }
  return std::nullopt;
}

std::optional<std::string> Model::check_book(budget::Book& book, Now now,
                                             bool rolling_known) const {
  const auto views = book.view(now, 100'000);
  for (const PlainRule& rule : rules) {
    for (const auto& [account, periods] : sums_) {
      const Key& key = account;
      if (key.first != rule.name) continue;
      const auto sum = periods.find(period_begin(rule.span, now.wall));
      if (sum == periods.end()) continue;
      const Sum& expected = sum->second;
      const auto view = std::ranges::find_if(views, [&](const budget::AccountView& candidate) {
        return candidate.name->budget == key.first && candidate.name->key == key.second;
      });
      const Amounts spent = view == views.end() ? Amounts{} : view->spent;
      const Amounts held = view == views.end() ? Amounts{} : view->held;
      if (held != expected.held) {
        return fmt::format("{} ({}) holds {}, should hold {}", rule.name, key.second, text(held),
                           text(expected.held));
      }
      if (rule.span != Span::rolling) {
        if (spent == expected.spent) continue;
        return fmt::format("{} ({}) has spent {}, should have {}", rule.name, key.second,
                           text(spent), text(expected.spent));
      }
      if (!rolling_known) continue;
      // All of the last window, and at most two slices more.
      std::int64_t least = 0, most = 0;
      for (const auto& [posted, amounts] : expected.posts) {
        const auto age = now.monotonic - posted;
        if (age < rule.length) least += amounts[Measure::usd];
        if (age <= rule.length + 2 * rule.length / 60) most += amounts[Measure::usd];
      }
      const std::int64_t usd = spent[Measure::usd];
      if (usd < least || usd > most) {
        return fmt::format("{} has spent {}, should be within {} and {}", rule.name, usd, least,
                           most);
      }
    }
  }
  return std::nullopt;
}

bool Model::nothing_held() const {
  return std::ranges::all_of(sums_, [](const auto& account) {
    return std::ranges::all_of(account.second,
                               [](const auto& period) { return period.second.held == Amounts{}; });
  });
}

void Model::forget_rates() {
  for (const PlainRule& rule : rules) {
    if (!rule.rate) continue;
    std::erase_if(sums_, [&](const auto& account) { return account.first.first == rule.name; });
  }
}

}  // namespace tokenweir::simulation
