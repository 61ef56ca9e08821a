// One plain HTTP/1.1 request and its whole answer, for tools that talk to the admin listener.
// Blocks the calling thread; the data path has its own machinery.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"

namespace tokenweir::platform {

struct HttpQuestion {
  std::string host;  // name or number
  std::uint16_t port = 80;
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> fields;  // besides Host
  std::string body;
  std::chrono::milliseconds timeout{15'000};  // for everything together
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// The error says why there was no answer: refused, timed out, not HTTP.
[[nodiscard]] Result<HttpAnswer, std::string> http_ask(const HttpQuestion& question);

}  // namespace tokenweir::platform
