// Watches an answer go by and keeps the running usage. It observes: it never holds back or changes
// a byte. Same result however the bytes are cut; memory bounded whatever the answer's size.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/answer.h"
#include "http/message.h"
#include "provider/dialect.h"
#include "provider/refusal_answer.h"

namespace tokenweir::meter {

struct Question {  // what was asked, as far as the answer's reading depends on it
  provider::Family family = provider::Family::opaque;
  bool streaming = false;
  std::string_view model;  // requested model
  std::string_view host;   // the provider's host: some differ (xAI, Gemini's OpenAI form)
};

// Gets each document of an answer once it is whole: an event's data, a line, or the whole body.
class DocumentWatch {
 public:
  virtual ~DocumentWatch() = default;
  virtual void on_document(std::string_view document) = 0;
};

class AnswerMeter {
 public:
  // `endpoint` and `watch` must outlive the meter; the views in `question` are copied as needed.
  // Without a watch no document is kept.
  AnswerMeter(const provider::Endpoint& endpoint, const Question& question,
              DocumentWatch* watch = nullptr);
  ~AnswerMeter();
  AnswerMeter(AnswerMeter&&) noexcept;
  AnswerMeter& operator=(AnswerMeter&&) noexcept;

  // The answer's head. Content-Encoding is undone on the side with bounds (64 MiB, 100:1).
  void begin(const http::ResponseHead& head);
  void feed(std::string_view body);
  // `whole`: the framing says the body is complete. Decides the end state: an answer of a stream
  // without its dialect's terminator, or with an error event, is a provider_error.
  void finish(bool whole);

  // Events (or JSON bodies) seen so far that carried content; for time to first token.
  [[nodiscard]] std::uint64_t content_events() const;
  // Documents of a stream seen whole, of any kind.
  [[nodiscard]] std::uint64_t documents() const;
  // How the answer's documents are told apart; no value for one whole document and before the first
  // byte.
  [[nodiscard]] std::optional<provider::StreamForm> stream_form() const;
  // The dialect's own terminal event has been seen: a client that leaves now leaves after the end.
  [[nodiscard]] bool saw_terminal() const;
  // False only when the head says that the answer is one JSON document of a known length: servers
  // are careless with Content-Type, and some proxies between drop it.
  [[nodiscard]] bool may_stream() const;
  // The body is compressed although nobody asked for it: nothing can be taken out of its bytes.
  [[nodiscard]] bool compressed() const;

  [[nodiscard]] const Answer& answer() const;
  [[nodiscard]] Answer take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tokenweir::meter
