// Undoes a Content-Encoding on the side, so that a compressed body can be read while its original
// bytes travel on. Streaming, with bounds that make a decompression bomb a finding and not an
// outage.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace tokenweir::stream {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void on_bytes(std::string_view bytes) = 0;  // views die on return
};

class Decompressor {
 public:
  enum class State : std::uint8_t {
    ok,
    bound_exceeded,  // too much output, or output out of proportion to the input
    corrupt,         // not what the encoding promised, or cut short (after finish())
    unsupported,     // an encoding nobody here knows
  };
  struct Bounds {
    std::uint64_t output_max = 64 * 1024 * 1024;
    std::uint64_t ratio_max = 100;          // output bytes per input byte ...
    std::uint64_t ratio_grace = 64 * 1024;  // ... once the output is larger than this
  };

  // `content_encoding` is the field's value: a comma list of gzip, x-gzip, deflate (with or without
  // the zlib wrapper), br, zstd and identity, in the order they were applied.
  explicit Decompressor(std::string_view content_encoding);
  Decompressor(std::string_view content_encoding, const Bounds& bounds);
  ~Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;

  // Hands the plain bytes to `sink` in steps of at most 16 KiB (identity: as they come, unbounded).
  // Once the state is not ok, input is ignored.
  State feed(std::string_view bytes, ByteSink& sink);
  // End of input. A body that stops inside a compressed member is corrupt.
  State finish();

  [[nodiscard]] State state() const { return state_; }
  // No encoding is to be undone: the bytes are the plain ones.
  [[nodiscard]] bool identity() const { return stages_.empty() && state_ == State::ok; }

  // One encoding and what it has put out; private to the room.
  struct Stage;

 private:
  class Output;
  void decode(std::size_t stage, std::string_view bytes, ByteSink& sink);
  [[nodiscard]] bool within_bounds(std::uint64_t output) const;

  std::vector<Stage> stages_;  // in the order of decoding
  Bounds bounds_;
  std::uint64_t input_ = 0;
  State state_ = State::ok;
};

}  // namespace tokenweir::stream
