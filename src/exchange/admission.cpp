// The middle of the story: may the request leave, what may it cost, and what must be written into
// it. Waiting happens here; every decision is taken by admit/.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <iterator>

#include "admit/endpoint.h"
#include "exchange/exchange.h"
#include "exchange/refusal_facts.h"
#include "pricing/rates.h"
#include "provider/cancellation.h"
#include "provider/request_edit.h"

namespace tokenweir::exchange {
namespace {

// Money that is only held by others mostly comes free within this time.
constexpr std::chrono::milliseconds kPatience{2'000};
constexpr std::chrono::milliseconds kFirstWait{2};
constexpr std::chrono::milliseconds kLongestWait{20};
// Bodies of this size are counted in about a millisecond, and mostly from memory.
constexpr std::uint64_t kCountedFirst = 256 * 1024;

admit::ModelTraits traits_of(tokenizer::Template framing, const provider::Asked& asked) {
  using tokenizer::Template;
  admit::ModelTraits traits;
  traits.reasoning = framing == Template::openai_reasoning || framing == Template::harmony ||
                     asked.reasoning.enabled == true;
  // What is thought unseen cannot be followed; these say all they think, or do not think.
  const bool seen = framing == Template::openai || framing == Template::anthropic;
  traits.hidden_reasoning = traits.reasoning || !seen;
  return traits;
}

}  // namespace

budget::Now Exchange::now() const { return {services_.clock.now(), services_.clock.monotonic()}; }

admit::Request Exchange::wanted() const {
  const provider::Endpoint& endpoint = routed_.endpoint;
  const std::string& host = routed_.provider->origin.host;
  admit::Request request{.attribution = record_->attribution,
                         .provider = record_->provider,
                         .prices = routed_.provider->prices,
                         .host = host,
                         .endpoint = endpoint,
                         .asked = asked_,
                         .model = record_->model_requested,
                         .signs = signs_};
  request.body_bytes = std::max<std::uint64_t>(body_.size(), asked_.decoded_bytes);
  request.streaming = record_->streaming;
  request.can_cap = admit::can_cap(endpoint) && asked_.splicable;
  request.extras = asked_.extras;
  request.provider_tools = asked_.provider_tools;
  request.context_limit = model_limits_.context;
  request.output_max = model_limits_.output;
  if (counted_) {
    request.counted_input = counted_->upper_bound;
    request.input_count = counted_->tokens;
    request.input_parts = input_parts_;
  }
  if (const count::ModelCounting* model = tokens_.model()) {
    const admit::ModelTraits traits = traits_of(model->choice.framing, asked_);
    request.reasoning_model = traits.reasoning;
    request.hidden_reasoning = traits.hidden_reasoning;
    request.traits_of = [this](std::string_view other) {
      admit::ModelTraits others;
      if (const auto counting = tokens_.counting_of(other)) {
        others = traits_of(counting->choice.framing, asked_);
        others.counted_alike = tokens_.counts_alike(*counting, other);
      }
      return others;
    };
  }
  request.stops_when_cut = provider::stops_when_cut(routed_.provider->dialect, host);
  request.no_output = admit::generates_nothing(endpoint);
  request.started_at = record_->started_at;
  return request;
}

Awaitable<Exchange::Outcome> Exchange::admit() {
  const provider::Endpoint& endpoint = routed_.endpoint;
  const std::string& model = record_->model_requested;
  const auto unpriced = [&](std::string_view name) {
    return !name.empty() &&
           snapshot_->prices.canonical_model(routed_.provider->prices, name, record_->started_at)
               .empty();
  };
  if (config_.unknown_model == pricing::UnknownModel::reject && endpoint.metered &&
      !endpoint.reads_stored &&
      (unpriced(model) || std::ranges::any_of(asked_.other_models, unpriced))) {
    if (snapshot_->policy.enforcing() && services_.books.enforcing(record_->started_at)) {
      co_return Refusal{403,
                        "unpriced_model",
                        "the model has no price here, and unpriced models are refused",
                        "unpriced_model",
                        {}};
    }
    record_->would_refuse = "unpriced_model";
  }

  if (!services_.publisher.healthy() &&
      config_.ledger.on_failure == config::LedgerFailure::refuse_budgeted &&
      snapshot_->policy.has_hard_usd(
          admit::facts_of(record_->attribution, record_->provider, model, endpoint.name, {}))) {
    co_return Refusal{
        503, "ledger_unavailable", "a budget applies and no record can be stored", {}, {}};
  }
  model_limits_ = snapshot_->prices.limits(routed_.provider->prices, model, record_->started_at);
  read_parts();
  co_await count_first();
  const admit::Plan& plan = spending_.prepare(wanted(), now());
  services_.under_way.insert(this);
  abort_rule_ = snapshot_->policy.abort_rule(
      admit::facts_of(record_->attribution, record_->provider, model, endpoint.name, {}));
  if (plan.run.step > 0) record_->step = plan.run.step;
  if (!plan.run.retry_of.empty()) {
    record_->retry_of = plan.run.retry_of;
    record_->retry_cause = plan.run.retry_cause;
  }
  if (plan.refusal) co_return refusal_by(*plan.refusal);
  if (plan.delay > plan.delay.zero() && !co_await pause(plan.delay)) co_return Refusal{};
  co_return co_await hold();
}

// The body in one piece; `storage` holds it where it lies in a file. Empty where it is compressed
// or too large to be looked into.
std::string_view Exchange::whole_body(std::string& storage) const {
  if (body_.size() == 0 || body_.size() > count::kMostTranscriptBytes ||
      http::find(head_.fields, "content-encoding") != nullptr) {
    return {};
  }
  return body_.read(0, body_.size(), storage);
}

// What a context is repeated in: the run, or else the workflow of the credential.
std::string Exchange::scope() const {
  const Attribution& who = record_->attribution;
  return who.credential + '\x1f' + who.workflow + '\x1f' + who.run;
}

void Exchange::read_parts() {
  const provider::Endpoint& endpoint = routed_.endpoint;
  if (services_.counters == nullptr || !endpoint.cappable) return;
  std::string storage;
  const std::string_view body = whole_body(storage);
  tokens_.read(endpoint, provider::name_of(routed_.provider->dialect),
               routed_.provider->origin.host, record_->model_requested, body);
  signs_ = tokens_.signs(identify::admitted_retries(head_));
}

// A rule on the input judges its count, and money is held by it where counting costs no time that
// anyone would notice.
Awaitable<void> Exchange::count_first() {
  const admit::Policy& policy = snapshot_->policy;
  const bool judged = !policy.input_caps().empty();
  if (!judged && (!policy.has_accounts() || body_.size() > kCountedFirst)) co_return;
  count_request();
  input_parts_.reserve(count::kSlices);
  while (!tokens_.done()) {
    const bool waited = co_await pause(kFirstWait);
    if (!waited) break;
  }
  counted_ = tokens_.request();
  if (counted_ == nullptr) co_return;
  for (std::size_t i = 0; i < count::kSlices; ++i) {
    input_parts_.push_back({count::name_of(static_cast<count::Slice>(i)), counted_->parts[i]});
  }
  std::ranges::sort(input_parts_, std::greater{}, &admit::InputPart::tokens);
}

Awaitable<Exchange::Outcome> Exchange::hold() {
  const Instant patient_until = after(kPatience);
  for (std::chrono::milliseconds wait = kFirstWait;; wait = std::min(wait * 2, kLongestWait)) {
    const std::uint64_t releases = services_.books.accounts.releases();
    const admit::Request request = wanted();
    if (policy_refusal_) co_return refusal_by(std::move(*policy_refusal_));
    if (const auto kill = spending_.killed(request, services_.clock.now())) {
      co_return refusal_by(admit::refusal_of(*kill));
    }
    const bool last = services_.clock.monotonic() >= patient_until;
    admit::Admission admission = spending_.decide(
        request, last ? budget::Patience::last_try : budget::Patience::may_wait, now());
    if (admission.verdict == budget::Verdict::must_wait) {
      do {
        if (!co_await pause(wait)) co_return Refusal{};
      } while (services_.books.accounts.releases() == releases &&
               services_.clock.monotonic() < patient_until);
      continue;
    }
    if (record_->would_refuse.empty()) record_->would_refuse = admission.would_refuse;
    record_->would_clamp = admission.would_clamp;
    if (admission.refusal) co_return refusal_by(std::move(*admission.refusal));
    budget_remaining_ = admission.remaining;
    if (Outcome no = write_edits(admission)) co_return no;
    if (!spending_.write_down(request, *record_)) {
      co_return Refusal{
          503, "ledger_unavailable", "too many requests wait for the ledger at the moment", {}, {}};
    }
    co_return std::nullopt;
  }
}

// False: the client has left meanwhile.
Awaitable<bool> Exchange::pause(std::chrono::milliseconds wait) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, wait);
  client_.watch();
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return !client_left_ && !client_.gone();
}

// What admission decided is written into the body, byte by byte, or the request does not leave.
Exchange::Outcome Exchange::write_edits(const admit::Admission& admission) {
  const provider::Endpoint& endpoint = routed_.endpoint;
  const auto unwritable = [&] {
    admit::Refusal refusal;
    refusal.reason = admit::Reason::too_large;
    refusal.kind = admit::RefusalKind::invalid;
    refusal.message =
        "A limit applies to this request, and the body says its own in a way that cannot be "
        "lowered safely: state one plain number, once.";
    return refusal_by(std::move(refusal));
  };
  if (const std::string& model = spending_.plan().model; !model.empty()) {
    auto edit = provider::model_splice(endpoint, asked_, model);
    if (!edit) return unwritable();
    splices_.push_back(std::move(*edit));
    record_->edits.emplace_back("model");
    asked_.model = model;  // whose spelling of a cap is written below
  }
  if (!admission.cap) return std::nullopt;
  auto edits = provider::cap_splices(endpoint, routed_.provider->dialect, asked_, *admission.cap,
                                     routed_.provider->origin.host);
  if (!edits) return unwritable();
  record_->cap_applied = admission.cap;
  record_->cap_source = admission.cap_source;
  if (edits->empty()) return std::nullopt;
  splices_.insert(splices_.end(), std::make_move_iterator(edits->begin()),
                  std::make_move_iterator(edits->end()));
  record_->edits.emplace_back("output_cap");
  return std::nullopt;
}

Exchange::Refusal Exchange::refusal_by(admit::Refusal refusal) {
  int status = 0;
  switch (refusal.kind) {
    case admit::RefusalKind::final_budget:
      status = 402;
      break;
    case admit::RefusalKind::retryable:
      status = 429;
      break;
    case admit::RefusalKind::forbidden:
      status = 403;
      break;
    case admit::RefusalKind::invalid:
      status = 400;
      break;
  }
  const std::string_view reason = admit::name_of(refusal.reason);
  policy_refusal_ = std::move(refusal);
  return Refusal{status, reason, policy_refusal_->message, reason, {}};
}

// An operator may have stopped this request while it waits for its answer.
void Exchange::check_stops() {
  if (policy_refusal_) return;
  const auto kill = spending_.killed(wanted(), services_.clock.now());
  if (!kill) return;
  policy_refusal_ = admit::refusal_of(*kill);
  if (provider_ != nullptr) provider_->interrupt();
}

std::int64_t Exchange::delivered_tokens() const { return tokens_.delivered(); }

// The end of a running stream in the words of its dialect; empty where it has none.
std::string Exchange::cut_event() const {
  const auto form = meter_->stream_form();
  if (!form || meter_->compressed()) return {};
  provider::OpenStream open;
  open.form = *form;
  open.inside_event = !at_event_end_;
  open.has_elements = record_->response_bytes > 1;
  open.next_sequence = static_cast<std::int64_t>(meter_->documents());
  const provider::RefusalFacts facts =
      facts_of(*policy_refusal_, record_->id, routed_.provider->origin.host,
               contact_of(config_, record_->attribution.workflow));
  return provider::cut_event(routed_.endpoint, routed_.provider->dialect, facts, open);
}

}  // namespace tokenweir::exchange
