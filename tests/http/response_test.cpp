// Responses: framing by status, method and fields, and what is refused.
#include <gtest/gtest.h>

#include "parsing.h"

namespace tokenweir::http {
namespace {

TEST(ResponseHead, IsReadAsViewsOverTheBytes) {
  const std::string bytes =
      "HTTP/1.1 529 Overloaded now\r\nX-Odd: 1\r\nContent-Length: 3\r\n\r\nabc";
  const ParsedResponse parsed = parse_response(bytes);
  ASSERT_EQ(parsed.progress, Progress::complete);
  EXPECT_EQ(parsed.head.status, 529);
  EXPECT_EQ(parsed.head.reason, "Overloaded now");
  EXPECT_EQ(parsed.head.framing.length, 3u);
  EXPECT_TRUE(parsed.head.keep_alive);
  EXPECT_EQ(parsed.head.size, bytes.size() - 3);
}

TEST(ResponseHead, MayLackAReason) {
  EXPECT_EQ(parse_response("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").progress,
            Progress::complete);
  EXPECT_EQ(parse_response("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").progress,
            Progress::complete);
  EXPECT_EQ(parse_response("HTTP/1.1 200 caf\xc3\xa9\tx\r\n\r\n").progress, Progress::complete);
}

TEST(ResponseHead, MalformedOnesAreRefused) {
  for (const char* head :
       {"HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n",
        "HTTP/1.1 200 OK\x01\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1\t200 OK\r\n\r\n",
        "HTTP/1.1 200\tOK\r\n\r\n",
        "hello\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer_Encoding: chunked\r\n\r\n"}) {
    EXPECT_EQ(parse_response(head).progress, Progress::failed) << head;
  }
}

// RFC 9112 §6.3, in its order.
TEST(ResponseFraming, FollowsMethodStatusAndFields) {
  const std::string sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(parse_response(sized, "HEAD").head.framing.kind, FramingKind::none);
  EXPECT_EQ(parse_response(sized, "CONNECT").head.framing.kind, FramingKind::none);
  EXPECT_EQ(parse_response(sized, "POST").head.framing.kind, FramingKind::length);
  for (const char* status : {"204", "304"}) {
    const std::string head = "HTTP/1.1 " + std::string(status) + " X\r\nContent-Length: 5\r\n\r\n";
    EXPECT_EQ(parse_response(head).head.framing.kind, FramingKind::none) << status;
  }
  EXPECT_EQ(
      parse_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").head.framing.kind,
      FramingKind::chunked);
  EXPECT_EQ(parse_response("HTTP/1.1 500 X\r\n\r\n").head.framing.kind, FramingKind::until_close);
}

// RFC 9110 §8.6 and §6.4.1: an interim answer has no body and must not announce one.
TEST(ResponseFraming, AnInterimAnswerThatClaimsABodyIsRefused) {
  for (const std::string status : {"100", "101", "103"}) {
    const std::string head = "HTTP/1.1 " + status + " X\r\n";
    EXPECT_EQ(parse_response(head + "\r\n").head.framing.kind, FramingKind::none) << status;
    EXPECT_EQ(parse_response(head + "Content-Length: 0\r\n\r\n").head.framing.kind,
              FramingKind::none);
    EXPECT_EQ(parse_response(head + "Content-Length: 5\r\n\r\n").progress, Progress::failed);
    EXPECT_EQ(parse_response(head + "Transfer-Encoding: chunked\r\n\r\n").progress,
              Progress::failed);
  }
}

TEST(ResponseFraming, ABodyThatEndsWithTheConnectionNeverKeepsIt) {
  EXPECT_FALSE(parse_response("HTTP/1.1 200 OK\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse_response("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse_response("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n")
                   .head.keep_alive);
}

}  // namespace
}  // namespace tokenweir::http
