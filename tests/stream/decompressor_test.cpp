#include "stream/decompressor.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

namespace tokenweir::stream {
namespace {

using State = Decompressor::State;

class Text final : public ByteSink {
 public:
  void on_bytes(std::string_view bytes) override {
    text += bytes;
    largest = std::max(largest, bytes.size());
  }
  std::string text;
  std::size_t largest = 0;
};

struct Decoded {
  std::string text;
  State state = State::ok;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decompress_in_pieces(std::string_view encoding, std::string_view bytes, std::size_t piece) {
  Decompressor decompressor(encoding);
  Text out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const std::string copy(bytes.substr(at, piece));
    decompressor.feed(copy, out);
  }
  const State state = decompressor.finish();
  return Decoded{out.text, state};
}

Decoded decompress(std::string_view encoding, std::string_view bytes) {
  const Decoded whole = decompress_in_pieces(encoding, bytes, bytes.size() + 1);
  EXPECT_EQ(decompress_in_pieces(encoding, bytes, 1), whole);
  EXPECT_EQ(decompress_in_pieces(encoding, bytes, 7), whole);
  return whole;
}

std::string deflated(std::string_view text, int window_bits) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  std::string in(text);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip(std::string_view text) { return deflated(text, 15 + 16); }
std::string zlib(std::string_view text) { return deflated(text, 15); }
std::string raw_deflate(std::string_view text) { return deflated(text, -15); }

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string zstd_with_window(std::string_view text, int window_log) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_inBuffer in = {text.data(), text.size(), 0};
  ZSTD_outBuffer made = {out.data(), out.size(), 0};
  // Flushing before the end hides the content's size, so the frame must name its window.
  ZSTD_compressStream2(context, &made, &in, ZSTD_e_flush);
  ZSTD_compressStream2(context, &made, &in, ZSTD_e_end);
  ZSTD_freeCCtx(context);
  out.resize(made.pos);
  return out;
}

// What `brotli -w 22` (1.0.9) makes of {"usage":{"total_tokens":3}}.
std::string brotli_sample() {
  return std::string("\x8b\x0d\x80{\"usage\":{\"total_tokens\":3}}\x03", 32);
}

const std::string kSample = R"({"usage":{"total_tokens":3}})";

// Text that does not repeat itself, so no ratio is in the way.
std::string noise(std::size_t size) {
  std::string out(size, '\0');
  std::uint64_t state = 88172645463325252ull;
  for (char& byte : out) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state & 0x3F) + ' ';
  }
  return out;
}

TEST(Decompressor, UndoesEveryEncoding) {
  const std::string text = noise(100'000);
  const Decoded wanted{text, State::ok};
  EXPECT_EQ(decompress("gzip", gzip(text)), wanted);
  EXPECT_EQ(decompress("x-gzip", gzip(text)), wanted);
  EXPECT_EQ(decompress("deflate", zlib(text)), wanted);
  EXPECT_EQ(decompress("deflate", raw_deflate(text)), wanted);
  EXPECT_EQ(decompress("zstd", zstd(text)), wanted);
  EXPECT_EQ(decompress("br", brotli_sample()), (Decoded{kSample, State::ok}));
}

TEST(Decompressor, PassesIdentityOn) {
  for (const std::string_view encoding : {"", "identity", "IDENTITY", " , identity ,"}) {
    EXPECT_TRUE(Decompressor(encoding).identity()) << encoding;
    EXPECT_EQ(decompress(encoding, kSample), (Decoded{kSample, State::ok}));
  }
  EXPECT_FALSE(Decompressor("gzip").identity());
  EXPECT_FALSE(Decompressor("nothing-known").identity());
}

TEST(Decompressor, UndoesListsInReverse) {
  const std::string text = noise(5'000);
  EXPECT_EQ(decompress("gzip, zstd", zstd(gzip(text))), (Decoded{text, State::ok}));
  EXPECT_EQ(decompress("identity,GZIP ,\tdeflate", zlib(gzip(text))), (Decoded{text, State::ok}));
  EXPECT_EQ(decompress("zstd, gzip", zstd(gzip(text))).state, State::corrupt);
}

TEST(Decompressor, RefusesWhatItDoesNotKnow) {
  for (const std::string_view encoding :
       {"compress", "gzip2", "gzip, x", "aws-chunked", "gzip;q=1", "gzip,gzip,gzip,gzip"}) {
    EXPECT_EQ(decompress(encoding, gzip(kSample)), (Decoded{"", State::unsupported})) << encoding;
  }
}

TEST(Decompressor, ReadsSeveralGzipMembersAndPadding) {
  EXPECT_EQ(decompress("gzip", gzip("one ") + gzip("two") + gzip("")),
            (Decoded{"one two", State::ok}));
  EXPECT_EQ(decompress("gzip", gzip("one") + std::string(512, '\0')), (Decoded{"one", State::ok}));
}

TEST(Decompressor, ReadsSeveralZstdFrames) {
  const std::string skippable("\x50\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
  EXPECT_EQ(decompress("zstd", zstd("one ") + skippable + zstd("two")),
            (Decoded{"one two", State::ok}));
}

TEST(Decompressor, CallsACutBodyCorrupt) {
  const std::string text = noise(3'000);
  for (const auto& [encoding, bytes] :
       std::vector<std::pair<std::string, std::string>>{{"gzip", gzip(text)},
                                                        {"deflate", zlib(text)},
                                                        {"deflate", raw_deflate(text)},
                                                        {"zstd", zstd(text)},
                                                        {"br", brotli_sample()}}) {
    for (std::size_t size = 1; size<bytes.size(); size += bytes.size()> 100 ? 97 : 1) {
      EXPECT_EQ(decompress_in_pieces(encoding, bytes.substr(0, size), 64).state, State::corrupt)
          << encoding << " cut at " << size;
    }
    EXPECT_EQ(decompress_in_pieces(encoding, "", 1).state, State::ok)
        << "no body at all is none cut";
  }
}

TEST(Decompressor, CallsBytesBehindTheEndCorrupt) {
  EXPECT_EQ(decompress("gzip", gzip("x") + "tail").state, State::corrupt);
  EXPECT_EQ(decompress("deflate", zlib("x") + "tail").state, State::corrupt);
  EXPECT_EQ(decompress("zstd", zstd("x") + "tail").state, State::corrupt);
  EXPECT_EQ(decompress("br", brotli_sample() + "tail").state, State::corrupt);
}

TEST(Decompressor, CallsPlainTextCorrupt) {
  for (const std::string_view encoding : {"gzip", "zstd", "br"}) {
    EXPECT_EQ(decompress(encoding, kSample).state, State::corrupt) << encoding;
  }
}

TEST(Decompressor, StopsAtTheRatio) {
  const std::string zeros(10 * 1024 * 1024, '0');
  for (const auto& [encoding, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"gzip", gzip(zeros)}, {"deflate", zlib(zeros)}, {"zstd", zstd(zeros)}}) {
    Decompressor decompressor(encoding);
    Text out;
    EXPECT_EQ(decompressor.feed(bytes, out), State::bound_exceeded) << encoding;
    EXPECT_LE(out.text.size(), std::max<std::size_t>(64 * 1024, 100 * bytes.size()) + 16 * 1024);
    EXPECT_EQ(decompressor.finish(), State::bound_exceeded);
  }
}

TEST(Decompressor, AllowsAnyRatioWithinTheGrace) {
  const std::string zeros(64 * 1024, '0');
  EXPECT_EQ(decompress("gzip", gzip(zeros)), (Decoded{zeros, State::ok}));
  EXPECT_EQ(decompress("zstd", zstd(zeros)), (Decoded{zeros, State::ok}));
}

TEST(Decompressor, StopsAtTheOutputLimit) {
  Decompressor::Bounds bounds;
  bounds.output_max = 50'000;
  Decompressor decompressor("gzip", bounds);
  Text out;
  EXPECT_EQ(decompressor.feed(gzip(noise(60'000)), out), State::bound_exceeded);
  EXPECT_LE(out.text.size(), bounds.output_max);
}

TEST(Decompressor, BoundsTheStagesBetweenToo) {
  // The outer layer alone is a bomb; what is inside it never gets to matter.
  const std::string bomb = gzip(gzip("x") + std::string(20 * 1024 * 1024, '\0'));
  EXPECT_EQ(decompress_in_pieces("gzip, gzip", bomb, 4096).state, State::bound_exceeded);
}

TEST(Decompressor, RefusesWindowsAboveEightMebibytes) {
  const std::string text = noise(200'000);
  EXPECT_EQ(decompress_in_pieces("zstd", zstd_with_window(text, 23), 4096),
            (Decoded{text, State::ok}));
  EXPECT_EQ(decompress_in_pieces("zstd", zstd_with_window(text, 24), 4096).state,
            State::bound_exceeded);
  // The same sample under `brotli -w 24`: its first byte announces 16 MiB.
  EXPECT_EQ(decompress("br", "\x8f" + brotli_sample().substr(1)).state, State::bound_exceeded);
}

TEST(Decompressor, HandsOutSmallSteps) {
  Decompressor decompressor("gzip");
  Text out;
  decompressor.feed(gzip(noise(1'000'000)), out);
  EXPECT_EQ(out.text.size(), 1'000'000u);
  EXPECT_LE(out.largest, 16u * 1024);
}

TEST(Decompressor, YieldsAFlushedPartAtOnce) {
  z_stream stream = {};
  ASSERT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string event = "data: {\"usage\":null}\n\n";
  std::string packed(1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(event.data());
  stream.avail_in = static_cast<uInt>(event.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  Decompressor decompressor("gzip");
  Text out;
  EXPECT_EQ(decompressor.feed(packed, out), State::ok);
  EXPECT_EQ(out.text, event);
}

}  // namespace
}  // namespace tokenweir::stream
