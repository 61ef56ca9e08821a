#include <brotli/decode.h>

#include <array>
#include <new>

#include "stream/codec.h"

namespace tokenweir::stream {

namespace {

class Brotli final : public Codec {
 public:
  Brotli() : decoder_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (decoder_ == nullptr) throw std::bad_alloc();
  }
  ~Brotli() override { BrotliDecoderDestroyInstance(decoder_); }
  Brotli(const Brotli&) = delete;
  Brotli& operator=(const Brotli&) = delete;

  Outcome decode(std::string_view bytes, CodecOutput& output) override {
    if (bytes.empty()) return Outcome::ok;
    if (!started_) {
      started_ = true;
      // RFC 7932 section 9.1: only these four bits, all set, announce a window of 16 MiB.
      if ((static_cast<unsigned char>(bytes.front()) & 0x0F) == 0x0F) {
        return Outcome::window_too_large;
      }
    }
    auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
    std::size_t left = bytes.size();
    std::array<std::uint8_t, kStep> out;
    for (;;) {
      // Bytes behind the last meta-block belong to nothing; asking the decoder again would not end.
      if (ended_) return left == 0 ? Outcome::ok : Outcome::corrupt;
      std::uint8_t* next_out = out.data();
      std::size_t room = out.size();
      const BrotliDecoderResult result =
          BrotliDecoderDecompressStream(decoder_, &left, &next, &room, &next_out, nullptr);
      const std::size_t made = out.size() - room;
      if (made > 0 && !output.write({reinterpret_cast<const char*>(out.data()), made})) {
        return Outcome::stopped;
      }
      switch (result) {
        case BROTLI_DECODER_RESULT_SUCCESS:
          ended_ = true;
          break;
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
          return Outcome::ok;
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
          break;
        case BROTLI_DECODER_RESULT_ERROR:
          return Outcome::corrupt;
      }
    }
  }
  [[nodiscard]] bool at_end() const override { return ended_ || !started_; }

 private:
  BrotliDecoderState* decoder_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Codec> make_brotli_codec() { return std::make_unique<Brotli>(); }

}  // namespace tokenweir::stream
