// Server-sent events as the WHATWG standard reads them, from bytes cut anywhere: LF, CR and CRLF
// mixed, a byte order mark, comments, several data lines joined by LF. Sans-IO, constant memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "stream/event_sink.h"

namespace tokenweir::stream {

class SseDecoder {
 public:
  // What a call of feed_line() has just read.
  enum class Line : std::uint8_t {
    partial,    // the bytes ran out inside a line
    comment,    // ": ..." and its end
    field,      // any other line and its end
    blank,      // a blank line that closes no event
    event_end,  // the blank line behind an event's data
    line_feed,  // only the LF whose CR ended the line before, already reported
  };
  struct Step {
    std::size_t consumed = 0;
    Line line = Line::partial;
  };

  void feed(std::string_view bytes, EventSink& sink);
  // Reads at most to the end of one line; `bytes` must not be empty.
  Step feed_line(std::string_view bytes, EventSink& sink);
  // End of the stream. An event whose blank line never came is ended here: a meter wants it,
  // although a browser would drop it.
  void finish(EventSink& sink);

 private:
  enum class State : std::uint8_t { line_start, field_name, space, data, event_name, skip };

  Line end_line(EventSink& sink);
  void begin_data(EventSink& sink);
  // The field's name is complete; `colon` tells whether a value can follow.
  enum class Colon : std::uint8_t { seen, missing };
  void field_named(Colon colon, EventSink& sink);
  bool skip_mark(char byte);

  State state_ = State::line_start;
  State value_ = State::skip;  // where State::space leads
  std::uint8_t mark_at_ = 0;   // bytes of the byte order mark seen; 3 when that is over
  bool after_cr_ = false;      // an LF now belongs to the line end before it
  bool comment_ = false;
  bool blank_ = true;       // the line is empty so far
  bool in_event_ = false;   // a data field was seen since the last blank line
  std::string field_;       // at most one byte more than the longest known name
  std::string event_name_;  // bounded
};

}  // namespace tokenweir::stream
