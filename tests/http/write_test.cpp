// Heads that are written: end-to-end fields byte for byte, hop-by-hop fields gone, framing anew.
#include "http/write.h"

#include <gtest/gtest.h>

#include "parsing.h"

namespace tokenweir::http {
namespace {

using Set = std::pair<std::string_view, std::string_view>;

std::string forwarded(const std::string& bytes, const HeaderEdits& edits = {}) {
  const ParsedRequest parsed = parse_request(bytes);
  EXPECT_EQ(parsed.progress, Progress::complete);
  std::string out;
  append_request_head(out, parsed.head, parsed.head.path_and_query, "provider.test",
                      parsed.head.framing, edits);
  return out;
}

std::string answered(const std::string& bytes, Framing framing, std::string_view method = "GET",
                     int client_minor_version = 1, bool close = false) {
  const ParsedResponse parsed = parse_response(bytes, method);
  EXPECT_EQ(parsed.progress, Progress::complete);
  std::string out;
  append_response_head(out, parsed.head, framing, client_minor_version, close, {});
  return out;
}

TEST(RequestWriting, KeepsOrderCaseAndBytesOfEndToEndFields) {
  EXPECT_EQ(forwarded("POST http://h/a HTTP/1.1\r\nX-B: 1\r\nhost: h\r\naCCept:  */*\t\r\n"
                      "X-b: caf\xc3\xa9  two\r\ncontent-LENGTH: 003\r\nX-C:\r\n\r\n"),
            "POST /a HTTP/1.1\r\nHost: provider.test\r\nX-B: 1\r\naCCept: */*\r\n"
            "X-b: caf\xc3\xa9  two\r\ncontent-LENGTH: 3\r\nX-C: \r\n\r\n");
}

TEST(RequestWriting, LeavesOutHopByHopFieldsAndThoseThatConnectionNames) {
  EXPECT_EQ(
      forwarded("GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Secret\r\nX-secret: 1\r\n"
                "Keep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: y\r\nTE: trailers\r\n"
                "Trailer: X\r\nUpgrade: h2c\r\nHTTP2-Settings: z\r\nExpect: 100-continue\r\n"
                "connection: other\r\nOther: 2\r\nKept: 3\r\n\r\n"),
      "GET / HTTP/1.1\r\nHost: provider.test\r\nKept: 3\r\n\r\n");
}

TEST(RequestWriting, FramingIsWrittenOnceWhateverConnectionSays) {
  EXPECT_EQ(forwarded("POST / HTTP/1.1\r\nHost: h\r\nConnection: content-length, host\r\n"
                      "Content-Length: 3\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: provider.test\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(forwarded("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nA: b\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: provider.test\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n");
  EXPECT_EQ(forwarded("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: provider.test\r\nContent-Length: 0\r\n\r\n");
}

TEST(RequestWriting, ReframesAChunkedRequestInPlace) {
  const ParsedRequest parsed =
      parse_request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n");
  std::string out;
  append_request_head(out, parsed.head, "/p", "x", {FramingKind::length, 1234}, {});
  EXPECT_EQ(out, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1234\r\nA: b\r\n\r\n");
}

TEST(RequestWriting, AppliesEdits) {
  const std::string_view drop[] = {"authorization"};
  const std::string_view prefixes[] = {"x-llm-"};
  const Set set[] = {{"Accept-Encoding", "identity"}, {"X-Api-Key", "secret"}};
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: a\r\naccept-encoding: gzip\r\n"
                      "X-LLM-Run: 1\r\nAccept-Encoding: br\r\nX-LLMs: kept\r\n\r\n",
                      {drop, prefixes, set}),
            "GET / HTTP/1.1\r\nHost: provider.test\r\nAccept-Encoding: identity\r\nX-LLMs: kept\r\n"
            "X-Api-Key: secret\r\n\r\n");
}

TEST(RequestWriting, AnUpgradeCanBePassedOn) {
  const Set set[] = {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                      "Sec-WebSocket-Key: k\r\n\r\n",
                      {{}, {}, set}),
            "GET / HTTP/1.1\r\nHost: provider.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Key: k\r\n\r\n");
}

TEST(RequestWriting, SetFieldsCannotSplitTheHeadOrReplaceFraming) {
  const Set set[] = {{"A", "x\r\nB: y"}, {"Content-Length", "9"}, {"Host", "evil"}, {"C", "d"}};
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: h\r\n\r\n", {{}, {}, set}),
            "GET / HTTP/1.1\r\nHost: provider.test\r\nC: d\r\n\r\n");
}

TEST(ResponseWriting, KeepsReasonAndEndToEndFields) {
  EXPECT_EQ(
      answered("HTTP/1.0 529 Odd  Reason\r\nX-Request-ID: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"
               "Keep-Alive: 5\r\nProxy-Authenticate: x\r\nTrailer: y\r\nUpgrade: h2c\r\n"
               "Set-Cookie: a\r\nset-cookie: b\r\n\r\n",
               {FramingKind::chunked, 0}),
      "HTTP/1.1 529 Odd  Reason\r\nX-Request-ID: 1\r\nSet-Cookie: a\r\nset-cookie: b\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(answered("HTTP/1.1 200\r\ncontent-length: 2\r\nA: b\r\n\r\n", {FramingKind::length, 2}),
            "HTTP/1.1 200 \r\ncontent-length: 2\r\nA: b\r\n\r\n");
}

TEST(ResponseWriting, AnswersWithoutBodyTellTheLengthOnlyWhereTheyMay) {
  const std::string length = "Content-Length: 7\r\n\r\n";
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\n" + length, {}, "HEAD"), "HTTP/1.1 200 OK\r\n" + length);
  EXPECT_EQ(answered("HTTP/1.1 304 X\r\n" + length, {}), "HTTP/1.1 304 X\r\n" + length);
  EXPECT_EQ(answered("HTTP/1.1 204 X\r\n" + length, {}), "HTTP/1.1 204 X\r\n\r\n");
  EXPECT_EQ(answered("HTTP/1.1 103 X\r\nContent-Length: 0\r\n\r\n", {}), "HTTP/1.1 103 X\r\n\r\n");
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", {}, "HEAD"),
            "HTTP/1.1 200 OK\r\n\r\n");
}

TEST(ResponseWriting, SaysWhatBecomesOfTheConnection) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
  const Framing length{FramingKind::length, 2};
  EXPECT_EQ(answered(head, length, "GET", 1, true),
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answered(head, length, "GET", 0, false),
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\n\r\n", {FramingKind::until_close, 0}, "GET", 0, false),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(OwnResponse, IsComplete) {
  std::string out;
  const Set extra[] = {{"Retry-After", "3"}};
  append_own_response(out, 429, "application/json", "{}", true, false, extra);
  EXPECT_EQ(
      out,
      "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
      "Retry-After: 3\r\nConnection: close\r\n\r\n{}");
  out.clear();
  append_own_response(out, 404, "text/plain", "gone", false, true, {});
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n");
  out.clear();
  append_own_response(out, 100, "", "", false, false, {});
  EXPECT_EQ(out, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(ChunkSize, IsHexadecimal) {
  std::string out;
  append_chunk_size(out, 500);
  EXPECT_EQ(out, "1f4\r\n");
}

}  // namespace
}  // namespace tokenweir::http
