// How a policy's no is said to a client: at the door as an answer, in a running stream as its last
// event. Both in the words of the client's dialect, such that its official SDK raises; what is
// final is not retried, what passes is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "provider/dialect.h"

namespace tokenweir::provider {

enum class RefusalClass : std::uint8_t {
  final_budget,  // a budget, a run cap or the loop guard: 402 or the dialect's own form
  retryable,     // a rate, or money that is only held: 429 with Retry-After
  forbidden,     // a denied model or tool, a kill: 403
  invalid,       // the request asks for too much: 400
};

// The config's `refusals: {style: ...}`.
enum class RefusalStyle : std::uint8_t {
  never_retried,  // a status that no SDK retries
  native,         // what the provider itself answers when its own limit is reached
};

// What there is to say. Nothing in it comes from a prompt or an answer.
struct RefusalFacts {
  RefusalClass kind = RefusalClass::final_budget;
  std::string_view reason;  // the ledger's word: budget_exhausted, loop, rate, model_denied, ...
  std::string message;      // one sentence for humans
  std::string_view request_id;
  std::string_view host;        // of the provider, where known
  std::vector<Detail> details;  // budget, limit, spent, held, asked, unit, reset, run, contact, ...
  std::optional<std::chrono::seconds> retry_after;  // of retryable ones; no value: one second
};

struct RefusalAnswer {
  int status = 402;
  std::string body;
  std::string_view content_type;
  // Retry-After, x-should-retry and the request id under the provider's own name.
  std::vector<std::pair<std::string_view, std::string>> headers;
};

// The answer instead of the provider's (wire.md 3.3).
[[nodiscard]] RefusalAnswer refusal_answer(const Endpoint& endpoint, Family family,
                                           const RefusalFacts& facts, RefusalStyle style);

// How the parts of a streamed answer are told apart; its content type says which.
enum class StreamForm : std::uint8_t {
  events,  // text/event-stream
  lines,   // JSON lines: Ollama, Cohere's first version
  array,   // one JSON array: Gemini without alt=sse
};

// Where a stream stands when it is cut.
struct OpenStream {
  StreamForm form = StreamForm::events;
  // The bytes sent so far end inside an event or line. The client then gets one broken event
  // before the error, so cut between events wherever that is possible.
  bool inside_event = false;
  // Of an array: an element was sent.
  bool has_elements = false;
  // The number behind the last one seen in a stream whose events are numbered (Responses).
  std::int64_t next_sequence = 0;
};

// The bytes that end a running stream with an error (wire.md 3.4). No success marker ([DONE],
// message_stop, done:true) may follow. Send them in one write of their own: some SDKs recognise an
// error only when it arrives alone.
[[nodiscard]] std::string cut_event(const Endpoint& endpoint, Family family,
                                    const RefusalFacts& facts, const OpenStream& open);

}  // namespace tokenweir::provider
