// Messages bent in the ways that desync attacks bend them: bytes that mean something put in, taken
// out, doubled, moved. Deterministic by seed.
#pragma once

#include <array>
#include <random>
#include <string>
#include <string_view>

namespace tokenweir::http {

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string mutate(std::string text) {
    const std::size_t rounds = 1 + below(3);
    for (std::size_t i = 0; i < rounds; ++i) mutate_once(text);
    return text;
  }
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

 private:
  static constexpr std::array<std::string_view, 44> kPieces = {"\r\n",
                                                               "\n",
                                                               "\r",
                                                               " ",
                                                               "\t",
                                                               ":",
                                                               ",",
                                                               ";",
                                                               "=",
                                                               "\"",
                                                               "0",
                                                               "1",
                                                               "5",
                                                               "-",
                                                               "+",
                                                               "/",
                                                               "?",
                                                               "#",
                                                               "%",
                                                               "\\",
                                                               "\x7f",
                                                               "\x80",
                                                               "\x0b",
                                                               "\x01",
                                                               "0\r\n\r\n",
                                                               "\r\n\r\n",
                                                               "\r\n ",
                                                               "Content-Length: 3\r\n",
                                                               "Content-Length: 5\r\n",
                                                               "Transfer-Encoding: chunked\r\n",
                                                               "Host: h\r\n",
                                                               "Connection: close\r\n",
                                                               "X: y\r\n",
                                                               "HTTP/1.0",
                                                               "HTTP/1.1",
                                                               "chunked",
                                                               "GET ",
                                                               "5;a=b\r\n",
                                                               "hello",
                                                               "00",
                                                               "fffffffff",
                                                               "_",
                                                               "X : y\r\n",
                                                               "Transfer-Encoding: gzip\r\n"};

  void mutate_once(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = 1 + below(8);
    switch (below(6)) {
      case 0:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), length));
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      case 4:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1u << below(8)));
        break;
      default:
        text.replace(at, length, kPieces[below(kPieces.size())]);
    }
  }

  std::mt19937 random_;
};

inline constexpr std::array<std::string_view, 7> kRequestSeeds = {
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST /a?b=c HTTP/1.1\r\nHost: h:80\r\nContent-Length: 5\r\nA: b\r\n\r\nhello",
    "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: h\r\n\r\n5;a=b\r\nhello\r\n"
    "3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    "PUT http://h/a HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n"
    "Content-Length: 3\r\n\r\nabc",
    "OPTIONS * HTTP/1.0\r\nHost: h\r\nConnection: keep-alive, x\r\nX:\tz \t\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"};

inline constexpr std::array<std::string_view, 6> kResponseSeeds = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n",
    "HTTP/1.0 404 Not Found\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
    "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
    "HTTP/1.1 529 \r\nContent-Length: 0\r\n\r\n"};

}  // namespace tokenweir::http
