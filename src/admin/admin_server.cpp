#include "admin/admin_server.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "core/http_date.h"
#include "platform/system_clock.h"

namespace tokenweir::admin {
namespace {

namespace beast = boost::beast;

constexpr std::uint32_t kHeadLimit = 16 * 1024;
constexpr std::uint64_t kBodyLimit = 64 * 1024;
constexpr std::size_t kConnectionsMax = 128;
constexpr std::chrono::seconds kPatience{30};
// A wrong token is answered late, so that guessing is slow.
constexpr std::chrono::milliseconds kWrongTokenPause{200};

using Request = beast::http::request<beast::http::string_body>;
using Response = beast::http::response<beast::http::string_body>;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// What a request that could not be read is answered; no value: the connection just ended.
std::optional<Reply> unreadable(const boost::system::error_code& error) {
  if (error == beast::http::error::body_limit) return problem(413, "an order is at most 64 KiB");
  if (error == beast::http::error::header_limit) return problem(431, "the head is too large");
  if (error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) {
    return std::nullopt;
  }
  if (error.category() != make_error_code(beast::http::error::bad_method).category()) {
    return std::nullopt;
  }
  return problem(400, "this is no HTTP request");
}

Question question_of(const Request& request) {
  Question question;
  question.method = view(request.method_string());
  question.target = view(request.target());
  question.authorization = view(request[beast::http::field::authorization]);
  question.host = view(request[beast::http::field::host]);
  question.origin = view(request[beast::http::field::origin]);
  question.content_type = view(request[beast::http::field::content_type]);
  question.actor = view(request["X-LLM-Operator"]);
  question.body = request.body();
  return question;
}

Response response_of(Reply reply, const Request& request, bool keep) {
  Response response(static_cast<beast::http::status>(reply.status), request.version());
  response.set(beast::http::field::content_type, reply.content_type);
  response.set(beast::http::field::cache_control, "no-store");
  response.set(beast::http::field::date, format_http_date(platform::SystemClock().now()));
  response.set("X-Content-Type-Options", "nosniff");
  if (reply.status == 401) response.set(beast::http::field::www_authenticate, "Bearer");
  response.keep_alive(keep);
  response.body() = std::move(reply.body);
  response.prepare_payload();
  if (request.method() == beast::http::verb::head) response.body().clear();
  return response;
}

}  // namespace

AdminServer::AdminServer(config::Admin settings, Actions& actions, Operators* operators)
    : settings_(std::move(settings)),
      actions_(actions),
      operators_(operators),
      acceptor_(context_) {}

AdminServer::~AdminServer() { stop(); }

Result<std::uint16_t, std::string> AdminServer::start() {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(settings_.address, error);
  if (error) return failure("admin address " + settings_.address + " is not numeric");
  const tcp::endpoint endpoint(address, settings_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(128, error);
  if (error) {
    return failure("cannot listen on admin address " + settings_.address + ":" +
                   std::to_string(settings_.port) + ": " + error.message());
  }
  asio::co_spawn(context_, accept(), asio::detached);
  thread_ = std::thread([this] { context_.run(); });
  return acceptor_.local_endpoint().port();
}

void AdminServer::take_token(std::string token) {
  asio::post(context_, [this, token = std::move(token)] { settings_.token = token; });
}

void AdminServer::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

asio::awaitable<void> AdminServer::accept() {
  while (true) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!error) {
      // One more than enough is closed at once: what is open ends by its deadline.
      if (connections_ < kConnectionsMax) {
        asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
      }
      continue;
    }
    if (error == asio::error::operation_aborted) co_return;
    asio::steady_timer pause(context_, std::chrono::milliseconds(50));
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> AdminServer::serve(tcp::socket socket) {
  ++connections_;
  const std::unique_ptr<std::size_t, void (*)(std::size_t*)> counted(
      &connections_, [](std::size_t* connections) { --*connections; });
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer;
  bool keep = true;
  while (keep) {
    stream.expires_after(kPatience);
    beast::http::request_parser<beast::http::string_body> parser;
    parser.header_limit(kHeadLimit);
    parser.body_limit(kBodyLimit);
    const auto [failed, read] = co_await beast::http::async_read(
        stream, buffer, parser, asio::as_tuple(asio::use_awaitable));
    const Request& request = parser.get();
    std::optional<Reply> reply =
        failed ? unreadable(failed) : answer(question_of(request), settings_, actions_, operators_);
    if (!reply) co_return;
    if (reply->status == 401) {
      asio::steady_timer pause(context_, kWrongTokenPause);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    keep = !failed && request.keep_alive();
    Response response = response_of(std::move(*reply), request, keep);
    const auto [unsent, written] =
        co_await beast::http::async_write(stream, response, asio::as_tuple(asio::use_awaitable));
    if (unsent) co_return;
  }
  // A close with bytes unread would be a reset, and the client might lose the answer to it.
  boost::system::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  for (std::size_t drained = 0; drained < kBodyLimit;) {
    buffer.clear();
    const auto [ended, read] = co_await stream.async_read_some(buffer.prepare(kHeadLimit),
                                                               asio::as_tuple(asio::use_awaitable));
    if (ended) co_return;
    drained += read;
  }
}

}  // namespace tokenweir::admin
