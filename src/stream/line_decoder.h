// Newline-delimited JSON: every line that is not blank is one event. Sans-IO, constant memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "stream/event_sink.h"

namespace tokenweir::stream {

class LineDecoder {
 public:
  void feed(std::string_view bytes, EventSink& sink);
  // The last line may lack its end.
  void finish(EventSink& sink);

 private:
  bool in_line_ = false;
};

}  // namespace tokenweir::stream
