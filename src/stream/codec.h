// One Content-Encoding each: zlib's, Brotli's and Zstandard's streaming decoders behind one face.
// Private to the room; Decompressor adds the bounds.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tokenweir::stream {

class CodecOutput {
 public:
  virtual ~CodecOutput() = default;
  // False: stop, nobody wants more.
  [[nodiscard]] virtual bool write(std::string_view bytes) = 0;
};

class Codec {
 public:
  enum class Outcome : std::uint8_t { ok, stopped, window_too_large, corrupt };
  static constexpr std::size_t kStep = 16 * 1024;
  static constexpr int kWindowLogMax = 23;  // 8 MiB

  virtual ~Codec() = default;
  virtual Outcome decode(std::string_view bytes, CodecOutput& output) = 0;
  // Not inside a member: the input may end here.
  [[nodiscard]] virtual bool at_end() const = 0;
};

// Any number of members; zero bytes behind one are padding (RFC 1952).
[[nodiscard]] std::unique_ptr<Codec> make_gzip_codec();
// With the zlib wrapper the RFC asks for, or without it as many servers send it.
[[nodiscard]] std::unique_ptr<Codec> make_deflate_codec();
[[nodiscard]] std::unique_ptr<Codec> make_brotli_codec();
// Any number of frames, skippable ones included.
[[nodiscard]] std::unique_ptr<Codec> make_zstd_codec();

}  // namespace tokenweir::stream
