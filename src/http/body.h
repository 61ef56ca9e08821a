// Takes a message body out of its framing, piece by piece, without copying. Chunk extensions and
// trailers are checked against their bounds and dropped.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace tokenweir::http {

class BodyDecoder {
 public:
  BodyDecoder() = default;
  explicit BodyDecoder(Framing framing, const Limits& limits = {});

  struct Step {
    std::size_t consumed = 0;  // bytes of the input used up, framing included
    std::string_view data;     // body bytes, a view into the input; may be empty
  };
  // Consumes from the front of `bytes` up to the end of the next run of body data. Call until it
  // consumes nothing or done()/failed(). Never looks past the end of the message.
  [[nodiscard]] Step next(std::string_view bytes);

  // The peer closed its side. True when that ends the message properly (until_close, or already
  // done); false is a truncated message.
  [[nodiscard]] bool finish_at_close();

  [[nodiscard]] bool done() const { return state_ == State::done; }
  [[nodiscard]] bool failed() const { return state_ == State::failed; }
  // Fixed text of what was wrong, after failed().
  [[nodiscard]] std::string_view error() const { return error_; }

 private:
  // One byte of chunk framing or trailer.
  void step_framing(char c);
  void step_trailer(char c);
  void fail(std::string_view error);

  enum class State : std::uint8_t {
    length,
    until_close,
    chunk_size,
    chunk_extension,
    chunk_size_lf,
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    trailer,
    done,
    failed
  };
  State state_ = State::done;
  std::uint64_t left_ = 0;
  Limits limits_;
  std::uint32_t line_bytes_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::uint8_t detail_ = 0;
  std::string_view error_;
};

}  // namespace tokenweir::http
