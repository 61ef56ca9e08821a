#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <new>

#include "stream/codec.h"

namespace tokenweir::stream {

namespace {

class Zstandard final : public Codec {
 public:
  Zstandard() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kWindowLogMax);
  }
  ~Zstandard() override { ZSTD_freeDCtx(context_); }
  Zstandard(const Zstandard&) = delete;
  Zstandard& operator=(const Zstandard&) = delete;

  Outcome decode(std::string_view bytes, CodecOutput& output) override {
    ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
    std::array<char, kStep> out;
    bool more_output = false;
    while (in.pos < in.size || more_output) {
      ZSTD_outBuffer made = {out.data(), out.size(), 0};
      const std::size_t result = ZSTD_decompressStream(context_, &made, &in);
      if (made.pos > 0 && !output.write({out.data(), made.pos})) return Outcome::stopped;
      if (ZSTD_isError(result) != 0) {
        return ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
                   ? Outcome::window_too_large
                   : Outcome::corrupt;
      }
      at_end_ = result == 0;
      more_output = !at_end_ && made.pos == made.size;
    }
    return Outcome::ok;
  }
  [[nodiscard]] bool at_end() const override { return at_end_; }

 private:
  ZSTD_DCtx* context_;
  bool at_end_ = true;
};

}  // namespace

std::unique_ptr<Codec> make_zstd_codec() { return std::make_unique<Zstandard>(); }

}  // namespace tokenweir::stream
