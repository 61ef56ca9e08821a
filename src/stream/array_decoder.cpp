#include "stream/array_decoder.h"

#include "stream/byte_scan.h"

namespace tokenweir::stream {

void ArrayDecoder::feed(std::string_view bytes, EventSink& sink) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end && state_ != State::after) {
    if (state_ == State::element) {
      const char* const stop = element_bytes(at, end);
      if (stop != at) {
        sink.on_event_data(std::string_view(at, static_cast<std::size_t>(stop - at)));
      }
      at = stop;
      if (ended_) finish(sink);
    } else if (is_white_space(*at) || (state_ == State::between && *at == ',')) {
      ++at;
    } else if (state_ == State::before && *at == '[') {
      in_array_ = true;
      state_ = State::between;
      ++at;
    } else if (state_ == State::between && *at == ']') {
      state_ = State::after;
    } else {
      state_ = State::element;
      ended_ = false;
      sink.on_event_begin();
    }
  }
}

void ArrayDecoder::finish(EventSink& sink) {
  if (state_ != State::element) return;
  sink.on_event_end({});
  state_ = in_array_ ? State::between : State::after;
  in_string_ = false;
  escaped_ = false;
  depth_ = 0;
}

const char* ArrayDecoder::element_bytes(const char* at, const char* end) {
  while (at != end) {
    if (escaped_) {
      escaped_ = false;
      ++at;
    } else if (in_string_) {
      bool non_ascii = false;
      at = find_string_special(at, end, non_ascii);
      if (at == end) return at;
      escaped_ = *at == '\\';
      in_string_ = *at != '"';
      ++at;
      ended_ = !in_string_ && depth_ == 0;
      if (ended_) return at;
    } else if (*at == '"') {
      in_string_ = true;
      ++at;
    } else if (*at == '{' || *at == '[') {
      ++depth_;
      ++at;
    } else if (depth_ == 0 && (is_white_space(*at) || *at == ',' || *at == ']')) {
      ended_ = true;  // a number or a literal ends where something else begins
      return at;
    } else if ((*at == '}' || *at == ']') && depth_ > 0) {
      ++at;
      ended_ = --depth_ == 0;
      if (ended_) return at;
    } else {
      ++at;
    }
  }
  return at;
}

}  // namespace tokenweir::stream
