#include "admit/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "admit/endpoint.h"
#include "admit/model_names.h"
#include "core/money.h"

namespace tokenweir::admit {
namespace {

using budget::Measure;

runs::RunName run_name(const Attribution& attribution) {
  return {attribution.credential, attribution.workflow, attribution.run, attribution.parent_run};
}

Refusal denied(std::string_view what, std::string_view name) {
  Refusal refusal;
  refusal.reason = Reason::model_denied;
  refusal.kind = RefusalKind::forbidden;
  refusal.message = fmt::format("The {} {} may not be used here.", what, name);
  refusal.details.push_back({what, std::string(name)});
  return refusal;
}

Refusal unclear(std::string_view what) {
  Refusal refusal;
  refusal.reason = Reason::model_denied;
  refusal.kind = RefusalKind::forbidden;
  refusal.message = fmt::format(
      "Not every {0} may be used here, and the request does not say its own clearly: name the {0} "
      "once, as text, in a body that can be read.",
      what);
  return refusal;
}

Refusal uncertain_model() {
  Refusal refusal;
  refusal.reason = Reason::model_denied;
  refusal.kind = RefusalKind::invalid;
  refusal.message =
      "Rules here go by the model, and the request does not say for certain which it asks for: "
      "name "
      "it once, as text, in a body that can be read.";
  return refusal;
}

Refusal unbounded(BoundFault fault, std::string_view model) {
  Refusal refusal;
  const bool unpriced = fault == BoundFault::unpriced;
  refusal.reason = unpriced ? Reason::unpriced_model : Reason::budget_exhausted;
  refusal.kind = RefusalKind::forbidden;
  switch (fault) {
    case BoundFault::unpriced:
      refusal.message =
          fmt::format("The model {} has no price and a budget in money applies.", model);
      break;
    case BoundFault::open_output:
      refusal.message =
          "A budget in money applies, so the request must limit its output (max_tokens).";
      break;
    case BoundFault::open_input:
      refusal.message =
          "A budget in money applies, and the size of the input cannot be known beforehand.";
      break;
    case BoundFault::open_tools:
      refusal.message =
          "A budget in money applies, so calls of the provider's tools must be limited (max_uses).";
      break;
    default:
      refusal.message = "A budget in money applies, and the cost has no bound.";
      break;
  }
  return refusal;
}

// Notes what would have happened, the first reason only.
void note(std::string& slot, std::string_view reason) {
  if (slot.empty()) slot = reason;
}

// The steps of prepare(), in their order. Each returns true when the plan is decided.
class Preparation {
 public:
  Preparation(const Books& books, const Request& request, budget::Now now)
      : books_(books),
        request_(request),
        now_(now),
        enforcing_(books.enforcing && books.policy.enforcing()),
        model_(request.model),
        traits_{true, request.hidden_reasoning, request.reasoning_model},
        limits_{request.context_limit, request.output_max} {}

  Plan plan() {
    (void)(stopped_by_operator() || not_permitted() || stopped_run() || climbed() ||
           capped_input() || capped_output() || joined() || bounded());
    plan_.demand.foregone = !plan_.would_refuse.empty();
    return std::move(plan_);
  }

 private:
  bool refuse(Refusal refusal) {
    refusal.run = request_.attribution.run;
    plan_.refusal = std::move(refusal);
    return true;
  }
  // The budget that will not have what has no bound.
  void name_budget(Refusal& refusal) const {
    const budget::Facts facts = this->facts();
    for (const budget::Rule& rule : books_.policy.book_rules()) {
      const bool hard = rule.limits[0] && rule.reject_at && rule.enforce;
      if (!hard || !rule.concerns(facts)) continue;
      refusal.details.push_back({"budget", rule.name});
      refusal.details.push_back({"limit", dollars_text(*rule.limits[0])});
      refusal.contact = rule.contact;
      return;
    }
  }
  bool refuse_unbounded(Refusal refusal) {
    name_budget(refusal);
    return refuse_or_note(std::move(refusal));
  }
  // Refuses while rules are enforced, otherwise takes a note and goes on.
  bool refuse_or_note(Refusal refusal) {
    if (enforcing_) return refuse(std::move(refusal));
    note(plan_.would_refuse, name_of(refusal.reason));
    return false;
  }
  [[nodiscard]] budget::Facts facts() const {
    return facts_of(request_.attribution, request_.provider, request_.model, request_.endpoint.name,
                    plan_.run.ancestors);
  }

  // An operator's stop holds whatever is enforced.
  bool stopped_by_operator() {
    if (!books_.kills.any()) return false;
    plan_.run.ancestors = books_.runs.ancestors(run_name(request_.attribution));
    budget::Facts facts = this->facts();
    auto kill = books_.kills.find(facts, now_.wall);
    for (const std::string& other : request_.asked.other_models) {
      facts[budget::Property::model] = other;
      if (!kill) kill = books_.kills.find(facts, now_.wall);
    }
    return kill && refuse(refusal_of(*kill));
  }

  [[nodiscard]] std::vector<std::string> names_of(std::string_view model) const {
    return names_of_model(books_.prices, request_.prices, model, request_.started_at);
  }
  [[nodiscard]] bool permits(std::string_view model) const {
    const Attribution& who = request_.attribution;
    const Policy& policy = books_.policy;
    return !policy.judges_models(who.workflow, who.credential) ||
           policy.permits_model(who.workflow, who.credential, model, names_of(model));
  }

  [[nodiscard]] bool asks_a_model() const {
    const provider::Endpoint& endpoint = request_.endpoint;
    const bool costs = endpoint.cappable || endpoint.metered || endpoint.async_job;
    return costs && !endpoint.free && !endpoint.reads_stored;
  }
  // Where not every model may be used, a request must let its own be seen.
  [[nodiscard]] bool hides_its_model() const {
    return asks_a_model() && (request_.model.empty() || request_.asked.model_unclear);
  }
  // No reader may find a model that a rule is about where this one finds another.
  [[nodiscard]] bool is_uncertain() const {
    return asks_a_model() && (request_.asked.model_twice || request_.asked.model_unclear);
  }

  bool not_permitted() {
    const Attribution& who = request_.attribution;
    const Policy& policy = books_.policy;
    if (policy.judges_models(who.workflow, who.credential)) {
      const provider::Asked& asked = request_.asked;
      if (hides_its_model()) return refuse_or_note(unclear("model"));
      if (!request_.model.empty() && !permits(request_.model)) {
        return refuse_or_note(denied("model", request_.model));
      }
      for (const std::string& other : asked.other_models) {
        if (!permits(other)) return refuse_or_note(denied("model", other));
      }
      // Some servers go by the body where the path names another model.
      if (!asked.unheeded_model.empty() &&
          policy.denies_model(who.workflow, who.credential, names_of(asked.unheeded_model))) {
        return refuse_or_note(denied("model", asked.unheeded_model));
      }
    }
    if (policy.selects_models() && is_uncertain() && refuse_or_note(uncertain_model())) return true;
    if (!policy.judges_tools(who.workflow, who.credential)) return false;
    const std::string_view tool =
        policy.denied_tool(who.workflow, who.credential, request_.provider_tools);
    if (!tool.empty()) return refuse_or_note(denied("tool", tool));
    return request_.asked.tools_unclear && refuse_or_note(unclear("tool"));
  }

  bool stopped_run() {
    if (request_.endpoint.free) return false;
    plan_.run = books_.runs.begin(run_name(request_.attribution), request_.signs, now_.wall,
                                  now_.monotonic, enforcing_);
    plan_.run_begun = plan_.run.action != runs::Action::stop;
    plan_.delay = plan_.run.delay;
    if (plan_.run.would_stop) {
      note(plan_.would_refuse, name_of(refusal_of(*plan_.run.would_stop, "").reason));
    }
    return plan_.run.stopped_by &&
           refuse(refusal_of(*plan_.run.stopped_by, request_.attribution.run));
  }

  bool climbed() {
    if (!books_.policy.has_ladders()) return false;
    const auto standings = books_.accounts.standings(facts(), now_);
    ladder_ = books_.policy.climb(standings, request_.model);
    plan_.warned = ladder_.warned;
    const bool writable = request_.asked.model_value && request_.asked.splicable;
    if (ladder_.model.empty() || !writable || !permits(ladder_.model)) return false;
    if (!enforcing_) return false;
    plan_.model = ladder_.model;
    model_ = plan_.model;
    traits_ = traits_of(model_);
    limits_ = limits_of(model_);
    return false;
  }

  // Whoever of several models answers: what holds for all of them.
  bool joined() {
    for (const std::string& other : request_.asked.other_models) {
      const ModelTraits traits = traits_of(other);
      traits_.counted_alike = traits_.counted_alike && traits.counted_alike;
      traits_.hidden_reasoning = traits_.hidden_reasoning || traits.hidden_reasoning;
      const pricing::ModelLimits limits = limits_of(other);
      const auto larger = [](auto one, auto two) {
        return one > 0 && two > 0 ? std::max(one, two) : decltype(one){0};
      };
      limits_.context = larger(limits_.context, limits.context);
      limits_.output = larger(limits_.output, limits.output);
    }
    return false;
  }
  [[nodiscard]] ModelTraits traits_of(std::string_view model) const {
    if (model == request_.model) {
      return {true, request_.hidden_reasoning, request_.reasoning_model};
    }
    return request_.traits_of ? request_.traits_of(model) : ModelTraits{};
  }
  [[nodiscard]] pricing::ModelLimits limits_of(std::string_view model) const {
    return books_.prices.limits(request_.prices, model, request_.started_at);
  }

  bool capped_input() {
    // What cannot be counted is judged by its size: about four bytes are a token.
    const auto bytes = static_cast<std::int64_t>(std::min<std::uint64_t>(
        std::max(request_.body_bytes, request_.asked.decoded_bytes), INT64_MAX));
    const std::int64_t tokens = request_.input_count.value_or(bytes / 4);
    InputDecision decision = decide_input_cap(books_.policy.input_caps(), facts(), tokens,
                                              request_.input_parts, enforcing_);
    if (decision.would_refuse) note(plan_.would_refuse, name_of(Reason::too_large));
    return decision.refusal && refuse(std::move(*decision.refusal));
  }

  bool capped_output() {
    plan_.cap = request_.asked.output_cap;
    const provider::Asked& body = request_.asked;
    if (!can_cap(request_.endpoint) || (!body.generates && !body.output_cap)) return false;
    const CapRequest asked{body.output_cap, traits_.reasoning, enforcing_,     ladder_.output_cap,
                           body.choices,    body.readable,     body.splicable, body.thinking_cap};
    CapDecision decision = decide_output_cap(books_.policy.output_caps(), facts(), asked);
    if (decision.would_refuse) note(plan_.would_refuse, name_of(Reason::too_large));
    if (decision.would) plan_.would_clamp = fmt::format("{}", *decision.would);
    if (decision.refusal) return refuse(std::move(*decision.refusal));
    plan_.cap = decision.cap;
    plan_.cap_source = decision.source;
    return false;
  }

  bool bounded() {
    const provider::Endpoint& endpoint = request_.endpoint;
    plan_.free = endpoint.free;
    if (plan_.free) return false;
    // An answer made for an earlier request: what it cost is learned when it is read.
    if (endpoint.reads_stored) {
      plan_.demand.fixed[Measure::requests] = 1;
      plan_.demand.fixed[Measure::concurrent] = 1;
      return false;
    }
    const bool hard = books_.policy.has_hard_usd(facts());
    if (endpoint.async_job || request_.asked.background) return bounded_job(hard);
    if (!endpoint.metered) return bounded_raw(hard);
    const Bound bound =
        worst_case(books_.prices, query(), books_.policy.unknown_model(), books_.rates);
    plan_.demand = bound.demand;
    // Who cannot be told to say less is not asked to.
    if (!request_.can_cap) plan_.demand.output_least = plan_.demand.output_asked;
    if (bound.fault == BoundFault::none) {
      choose_growth();
      return false;
    }
    plan_.demand.output_least = 0;
    plan_.demand.output_asked = 0;
    return hard && refuse_unbounded(unbounded(bound.fault, model_));
  }

  // A path of unknown meaning: its cost is what the operator says it is.
  bool bounded_raw(bool hard) {
    plan_.demand.fixed[Measure::usd] = books_.policy.raw_hold().picodollars();
    plan_.demand.fixed[Measure::requests] = 1;
    plan_.demand.fixed[Measure::concurrent] = 1;
    return hard && books_.policy.raw_hold() <= Money{} &&
           refuse_unbounded(unbounded(BoundFault::overflow, model_));
  }

  // Work whose usage arrives with another exchange.
  bool bounded_job(bool hard) {
    const config::AsyncJobs mode = books_.policy.async_jobs();
    if (mode == config::AsyncJobs::refuse || (mode == config::AsyncJobs::observe && hard)) {
      Refusal refusal = unbounded(BoundFault::overflow, model_);
      refusal.message = "Jobs that run in the background may not be started here.";
      if (refuse_unbounded(std::move(refusal))) return true;
    }
    const Bound bound =
        worst_case(books_.prices, query(), books_.policy.unknown_model(), books_.rates);
    plan_.demand = bound.demand;
    plan_.demand.output_least = plan_.demand.output_asked;
    if (bound.fault == BoundFault::none && !request_.endpoint.async_job) return false;
    plan_.demand.output_asked = plan_.demand.output_least = 0;
    return bounded_raw(hard);
  }

  [[nodiscard]] BoundQuery query() const {
    BoundQuery query;
    query.prices = request_.prices;
    query.model = model_;
    query.other_models = request_.asked.other_models;
    query.host = request_.host;
    query.service_tier = request_.asked.service_tier;
    query.region = request_.asked.region;
    query.speed = request_.asked.speed;
    query.at = request_.started_at;
    query.body_bytes = std::max(request_.body_bytes, request_.asked.decoded_bytes);
    // A model that reads in other tokens is bounded by the bytes.
    if (traits_.counted_alike) query.input_tokens = request_.counted_input;
    query.context_limit = limits_.context;
    query.choices = request_.asked.choices;
    query.output_cap = plan_.cap;
    query.output_max = limits_.output;
    query.no_output = request_.no_output;
    query.extras = request_.extras;
    return query;
  }

  // A stream may start on less only where cutting it ends the bill and nothing is thought unseen.
  void choose_growth() {
    const bool safe = request_.streaming && request_.stops_when_cut && !traits_.hidden_reasoning &&
                      traits_.counted_alike;
    if (!safe || plan_.demand.choices != 1) return;
    if (plan_.demand.output_asked <= kFirstTokens + kMarginTokens) return;
    plan_.growing = true;
    plan_.demand.output_first = kFirstTokens + kMarginTokens;
  }

  const Books& books_;
  const Request& request_;
  const budget::Now now_;
  const bool enforcing_;
  std::string_view model_;  // that is asked for in the end
  ModelTraits traits_;
  pricing::ModelLimits limits_;
  LadderState ladder_;
  Plan plan_;
};

}  // namespace

Plan prepare(const Books& books, const Request& request, budget::Now now) {
  return Preparation(books, request, now).plan();
}

Admission decide(const Books& books, const Request& request, const Plan& plan,
                 budget::Patience patience, budget::Now now) {
  Admission admission;
  admission.would_refuse = plan.would_refuse;
  admission.would_clamp = plan.would_clamp;
  if (plan.refusal) {
    admission.refusal = plan.refusal;
    return admission;
  }
  if (!plan.cap_source.empty()) {
    admission.cap = plan.cap;
    admission.cap_source = plan.cap_source;
  }
  admission.verdict = budget::Verdict::admitted;
  if (plan.free) return admission;

  const budget::Facts facts = facts_of(request.attribution, request.provider, request.model,
                                       request.endpoint.name, plan.run.ancestors);
  const bool enforcing = books.enforcing && books.policy.enforcing();
  budget::Decision decision = books.accounts.hold(facts, plan.demand, patience, now, enforcing);
  admission.verdict = decision.verdict;
  if (decision.would_refuse) {
    auto would = refusal_of(std::move(*decision.would_refuse), request.attribution.run);
    note(admission.would_refuse, name_of(would.reason));
  }
  admission.foregone = !admission.would_refuse.empty();
  // What only observes has a word to say too.
  if (plan.run.observed) {
    note(admission.would_refuse, name_of(refusal_of(*plan.run.observed, "").reason));
  }
  if (decision.would_clamp) note(admission.would_clamp, fmt::format("{}", *decision.would_clamp));
  if (decision.no) admission.refusal = refusal_of(std::move(*decision.no), request.attribution.run);
  if (decision.verdict != budget::Verdict::admitted) return admission;

  admission.hold = std::move(decision.hold);
  if (decision.usd_remaining) admission.remaining = Money::picodollars(*decision.usd_remaining);
  // A cap is written where money lowers it, and where the bound rests on what the model can say at
  // most although the request itself sets no limit.
  if (request.can_cap && decision.output_cap < plan.demand.output_asked) {
    admission.cap = decision.output_cap;
    admission.cap_source = "budget";
  }
  return admission;
}

budget::Amounts growth_due(const Plan& plan, std::int64_t held_tokens, std::int64_t delivered) {
  if (!plan.growing || held_tokens >= plan.demand.output_asked) return {};
  if (held_tokens - delivered > kMarginTokens) return {};
  const std::int64_t wanted =
      std::min(std::max(held_tokens, delivered) + kGrowthTokens, plan.demand.output_asked);
  const budget::Amounts before = budget::amounts_for(plan.demand, held_tokens);
  budget::Amounts more = budget::amounts_for(plan.demand, wanted);
  more.subtract(before);
  return more;
}

budget::Amounts consumed_by(const Record& record, const budget::Hold& hold) {
  budget::Amounts consumed;
  if (!record.sent) return consumed;
  const budget::Amounts& held = hold.amounts();
  consumed[Measure::requests] = 1;
  consumed[Measure::usd] = record.bill.cost ? record.bill.cost->picodollars() : held[Measure::usd];

  Usage usage;
  for (const Inference& inference : record.answer.inferences) usage.add(inference.usage);
  const bool billed_nothing = record.bill.cost == Money{} && usage.empty();
  const auto tokens = [&](const std::optional<std::uint64_t>& reported,
                          const std::optional<std::int64_t>& counted, Measure measure) {
    if (reported) return static_cast<std::int64_t>(std::min<std::uint64_t>(*reported, INT64_MAX));
    if (billed_nothing) return std::int64_t{0};
    return counted.value_or(held[measure]);
  };
  consumed[Measure::input_tokens] =
      tokens(usage.total_input(), record.counted_input_tokens, Measure::input_tokens);
  consumed[Measure::output_tokens] =
      tokens(usage.total_output(), record.counted_output_tokens, Measure::output_tokens);
  consumed[Measure::total_tokens] =
      budget::saturating_add(consumed[Measure::input_tokens], consumed[Measure::output_tokens]);
  return consumed;
}

}  // namespace tokenweir::admit
