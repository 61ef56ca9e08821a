// What a streamed answer is made of once its framing is undone: events, each handed over in
// fragments so that one of forty megabytes needs no memory. Every framing of this room speaks to
// it.
#pragma once

#include <string_view>

namespace tokenweir::stream {

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_event_begin() = 0;
  // Views die on return. How the data is cut into fragments means nothing.
  virtual void on_event_data(std::string_view fragment) = 0;
  // `name` is the event's own name where the framing has one and the stream gave one, else empty.
  virtual void on_event_end(std::string_view name) = 0;
};

}  // namespace tokenweir::stream
