#include "admin/admin_server.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace tokenweir::admin {
namespace {

namespace beast = boost::beast;

constexpr std::uint32_t kHeadLimit = 16 * 1024;
constexpr std::uint64_t kBodyLimit = 1024 * 1024;
constexpr std::chrono::seconds kPatience{30};

using Request = beast::http::request<beast::http::string_body>;
using Response = beast::http::response<beast::http::string_body>;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

AdminServer::AdminServer(config::Admin settings, Actions& actions)
    : settings_(std::move(settings)), actions_(actions), acceptor_(context_) {}

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

void AdminServer::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

asio::awaitable<void> AdminServer::accept() {
  while (true) {
    auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!error) {
      asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
      continue;
    }
    if (error == asio::error::operation_aborted) co_return;
    asio::steady_timer pause(context_, std::chrono::milliseconds(50));
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> AdminServer::serve(tcp::socket socket) {
  beast::flat_buffer buffer;
  // The deadline closes the socket; it is renewed for each request.
  asio::steady_timer deadline(context_);
  while (true) {
    deadline.expires_after(kPatience);
    deadline.async_wait([&socket](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      if (!error) socket.close(ignored);
    });
    beast::http::request_parser<beast::http::string_body> parser;
    parser.header_limit(kHeadLimit);
    parser.body_limit(kBodyLimit);
    const auto [failed, read] = co_await beast::http::async_read(
        socket, buffer, parser, asio::as_tuple(asio::use_awaitable));
    if (failed) break;
    const Request& request = parser.get();

    Question question;
    question.method = view(request.method_string());
    question.target = view(request.target());
    question.authorization = view(request[beast::http::field::authorization]);
    question.host = view(request[beast::http::field::host]);
    Reply reply = answer(question, settings_, actions_);

    Response response(static_cast<beast::http::status>(reply.status), request.version());
    response.set(beast::http::field::content_type, reply.content_type);
    response.set(beast::http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    response.keep_alive(request.keep_alive());
    response.body() = std::move(reply.body);
    response.prepare_payload();
    if (request.method() == beast::http::verb::head) response.body().clear();
    const bool keep = request.keep_alive();
    const auto [unsent, written] =
        co_await beast::http::async_write(socket, response, asio::as_tuple(asio::use_awaitable));
    if (unsent || !keep) break;
  }
  deadline.cancel();
}

}  // namespace tokenweir::admin
