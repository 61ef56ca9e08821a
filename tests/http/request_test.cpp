// Requests: what is accepted and what it is read as, what is refused and with which status.
#include <gtest/gtest.h>

#include "parsing.h"

namespace tokenweir::http {
namespace {

std::string get(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: api.test\r\n" + std::string(fields) + "\r\n";
}

std::string with_target(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: api.test\r\n\r\n";
}

std::string with_host(std::string_view value) {
  return "GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n";
}

TEST(RequestHead, IsReadAsViewsOverTheBytes) {
  const std::string bytes =
      "POST /v1/chat/completions?a=1 HTTP/1.1\r\nhost: api.test:8080\r\n"
      "X-Odd-CASE:\t padded value \t\r\nEmpty:\r\nContent-Length: 12\r\n\r\nbody";
  const ParsedRequest parsed = parse_request(bytes);
  ASSERT_EQ(parsed.progress, Progress::complete);
  const RequestHead& head = parsed.head;
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/v1/chat/completions?a=1");
  EXPECT_EQ(head.path_and_query, "/v1/chat/completions?a=1");
  EXPECT_EQ(head.host, "api.test:8080");
  EXPECT_EQ(head.minor_version, 1);
  ASSERT_EQ(head.fields.size(), 4u);
  EXPECT_EQ(head.fields[1].name, "X-Odd-CASE");
  EXPECT_EQ(head.fields[1].value, "padded value");
  EXPECT_EQ(head.fields[2].value, "");
  EXPECT_EQ(head.framing.kind, FramingKind::length);
  EXPECT_EQ(head.framing.length, 12u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.size, bytes.size() - 4);
  EXPECT_EQ(head.target.data(), parsed.bytes->data() + 5);
}

TEST(RequestHead, IsReusedWithoutLeftoversOfThePreviousMessage) {
  RequestHead head;
  HeadError error;
  std::size_t scanned = 0;
  const std::string first =
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n"
      "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  ASSERT_EQ(parse_request_head(first, {}, scanned, head, error), Progress::complete);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_EQ(head.upgrade, "websocket");
  EXPECT_FALSE(head.keep_alive);
  scanned = 0;
  const std::string second = "GET / HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_EQ(parse_request_head(second, {}, scanned, head, error), Progress::complete);
  EXPECT_FALSE(head.expects_continue);
  EXPECT_TRUE(head.upgrade.empty());
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.framing.kind, FramingKind::none);
  EXPECT_EQ(head.fields.size(), 1u);
}

TEST(RequestHead, KeepsTheConnectionByVersionAndOption) {
  EXPECT_TRUE(parse_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(parse_request(get("Connection: foo, Close\r\n")).head.keep_alive);
  EXPECT_FALSE(parse_request("GET / HTTP/1.0\r\nHost: a\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(
      parse_request("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n").head.keep_alive);
}

TEST(RequestHead, ToleratesOneEmptyLineBeforeIt) {
  EXPECT_EQ(refusal("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  EXPECT_EQ(refusal("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refusal("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(refusal("\r\n"), -1);
  EXPECT_EQ(refusal("\r\n\r"), -1);
}

TEST(RequestHead, AcceptsTabsAsPaddingAndBytesAbove127InValues) {
  const ParsedRequest parsed = parse_request(get("A:\t1\t2\t\r\nB: caf\xc3\xa9\r\n"));
  ASSERT_EQ(parsed.progress, Progress::complete);
  EXPECT_EQ(parsed.head.fields[1].value, "1\t2");
  EXPECT_EQ(parsed.head.fields[2].value, "caf\xc3\xa9");
}

// RFC 9112 §6: every way in which two readers could find different ends of a body.
TEST(RequestFraming, AmbiguousLengthsAreRefused) {
  for (const char* fields : {
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
           "Content-Length: 3\r\nContent-Length: 3\r\n",
           "Content-Length: 3\r\nContent-Length: 4\r\n",
           "Content-Length: 3, 3\r\n",
           "Content-Length: 3,\r\n",
           "Content-Length:\r\n",
           "Content-Length: +3\r\n",
           "Content-Length: -3\r\n",
           "Content-Length: 0x3\r\n",
           "Content-Length: 3 3\r\n",
           "Content-Length: 3.0\r\n",
           "Content-Length: \"3\"\r\n",
           "Content-Length: 3;x\r\n",
           "Content-Length: three\r\n",
           "Content-Length: 12345678901234567890\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Content_Length: 3\r\n",
           "transfer_encoding: chunked\r\n",
           "Content--Length: 3\r\n",
           "_Content-Length: 3\r\n",
       }) {
    EXPECT_EQ(refusal(get(fields)), 400) << fields;
  }
}

TEST(RequestFraming, OtherTransferCodingsAreNotImplemented) {
  for (const char* value :
       {"gzip, chunked", "chunked, gzip", "identity", "xchunked", "chunkedx", "chunked;q=1",
        "\"chunked\"", ",chunked", "chunked,", "chunked, chunked", "cow", "", "chunked\x0b"}) {
    const int status = refusal(get("Transfer-Encoding: " + std::string(value) + "\r\n"));
    EXPECT_TRUE(status == 501 || status == 400) << value << " " << status;
  }
}

TEST(RequestFraming, ChunkedIsReadInAnyCaseButNotInHttp10) {
  EXPECT_EQ(parse_request(get("Transfer-Encoding:\tChunked \r\n")).head.framing.kind,
            FramingKind::chunked);
  EXPECT_EQ(refusal("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestFraming, LeadingZerosAndNineteenDigitsAreNumbers) {
  EXPECT_EQ(parse_request(get("Content-Length: 0005\r\n")).head.framing.length, 5u);
  EXPECT_EQ(parse_request(get("Content-Length: 9999999999999999999\r\n")).head.framing.length,
            9'999'999'999'999'999'999u);
  const ParsedRequest zero = parse_request(get("Content-Length: 0\r\n"));
  EXPECT_EQ(zero.head.framing.kind, FramingKind::length);
}

TEST(RequestFields, MalformedLinesAreRefused) {
  const std::string nul("A: x\0y\r\n", 8);
  EXPECT_EQ(refusal(get(nul)), 400);
  for (const char* fields : {
           "A : b\r\n",       "A\t: b\r\n",     " A: b\r\n",        "A: b\r\n c\r\n",
           "A: b\r\n\tc\r\n", "A\r\n",          ": b\r\n",          "A(: b\r\n",
           "A\"B: c\r\n",     "A\x7f: b\r\n",   "A\xc3\xa9: b\r\n", "A: b\rc\r\n",
           "A: b\x01\r\n",    "A: b\x7f\r\n",   "A: b\x1b[0m\r\n",  "A: b\r\r\n",
           "A: b\n",          "A: b\nC: d\r\n", "\r: b\r\n",
       }) {
    EXPECT_EQ(refusal(get(fields)), 400) << fields;
  }
}

TEST(RequestFields, ABareLineFeedIsRefusedBeforeTheHeadIsComplete) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\n"), 400);
  // Also when it arrives later than the rest of its line.
  RequestHead head;
  HeadError error;
  std::size_t scanned = 0;
  ASSERT_EQ(parse_request_head("GET / HTTP/1.1\r\nHost: a", {}, scanned, head, error),
            Progress::need_more);
  EXPECT_EQ(parse_request_head("GET / HTTP/1.1\r\nHost: a\n", {}, scanned, head, error),
            Progress::failed);
}

TEST(RequestHost, ExactlyOneWellFormedHostIsAskedFor) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nA: b\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.0\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  for (const char* host : {"a", "a.b-c.example", "a_b", "127.0.0.1:80", "[::1]", "[::1]:8080",
                           "a:", "EXAMPLE.com:65535", "xn--bcher-kva.example"}) {
    EXPECT_EQ(refusal(with_host(host)), 0) << host;
  }
  for (const char* host :
       {"",         "a b",     "a,b",          "a, b",    "u@a",       "a/b",      "a?b",
        "a#b",      "a:80:80", "a:x",          "a:65536", "a:-1",      "a:999999", ":80",
        "[::1",     "::1",     "[]",           "[::g]",   "[1.2.3.4]", "a%00b",    "a\\b",
        "http://a", "[::1]x",  "[::1%25eth0]", "a\"b",    "<a>"}) {
    EXPECT_EQ(refusal(with_host(host)), 400) << host;
  }
}

TEST(RequestTarget, OriginFormAbsoluteFormAndAsteriskAreRead) {
  for (const char* target : {"/", "/a?b=c", "/a//b", "/a?x[]=1&y={z}", "/%41", "/a:b@c;d",
                             "/v1beta/models/g:streamGenerateContent?alt=sse", "/a?%zz",
                             "http://api.test/a", "HTTP://API.test:80/a?b"}) {
    EXPECT_EQ(refusal(with_target(target)), 0) << target;
  }
  EXPECT_EQ(parse_request(with_target("http://api.test/a?b")).head.path_and_query, "/a?b");
  EXPECT_EQ(parse_request(with_target("http://api.test")).head.path_and_query, "/");
  const ParsedRequest asterisk = parse_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(asterisk.progress, Progress::complete);
  EXPECT_TRUE(asterisk.head.path_and_query.empty());
}

TEST(RequestTarget, OtherFormsAreRefused) {
  for (const char* target : {"*",
                             "c/x",
                             "!",
                             "api.test:443",
                             "//",
                             "/a#b",
                             "/a\\b",
                             "/a\"b",
                             "/<a>",
                             "/a\x80",
                             "/a\x01",
                             "/\x7f",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/%00",
                             "http://other.test/a",
                             "http://u@api.test/a",
                             "http://api.test:81/a",
                             "http:///a",
                             "ftp://api.test/a",
                             "http:/a",
                             "http://api.test?a",
                             "?a",
                             "http://api.test/a#b",
                             "/a b"}) {
    const int expected = std::string_view(target) == "//" ? 0 : 400;
    EXPECT_EQ(refusal(with_target(target)), expected) << target;
  }
}

TEST(RequestLine, MethodsThatTurnAProxyIntoSomethingElseAreNotImplemented) {
  EXPECT_EQ(refusal("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), 501);
  EXPECT_EQ(refusal("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(refusal(std::string(65, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
  EXPECT_EQ(refusal("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
}

TEST(RequestLine, OtherVersionsAndGarbageAreRefused) {
  for (const char* version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9.9"}) {
    EXPECT_EQ(refusal("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n"), 505) << version;
  }
  EXPECT_EQ(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  for (const char* line :
       {"GET /", "GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1",
        "GET\t/\tHTTP/1.1", "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/1.10", "GET / HTTP/1,1",
        "GET / HTTP /1.1", "GET / ", "GET", "G(T / HTTP/1.1", "GET / HTTP/1.1\r", "GET HTTP/1.1",
        "GET / HTTP/+1.1", "GET /\rHTTP/1.1", "GET / JUNK HTTP/1.1"}) {
    EXPECT_EQ(refusal(std::string(line) + "\r\nHost: a\r\n\r\n"), 400) << line;
  }
}

TEST(RequestLine, WhatIsNoHttpAtAllIsRefusedAtTheFirstByte) {
  EXPECT_EQ(refusal("\x16\x03\x01\x02"), 400);
  EXPECT_EQ(refusal("{"), 400);
}

TEST(RequestExpect, OnlyContinueIsKnownAndOnlyInHttp11) {
  EXPECT_TRUE(parse_request(get("Expect: 100-Continue\r\n")).head.expects_continue);
  EXPECT_EQ(refusal(get("Expect: 200-ok\r\n")), 417);
  EXPECT_EQ(refusal(get("Expect: 100-continue\r\nExpect: x\r\n")), 417);
  const ParsedRequest old =
      parse_request("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(old.progress, Progress::complete);
  EXPECT_FALSE(old.head.expects_continue);
}

TEST(RequestUpgrade, CountsOnlyWhenConnectionNamesIt) {
  EXPECT_EQ(parse_request(get("Connection: Upgrade\r\nUpgrade: websocket\r\n")).head.upgrade,
            "websocket");
  EXPECT_TRUE(parse_request(get("Upgrade: websocket\r\n")).head.upgrade.empty());
  // An HTTP/2 tunnel would carry requests that nobody meters.
  EXPECT_TRUE(parse_request(get("Connection: Upgrade\r\nUpgrade: h2c\r\n")).head.upgrade.empty());
  EXPECT_TRUE(parse_request(get("Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n"))
                  .head.upgrade.empty());
  EXPECT_TRUE(parse_request(get("Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"))
                  .head.upgrade.empty());
}

TEST(RequestLimits, SayWhichPartIsTooLarge) {
  const std::string line = "GET /" + std::string(16 * 1024, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(refusal(line), 414);
  EXPECT_EQ(refusal(std::string(16 * 1024 + 1, 'a')), 414);
  const std::string field = "A: " + std::string(16 * 1024, 'a');
  EXPECT_EQ(refusal(get(field + "\r\n")), 431);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\n" + field), 431);
  std::string many;
  for (int i = 0; i < 127; ++i) many += "A: b\r\n";
  EXPECT_EQ(refusal(get(many)), 0);
  EXPECT_EQ(refusal(get(many + "A: b\r\n")), 431);
  std::string large;
  for (int i = 0; i < 5; ++i) large += "A: " + std::string(15'000, 'a') + "\r\n";
  EXPECT_EQ(refusal(get(large)), 431);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\n" + large), 431);
}

TEST(Names, AreComparedWithoutCaseForLettersOnly) {
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "content-LENGTH"));
  EXPECT_TRUE(equals_ignoring_case("TE", "te"));
  EXPECT_TRUE(equals_ignoring_case("Host", "hOST"));
  EXPECT_FALSE(equals_ignoring_case("Host", "Hosts"));
  // Pairs that differ in the case bit without being letters.
  for (const auto& [left, right] : {std::pair<std::string, std::string>{"@", "`"},
                                    {"[", "{"},
                                    {"^", "~"},
                                    {"_", "\x7f"},
                                    {"\r", "-"},
                                    {"\xc1", "\xe1"}}) {
    for (const std::size_t padding : {0u, 3u, 5u, 8u, 20u}) {
      EXPECT_FALSE(equals_ignoring_case(std::string(padding, 'a') + left,
                                        std::string(padding, 'A') + right));
      EXPECT_FALSE(equals_ignoring_case(left + std::string(padding, 'a'),
                                        right + std::string(padding, 'A')));
    }
  }
}

TEST(Lists, AreSearchedByWholeElements) {
  EXPECT_TRUE(lists_token("a, B ,c", "b"));
  EXPECT_FALSE(lists_token("ab, bc", "b"));
  EXPECT_FALSE(lists_token("", "b"));
}

}  // namespace
}  // namespace tokenweir::http
