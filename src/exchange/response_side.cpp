// The second half of the story: the provider's answer, relayed as it comes and metered on the way.
#include "exchange/exchange.h"
#include "http/write.h"
#include "provider/cancellation.h"

namespace tokenweir::exchange {
namespace {

constexpr int kInterimAnswers = 16;
constexpr std::chrono::seconds kReadOnLimit{600};  // after the client left

std::string_view fault_of_status(int status) {
  if (status == 429) return "429";
  if (status == 529) return "529";
  if (status >= 500) return "5xx";
  if (status >= 400) return "4xx";
  return {};
}

}  // namespace

Awaitable<Exchange::Outcome> Exchange::await_answer_head() {
  const Refusal broken{502, "upstream_reset", "the provider closed the connection without an answer", {}, "reset"};
  const Refusal garbled{502, "upstream_protocol", "the provider's answer is not valid HTTP", {}, "protocol"};
  if (record_->streaming) client_.watch(&client_watch_);
  answer_bytes_.clear();
  std::size_t scanned = 0;
  int interim = 0;
  while (true) {
    http::HeadError error;
    const http::Progress progress =
        answer_bytes_.empty()
            ? http::Progress::need_more
            : http::parse_response_head(answer_bytes_, {}, head_.method, scanned, answer_head_, error);
    if (progress == http::Progress::failed) co_return garbled;
    if (progress == http::Progress::complete) {
      if (answer_head_.status >= 200 || answer_head_.status == 101) break;
      if (++interim > kInterimAnswers) co_return garbled;
      if (answer_head_.status != 100 && head_.minor_version == 1) {
        std::string& out = services_.out;
        out.clear();
        http::append_response_head(out, answer_head_, {}, 1, false, {});
        LinkStatus told = client_.write_now(out);
        if (told == LinkStatus::would_block) {
          told = co_await client_.flush(after(config_.timeouts.client_write));
        }
        if (told != LinkStatus::ok) client_left_ = true;
      }
      answer_bytes_.erase(0, answer_head_.size);
      scanned = 0;
      continue;
    }

    const ProviderLink::Piece piece = provider_->read_now();
    switch (piece.status) {
      case LinkStatus::ok:
        answer_bytes_.append(piece.bytes);
        break;
      case LinkStatus::would_block: {
        const LinkStatus status =
            co_await provider_->readable(after(config_.timeouts.provider_idle));
        if (status == LinkStatus::timed_out) {
          co_return Refusal{504, "upstream_timeout", "the provider did not answer in time", {}, "timeout"};
        }
        if (status == LinkStatus::cancelled && client_left_ && !worth_reading_on()) co_return Refusal{};
        if (status == LinkStatus::failed) co_return broken;
        break;
      }
      default:
        if (answer_bytes_.empty()) co_return broken;
        co_return garbled;
    }
  }
  if (answer_head_.status == 101 && head_.upgrade.empty()) co_return garbled;
  answer_rest_ = std::string_view(answer_bytes_).substr(answer_head_.size);
  co_return std::nullopt;
}

bool Exchange::worth_reading_on() const {
  // A whole JSON answer is billed whether it is read or not, so read it for its usage.
  if (!record_->streaming || asked_.background) return true;
  return !provider::stops_when_cut(routed_.provider->dialect, routed_.provider->origin.host);
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
  if (filter_) {
    filter_->feed(data, services_.payload);
  } else {
    services_.payload.append(data);
  }
}

// Sends what deliver() gathered in `payload`, framed, behind what `out` already holds.
Awaitable<void> Exchange::hand_to_client(bool last) {
  std::string& out = services_.out;
  std::string& payload = services_.payload;
  const bool chunked = client_framing_.kind == http::FramingKind::chunked;
  if (!payload.empty()) {
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
    client_left_ = true;
  }
}

// The next bytes of the answer; false at its end or when reading on is of no use.
Awaitable<bool> Exchange::next_answer_bytes(std::string_view& bytes) {
  const Instant until = client_left_ ? after(kReadOnLimit) : Instant::max();
  while (true) {
    if (client_left_ && (!worth_reading_on() || services_.clock.monotonic() > until)) co_return false;
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
    client_.watch(&client_watch_);
    const LinkStatus status = co_await provider_->readable(after(config_.timeouts.provider_idle));
    if (status == LinkStatus::ok || status == LinkStatus::cancelled) continue;
    if (status == LinkStatus::timed_out) record_->provider_fault = "timeout";
    co_return false;
  }
}

Awaitable<void> Exchange::relay() {
  first_byte_ = services_.clock.monotonic();
  record_->http_status = answer_head_.status;
  if (answer_head_.status == 101) co_return co_await tunnel();

  meter::Question question;
  question.family = routed_.provider->dialect;
  question.streaming = record_->streaming;
  question.model = record_->model_requested;
  question.host = routed_.provider->origin.host;
  meter_.emplace(routed_.endpoint, question);
  meter_->begin(answer_head_);
  if (ask_for_usage_ && meter_->is_stream() && answer_head_.status == 200) filter_.emplace();
  for (const std::string_view name : {"x-request-id", "request-id", "x-amzn-requestid",
                                      "apim-request-id", "x-generation-id"}) {
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
    if (done && filter_) filter_->finish(services_.payload);
    extra_bytes = done && !bytes.empty();
    co_await hand_to_client(done);
    if (done || answer_decoder_.failed()) break;
    const bool more = co_await next_answer_bytes(bytes);
    // The buffers are shared by the exchanges of this worker, and others ran meanwhile.
    services_.out.clear();
    services_.payload.clear();
    if (!more) {
      cut = true;
      break;
    }
  }

  // An end of connection completes a body that is framed by it.
  bool whole = answer_decoder_.done();
  if (cut && !client_left_ && record_->provider_fault.empty() && answer_decoder_.finish_at_close()) {
    whole = true;
    if (filter_) filter_->finish(services_.payload);
    co_await hand_to_client(true);
  }
  meter_->finish(whole);
  record_->answer = meter_->take();
  if (record_->answer.region.empty()) record_->answer.region = record_->region;
  record_->region = record_->answer.region;

  const bool answer_seen = whole || meter_->saw_terminal();
  if (client_left_ && !answer_seen) record_->answer.end_state = EndState::client_abort;
  if (client_left_ || !whole) after_ = After::reset;
  if (record_->provider_fault.empty()) record_->provider_fault = fault_of_status(answer_head_.status);
  if (record_->provider_fault.empty() && !whole && !client_left_) record_->provider_fault = "reset";
  if (record_->provider_fault.empty() && record_->answer.end_state == EndState::provider_error) {
    record_->provider_fault = "sse_error";
  }
  if (whole && provider_keeps && !extra_bytes && request_sent_) provider_->give_back();
}

}  // namespace tokenweir::exchange
