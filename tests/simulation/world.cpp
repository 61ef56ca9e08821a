#include "world.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace tokenweir::simulation {
namespace {

using budget::Patience;
using budget::Verdict;

constexpr std::size_t kSlots = 64;
const Time kStart = Time{std::chrono::seconds(1'793'577'500)};  // two minutes before an hour ends

}  // namespace

World::World(std::uint64_t seed) : random_(seed), slots_(kSlots), generations_(kSlots, 0) {
  now_ = {kStart + std::chrono::seconds(pick(0, 80'000)), Instant{} + std::chrono::hours(24 * 365)};
  for (std::size_t i = 0; i < kSlots; ++i) free_slots_.push_back(i);
  for (int& weight : weights_) weight = static_cast<int>(pick(0, 10));
  weights_[0] += 5;  // something must arrive
  draw_rules();
  book_ = std::make_unique<budget::Book>();
  reload();
}

std::int64_t World::pick(std::int64_t least, std::int64_t most) {
  // Not uniform_int_distribution: its results differ from library to library.
  const auto width = static_cast<std::uint64_t>(most - least) + 1;
  return least + static_cast<std::int64_t>(random_() % width);
}

void World::broken(std::string what) {
  if (!outcome_.broken) outcome_.broken = std::move(what);
}

void World::draw_rules() {
  const auto add = [&](std::string name, Per per, Span span,
                       std::map<Measure, std::int64_t> limits) {
    if (!chance(60)) return;
    PlainRule rule;
    rule.name = std::move(name);
    rule.per = per;
    rule.span = span;
    rule.limits = std::move(limits);
    model_.rules.push_back(std::move(rule));
  };
  const auto usd = [&](std::int64_t most) { return pick(most / 10, most); };
  add("total", Per::all, Span::total, {{Measure::usd, usd(200'000)}});
  add("minute", Per::all, Span::minute, {{Measure::usd, usd(5'000)}});
  add("hour", Per::workflow, Span::hour,
      {{Measure::usd, usd(20'000)}, {Measure::output_tokens, usd(10'000)}});
  add("day", Per::all, Span::day, {{Measure::usd, usd(50'000)}, {Measure::requests, pick(5, 200)}});
  add("run", Per::run, Span::total,
      {{Measure::usd, usd(5'000)}, {Measure::total_tokens, usd(5'000)}});
  add("rolling", Per::all, Span::rolling, {{Measure::usd, usd(10'000)}});
  add("watch", Per::all, Span::hour, {{Measure::usd, usd(1'000)}});
  if (!model_.rules.empty() && model_.rules.back().name == "watch") {
    model_.rules.back().enforced = false;
  }
  add("early", Per::all, Span::hour, {{Measure::usd, usd(20'000)}});
  if (!model_.rules.empty() && model_.rules.back().name == "early") {
    model_.rules.back().reject_at = 900'000;
  }
  if (chance(40)) {
    PlainRule rate;
    rate.name = "rate";
    rate.span = Span::rolling;
    rate.length = std::chrono::seconds(60);
    rate.rate = true;
    rate.limits = {{Measure::requests, pick(3, 60)}, {Measure::concurrent, pick(2, 20)}};
    model_.rules.push_back(std::move(rate));
  }
}

Outcome World::run(int events) {
  for (int i = 0; i < events && !outcome_.broken; ++i) {
    outcome_.event = static_cast<std::uint64_t>(i);
    step();
    if (!outcome_.broken) check();
  }
  if (!outcome_.broken) quiesce();
  return outcome_;
}

void World::step() {
  int total = 0;
  for (const int weight : weights_) total += weight;
  auto drawn = static_cast<int>(pick(0, total - 1));
  std::size_t event = 0;
  while (drawn >= weights_[event]) drawn -= weights_[event++];

  Exchange* any = nullptr;
  if (!exchanges_.empty()) {
    any = &exchanges_[static_cast<std::size_t>(
        pick(0, static_cast<std::int64_t>(exchanges_.size()) - 1))];
  }
  switch (event) {
    case 0:
    case 1:
      return arrive();
    case 2:
    case 3:
      if (any == nullptr) return arrive();
      if (!any->sent) return send(*any);
      return generate(*any);
    case 4:
    case 5:
      if (any == nullptr) return arrive();
      if (!any->sent) return send(*any);
      return finish(*any);
    case 6:
      return any != nullptr ? give_up(*any) : arrive();
    case 7:
      return commit();
    case 8:
      return chance(15) ? crash() : pass_time();
    case 9:
      return reload();
    case 10:
      if (chance(5)) return quiesce();
      (void)book_->sweep(now_, std::chrono::hours(24 * 100));
      return;
    default:
      return pass_time();
  }
}

void World::arrive() {
  if (free_slots_.empty()) return;
  Exchange exchange;
  exchange.id = fmt::format("exchange-{}", next_id_++);
  exchange.asker.workflow = fmt::format("w{}", pick(0, 2));
  if (chance(60)) {
    exchange.asker.run = fmt::format("r{}", pick(0, 3));
    if (chance(30)) exchange.asker.ancestors = {{"w9", "up"}};
  }
  Demand& demand = exchange.demand;
  demand.fixed[Measure::usd] = pick(0, 300);
  demand.fixed[Measure::input_tokens] = pick(1, 100);
  demand.fixed[Measure::total_tokens] = demand.fixed[Measure::input_tokens];
  demand.fixed[Measure::requests] = 1;
  demand.fixed[Measure::concurrent] = 1;
  demand.usd_per_output_token = pick(0, 5);
  demand.choices = chance(20) ? pick(2, 4) : 1;
  demand.output_asked = pick(0, 400);
  demand.output_least = pick(0, demand.output_asked);
  if (demand.choices == 1 && chance(30)) demand.output_first = pick(0, 100);
  exchange.overruns = chance(3);
  exchange.legs = model_.legs_of(exchange.asker, now_.wall);

  const Patience patience = chance(50) ? Patience::may_wait : Patience::last_try;
  const auto views = book_->view(now_, 100'000);
  const Expected expected = model_.expect(exchange.legs, demand, patience, *book_, views);
  budget::Decision decision = book_->hold(exchange.asker.facts(), demand, patience, now_);
  if (decision.verdict != expected.verdict) {
    return broken(fmt::format("verdict {}, should be {}", static_cast<int>(decision.verdict),
                              static_cast<int>(expected.verdict)));
  }
  if (decision.verdict != Verdict::admitted) {
    ++outcome_.refused;
    if (!decision.no || decision.no->only_held != expected.only_held) {
      broken("the refusal does not say whether money is held or spent");
    }
    return;
  }
  ++outcome_.admitted;
  if (decision.output_cap != expected.cap) {
    return broken(fmt::format("cap {}, should be {}", decision.output_cap, expected.cap));
  }
  exchange.cap = decision.output_cap;
  exchange.tokens_held = std::min(demand.output_first.value_or(exchange.cap), exchange.cap);
  exchange.held = budget::amounts_for(demand, exchange.tokens_held);
  exchange.rate_held = budget::amounts_for(demand, demand.output_least);
  exchange.held_at = now_.monotonic;
  exchange.hold = std::move(decision.hold);
  if (exchange.hold.amounts() != exchange.held) return broken("the hold is not what it should be");
  model_.hold(exchange.legs, exchange.held, exchange.rate_held);
  if (auto over = model_.check_limits(exchange.legs, exchange.held)) return broken(*over);
  keep(exchange);
}

// Into the journal, and among what is in flight.
void World::keep(Exchange& exchange) {
  exchange.slot = free_slots_.back();
  free_slots_.pop_back();
  budget::JournalEntry entry;
  entry.id = exchange.id;
  entry.held_at = now_.wall;
  entry.held = exchange.held;
  entry.fixed = exchange.demand.fixed;
  entry.usd_per_output_token = exchange.demand.usd_per_output_token;
  budget::EntryFacts facts;
  budget::store_facts(exchange.asker.facts(), facts);
  if (!budget::write_held(slot(exchange.slot), entry, facts, ++generations_[exchange.slot])) {
    broken("the journal has no room for a hold");
  }
  exchanges_.push_back(std::move(exchange));
}

void World::send(Exchange& exchange) {
  if (chance(10)) {  // no connection could be had
    (void)book_->release(std::move(exchange.hold), now_);
    model_.settle(exchange.legs, exchange.held, exchange.rate_held, {}, exchange.held_at);
    budget::write_free(slot(exchange.slot));
    free_slots_.push_back(exchange.slot);
    return remove(exchange);
  }
  budget::write_sent(slot(exchange.slot));
  exchange.hold.mark_sent();
  exchange.sent = true;
}

// The provider says more; where the hold is used up it grows first, or the stream is cut.
void World::generate(Exchange& exchange) {
  exchange.generated = std::min(exchange.generated + pick(1, 60), exchange.tokens_held);
  if (exchange.generated < exchange.tokens_held || exchange.tokens_held >= exchange.cap) return;
  const std::int64_t wanted = std::min(exchange.tokens_held + pick(1, 80), exchange.cap);
  Amounts more = budget::amounts_for(exchange.demand, wanted);
  more.subtract(budget::amounts_for(exchange.demand, exchange.tokens_held));
  const budget::Decision grown = book_->grow(exchange.hold, more, now_);
  if (grown.verdict != Verdict::admitted) return finish(exchange);
  exchange.tokens_held = wanted;
  exchange.held.add(more);
  model_.hold(exchange.legs, more, {});
  budget::write_progress(slot(exchange.slot), exchange.held, exchange.generated);
  if (auto over = model_.check_limits(exchange.legs, more)) broken(*over);
}

Amounts World::bill_of(const Exchange& exchange) const {
  Amounts bill = budget::amounts_for(exchange.demand, exchange.generated);
  bill[Measure::concurrent] = 0;
  if (exchange.overruns) bill[Measure::usd] += 500;
  return bill;
}

void World::finish(Exchange& exchange) {
  if (!exchange.overruns) {
    for (const Measure measure : budget::kEveryMeasure) {
      if (bill_of(exchange)[measure] > exchange.held[measure])
        return broken("the bill is higher than the hold");
    }
  }
  // An error the provider does not bill still is a request.
  Amounts consumed = bill_of(exchange);
  if (chance(10)) {
    consumed = {};
    consumed[Measure::requests] = 1;
  }
  book_out(exchange, consumed);
}

void World::book_out(Exchange& exchange, const Amounts& consumed) {
  budget::Settlement settlement = book_->settle(std::move(exchange.hold), consumed, now_);
  if (!settlement.first) return broken("a first settlement was taken for a second");
  const auto over = std::max<std::int64_t>(consumed[Measure::usd] - exchange.held[Measure::usd], 0);
  if (settlement.overrun[Measure::usd] != over) return broken("an overrun was not recorded");
  if (chance(20) && book_->settle(std::move(exchange.hold), consumed, now_).first) {
    return broken("a hold was settled twice");
  }
  model_.settle(exchange.legs, exchange.held, exchange.rate_held, consumed, exchange.held_at);
  std::size_t durable_legs = 0;
  for (const Leg& leg : exchange.legs) {
    if (leg.rule->rate) continue;
    ++durable_legs;
    const bool posted = std::ranges::any_of(settlement.postings, [&](const budget::Posting& one) {
      const bool same = one.account->budget == leg.rule->name && one.account->key == leg.key;
      return same && (leg.rule->span == Span::rolling || one.period_begin == leg.begin);
    });
    if (!posted) return broken(leg.rule->name + " was not posted into the window of its hold");
  }
  if (settlement.postings.size() != durable_legs) return broken("there are postings too many");
  budget::write_settled(slot(exchange.slot), consumed);
  rows_.push_back({std::move(settlement.postings), exchange.id, exchange.slot, consumed});
  remove(exchange);
}

// Something threw, and the hold ends by going out of scope.
void World::give_up(Exchange& exchange) {
  if (!chance(20)) return exchange.sent ? finish(exchange) : send(exchange);
  const Amounts charged = exchange.sent ? exchange.held : Amounts{};
  { const budget::Hold dropped = std::move(exchange.hold); }
  model_.settle(exchange.legs, exchange.held, exchange.rate_held, charged, exchange.held_at);
  Row row{{}, exchange.id, exchange.slot, charged};
  Amounts posted = charged;
  posted[Measure::concurrent] = 0;
  for (const Leg& leg : exchange.legs) {
    if (leg.rule->rate || posted == Amounts{}) continue;
    const Time begin = leg.rule->span == Span::rolling ? now_.wall : leg.begin;
    row.postings.push_back(
        {std::make_shared<const budget::AccountName>(budget::AccountName{leg.rule->name, leg.key}),
         begin, posted});
  }
  budget::write_settled(slot(exchange.slot), charged);
  rows_.push_back(std::move(row));
  remove(exchange);
}

void World::remove(Exchange& exchange) {
  const auto found = std::ranges::find(exchanges_, exchange.id, &Exchange::id);
  if (found != exchanges_.end()) exchanges_.erase(found);
}

// The ledger's group commit; only after it the journal may forget, and a crash may come between.
void World::commit() {
  if (durable_ < rows_.size() && chance(50)) {
    durable_ = rows_.size();
    return;
  }
  durable_ = rows_.size();
  for (; freed_ < durable_; ++freed_) {
    budget::write_free(slot(rows_[freed_].slot));
    free_slots_.push_back(rows_[freed_].slot);
  }
}

void World::crash() {
  ++outcome_.crashes;
  crashed_at_ = now_.monotonic;
  rows_.resize(durable_);
  std::set<std::string> in_ledger;
  for (const Row& row : rows_) in_ledger.insert(row.id);
  // What the dead process would have settled: what was sent, at its hold.
  for (Exchange& exchange : exchanges_) {
    const Amounts charged = exchange.sent ? exchange.held : Amounts{};
    model_.settle(exchange.legs, exchange.held, exchange.rate_held, charged, exchange.held_at);
    exchange.hold = {};
  }
  std::map<std::string, Amounts> at_least;
  for (const Exchange& exchange : exchanges_) {
    if (exchange.sent && !exchange.overruns) at_least[exchange.id] = bill_of(exchange);
  }
  exchanges_.clear();
  model_.forget_rates();

  book_ = std::make_unique<budget::Book>();
  std::vector<budget::Rule> rules;
  for (const PlainRule& rule : model_.rules) rules.push_back(rule.real());
  book_->configure(std::move(rules));
  for (const Row& row : rows_) {
    for (const budget::Posting& posting : row.postings) {
      book_->restore(posting.account->budget, posting.account->key, posting.period_begin,
                     posting.amounts, now_);
    }
  }
  std::vector<budget::ReadSlot> read;
  for (const SlotBytes& bytes : slots_)
    read.push_back(budget::read_slot(budget::ConstSlot(bytes.bytes)));
  const auto plan = budget::plan_recovery(
      read, [&](std::string_view id) { return in_ledger.contains(std::string(id)); },
      budget::RecoveryPolicy::worst_case);
  if (!plan.torn.empty()) return broken("a slot of the journal cannot be read");
  for (const budget::Recovered& recovered : plan.charges) {
    if (const auto bill = at_least.find(recovered.entry.id); bill != at_least.end()) {
      if (recovered.charged[Measure::usd] < bill->second[Measure::usd]) {
        return broken("recovery charged less than the bill");
      }
      at_least.erase(bill);
    }
    const budget::StoredFacts stored = budget::facts_of(recovered.entry);
    auto settlement = book_->charge(stored.facts, recovered.charged, recovered.entry.held_at, now_);
    rows_.push_back(
        {std::move(settlement.postings), recovered.entry.id, recovered.slot, recovered.charged});
  }
  if (!at_least.empty()) return broken(at_least.begin()->first + " was sent and forgotten");
  durable_ = freed_ = rows_.size();
  free_slots_.clear();
  for (std::size_t i = 0; i < kSlots; ++i) {
    budget::write_free(slot(i));
    free_slots_.push_back(i);
  }
}

void World::reload() {
  for (PlainRule& rule : model_.rules) {
    if (!chance(10)) continue;
    for (auto& [measure, limit] : rule.limits) limit += limit / 10;
  }
  std::vector<budget::Rule> rules;
  for (const PlainRule& rule : model_.rules) rules.push_back(rule.real());
  if (!rules.empty()) {
    const auto by = pick(0, static_cast<std::int64_t>(rules.size()) - 1);
    std::rotate(rules.begin(), rules.begin() + by, rules.end());
  }
  book_->configure(std::move(rules));
}

void World::pass_time() {
  const auto by = std::chrono::milliseconds(chance(10) ? pick(0, 1'800'000) : pick(0, 20'000));
  now_.wall += by;
  now_.monotonic += by;
  if (!chance(8)) return;
  // Someone sets the clock, an hour at most off the truth.
  const std::chrono::seconds offset{pick(-3'600, 3'600)};
  now_.wall += offset - clock_offset_;
  clock_offset_ = offset;
}

// All faults stop: everything ends, and whoever fits is let in at once.
void World::quiesce() {
  while (!exchanges_.empty() && !outcome_.broken) {
    Exchange& exchange = exchanges_.front();
    if (exchange.sent) {
      finish(exchange);
    } else {
      send(exchange);
    }
  }
  if (outcome_.broken) return;
  while (freed_ < rows_.size()) commit();
  if (!model_.nothing_held()) return broken("the model holds money while nothing is in flight");
  for (const budget::AccountView& view : book_->view(now_, 100'000)) {
    if (view.held != Amounts{})
      return broken(view.name->budget + " holds money while nothing is in flight");
  }
  Asker asker{"w0", "", {}};
  Demand small;
  small.fixed[Measure::usd] = 1;
  const auto legs = model_.legs_of(asker, now_.wall);
  const Expected expected =
      model_.expect(legs, small, Patience::may_wait, *book_, book_->view(now_, 100'000));
  budget::Decision decision = book_->hold(asker.facts(), small, Patience::may_wait, now_);
  if (decision.verdict != expected.verdict || decision.verdict == Verdict::must_wait) {
    return broken("a request is not let in although nothing is held");
  }
  if (decision.verdict == Verdict::admitted) (void)book_->release(std::move(decision.hold), now_);
}

void World::check() {
  const bool rolling_known =
      !crashed_at_ || now_.monotonic - *crashed_at_ > std::chrono::minutes(12);
  if (auto difference = model_.check_book(*book_, now_, rolling_known)) broken(*difference);
}

}  // namespace tokenweir::simulation
