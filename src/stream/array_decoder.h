// A JSON array that is streamed element by element (Gemini without alt=sse): every element is one
// event. A root that is no array is one event as a whole, so an error object is read as well.
// Splits only; whether an element is JSON is judged by whoever reads it. Sans-IO, constant memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "stream/event_sink.h"

namespace tokenweir::stream {

class ArrayDecoder {
 public:
  void feed(std::string_view bytes, EventSink& sink);
  void finish(EventSink& sink);
  // The array's closing bracket (or the whole of another root) has been seen.
  [[nodiscard]] bool complete() const { return state_ == State::after; }

 private:
  enum class State : std::uint8_t { before, between, element, after };

  // Reads to the element's end or the bytes' end; sets ended_.
  const char* element_bytes(const char* at, const char* end);

  State state_ = State::before;
  bool in_array_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
  bool ended_ = false;
  std::uint64_t depth_ = 0;  // inside the element
};

}  // namespace tokenweir::stream
