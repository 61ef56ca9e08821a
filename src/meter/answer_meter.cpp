#include "meter/answer_meter.h"

#include <algorithm>
#include <optional>

#include "provider/answer_reader.h"
#include "stream/array_decoder.h"
#include "stream/decompressor.h"
#include "stream/json_extractor.h"
#include "stream/line_decoder.h"
#include "stream/sse_decoder.h"

namespace tokenweir::meter {
namespace {

enum class Framing : std::uint8_t { undecided, unread, events, lines, elements, one_document };

constexpr std::string_view kDone = "[DONE]";
// A longer document holds files, not text to count.
constexpr std::size_t kDocumentMost = 1024 * 1024;

bool contains(std::string_view text, std::string_view lower_case) {
  const auto same = [](char c, char wanted) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == wanted;
  };
  return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(), same) !=
         text.end();
}

bool is_line_type(std::string_view content_type) {
  return contains(content_type, "ndjson") || contains(content_type, "jsonl") ||
         contains(content_type, "stream+json");
}

}  // namespace

struct AnswerMeter::State final : stream::EventSink, stream::ByteSink {
  State(const provider::Endpoint& asked_endpoint, const Question& question,
        DocumentWatch* documents_watch)
      : endpoint(asked_endpoint), asked_to_stream(question.streaming), watch(documents_watch) {
    provider::AnswerContext context;
    context.endpoint = &endpoint;
    context.family = question.family;
    context.model = question.model;
    context.host = question.host;
    reader = provider::make_answer_reader(std::move(context));
    if (reader) extractor.emplace(reader->paths());
  }

  void begin(const http::ResponseHead& head) {
    status = head.status;
    const std::string_view type = http::value_of(head.fields, "content-type");
    event_type = contains(type, "text/event-stream");
    line_type = is_line_type(type);
    json_type = contains(type, "json");
    known_length = head.framing.kind == http::FramingKind::length;
    if (!reader) {
      framing = Framing::unread;
      return;
    }
    reader->head(head.fields);
    const std::string_view encoding = http::value_of(head.fields, "content-encoding");
    if (!encoding.empty()) decompressor.emplace(encoding);
  }

  void feed(std::string_view bytes) {
    if (bytes.empty()) return;
    any_bytes = true;
    changed = true;
    if (framing == Framing::unread) return;
    if (decompressor && !decompressor->identity()) {
      decompressor->feed(bytes, *this);
    } else {
      on_bytes(bytes);
    }
  }

  void on_bytes(std::string_view bytes) override {
    if (framing == Framing::undecided) {
      // A byte order mark and white space may come before anything.
      const std::size_t first = bytes.find_first_not_of("\xEF\xBB\xBF \t\r\n");
      if (first == std::string_view::npos) return;
      bytes.remove_prefix(first);
      framing = framing_for(bytes.front());
    }
    switch (framing) {
      case Framing::events:
        events.feed(bytes, *this);
        break;
      case Framing::lines:
        lines.feed(bytes, *this);
        break;
      case Framing::elements:
        elements.feed(bytes, *this);
        break;
      case Framing::one_document:
        // Ended by finish() alone: what follows a whole value may still spoil it.
        if (!document_open) on_event_begin();
        on_event_data(bytes);
        break;
      case Framing::undecided:
      case Framing::unread:
        break;
    }
  }

  // The first byte tells more than Content-Type, which is often wrong: JSON begins with a bracket,
  // an event stream never does.
  [[nodiscard]] Framing framing_for(char first) const {
    using provider::Dialect;
    const Dialect dialect = endpoint.dialect;
    if (first == '{' || first == '[') {
      const bool google = dialect == Dialect::gemini || dialect == Dialect::gemini_misc;
      if (google && first == '[') return Framing::elements;
      const bool has_lines = dialect == Dialect::ollama || dialect == Dialect::cohere;
      if (line_type || (has_lines && asked_to_stream && !json_type)) return Framing::lines;
      return Framing::one_document;
    }
    constexpr std::string_view kEventLineStarts = "deir:";  // data event id retry and comments
    if (event_type || kEventLineStarts.find(first) != std::string_view::npos) {
      return Framing::events;
    }
    return Framing::unread;
  }

  void on_event_begin() override {
    extractor->reset();
    start_of_data.clear();
    document.clear();
    document_too_long = false;
    document_open = true;
  }

  void on_event_data(std::string_view fragment) override {
    if (start_of_data.size() <= kDone.size()) {
      start_of_data.append(fragment.substr(0, kDone.size() + 1 - start_of_data.size()));
    }
    extractor->feed(fragment, *reader);
    if (watch == nullptr || document_too_long) return;
    document_too_long = document.size() + fragment.size() > kDocumentMost;
    if (document_too_long) {
      document = {};
    } else {
      document.append(fragment);
    }
  }

  void on_event_end(std::string_view name) override {
    document_open = false;
    ++documents;
    if (start_of_data == kDone) {
      reader->done_marker();
      return;
    }
    extractor->finish(*reader);
    if (watch != nullptr && status < 400 && !document_too_long) watch->on_document(document);
    reader->document(name, extractor->complete());
  }

  void finish(bool whole) {
    if (finished) return;
    finished = true;
    changed = true;
    if (decompressor) decompressor->finish();
    if (framing == Framing::events) events.finish(*this);
    if (framing == Framing::lines) lines.finish(*this);
    if (framing == Framing::elements) elements.finish(*this);
    if (framing == Framing::one_document && document_open) on_event_end({});
    end_state = judge(whole);
  }

  [[nodiscard]] bool whole_body() const {
    return framing == Framing::one_document && extractor->complete();
  }

  [[nodiscard]] bool streamed() const {
    return framing == Framing::events || framing == Framing::lines || framing == Framing::elements;
  }

  [[nodiscard]] EndState judge(bool whole) const {
    if (status >= 400) return EndState::provider_error;
    if (!reader) return whole ? EndState::complete : EndState::provider_error;
    if (reader->failed()) return EndState::provider_error;
    bool ended = whole;
    if (streamed() && endpoint.metered && reader->has_terminator()) {
      // The end of the bytes is an end only where the content had come to its own.
      ended = reader->terminal() || (whole && reader->finished());
    } else if (framing == Framing::one_document) {
      ended = whole && (whole_body() || !json_type);
    }
    if (!ended) return EndState::provider_error;
    return reader->truncated() ? EndState::truncated : EndState::complete;
  }

  void refresh() {
    if (!changed) return;
    changed = false;
    answer = {};
    if (reader) reader->write(answer, finished && end_state != EndState::provider_error);
    answer.end_state = end_state;
    const bool unreadable =
        decompressor && decompressor->state() != stream::Decompressor::State::ok;
    if (unreadable && endpoint.metered && answer.inferences.empty()) answer.usage_anomaly = true;
  }

  const provider::Endpoint& endpoint;
  const bool asked_to_stream;
  DocumentWatch* const watch;
  std::unique_ptr<provider::AnswerReader> reader;  // null where nothing is understood
  std::optional<stream::JsonExtractor> extractor;
  std::optional<stream::Decompressor> decompressor;
  stream::SseDecoder events;
  stream::LineDecoder lines;
  stream::ArrayDecoder elements;
  Framing framing = Framing::undecided;
  std::string document;  // the present one, for the watch
  bool document_too_long = false;
  std::string start_of_data;  // of the present document, one byte longer than "[DONE]" at most
  std::uint64_t documents = 0;
  int status = 0;
  bool event_type = false;
  bool line_type = false;
  bool json_type = false;
  bool known_length = false;
  bool any_bytes = false;
  bool document_open = false;
  bool finished = false;
  bool changed = true;
  EndState end_state = EndState::complete;
  Answer answer;
};

AnswerMeter::AnswerMeter(const provider::Endpoint& endpoint, const Question& question,
                         DocumentWatch* watch)
    : state_(std::make_unique<State>(endpoint, question, watch)) {}
AnswerMeter::~AnswerMeter() = default;
AnswerMeter::AnswerMeter(AnswerMeter&&) noexcept = default;
AnswerMeter& AnswerMeter::operator=(AnswerMeter&&) noexcept = default;

void AnswerMeter::begin(const http::ResponseHead& head) { state_->begin(head); }
void AnswerMeter::feed(std::string_view body) { state_->feed(body); }
void AnswerMeter::finish(bool whole) { state_->finish(whole); }

std::uint64_t AnswerMeter::content_events() const {
  const State& state = *state_;
  if (state.framing == Framing::unread) return state.any_bytes ? 1 : 0;
  if (!state.reader) return 0;
  const bool good_body = state.whole_body() && state.status < 400 && !state.reader->failed();
  return std::max<std::uint64_t>(state.reader->content_documents(), good_body ? 1 : 0);
}

std::uint64_t AnswerMeter::documents() const { return state_->documents; }

std::optional<provider::StreamForm> AnswerMeter::stream_form() const {
  switch (state_->framing) {
    case Framing::events:
      return provider::StreamForm::events;
    case Framing::lines:
      return provider::StreamForm::lines;
    case Framing::elements:
      return provider::StreamForm::array;
    case Framing::undecided:
    case Framing::unread:
    case Framing::one_document:
      break;
  }
  return std::nullopt;
}

bool AnswerMeter::saw_terminal() const {
  return state_->whole_body() || (state_->reader && state_->reader->terminal());
}

bool AnswerMeter::may_stream() const {
  const State& state = *state_;
  return !state.json_type || state.line_type || !state.known_length;
}

bool AnswerMeter::compressed() const {
  return state_->decompressor && !state_->decompressor->identity();
}

const Answer& AnswerMeter::answer() const {
  state_->refresh();
  return state_->answer;
}

Answer AnswerMeter::take() {
  state_->refresh();
  return std::move(state_->answer);
}

}  // namespace tokenweir::meter
