#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>

#include "stream/codec.h"

namespace tokenweir::stream {

namespace {

constexpr int kRaw = -MAX_WBITS;
constexpr int kZlib = MAX_WBITS;
constexpr int kGzip = MAX_WBITS + 16;

class Inflater {
 public:
  explicit Inflater(int window_bits) {
    if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Reads until the member ends (`ended`) or the bytes do; takes what it read off `bytes`.
  Codec::Outcome decode(std::string_view& bytes, CodecOutput& output, bool& ended) {
    std::array<char, Codec::kStep> out;
    while (!ended) {
      const std::size_t slice = std::min<std::size_t>(bytes.size(), 1 << 20);
      stream_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
      stream_.avail_in = static_cast<uInt>(slice);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data());
      stream_.avail_out = static_cast<uInt>(out.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      bytes.remove_prefix(slice - stream_.avail_in);
      const std::size_t made = out.size() - stream_.avail_out;
      if (made > 0 && !output.write({out.data(), made})) return Codec::Outcome::stopped;
      if (result == Z_STREAM_END) {
        ended = true;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return Codec::Outcome::corrupt;
      } else if (made < out.size() && bytes.empty()) {
        return Codec::Outcome::ok;
      } else if (result == Z_BUF_ERROR && made == 0) {
        return Codec::Outcome::corrupt;  // no progress with bytes at hand: never spin
      }
    }
    return Codec::Outcome::ok;
  }
  void restart() { inflateReset(&stream_); }

 private:
  z_stream stream_ = {};
};

class Gzip final : public Codec {
 public:
  Outcome decode(std::string_view bytes, CodecOutput& output) override {
    while (!bytes.empty()) {
      if (!in_member_) {
        if (bytes.front() == '\0' && members_) {
          bytes.remove_prefix(1);
          continue;
        }
        inflater_.restart();
        in_member_ = true;
        members_ = true;
      }
      bool ended = false;
      const Outcome outcome = inflater_.decode(bytes, output, ended);
      if (outcome != Outcome::ok) return outcome;
      if (ended) in_member_ = false;
    }
    return Outcome::ok;
  }
  [[nodiscard]] bool at_end() const override { return !in_member_; }

 private:
  Inflater inflater_{kGzip};
  bool in_member_ = false;
  bool members_ = false;
};

class Deflate final : public Codec {
 public:
  Outcome decode(std::string_view bytes, CodecOutput& output) override {
    if (!inflater_) {
      const std::size_t missing = std::min(bytes.size(), 2 - head_.size());
      head_.append(bytes.substr(0, missing));
      bytes.remove_prefix(missing);
      if (head_.size() < 2) return Outcome::ok;
      inflater_ = std::make_unique<Inflater>(looks_like_zlib() ? kZlib : kRaw);
      const Outcome outcome = inflate_some(head_, output);
      if (outcome != Outcome::ok) return outcome;
    }
    return bytes.empty() ? Outcome::ok : inflate_some(bytes, output);
  }
  [[nodiscard]] bool at_end() const override { return ended_ || head_.empty(); }

 private:
  // RFC 1950 section 2.2: method 8, window at most 32 KiB, and a check over both bytes.
  [[nodiscard]] bool looks_like_zlib() const {
    const unsigned first = static_cast<unsigned char>(head_[0]);
    const unsigned second = static_cast<unsigned char>(head_[1]);
    return (first & 0x0F) == 8 && (first >> 4) <= 7 && (first * 256 + second) % 31 == 0;
  }
  Outcome inflate_some(std::string_view bytes, CodecOutput& output) {
    const Outcome outcome = inflater_->decode(bytes, output, ended_);
    return outcome == Outcome::ok && !bytes.empty() ? Outcome::corrupt : outcome;
  }

  std::string head_;
  std::unique_ptr<Inflater> inflater_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Codec> make_gzip_codec() { return std::make_unique<Gzip>(); }
std::unique_ptr<Codec> make_deflate_codec() { return std::make_unique<Deflate>(); }

}  // namespace tokenweir::stream
