#include "stream/sse_decoder.h"

#include <algorithm>

#include "stream/byte_scan.h"

namespace tokenweir::stream {

namespace {
constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::size_t kFieldMax = 6;  // "event" and one more byte, which makes it another field
constexpr std::size_t kEventNameMax = 256;
}  // namespace

void SseDecoder::feed(std::string_view bytes, EventSink& sink) {
  while (!bytes.empty()) bytes.remove_prefix(feed_line(bytes, sink).consumed);
}

SseDecoder::Step SseDecoder::feed_line(std::string_view bytes, EventSink& sink) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin;
  const auto consumed = [&] { return static_cast<std::size_t>(at - begin); };
  if (after_cr_) {
    after_cr_ = false;
    if (*at == '\n') return Step{1, Line::line_feed};
  }
  while (at != end) {
    if (*at == '\r' || *at == '\n') {
      const bool cr = *at++ == '\r';
      const Line line = end_line(sink);
      if (cr && at != end && *at == '\n') {
        ++at;
      } else {
        after_cr_ = cr;
      }
      return Step{consumed(), line};
    }
    switch (state_) {
      case State::line_start:
        if (mark_at_ < kMark.size() && skip_mark(*at)) {
          ++at;
          break;
        }
        blank_ = false;
        comment_ = *at == ':';
        field_.clear();
        state_ = comment_ ? State::skip : State::field_name;
        break;
      case State::field_name:
        if (*at == ':') {
          field_named(Colon::seen, sink);
        } else if (field_.size() < kFieldMax) {
          field_.push_back(*at);
        } else {
          state_ = State::skip;
        }
        ++at;
        break;
      case State::space:
        if (*at == ' ') ++at;
        state_ = value_;
        break;
      case State::data:
      case State::event_name:
      case State::skip: {
        const char* const stop = find_line_end(at, end);
        const std::string_view value(at, static_cast<std::size_t>(stop - at));
        if (state_ == State::data && !value.empty()) {
          sink.on_event_data(value);
        } else if (state_ == State::event_name) {
          event_name_.append(value.substr(0, kEventNameMax - event_name_.size()));
        }
        at = stop;
        break;
      }
    }
  }
  return Step{consumed(), Line::partial};
}

void SseDecoder::finish(EventSink& sink) {
  if (!blank_) end_line(sink);
  if (in_event_) end_line(sink);
}

// True while the byte may belong to the mark at the very start of the stream.
bool SseDecoder::skip_mark(char byte) {
  if (byte == kMark[mark_at_]) {
    ++mark_at_;
    return true;
  }
  // The stream starts with something else. Pieces of a mark are no name of any known field, so
  // their loss changes nothing but whether the line is blank.
  const bool some = mark_at_ > 0;
  mark_at_ = kMark.size();
  if (some) {
    blank_ = false;
    comment_ = false;
    state_ = State::skip;
  }
  return some;
}

void SseDecoder::field_named(Colon colon, EventSink& sink) {
  state_ = State::skip;
  if (field_ == "data") {
    begin_data(sink);
    value_ = State::data;
  } else if (field_ == "event") {
    event_name_.clear();
    value_ = State::event_name;
  } else {
    return;
  }
  if (colon == Colon::seen) state_ = State::space;
}

void SseDecoder::begin_data(EventSink& sink) {
  if (in_event_) {
    sink.on_event_data("\n");
  } else {
    in_event_ = true;
    sink.on_event_begin();
  }
}

SseDecoder::Line SseDecoder::end_line(EventSink& sink) {
  Line line = comment_ ? Line::comment : Line::field;
  if (blank_) {
    line = in_event_ ? Line::event_end : Line::blank;
    if (in_event_) sink.on_event_end(event_name_);
    in_event_ = false;
    event_name_.clear();
  } else if (state_ == State::field_name) {
    field_named(Colon::missing, sink);
  }
  mark_at_ = kMark.size();
  blank_ = true;
  comment_ = false;
  state_ = State::line_start;
  return line;
}

}  // namespace tokenweir::stream
