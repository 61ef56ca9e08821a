// The second half of the story: the provider's answer, relayed as it comes and metered on the way.
#include <algorithm>
#include <utility>

#include "core/crash_point.h"
#include "exchange/exchange.h"
#include "http/write.h"
#include "provider/cancellation.h"

namespace tokenweir::exchange {
namespace {

constexpr int kInterimAnswers = 16;
constexpr std::chrono::seconds kReadOnLimit{600};  // after the client left
constexpr std::chrono::milliseconds kGrowthPatience{2'000};
constexpr std::chrono::milliseconds kGrowthRetry{20};
constexpr std::chrono::milliseconds kStopPatience{400};
constexpr std::chrono::milliseconds kNoPatience{0};
constexpr std::size_t kRestMost = 1024 * 1024;

std::string_view fault_of_status(int status) {
  if (status == 429) return "429";
  if (status == 529) return "529";
  if (status >= 500) return "5xx";
  if (status >= 400) return "4xx";
  return {};
}

}  // namespace

// Only to what the client asked for, and only once its request is over: what follows is a tunnel.
bool Exchange::may_switch_protocols() const {
  const std::string_view protocol = http::value_of(answer_head_.fields, "upgrade");
  return !protocol.empty() && http::lists_token(head_.upgrade, protocol) && request_sent_;
}

// Takes in what the provider has sent, as far as the end of the head of its final answer. Interim
// answers go to the client on the way.
Exchange::HeadState Exchange::read_answer_head() {
  while (true) {
    http::HeadError error;
    const http::Progress progress =
        answer_bytes_.empty() ? http::Progress::need_more
                              : http::parse_response_head(answer_bytes_, {}, head_.method,
                                                          answer_scanned_, answer_head_, error);
    if (progress == http::Progress::failed) return HeadState::garbled;
    if (progress == http::Progress::complete) {
      if (answer_head_.status >= 200 || answer_head_.status == 101) {
        if (answer_head_.status == 101 && !may_switch_protocols()) return HeadState::garbled;
        answer_rest_ = std::string_view(answer_bytes_).substr(answer_head_.size);
        return HeadState::complete;
      }
      if (++interim_answers_ > kInterimAnswers) return HeadState::garbled;
      if (answer_head_.status != 100 && head_.minor_version == 1) {
        std::string interim;
        http::append_response_head(interim, answer_head_, {}, 1, false, {});
        // What the socket does not take goes out with the answer.
        if (client_.write_now(interim) == LinkStatus::failed) note_client_left();
      }
      answer_bytes_.erase(0, answer_head_.size);
      answer_scanned_ = 0;
      continue;
    }

    const ProviderLink::Piece piece = provider_->read_now();
    if (piece.status == LinkStatus::would_block) return HeadState::incomplete;
    if (piece.status != LinkStatus::ok) {
      return answer_bytes_.empty() ? HeadState::broken : HeadState::garbled;
    }
    answer_bytes_.append(piece.bytes);
  }
}

// While the request is still being sent: did the provider answer, or was it an interim answer, or
// nothing but a TLS message?
bool Exchange::answer_began() {
  if (!std::exchange(provider_spoke_, false)) return false;
  answered_early_ = read_answer_head() != HeadState::incomplete;
  return answered_early_;
}

Awaitable<Exchange::Outcome> Exchange::await_answer_head() {
  while (true) {
    switch (read_answer_head()) {
      case HeadState::complete:
        co_return std::nullopt;
      case HeadState::broken:
        co_return Refusal{502,
                          "upstream_reset",
                          "the provider closed the connection without an answer",
                          {},
                          "reset"};
      case HeadState::garbled:
        co_return Refusal{
            502, "upstream_protocol", "the provider's answer is not valid HTTP", {}, "protocol"};
      case HeadState::incomplete:
        break;
    }
    if (record_->streaming) client_.watch();
    const LinkStatus status = co_await provider_->readable(read_deadline());
    if (client_left_ && !worth_reading_on()) co_return Refusal{};
    if (policy_refusal_) co_return refusal_by(std::move(*policy_refusal_));
    if (status == LinkStatus::timed_out) {
      co_return Refusal{
          504, "upstream_timeout", "the provider did not answer in time", {}, "timeout"};
    }
  }
}

bool Exchange::worth_reading_on() const {
  if (client_.cut_off() || services_.clock.monotonic() > client_left_at_ + kReadOnLimit)
    return false;
  // A whole JSON answer is billed whether it is read or not, so read it for its usage.
  if (!record_->streaming || asked_.background) return true;
  switch (abort_rule_.action) {
    case config::AbortAction::cancel:
      return false;
    case config::AbortAction::drain: {
      const auto waited = services_.clock.monotonic() - client_left_at_;
      if (abort_rule_.max_seconds && waited >= std::chrono::seconds(*abort_rule_.max_seconds)) {
        return false;
      }
      return !abort_rule_.max_tokens || delivered_tokens() < *abort_rule_.max_tokens;
    }
    case config::AbortAction::automatic:
      break;
  }
  return !provider::stops_when_cut(routed_.provider->dialect, routed_.provider->origin.host);
}

// Nobody waits for ever for the answer to a client that has left.
Instant Exchange::read_deadline() const {
  const Instant idle = after(config_.timeouts.provider_idle);
  if (!client_left_) return idle;
  std::chrono::seconds limit = kReadOnLimit;
  if (abort_rule_.max_seconds)
    limit = std::min(limit, std::chrono::seconds(*abort_rule_.max_seconds));
  return std::min(idle, client_left_at_ + limit);
}

void Exchange::write_answer_head(std::string& out) {
  http::Framing framing = answer_head_.framing;
  const bool bodiless = framing.kind == http::FramingKind::none;
  if (filter_ || framing.kind == http::FramingKind::until_close) {
    framing.kind = http::FramingKind::chunked;
  }
  if (framing.kind == http::FramingKind::chunked && head_.minor_version == 0) {
    framing.kind = http::FramingKind::until_close;
  }
  if (bodiless) {
    // HEAD and 304 may carry the length of a body that is not sent.
    framing = {};
    const std::string_view length = http::value_of(answer_head_.fields, "content-length");
    if (!length.empty() && answer_head_.status != 204 && answer_head_.status >= 200) {
      framing.kind = http::FramingKind::length;
      framing.length = std::strtoull(std::string(length).c_str(), nullptr, 10);
    }
  }
  client_framing_ = framing;
  if (bodiless) client_framing_ = {};

  const bool reusable = head_.keep_alive && request_decoder_.done() &&
                        framing.kind != http::FramingKind::until_close &&
                        !services_.live.draining.load(std::memory_order_relaxed);
  after_ = reusable ? After::keep_alive : After::close;

  std::string edits;
  for (const std::string& edit : record_->edits) {
    if (!edits.empty()) edits += ", ";
    edits += edit;
  }
  std::vector<std::pair<std::string_view, std::string_view>> set;
  set.emplace_back("X-LLM-Request-Id", record_->id);
  if (!edits.empty()) set.emplace_back("X-LLM-Edits", edits);
  std::string remaining;
  if (budget_remaining_) {
    remaining = dollars_text(budget_remaining_->picodollars());
    set.emplace_back("X-LLM-Budget-Remaining-Usd", remaining);
  }
  http::HeaderEdits changes;
  changes.set = set;
  http::append_response_head(out, answer_head_, framing, head_.minor_version, !reusable, changes);
}

void Exchange::note_first_content() {
  const std::uint64_t events = meter_->content_events();
  if (events == content_events_) return;
  content_events_ = events;
  last_content_ = services_.clock.monotonic();
  if (first_content_ == Instant{}) first_content_ = last_content_;
}

void Exchange::deliver(std::string_view data) {
  record_->response_bytes += data.size();
  meter_->feed(data);
  if (null_filter_) {
    std::string& chunks = services_.scratch;
    chunks.clear();
    filter_->feed(data, chunks);
    null_filter_->feed(chunks, services_.payload);
  } else if (filter_) {
    filter_->feed(data, services_.payload);
  } else {
    services_.payload.append(data);
  }
}

// What only we asked for is taken out again.
void Exchange::begin_filters() {
  if (!ask_for_usage_ || !meter_->may_stream() || answer_head_.status != 200) return;
  if (meter_->compressed()) {
    // This once the client sees the chunk; from now on this provider is not asked for it.
    services_.refuses_stream_usage.insert(routed_.provider->name);
    return;
  }
  filter_.emplace();
  if (routed_.provider->edits.hide_null_usage) null_filter_.emplace();
}

void Exchange::finish_filters() {
  if (!filter_) return;
  std::string rest;
  filter_->finish(rest);
  if (!null_filter_) {
    services_.payload.append(rest);
    return;
  }
  null_filter_->feed(rest, services_.payload);
  null_filter_->finish(services_.payload);
}

// Sends what deliver() gathered in `payload`, framed, behind what `out` already holds.
Awaitable<void> Exchange::hand_to_client(bool last) {
  std::string& out = services_.out;
  std::string& payload = services_.payload;
  const bool chunked = client_framing_.kind == http::FramingKind::chunked;
  if (!payload.empty()) {
    at_event_end_ =
        payload.ends_with("\n\n") || payload.ends_with("\r\n\r\n") || payload.ends_with("}\n");
    if (chunked) http::append_chunk_size(out, payload.size());
    out.append(payload);
    if (chunked) out.append("\r\n");
    payload.clear();
  }
  if (last && chunked) out.append("0\r\n\r\n");
  note_first_content();
  if (out.empty() || client_left_) co_return;

  LinkStatus status = client_.write_now(out);
  out.clear();
  if (status == LinkStatus::would_block) {
    status = co_await client_.flush(after(config_.timeouts.client_write));
  }
  if (status != LinkStatus::ok && !(status == LinkStatus::cancelled && !client_.gone())) {
    note_client_left();
  }
}

// The next bytes of the answer; false at its end or when reading on is of no use.
Awaitable<bool> Exchange::next_answer_bytes(std::string_view& bytes) {
  while (true) {
    if ((client_left_ && !worth_reading_on()) || policy_refusal_) co_return false;
    const ProviderLink::Piece piece = provider_->read_now();
    if (piece.status == LinkStatus::ok) {
      bytes = piece.bytes;
      co_return true;
    }
    if (piece.status != LinkStatus::would_block) {
      // A reset must not pass for the end of a body that is framed by the connection.
      if (piece.status == LinkStatus::failed) record_->provider_fault = "reset";
      co_return false;
    }
    client_.watch();
    const LinkStatus status = co_await provider_->readable(read_deadline());
    if (status == LinkStatus::ok || status == LinkStatus::cancelled) continue;
    if (status == LinkStatus::timed_out && !client_left_) record_->provider_fault = "timeout";
    co_return false;
  }
}

// Tells the provider to stop and counts what it sent before it heard: that is billed too. Once it
// has closed its own side nothing more can come; one that goes on is cut off.
Awaitable<void> Exchange::take_in_rest() {
  provider_->end_sending();
  const Instant until = after(client_.cut_off() ? kNoPatience : kStopPatience);
  for (std::size_t taken = 0; taken < kRestMost && !answer_decoder_.done();) {
    const ProviderLink::Piece piece = provider_->read_now();
    if (piece.status == LinkStatus::would_block) {
      const LinkStatus status = co_await provider_->readable(until);
      if (status == LinkStatus::timed_out || services_.clock.monotonic() >= until) co_return;
      continue;
    }
    record_->provider_stopped = piece.status == LinkStatus::closed;
    if (piece.status != LinkStatus::ok) co_return;
    taken += piece.bytes.size();
    std::string_view bytes = piece.bytes;
    while (!bytes.empty() && !answer_decoder_.done() && !answer_decoder_.failed()) {
      const http::BodyDecoder::Step step = answer_decoder_.next(bytes);
      bytes.remove_prefix(step.consumed);
      if (!step.data.empty()) meter_->feed(step.data);
      if (step.consumed == 0) co_return;
    }
  }
}

// The stream goes on only while there is money for it. Money that others merely hold is waited for.
Awaitable<bool> Exchange::afford_more() {
  if (!spending_.plan().growing) co_return true;
  const Instant patient_until = after(kGrowthPatience);
  while (!spending_.follow(delivered_tokens(), now())) {
    const bool passing =
        spending_.exhausted() && spending_.exhausted()->kind == admit::RefusalKind::retryable;
    if (!passing || services_.clock.monotonic() >= patient_until || !co_await pause(kGrowthRetry)) {
      policy_refusal_ = spending_.exhausted();
      co_return false;
    }
  }
  co_return true;
}

// Ends a stream in the words of its dialect: the client's SDK raises, and nothing takes what came
// for a whole answer. An answer that is one document can only be cut off.
Awaitable<void> Exchange::end_by_policy() {
  record_->refusal = admit::name_of(policy_refusal_->reason);
  const std::string event = cut_event();
  services_.out.clear();
  services_.payload.clear();
  if (event.empty() || client_left_) {
    after_ = After::reset;
    co_return;
  }
  finish_filters();
  services_.payload.append(event);
  co_await hand_to_client(true);
  after_ = After::close;
}

Awaitable<void> Exchange::relay() {
  crash_point("answer_head");
  first_byte_ = services_.clock.monotonic();
  record_->http_status = answer_head_.status;
  if (answer_head_.status == 101) co_return co_await tunnel();

  meter::Question question;
  question.family = routed_.provider->dialect;
  question.streaming = record_->streaming;
  const std::string& downgraded = spending_.plan().model;
  question.model = downgraded.empty() ? record_->model_requested : downgraded;
  question.host = routed_.provider->origin.host;
  meter_.emplace(routed_.endpoint, question, services_.counters != nullptr ? &tokens_ : nullptr);
  tokens_.begin_answer(record_->streaming);
  meter_->begin(answer_head_);
  begin_filters();
  for (const std::string_view name :
       {"x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-generation-id"}) {
    if (const std::string_view id = http::value_of(answer_head_.fields, name); !id.empty()) {
      record_->provider_request_id = id.substr(0, 256);
      break;
    }
  }
  answer_decoder_ = http::BodyDecoder(answer_head_.framing);
  const bool provider_keeps = answer_head_.keep_alive;

  services_.out.clear();
  services_.payload.clear();
  write_answer_head(services_.out);
  std::string_view bytes = answer_rest_;
  bool extra_bytes = false;
  bool cut = false;
  while (true) {
    while (!answer_decoder_.done() && !answer_decoder_.failed()) {
      const http::BodyDecoder::Step step = answer_decoder_.next(bytes);
      bytes.remove_prefix(step.consumed);
      if (!step.data.empty()) deliver(step.data);
      if (step.consumed == 0) break;
    }
    const bool done = answer_decoder_.done();
    if (done) finish_filters();
    extra_bytes = done && !bytes.empty();
    co_await hand_to_client(done);
    tokens_.count_documents();
    crash_point(done ? "last_bytes" : "mid_stream");
    if (done || answer_decoder_.failed()) break;
    if (!co_await afford_more()) {
      cut = true;
      break;
    }
    const bool more = co_await next_answer_bytes(bytes);
    // The buffers are shared by the exchanges of this worker, and others ran meanwhile.
    services_.out.clear();
    services_.payload.clear();
    if (!more) {
      cut = true;
      break;
    }
  }

  if (cut && (client_left_ || policy_refusal_)) co_await take_in_rest();

  // An end of connection completes a body that is framed by it.
  bool whole = answer_decoder_.done();
  if (cut && !client_left_ && !policy_refusal_ && record_->provider_fault.empty() &&
      answer_decoder_.finish_at_close()) {
    whole = true;
    finish_filters();
    co_await hand_to_client(true);
  }
  meter_->finish(whole);
  tokens_.count_documents();
  record_->answer = meter_->take();
  if (record_->answer.region.empty()) record_->answer.region = record_->region;
  record_->region = record_->answer.region;

  const bool answer_seen = whole || meter_->saw_terminal();
  if (client_left_ && !answer_seen) {
    record_->answer.end_state = client_.cut_off() ? EndState::proxy_abort : EndState::client_abort;
  }
  if (client_left_ || !whole) after_ = After::reset;
  if (policy_refusal_ && !whole) {
    record_->answer.end_state = EndState::proxy_abort;
    co_await end_by_policy();
  }
  if (record_->provider_fault.empty())
    record_->provider_fault = fault_of_status(answer_head_.status);
  if (record_->provider_fault.empty() && !whole && !client_left_ && !policy_refusal_)
    record_->provider_fault = "reset";
  if (record_->provider_fault.empty() && record_->answer.end_state == EndState::provider_error) {
    record_->provider_fault = "sse_error";
  }
  if (whole && provider_keeps && !extra_bytes && request_sent_) provider_->give_back();
}

}  // namespace tokenweir::exchange
