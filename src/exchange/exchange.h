// The story of one request: listen -> identify -> admit -> forward <-> meter -> settle -> publish.
// This is the only place that knows the order. Every ending passes through publish() exactly once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "exchange/ports.h"
#include "exchange/services.h"
#include "exchange/snapshot.h"
#include "exchange/spending.h"
#include "exchange/token_count.h"
#include "http/body.h"
#include "http/message.h"
#include "identify/identify.h"
#include "meter/answer_meter.h"
#include "meter/null_usage_filter.h"
#include "meter/usage_chunk_filter.h"
#include "platform/body_store.h"
#include "pricing/rates.h"

namespace tokenweir::exchange {

// What becomes of the client's connection.
enum class After : std::uint8_t {
  keep_alive,
  close,  // in order, lingering until the client has read the answer
  reset,  // so that a cut answer cannot be taken for a whole one
};

class Exchange final : private Stoppable {
 public:
  // `head` views bytes that stay until the client link reads the next head. All references outlive
  // run().
  Exchange(Services& services, std::shared_ptr<const Snapshot> snapshot, ClientLink& client,
           const http::RequestHead& head);

  Awaitable<After> run();

 private:
  // A "no" of ours, or a failure of the provider, as it is told to the client.
  struct Refusal {
    int status = 0;  // 0: the client is gone, so nobody is told
    std::string_view code;
    std::string_view message;  // fixed text
    std::string_view reason;   // the ledger's `refusal`; empty for provider faults
    std::string_view fault;    // the ledger's provider_fault; empty for refusals
  };
  using Outcome = std::optional<Refusal>;  // empty: go on

  // Forwards link events of one end to a member function.
  struct Watch final : LinkWatcher {
    Watch(Exchange& owner, void (Exchange::*handler)()) : owner_(owner), handler_(handler) {}
    void on_link_event() override { (owner_.*handler_)(); }
    Exchange& owner_;
    void (Exchange::*handler_)();
  };

  Awaitable<void> attempt();
  void begin();
  void publish();

  // identify
  Outcome identify();
  Awaitable<Outcome> reserve_place();

  // admit
  Awaitable<Outcome> admit();
  Awaitable<Outcome> hold();
  Awaitable<bool> pause(std::chrono::milliseconds wait);
  void read_parts();
  Awaitable<void> count_first();
  [[nodiscard]] std::string_view whole_body(std::string& storage) const;
  [[nodiscard]] std::string scope() const;
  Outcome write_edits(const admit::Admission& admission);
  [[nodiscard]] admit::Request wanted() const;
  [[nodiscard]] budget::Now now() const;
  Refusal refusal_by(admit::Refusal refusal);
  void check_stops() override;

  // the request
  Awaitable<Outcome> take_body();
  Outcome understand();
  void count_request();
  Awaitable<Outcome> forward();
  Awaitable<LinkStatus> hand_to_provider(std::string_view out);
  Awaitable<LinkStatus> send_stored(bool with_usage_edit);
  Awaitable<LinkStatus> send_streaming();
  void write_request_head(std::string& out, http::Framing framing, bool body_edited);
  enum class HeadState : std::uint8_t { incomplete, complete, broken, garbled };
  HeadState read_answer_head();
  [[nodiscard]] bool may_switch_protocols() const;
  [[nodiscard]] bool answer_began();
  Awaitable<Outcome> await_answer_head();
  Awaitable<bool> answered_without_usage();

  // the answer
  Awaitable<void> relay();
  Awaitable<bool> next_answer_bytes(std::string_view& bytes);
  void deliver(std::string_view data);
  void begin_filters();
  void finish_filters();
  void write_answer_head(std::string& out);
  Awaitable<void> hand_to_client(bool last);
  Awaitable<void> take_in_rest();
  Awaitable<bool> afford_more();
  Awaitable<void> end_by_policy();
  [[nodiscard]] std::int64_t delivered_tokens() const;
  [[nodiscard]] std::string cut_event() const;
  Awaitable<void> tunnel();
  Awaitable<void> refuse(Refusal refusal);
  [[nodiscard]] bool worth_reading_on() const;
  [[nodiscard]] Instant read_deadline() const;
  void note_first_content();

  void on_client_left();
  void on_early_answer();
  void note_client_left();
  [[nodiscard]] Instant after(std::chrono::milliseconds wait) const;

  Services& services_;
  std::shared_ptr<const Snapshot> snapshot_;
  const config::Config& config_;
  ClientLink& client_;
  const http::RequestHead& head_;

  std::unique_ptr<Record> record_;
  bool place_reserved_ = false;
  After after_ = After::close;

  identify::Routed routed_;
  provider::Family unrouted_family_ = provider::Family::opaque;  // of a request nobody serves
  provider::Asked asked_;
  platform::BodyStore body_;
  http::BodyDecoder request_decoder_;
  std::vector<provider::Splice> splices_;
  runs::Signs signs_;
  Spending spending_;
  TokenCount tokens_;
  const count::RequestCount* counted_ = nullptr;  // before admission, where it was counted then
  std::vector<admit::InputPart> input_parts_;     // of it, the largest first
  std::optional<admit::Refusal> policy_refusal_;  // behind a Refusal, or why a stream was ended
  std::optional<Money> budget_remaining_;
  pricing::ModelLimits model_limits_;
  config::AbortRule abort_rule_;  // for the case that the client leaves
  bool ask_for_usage_ = false;

  std::unique_ptr<ProviderLink> provider_;
  bool request_sent_ = false;    // whole
  bool provider_spoke_ = false;  // something arrived while the request was being sent
  bool answered_early_ = false;

  std::string answer_bytes_;  // owned bytes of the answer's head while it is incomplete
  std::size_t answer_scanned_ = 0;
  int interim_answers_ = 0;
  http::ResponseHead answer_head_;  // views into answer_bytes_
  std::string_view answer_rest_;    // body bytes that came with the head
  std::optional<meter::AnswerMeter> meter_;
  std::optional<meter::UsageChunkFilter> filter_;
  std::optional<meter::NullUsageFilter> null_filter_;
  http::BodyDecoder answer_decoder_;
  http::Framing client_framing_;
  bool at_event_end_ = true;  // what the client has of a stream ends with a whole event
  bool client_left_ = false;
  Instant client_left_at_{};

  Watch client_watch_{*this, &Exchange::on_client_left};
  Watch provider_watch_{*this, &Exchange::on_early_answer};

  Instant arrived_{};
  Instant ready_{};  // the request was understood
  Instant sent_{};
  Instant first_byte_{};
  Instant first_content_{};
  Instant last_content_{};
  std::uint64_t content_events_ = 0;
};

}  // namespace tokenweir::exchange
