#include "exchange/spending.h"

#include <algorithm>
#include <utility>

#include "budget/recovery.h"
#include "core/crash_point.h"
#include "exchange/recovered_record.h"
#include "exchange/refusal_facts.h"
#include "settle/waste.h"

namespace tokenweir::exchange {
namespace {

budget::Facts facts_of(const admit::Request& request, const admit::Plan& plan) {
  return admit::facts_of(request.attribution, request.provider, request.model,
                         request.endpoint.name, plan.run.ancestors);
}

runs::RunName run_of(const Attribution& who) {
  return {who.credential, who.workflow, who.run, who.parent_run};
}

}  // namespace

admit::Books Spending::books(Time now) {
  return {snapshot_.policy, snapshot_.prices, books_.accounts,      books_.runs,
          books_.kills,     books_.rates,     books_.enforcing(now)};
}

const admit::Plan& Spending::prepare(const admit::Request& request, budget::Now now) {
  kill_changes_ = books_.kills.changes();
  plan_ = admit::prepare(books(now.wall), request, now);
  return plan_;
}

admit::Admission Spending::decide(const admit::Request& request, budget::Patience patience,
                                  budget::Now now) {
  admit::Admission admission = admit::decide(books(now.wall), request, plan_, patience, now);
  if (admission.verdict == budget::Verdict::admitted) {
    foregone_ = admission.foregone;
    hold_ = std::move(admission.hold);
    touches_money_ = admission.remaining.has_value();
    held_tokens_ = plan_.demand.output_first.value_or(plan_.demand.output_asked);
  }
  return admission;
}

std::optional<admit::KillSwitch> Spending::killed(const admit::Request& request, Time now) {
  const std::uint64_t changes = books_.kills.changes();
  if (!kill_changes_ || *std::exchange(kill_changes_, changes) == changes) return std::nullopt;
  return books_.kills.find(facts_of(request, plan_), now);
}

bool Spending::write_down(const admit::Request& request, const Record& record) {
  crash_point("admitted");
  if (books_.journal == nullptr) return true;
  budget::JournalEntry entry;
  entry.id = record.id;
  entry.held_at = record.started_at;
  if (hold_) entry.held = hold_.amounts();
  entry.fixed = plan_.demand.fixed;
  entry.usd_per_output_token = plan_.demand.usd_per_output_token;
  static thread_local budget::EntryFacts facts;  // for its memory
  facts.clear();
  budget::store_facts(facts_of(request, plan_), facts);
  store_row(record, facts);
  store_evidence(evidence_json(plan_.run.findings), facts);
  slot_ = books_.journal->hold(entry, facts);
  crash_point("held_written");
  return slot_.has_value();
}

void Spending::sending() {
  if (hold_) hold_.mark_sent();
  if (slot_) books_.journal->mark_sent(*slot_);
  crash_point("sent_marked");
}

bool Spending::follow(std::int64_t delivered, budget::Now now) {
  if (!hold_ || !plan_.growing) return true;
  const budget::Amounts more = admit::growth_due(plan_, held_tokens_, delivered);
  if (more == budget::Amounts{}) return true;
  budget::Decision decision = books_.accounts.grow(hold_, more, now);
  if (decision.verdict != budget::Verdict::admitted) {
    if (decision.no) exhausted_ = admit::refusal_of(std::move(*decision.no), {});
    return false;
  }
  held_tokens_ += more[budget::Measure::output_tokens];
  if (slot_) books_.journal->note_progress(*slot_, hold_.amounts(), delivered);
  crash_point("grown");
  return true;
}

std::optional<Money> Spending::held_cost() const {
  if (!hold_ || !touches_money_) return std::nullopt;
  return Money::picodollars(hold_.amounts()[budget::Measure::usd]);
}

std::string_view Spending::find_cut(const Record& record, const runs::Signs& signs, Instant begun) {
  if (!record.sent || !plan_.run_begun) return {};
  auto cut = books_.runs.take_cut(run_of(record.attribution), signs, begun);
  if (!cut) return {};
  wasted_ = Wasted{std::move(cut->record), settle::kTruncated, cut->cost};
  return wasted_->record;
}

Booking Spending::close(const Record& record, const runs::Signs& signs, Instant answered,
                        budget::Now now) {
  Booking booking;
  booking.wasted = std::exchange(wasted_, std::nullopt);
  booking.evidence = evidence_json(plan_.run.findings);
  booking.run_stop = stop_of(plan_.run);
  if (std::exchange(plan_.run_begun, false)) {
    Usage usage;
    for (const Inference& inference : record.answer.inferences) usage.add(inference.usage);
    const auto tokens = [](const std::optional<std::uint64_t>& count) {
      return static_cast<std::int64_t>(std::min<std::uint64_t>(count.value_or(0), INT64_MAX));
    };
    runs::StepEnd end;
    end.cost = record.bill.cost;
    end.input_tokens = tokens(usage.total_input());
    end.tokens = budget::saturating_add(end.input_tokens, tokens(usage.total_output()));
    end.provider_fault = record.provider_fault;
    end.record = record.id;
    end.refused = !record.refusal.empty() && !record.sent;
    end.foregone = foregone_;
    end.cut = settle::is_cut(record);
    end.answered = answered;
    books_.runs.end(run_of(record.attribution), signs, end, now.wall, now.monotonic);
  }
  const budget::Amounts consumed = admit::consumed_by(record, hold_);
  if (slot_ && record.sent) books_.journal->settle(*slot_, consumed);
  crash_point("settled");
  if (hold_) {
    budget::Settlement settlement = record.sent
                                        ? books_.accounts.settle(std::move(hold_), consumed, now)
                                        : books_.accounts.release(std::move(hold_), now);
    booking.postings = std::move(settlement.postings);
  }
  crash_point("posted");
  if (slot_ && record.sent) {
    booking.slot = slot_;
  } else if (slot_) {
    books_.journal->free(*slot_);
  }
  slot_.reset();
  return booking;
}

}  // namespace tokenweir::exchange
