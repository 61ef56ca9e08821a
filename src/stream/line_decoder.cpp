#include "stream/line_decoder.h"

#include "stream/byte_scan.h"

namespace tokenweir::stream {

void LineDecoder::feed(std::string_view bytes, EventSink& sink) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    // A CR is white space to JSON, so ending a line there as well loses nothing.
    const char* const stop = find_line_end(at, end);
    if (stop != at) {
      if (!in_line_) {
        in_line_ = true;
        sink.on_event_begin();
      }
      sink.on_event_data(std::string_view(at, static_cast<std::size_t>(stop - at)));
    }
    at = stop;
    if (at != end) {
      finish(sink);
      ++at;
    }
  }
}

void LineDecoder::finish(EventSink& sink) {
  if (in_line_) sink.on_event_end({});
  in_line_ = false;
}

}  // namespace tokenweir::stream
