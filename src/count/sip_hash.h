// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed 64-bit hash that nobody without the key can
// find collisions for, so content hashes tell nothing of the content.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tokenweir::count {

struct HashKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

class SipHash {
 public:
  explicit SipHash(const HashKey& key)
      : v0_(key.low ^ 0x736f6d6570736575ULL),
        v1_(key.high ^ 0x646f72616e646f6dULL),
        v2_(key.low ^ 0x6c7967656e657261ULL),
        v3_(key.high ^ 0x7465646279746573ULL) {}

  // Eight bytes at once; only while the bytes so far are a multiple of eight.
  void word(std::uint64_t word) {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
    length_ += 8;
  }

  // Bytes, preceded by their number and padded, so that no two sequences of texts look alike.
  void text(std::string_view text) {
    // On a copy, which the compiler keeps in registers: text may lie anywhere, here too.
    SipHash copy = *this;
    copy.word(text.size());
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; at += 8, left -= 8) copy.word(load(at, 8));
    if (left > 0) copy.word(load(at, left));
    *this = copy;
  }

  // The plain SipHash of `bytes` and nothing else; ends this object's use.
  [[nodiscard]] std::uint64_t finish(std::string_view bytes) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) word(load(at, 8));
    return last(load(at, left) | (length_ + left) << 56);
  }
  [[nodiscard]] std::uint64_t finish() { return last(length_ << 56); }

 private:
  static std::uint64_t load(const char* at, std::size_t bytes) {
    std::uint64_t word = 0;
    if (bytes > 0) std::memcpy(&word, at, bytes);  // of nothing, `at` may be null
    return word;
  }
  static std::uint64_t rotated(std::uint64_t x, int by) { return x << by | x >> (64 - by); }

  void round() {
    v0_ += v1_;
    v1_ = rotated(v1_, 13) ^ v0_;
    v0_ = rotated(v0_, 32);
    v2_ += v3_;
    v3_ = rotated(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = rotated(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = rotated(v1_, 17) ^ v2_;
    v2_ = rotated(v2_, 32);
  }

  [[nodiscard]] std::uint64_t last(std::uint64_t word) {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
    v2_ ^= 0xFF;
    for (int i = 0; i < 4; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t length_ = 0;
};

}  // namespace tokenweir::count
