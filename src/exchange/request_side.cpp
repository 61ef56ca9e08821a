// The first half of the story: take the request in, understand it, send it on.
#include <algorithm>

#include "core/crash_point.h"
#include "exchange/exchange.h"
#include "exchange/spliced_body.h"
#include "http/write.h"
#include "provider/request_edit.h"
#include "provider/request_reader.h"

namespace tokenweir::exchange {
namespace {

constexpr std::chrono::seconds kBodyGrace{10};  // before the minimum body rate is demanded
constexpr std::size_t kOneWrite = 64 * 1024;
constexpr std::size_t kErrorBodyLimit = 64 * 1024;

// The client's own credential is replaced when the configuration holds one for the provider.
constexpr std::string_view kCredentialFields[] = {"authorization", "x-api-key", "api-key",
                                                  "x-goog-api-key"};

std::pair<std::string_view, std::string> provider_credential(provider::Family family,
                                                             const std::string& secret) {
  switch (family) {
    case provider::Family::anthropic:
      return {"x-api-key", secret};
    case provider::Family::azure:
      return {"api-key", secret};
    case provider::Family::gemini:
      return {"x-goog-api-key", secret};
    default:
      return {"Authorization", "Bearer " + secret};
  }
}

std::string host_value(const config::Origin& origin) {
  const bool standard = origin.port == (origin.tls ? 443 : 80);
  const std::string host =
      origin.host.find(':') == std::string::npos ? origin.host : "[" + origin.host + "]";
  return standard ? host : host + ":" + std::to_string(origin.port);
}

// A list may come in several fields.
std::string all_values(std::span<const http::Field> fields, std::string_view name) {
  std::string values;
  for (const http::Field& field : fields) {
    if (!http::equals_ignoring_case(field.name, name)) continue;
    if (!values.empty()) values += ',';
    values += field.value;
  }
  return values;
}

}  // namespace

Awaitable<Exchange::Outcome> Exchange::take_body() {
  if (!routed_.endpoint.cappable) co_return std::nullopt;
  const std::uint64_t limit = config_.limits.request_body;
  const Refusal too_large{413,
                          "request_too_large",
                          "the request body is larger than this proxy accepts",
                          "too_large",
                          {}};
  if (head_.framing.kind == http::FramingKind::length && head_.framing.length > limit) {
    co_return too_large;
  }
  if (head_.expects_continue && client_.buffered().empty()) {
    (void)client_.write_now("HTTP/1.1 100 Continue\r\n\r\n");
  }

  provider::RequestReader reader(routed_.endpoint, routed_.provider->dialect,
                                 all_values(head_.fields, "content-type"),
                                 all_values(head_.fields, "content-encoding"));
  const Instant began = services_.clock.monotonic();
  while (!request_decoder_.done()) {
    const http::BodyDecoder::Step step = request_decoder_.next(client_.buffered());
    if (!step.data.empty()) {
      if (body_.size() + step.data.size() > limit) co_return too_large;
      reader.feed(step.data);
      if (!body_.append(step.data)) {
        co_return Refusal{
            503, "storage_unavailable", "there is no room to hold the request body", {}, {}};
      }
    }
    client_.consume(step.consumed);
    if (request_decoder_.failed()) {
      co_return Refusal{
          400, "malformed_request", "the request body is not framed correctly", {}, {}};
    }
    if (request_decoder_.done() || step.consumed > 0) continue;

    const LinkStatus status = co_await client_.read_more(after(config_.timeouts.request_idle));
    if (status == LinkStatus::timed_out) {
      co_return Refusal{408, "request_timeout", "the request body did not arrive in time", {}, {}};
    }
    if (status != LinkStatus::ok) co_return Refusal{};
    const auto elapsed = services_.clock.monotonic() - began;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed).count();
    if (elapsed > kBodyGrace &&
        body_.size() < config_.limits.client_body_rate * static_cast<std::uint64_t>(seconds)) {
      co_return Refusal{408, "request_timeout", "the request body arrives too slowly", {}, {}};
    }
  }
  record_->request_bytes = body_.size();
  asked_ = reader.finish();
  co_return std::nullopt;
}

Exchange::Outcome Exchange::understand() {
  const provider::Endpoint& endpoint = routed_.endpoint;
  // OpenAI's conversations only keep items, where Mistral's answer.
  if (!asked_.generates && endpoint.name == "conversations") {
    routed_.endpoint.free = true;
    routed_.endpoint.metered = false;
  }
  record_->model_requested = !endpoint.model.empty() ? endpoint.model : asked_.model;
  record_->service_tier_requested = asked_.service_tier;
  if (asked_.output_cap != provider::kNoLimit) record_->cap_requested = asked_.output_cap;
  record_->streaming =
      endpoint.streams.value_or(asked_.stream.value_or(endpoint.streams_by_default));
  identify::merge_body_labels(record_->attribution, asked_, config_);
  if (const auto no = identify::complete(record_->attribution, routed_, config_)) {
    return Refusal{no->status, no->code, no->message, no->code, {}};
  }

  const config::Edits& edits = routed_.provider->edits;
  if (asked_.ask_for_usage && edits.stream_usage &&
      !services_.refuses_stream_usage.contains(routed_.provider->name)) {
    ask_for_usage_ = true;
    record_->edits.emplace_back("stream_options.include_usage");
  }
  if (edits.identity_encoding && endpoint.metered) {
    const http::Field* const accepts = http::find(head_.fields, "accept-encoding");
    if (accepts != nullptr && accepts->value != "identity") {
      record_->edits.emplace_back("accept-encoding");
    }
  }
  if (routed_.credential != nullptr) record_->edits.emplace_back("credential");
  ready_ = services_.clock.monotonic();
  return std::nullopt;
}

void Exchange::write_request_head(std::string& out, http::Framing framing, bool body_edited) {
  std::vector<std::string_view> drop = {"expect"};
  std::vector<std::pair<std::string_view, std::string_view>> set;
  constexpr std::string_view kOwnPrefixes[] = {"x-llm-"};
  if (body_edited) {
    drop.insert(drop.end(), {"content-md5", "digest", "content-digest"});
  }
  std::string upgrade_connection;
  std::pair<std::string_view, std::string> credential;
  for (const std::string& edit : record_->edits) {
    if (edit == "accept-encoding") set.emplace_back("Accept-Encoding", "identity");
    if (edit == "credential") {
      const auto& keys = routed_.credential->provider_keys;
      const auto key = keys.find(routed_.provider->name);
      // A key of this proxy never reaches a provider, even where nothing takes its place.
      if (key == keys.end()) {
        identify::append_key_fields(routed_.key_places, drop);
        continue;
      }
      drop.insert(drop.end(), std::begin(kCredentialFields), std::end(kCredentialFields));
      credential = provider_credential(routed_.provider->dialect, key->second);
      std::erase_if(drop, [&](std::string_view name) {
        return http::equals_ignoring_case(name, credential.first);
      });
      set.emplace_back(credential.first, credential.second);
    }
  }
  const std::string host = host_value(routed_.provider->origin);
  const std::string_view target = routed_.forward_target_storage.empty()
                                      ? routed_.forward_target
                                      : std::string_view(routed_.forward_target_storage);
  if (!head_.upgrade.empty()) {
    set.emplace_back("Connection", "Upgrade");
    set.emplace_back("Upgrade", head_.upgrade);
  }
  http::HeaderEdits edits;
  edits.drop = drop;
  edits.drop_prefixes = kOwnPrefixes;
  edits.set = set;
  http::append_request_head(out, head_, target, host, framing, edits);
}

// Sends `out` whole, unless the provider answers meanwhile or the client has no use for it any
// more.
Awaitable<LinkStatus> Exchange::hand_to_provider(std::string_view out) {
  LinkStatus status = provider_->write_now(out);
  while (status == LinkStatus::would_block || status == LinkStatus::cancelled) {
    provider_->watch(&provider_watch_);
    status = co_await provider_->flush(after(config_.timeouts.client_write));
    if (answer_began()) co_return LinkStatus::ok;
    if (client_left_ && !worth_reading_on()) co_return LinkStatus::cancelled;
  }
  co_return status;
}

Awaitable<LinkStatus> Exchange::send_stored(bool with_usage_edit) {
  std::vector<provider::Splice> splices = splices_;
  if (with_usage_edit) splices.push_back(*asked_.ask_for_usage);
  // Edits of one place are joined; two that contradict each other are never made.
  auto merged = provider::merge_splices(std::move(splices));
  if (!merged) co_return LinkStatus::failed;
  SplicedBody body(body_, *merged);
  http::Framing framing = head_.framing;
  if (framing.kind == http::FramingKind::chunked) framing.kind = http::FramingKind::length;
  if (framing.kind == http::FramingKind::length) framing.length = body.size();

  std::string& out = services_.out;
  out.clear();
  write_request_head(out, framing, !merged->empty());
  while (true) {
    while (!body.done() && out.size() < kOneWrite) {
      const std::string_view piece = body.next(services_.scratch);
      if (piece.empty()) co_return LinkStatus::failed;
      out.append(piece);
    }
    const LinkStatus status = co_await hand_to_provider(out);
    if (status != LinkStatus::ok || answered_early_) co_return status;
    crash_point(body.done() ? "body_sent" : "body_half_sent");
    if (body.done()) break;
    out.clear();
  }
  request_sent_ = true;
  co_return LinkStatus::ok;
}

Awaitable<LinkStatus> Exchange::send_streaming() {
  std::string& out = services_.out;
  out.clear();
  write_request_head(out, head_.framing, false);
  const bool chunked = head_.framing.kind == http::FramingKind::chunked;
  if (head_.expects_continue && client_.buffered().empty()) {
    (void)client_.write_now("HTTP/1.1 100 Continue\r\n\r\n");
  }
  while (true) {
    while (!request_decoder_.done() && out.size() < kOneWrite) {
      const http::BodyDecoder::Step step = request_decoder_.next(client_.buffered());
      if (request_decoder_.failed()) co_return LinkStatus::cancelled;
      if (!step.data.empty()) {
        if (chunked) http::append_chunk_size(out, step.data.size());
        out.append(step.data);
        if (chunked) out.append("\r\n");
        record_->request_bytes += step.data.size();
      }
      client_.consume(step.consumed);
      if (step.consumed == 0) break;
    }
    if (request_decoder_.done() && chunked) out.append("0\r\n\r\n");
    LinkStatus status = co_await hand_to_provider(out);
    if (status != LinkStatus::ok || answered_early_) co_return status;
    if (request_decoder_.done()) break;
    while (true) {
      provider_->watch(&provider_watch_);
      status = co_await client_.read_more(after(config_.timeouts.request_idle));
      if (answer_began()) co_return LinkStatus::ok;
      if (status != LinkStatus::cancelled || client_.gone()) break;
    }
    out.clear();  // Only now: other exchanges of this worker use the same buffer meanwhile.
    if (status != LinkStatus::ok) {
      note_client_left();  // The request can never become whole: the provider must not see an end.
      co_return LinkStatus::cancelled;
    }
  }
  request_sent_ = true;
  co_return LinkStatus::ok;
}

// While the provider thinks.
void Exchange::count_request() {
  if (!tokens_.must_count()) return;
  std::string storage;
  const std::string_view body = whole_body(storage);
  if (!body.empty()) tokens_.count_request(body, scope());
}

Awaitable<Exchange::Outcome> Exchange::forward() {
  const Refusal unreachable{
      502, "upstream_unreachable", "the provider could not be reached", {}, "connect"};
  bool with_usage_edit = ask_for_usage_;
  for (int tries = 0; tries < 3; ++tries) {
    answered_early_ = false;
    provider_spoke_ = false;
    answer_bytes_.clear();
    answer_scanned_ = 0;
    auto opened = co_await services_.providers.open(*routed_.provider, tries > 0);
    if (client_.gone()) co_return Refusal{};  // Nothing has left yet, so nothing will be billed.
    if (!opened) {
      switch (opened.error()) {
        case ConnectFault::tls:
          co_return Refusal{502,
                            "upstream_certificate",
                            "a secure connection to the provider could not be made",
                            {},
                            "tls"};
        case ConnectFault::timed_out:
          co_return Refusal{504,
                            "upstream_connect_timeout",
                            "the provider did not accept a connection in time",
                            {},
                            "connect"};
        default:
          co_return unreachable;
      }
    }
    provider_ = std::move(*opened);
    spending_.sending();
    const bool stored = routed_.endpoint.cappable;
    LinkStatus status;
    if (stored) {
      status = co_await send_stored(with_usage_edit);
    } else {
      status = co_await send_streaming();
    }
    record_->sent = record_->sent || provider_->sent_any();
    // A provider that refuses an upload and closes resets what is still on its way; its answer may
    // have come before.
    const bool broke = status == LinkStatus::failed || status == LinkStatus::closed;
    if (broke && provider_->sent_any() && !client_left_) answered_early_ = true;
    if (status == LinkStatus::ok || answered_early_) {
      provider_->watch(nullptr);
      sent_ = services_.clock.monotonic();
      record_->overhead_us =
          std::chrono::duration_cast<std::chrono::microseconds>(sent_ - ready_).count();
      count_request();
      if (Outcome no = co_await await_answer_head()) co_return no;
      if (with_usage_edit && co_await answered_without_usage()) {
        with_usage_edit = false;
        continue;
      }
      co_return std::nullopt;
    }
    if (client_left_) co_return Refusal{};
    if (status == LinkStatus::cancelled) {
      after_ = After::close;
      co_return Refusal{
          400, "malformed_request", "the request body is not framed correctly", {}, {}};
    }
    // A pooled connection that the provider closed meanwhile: nothing has left, so try once more.
    const bool stale = provider_->reused() && !provider_->sent_any() && stored;
    if (!stale)
      co_return Refusal{502, "upstream_reset", "the connection to the provider broke", {}, "reset"};
  }
  co_return unreachable;
}

Awaitable<bool> Exchange::answered_without_usage() {
  if (answer_head_.status != 400 && answer_head_.status != 422) co_return false;
  // Some servers do not know stream_options. Nothing has been billed and nothing told to the client
  // yet, so look why the request was refused before passing it on.
  std::string body(answer_rest_);
  http::BodyDecoder decoder(answer_head_.framing);
  std::string text;
  std::string_view left = body;
  while (!decoder.done() && !decoder.failed() && text.size() < kErrorBodyLimit) {
    const http::BodyDecoder::Step step = decoder.next(left);
    text.append(step.data);
    left.remove_prefix(step.consumed);
    if (step.consumed > 0 || decoder.done()) continue;
    const ProviderLink::Piece piece = provider_->read_now();
    if (piece.status == LinkStatus::ok) {
      const std::size_t read = body.size() - left.size();
      body.append(piece.bytes);
      left = std::string_view(body).substr(read);
    } else if (piece.status == LinkStatus::would_block) {
      if (co_await provider_->readable(after(config_.timeouts.provider_idle)) != LinkStatus::ok)
        break;
    } else {
      break;
    }
  }
  const bool about_usage = text.find("stream_options") != std::string::npos ||
                           text.find("include_usage") != std::string::npos;
  if (about_usage) {
    services_.refuses_stream_usage.insert(routed_.provider->name);
    std::erase(record_->edits, "stream_options.include_usage");
    ask_for_usage_ = false;
    provider_.reset();
    co_return true;
  }
  // Not about our edit: the answer goes to the client, starting with what was read here.
  const std::size_t head_size = answer_head_.size;
  std::string whole = answer_bytes_.substr(0, head_size) + body;
  answer_bytes_ = std::move(whole);
  std::size_t scanned = 0;
  http::HeadError error;
  const http::Progress again =
      http::parse_response_head(answer_bytes_, {}, head_.method, scanned, answer_head_, error);
  if (again != http::Progress::complete) co_return false;
  answer_rest_ = std::string_view(answer_bytes_).substr(answer_head_.size);
  co_return false;
}

}  // namespace tokenweir::exchange
