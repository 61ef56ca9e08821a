#include "exchange/exchange.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/crash_point.h"
#include "core/http_date.h"
#include "exchange/refusal_facts.h"
#include "http/write.h"
#include "settle/settle.h"
#include "settle/waste.h"

namespace tokenweir::exchange {
namespace {

constexpr std::chrono::milliseconds kPlaceRetry{10};
constexpr int kPlaceRetries = 200;
constexpr std::chrono::milliseconds kCountPause{2};

std::string without_query(std::string_view target) {
  return std::string(target.substr(0, target.find('?')));
}

std::int64_t micros(Instant from, Instant to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

}  // namespace

Exchange::Exchange(Services& services, std::shared_ptr<const Snapshot> snapshot, ClientLink& client,
                   const http::RequestHead& head)
    : services_(services),
      snapshot_(std::move(snapshot)),
      config_(snapshot_->config),
      client_(client),
      head_(head),
      body_(config_.limits.request_memory, config_.spill_directory),
      spending_(services.books, *snapshot_),
      tokens_(services.counters) {}

Awaitable<After> Exchange::run() {
  begin();
  client_.set_watcher(&client_watch_);
  services_.live.exchanges_in_flight.fetch_add(1, std::memory_order_relaxed);
  try {
    co_await attempt();
  } catch (const std::exception& bug) {
    // Only bugs arrive here. The client sees a cut connection, the record says who was at fault.
    spdlog::error("exchange {} ended by an internal error: {}", record_->id, bug.what());
    record_->answer.end_state = EndState::proxy_abort;
    after_ = After::reset;
  }
  services_.live.exchanges_in_flight.fetch_sub(1, std::memory_order_relaxed);
  // The await stands alone: g++ 12 waits even where the left side of a condition is false.
  while (!tokens_.done()) {
    const bool waited = co_await pause(kCountPause);
    if (!waited) break;
  }
  tokens_.count_documents();
  services_.under_way.erase(this);
  client_.set_watcher(nullptr);
  provider_.reset();
  publish();
  co_return after_;
}

Awaitable<void> Exchange::attempt() {
  if (Outcome no = identify()) co_return co_await refuse(*no);
  if (Outcome no = co_await reserve_place()) co_return co_await refuse(*no);
  if (Outcome no = co_await take_body()) co_return co_await refuse(*no);
  if (Outcome no = understand()) co_return co_await refuse(*no);
  if (Outcome no = co_await admit()) co_return co_await refuse(*no);
  if (Outcome no = co_await forward()) co_return co_await refuse(*no);
  co_await relay();
}

void Exchange::begin() {
  arrived_ = services_.clock.monotonic();
  // From the start: whoever is refused early has a body, too, and it must not be the next request.
  request_decoder_ = http::BodyDecoder(head_.framing);
  record_ = std::make_unique<Record>();
  record_->started_at = services_.clock.now();
  record_->id = services_.next_id(record_->started_at);
  record_->policy_revision = config_.revision;
  record_->method = head_.method;
  record_->path = without_query(head_.path_and_query);
}

Exchange::Outcome Exchange::identify() {
  auto routed = identify::route(head_, config_, services_.clock.now());
  if (!routed) {
    const identify::Rejected& no = routed.error();
    identify::Spoken spoken = identify::spoken_by(head_, config_);
    routed_.endpoint = std::move(spoken.endpoint);
    unrouted_family_ = spoken.family;
    return Refusal{no.status, no.code, no.message, no.reason, {}};
  }
  routed_ = std::move(*routed);
  record_->provider = routed_.provider->name;
  record_->provider_label = snapshot_->prices.provider_label(routed_.provider->prices);
  if (record_->provider_label.empty()) record_->provider_label = routed_.provider->name;
  record_->dialect = provider::name_of(routed_.endpoint.dialect);
  record_->endpoint = routed_.endpoint.name;

  auto attribution = identify::attribute(head_, routed_, config_);
  if (!attribution) {
    const identify::Rejected& no = attribution.error();
    return Refusal{no.status, no.code, no.message, no.code, {}};
  }
  record_->attribution = std::move(*attribution);
  if (identify::admitted_retries(head_) > 0) record_->retry_cause = "sdk_header";
  if (routed_.endpoint.dialect == provider::Dialect::opaque &&
      config_.raw_endpoints == config::RawEndpoints::refuse) {
    return Refusal{
        404, "unknown_endpoint", "this path is not a known API endpoint", "unknown_endpoint", {}};
  }
  return std::nullopt;
}

Awaitable<Exchange::Outcome> Exchange::reserve_place() {
  if (services_.live.draining.load(std::memory_order_relaxed)) after_ = After::close;
  if (!services_.publisher.healthy() &&
      config_.ledger.on_failure == config::LedgerFailure::refuse) {
    co_return Refusal{
        503, "ledger_unavailable", "the ledger cannot store records at the moment", {}, {}};
  }
  for (int tries = 0; !services_.publisher.try_reserve(); ++tries) {
    if (tries == kPlaceRetries) {
      co_return Refusal{
          503, "ledger_unavailable", "the ledger cannot keep up at the moment", {}, {}};
    }
    boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor, kPlaceRetry);
    co_await pause.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  place_reserved_ = true;
  co_return std::nullopt;
}

Awaitable<void> Exchange::refuse(Refusal refusal) {
  if (refusal.status == 401) {
    // Whoever guesses keys waits for each answer; who has a good one never comes here.
    const std::chrono::milliseconds wait = services_.wrong_keys.note(services_.clock.monotonic());
    if (wait > wait.zero()) {
      const bool waited = co_await pause(wait);
      if (!waited) refusal.status = 0;
    }
  }
  // A refusal before the queue was asked is recorded too, but it never waits for room.
  if (!place_reserved_) place_reserved_ = services_.publisher.try_reserve();
  record_->http_status = refusal.status;
  record_->refusal = refusal.reason;
  record_->provider_fault = refusal.fault;
  record_->answer.end_state = refusal.fault.empty() ? EndState::refused : EndState::provider_error;
  if (refusal.status == 0) {
    record_->answer.end_state = client_.cut_off() ? EndState::proxy_abort : EndState::client_abort;
    after_ = After::reset;
    co_return;
  }

  std::vector<std::pair<std::string_view, std::string>> fields;
  fields.emplace_back("Date", format_http_date(services_.clock.now()));
  fields.emplace_back("X-LLM-Request-Id", record_->id);
  std::string body;
  std::string_view content_type;
  if (policy_refusal_) {
    const provider::RefusalFacts facts =
        facts_of(*policy_refusal_, record_->id, routed_.provider->origin.host,
                 contact_of(config_, record_->attribution.workflow));
    provider::RefusalAnswer answer =
        provider::refusal_answer(routed_.endpoint, routed_.provider->dialect, facts,
                                 style_for(config_, record_->attribution.workflow));
    refusal.status = answer.status;
    body = std::move(answer.body);
    content_type = answer.content_type;
    for (auto& field : answer.headers) fields.push_back(std::move(field));
  } else {
    provider::Problem problem;
    if (routed_.provider != nullptr) problem.host = routed_.provider->origin.host;
    problem.status = refusal.status;
    problem.code = refusal.code;
    problem.message = refusal.message;
    problem.request_id = record_->id;
    provider::ErrorAnswer answer = provider::error_answer(
        routed_.endpoint,
        routed_.provider == nullptr ? unrouted_family_ : routed_.provider->dialect, problem);
    body = std::move(answer.body);
    content_type = answer.content_type;
    if (!answer.request_id_header.empty()) {
      fields.emplace_back(answer.request_id_header, record_->id);
    }
    if (refusal.fault.empty() && refusal.status < 500) {
      fields.emplace_back("x-should-retry", "false");
    }
  }
  record_->http_status = refusal.status;
  const std::vector<std::pair<std::string_view, std::string_view>> extra(fields.begin(),
                                                                         fields.end());

  // Unread request bytes would be taken for the next request.
  const bool reusable = head_.keep_alive && request_decoder_.done() &&
                        !services_.live.draining.load(std::memory_order_relaxed);
  after_ = reusable ? After::keep_alive : After::close;
  std::string& out = services_.out;
  out.clear();
  http::append_own_response(out, refusal.status, content_type, body, !reusable,
                            head_.method == "HEAD", extra);
  record_->response_bytes += body.size();
  LinkStatus status = client_.write_now(out);
  if (status == LinkStatus::would_block) {
    status = co_await client_.flush(after(config_.timeouts.client_write));
  }
  if (status != LinkStatus::ok) after_ = After::reset;
}

void Exchange::publish() {
  if (!place_reserved_) return;  // No room in the queue: nothing reached anyone.
  const Instant now = services_.clock.monotonic();
  record_->finished_at = services_.clock.now();
  record_->duration_us = micros(arrived_, now);
  if (first_content_ != Instant{} && sent_ != Instant{}) {
    record_->ttft_us = micros(sent_, first_content_);
  }
  if (content_events_ > 1) {
    record_->inter_token_us =
        micros(first_content_, last_content_) / static_cast<std::int64_t>(content_events_ - 1);
  }
  tokens_.write(*record_);
  settle::Context context;
  context.prices = routed_.provider == nullptr ? std::string_view{} : routed_.provider->prices;
  context.host = routed_.provider == nullptr ? std::string_view{} : routed_.provider->origin.host;
  // What was counted was counted for the model that the client had asked for.
  const bool downgraded = !spending_.plan().model.empty();
  context.downgraded = spending_.plan().model;
  context.search_context = asked_.search_context;
  context.spoken_characters = asked_.spoken_characters;
  context.free_endpoint = routed_.endpoint.free;
  context.metered_endpoint = routed_.endpoint.metered;
  context.async_job = routed_.endpoint.async_job;
  context.unknown_model = config_.unknown_model;
  const Answer& answer = record_->answer;
  if (routed_.endpoint.reads_stored && !answer.response_id.empty() && !answer.inferences.empty()) {
    context.billed_before =
        !services_.publisher.claim_stored_answer(record_->provider, answer.response_id);
  }
  context.counted_input_exact = !downgraded && tokens_.input_is_exact();
  context.counted_output_exact = !downgraded && tokens_.output_is_exact();
  context.held_cost = spending_.held_cost();
  settle::settle(*record_, snapshot_->prices, context);
  if (!downgraded) tokens_.learn(*record_, record_->finished_at);
  settle::Ending ending;
  ending.looping = runs::looks_like_loop(spending_.plan().run.findings);
  ending.client_left = client_left_;
  if (const auto cut = spending_.find_cut(*record_, signs_, arrived_); !cut.empty()) {
    record_->retry_of = cut;
    ending.after_cut = true;
  }
  record_->waste = settle::waste_of(*record_, ending);
  signs_.made = tokens_.made_calls();
  // Before the last bytes went out: who asks again may be faster than this.
  const Instant answered = std::max(first_byte_, last_content_);
  Booking booking = spending_.close(*record_, signs_, answered, this->now());
  crash_point("queued");
  services_.publisher.publish(std::move(record_), std::move(booking));
}

void Exchange::on_client_left() {
  // A plain client that ends its sending side may have half-closed; one that asked for a stream and
  // does so has hung up (no SDK half-closes).
  if (!client_.gone() && !record_->streaming) return;
  note_client_left();
  if (provider_ != nullptr && !worth_reading_on()) provider_->interrupt();
}

void Exchange::note_client_left() {
  if (client_left_) return;
  client_left_ = true;
  client_left_at_ = services_.clock.monotonic();
}

void Exchange::on_early_answer() {
  provider_spoke_ = true;
  client_.interrupt();
  if (provider_ != nullptr) provider_->interrupt();
}

Instant Exchange::after(std::chrono::milliseconds wait) const {
  return services_.clock.monotonic() + wait;
}

}  // namespace tokenweir::exchange
