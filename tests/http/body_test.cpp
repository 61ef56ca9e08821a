// Bodies: every framing, every malformed chunk, every end.
#include <gtest/gtest.h>

#include "parsing.h"

namespace tokenweir::http {
namespace {

constexpr Framing kChunked{FramingKind::chunked, 0};

TEST(Body, OfALengthEndsThereAndLeavesTheRest) {
  const DecodedBody body = decode({FramingKind::length, 5}, "helloGET /");
  EXPECT_EQ(body.data, "hello");
  EXPECT_EQ(body.consumed, 5u);
  EXPECT_TRUE(body.done);
}

TEST(Body, OfNoLengthIsDoneAtOnce) {
  EXPECT_TRUE(BodyDecoder(Framing{FramingKind::none, 0}).done());
  EXPECT_TRUE(BodyDecoder(Framing{FramingKind::length, 0}).done());
  EXPECT_FALSE(BodyDecoder(kChunked).done());
}

TEST(Body, InChunksIsPutTogetherWithoutExtensionsAndTrailers) {
  const std::string bytes =
      "5;name=\"v\\\"alue; x\" ; other\r\nhello\r\n00B\r\n, wonderful\r\n"
      "0;last\r\nExpires: now\r\nX:\r\n\r\nHTTP/1.1";
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
    const DecodedBody body = decode(kChunked, bytes, piece);
    EXPECT_EQ(body.data, "hello, wonderful") << piece;
    EXPECT_TRUE(body.done) << piece;
    EXPECT_EQ(body.consumed, bytes.size() - 8) << piece;
  }
}

TEST(Body, EmptyInChunksIsJustTheEnd) {
  EXPECT_TRUE(decode(kChunked, "0\r\n\r\n").done);
  EXPECT_TRUE(decode(kChunked, "000\r\n\r\n").done);
}

TEST(Body, MalformedChunksAreRefused) {
  for (const char* bytes : {"\r\n",
                            "g\r\n",
                            "-1\r\n",
                            "+5\r\nhello\r\n",
                            "0x5\r\nhello\r\n",
                            " 5\r\nhello\r\n",
                            "5 \r\nhello\r\n",
                            "5\nhello\r\n",
                            "5\r\nhello\n",
                            "5\r\nhelloX\r\n",
                            "5\r\nhello\rX",
                            "5\rhello",
                            "5\r\nhell\r\n0\r\n",
                            "1234567890abcdef\r\n",
                            "5;\r\nhello",
                            "5;a\nhello",
                            "5;a\r\rhello",
                            "5;=a\r\n",
                            "5;a=\r\n",
                            "5;a=\"b\r\n\"",
                            "5;a=\x01\r\n",
                            "5;a b\r\n",
                            "5,a\r\n",
                            "5;a=\"b\"c\r\n",
                            "0\r\n\n",
                            "0\r\nA: b\n\r\n",
                            "0\r\nA : b\r\n\r\n",
                            "0\r\n A: b\r\n\r\n",
                            "0\r\n: b\r\n\r\n",
                            "0\r\nAb\r\n\r\n",
                            "0\r\nA: b\r\r\n\r\n",
                            "0\r\nA: b\x01\r\n\r\n",
                            "0\r\rA"}) {
    const DecodedBody body = decode(kChunked, bytes);
    EXPECT_TRUE(body.failed) << bytes;
    EXPECT_FALSE(body.done) << bytes;
  }
}

TEST(Body, LinesAndTrailersAreBounded) {
  EXPECT_FALSE(decode(kChunked, "5;" + std::string(200, 'a') + "\r\nhello\r\n0\r\n\r\n").failed);
  EXPECT_TRUE(decode(kChunked, "5;" + std::string(300, 'a')).failed);
  EXPECT_TRUE(decode(kChunked, "0\r\nA: " + std::string(9000, 'a')).failed);
  std::string lines = "0\r\n";
  for (int i = 0; i < 3000; ++i) lines += "A:\r\n";
  EXPECT_TRUE(decode(kChunked, lines).failed);
  // The bound is for one line: many chunks are no trouble.
  std::string chunks;
  for (int i = 0; i < 1000; ++i) chunks += "1\r\nx\r\n";
  EXPECT_EQ(decode(kChunked, chunks + "0\r\n\r\n").data.size(), 1000u);
}

TEST(Body, TheLargestChunkSizeIsFifteenDigits) {
  EXPECT_FALSE(decode(kChunked, "fffffffffffffff\r\nx").failed);
  EXPECT_FALSE(decode(kChunked, "000000000000001\r\nx").failed);
  EXPECT_TRUE(decode(kChunked, "0000000000000001\r\nx").failed);
}

TEST(Body, ACloseEndsOnlyABodyThatRunsUntilClose) {
  BodyDecoder until_close(Framing{FramingKind::until_close, 0});
  EXPECT_EQ(until_close.next("some data").data, "some data");
  EXPECT_FALSE(until_close.done());
  EXPECT_TRUE(until_close.finish_at_close());
  EXPECT_TRUE(until_close.done());

  BodyDecoder short_length(Framing{FramingKind::length, 5});
  EXPECT_EQ(short_length.next("hell").data, "hell");
  EXPECT_FALSE(short_length.finish_at_close());
  EXPECT_TRUE(short_length.failed());
  EXPECT_FALSE(short_length.error().empty());

  const std::string chunked = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t cut = 0; cut < chunked.size(); ++cut) {
    BodyDecoder decoder(kChunked);
    std::string_view rest = std::string_view(chunked).substr(0, cut);
    while (!rest.empty()) rest.remove_prefix(decoder.next(rest).consumed);
    EXPECT_FALSE(decoder.finish_at_close()) << cut;
  }
}

}  // namespace
}  // namespace tokenweir::http
