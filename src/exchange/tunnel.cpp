// After a protocol upgrade: bytes both ways, unmetered, until either end is done.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "exchange/exchange.h"
#include "http/write.h"

namespace tokenweir::exchange {
namespace {

// Client to provider; the other direction runs in the exchange itself, which outlives this.
struct Upward {
  ClientLink& client;
  ProviderLink& provider;
  Record& record;
  const Clock& clock;
  std::chrono::milliseconds idle;
  boost::asio::steady_timer finished;
  bool stop = false;
  bool done = false;
};

Awaitable<void> pump_upward(Upward& up) {
  while (!up.stop) {
    const std::string_view bytes = up.client.buffered();
    if (!bytes.empty()) {
      up.record.request_bytes += bytes.size();
      const std::size_t size = bytes.size();
      LinkStatus status = up.provider.write_now(bytes);
      up.client.consume(size);
      if (status == LinkStatus::would_block)
        status = co_await up.provider.flush(up.clock.monotonic() + up.idle);
      if (status != LinkStatus::ok) break;
      continue;
    }
    if (co_await up.client.read_more(up.clock.monotonic() + up.idle) != LinkStatus::ok) break;
  }
  up.done = true;
  up.provider.interrupt();
  up.finished.cancel();
}

}  // namespace

Awaitable<void> Exchange::tunnel() {
  std::string& out = services_.out;
  out.clear();
  const std::pair<std::string_view, std::string_view> set[] = {
      {"Connection", "Upgrade"},
      {"Upgrade", http::value_of(answer_head_.fields, "upgrade")},
      {"X-LLM-Request-Id", record_->id}};
  http::HeaderEdits edits;
  edits.set = set;
  http::append_response_head(out, answer_head_, {}, 1, false, edits);
  out.append(answer_rest_);

  const auto executor = co_await boost::asio::this_coro::executor;
  Upward up{client_,
            *provider_,
            *record_,
            services_.clock,
            config_.timeouts.provider_idle,
            boost::asio::steady_timer(executor, std::chrono::steady_clock::time_point::max()),
            false,
            false};
  boost::asio::co_spawn(executor, pump_upward(up), boost::asio::detached);

  LinkStatus status = client_.write_now(out);
  while (!up.done) {
    if (status == LinkStatus::would_block)
      status = co_await client_.flush(after(config_.timeouts.client_write));
    if (status != LinkStatus::ok) break;
    const ProviderLink::Piece piece = provider_->read_now();
    if (piece.status == LinkStatus::ok) {
      record_->response_bytes += piece.bytes.size();
      status = client_.write_now(piece.bytes);
    } else if (piece.status == LinkStatus::would_block) {
      const LinkStatus ready = co_await provider_->readable(after(config_.timeouts.provider_idle));
      if (ready != LinkStatus::ok) break;
    } else {
      break;
    }
  }
  up.stop = true;
  client_.interrupt();
  provider_->interrupt();
  while (!up.done) {
    co_await up.finished.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  record_->answer.end_state = EndState::complete;
  record_->streaming = true;
  after_ = After::close;
}

}  // namespace tokenweir::exchange
