#include "platform/http_client.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "platform/asio.h"

namespace tokenweir::platform {
namespace {

namespace beast = boost::beast;

constexpr std::uint64_t kBodyLimit = 64 * 1024 * 1024;

using Request = beast::http::request<beast::http::string_body>;
using Outcome = Result<HttpAnswer, std::string>;

Request request_of(const HttpQuestion& question) {
  Request request;
  request.version(11);
  request.method_string(question.method);
  request.target(question.target);
  const bool six = question.host.find(':') != std::string::npos;
  request.set(beast::http::field::host, (six ? "[" + question.host + "]" : question.host) + ":" +
                                            std::to_string(question.port));
  for (const auto& [name, value] : question.fields) request.set(name, value);
  request.set(beast::http::field::connection, "close");
  request.body() = question.body;
  request.prepare_payload();
  return request;
}

asio::awaitable<void> ask(const HttpQuestion& question, Outcome& outcome) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  const std::string port = std::to_string(question.port);
  const auto [unknown, endpoints] =
      co_await resolver.async_resolve(question.host, port, asio::as_tuple(asio::use_awaitable));
  if (unknown) {
    outcome = failure(unknown.message());
    co_return;
  }
  beast::tcp_stream stream(executor);
  stream.expires_after(question.timeout);
  const auto [refused, endpoint] =
      co_await stream.async_connect(endpoints, asio::as_tuple(asio::use_awaitable));
  if (refused) {
    outcome = failure(refused.message());
    co_return;
  }
  Request request = request_of(question);
  const auto [unsent, sent] =
      co_await beast::http::async_write(stream, request, asio::as_tuple(asio::use_awaitable));
  // A server may answer and close before it has read everything.
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kBodyLimit);
  if (question.method == "HEAD") parser.skip(true);
  const auto [unread, received] =
      co_await beast::http::async_read(stream, buffer, parser, asio::as_tuple(asio::use_awaitable));
  if (unread) {
    outcome = failure((unsent ? unsent : unread).message());
    co_return;
  }
  outcome = HttpAnswer{static_cast<int>(parser.get().result_int()), parser.get().body()};
}

}  // namespace

Outcome http_ask(const HttpQuestion& question) {
  asio::io_context context{1};
  Outcome outcome = failure(std::string("no answer"));
  asio::co_spawn(context, ask(question, outcome), asio::detached);
  context.run();
  return outcome;
}

}  // namespace tokenweir::platform
