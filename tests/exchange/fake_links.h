// Scripted ends of an exchange: no sockets, no time, and any operation can be made to fail.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "exchange/exchange.h"

namespace tokenweir::exchange::testing {

class ManualClock final : public Clock {
 public:
  Time now() const override { return Time(std::chrono::microseconds(1'795'000'000'000'000)); }
  Instant monotonic() const override { return Instant(std::chrono::seconds(100)); }
};

// Counts the operations of all links of a test and fails the chosen one.
struct Failures {
  int fail_at = -1;
  int count = 0;
  bool next_fails() { return count++ == fail_at; }
};

class FakePublisher final : public Publisher {
 public:
  void publish(std::unique_ptr<Record> record, Booking) noexcept override {
    records.push_back(std::move(record));
  }
  bool try_reserve() noexcept override {
    ++reserved;
    return true;
  }
  bool healthy() const noexcept override { return true; }
  bool claim_stored_answer(std::string_view, std::string_view id) noexcept override {
    return claimed.insert(std::string(id)).second;
  }

  std::set<std::string> claimed;
  std::vector<std::unique_ptr<Record>> records;
  int reserved = 0;
};

class FakeClient final : public ClientLink {
 public:
  FakeClient(std::string body, Failures& failures) : in_(std::move(body)), failures_(failures) {}

  std::string_view buffered() const override { return in_; }
  void consume(std::size_t bytes) override { in_.erase(0, bytes); }
  Awaitable<LinkStatus> read_more(Instant) override {
    if (failures_.next_fails()) co_return LinkStatus::failed;
    co_return LinkStatus::closed;
  }
  LinkStatus write_now(std::string_view bytes) override {
    if (gone_ || failures_.next_fails()) {
      gone_ = true;
      return LinkStatus::failed;
    }
    received += bytes;
    return LinkStatus::ok;
  }
  Awaitable<LinkStatus> flush(Instant) override { co_return LinkStatus::ok; }
  void set_watcher(LinkWatcher*) override {}
  void watch() override {}
  bool gone() const override { return gone_; }
  bool cut_off() const override { return false; }
  void interrupt() override {}
  std::string_view peer() const override { return "test"; }

  std::string received;

 private:
  std::string in_;
  Failures& failures_;
  bool gone_ = false;
};

struct ProviderScript {
  std::vector<std::string> answer;  // pieces, each arriving by itself
  bool closes_after = false;
  std::string received;
  int opened = 0;
  int given_back = 0;
  int told_to_stop = 0;
};

class FakeProvider final : public ProviderLink {
 public:
  FakeProvider(ProviderScript& script, Failures& failures)
      : script_(script), left_(script.answer.begin(), script.answer.end()), failures_(failures) {}

  LinkStatus write_now(std::string_view bytes) override {
    if (failures_.next_fails()) return LinkStatus::failed;
    script_.received += bytes;
    sent_ = true;
    return LinkStatus::ok;
  }
  Awaitable<LinkStatus> flush(Instant) override { co_return LinkStatus::ok; }
  Piece read_now() override {
    if (failures_.next_fails()) return {LinkStatus::failed, {}};
    if (!arrived_) return {LinkStatus::would_block, {}};
    arrived_ = false;
    if (left_.empty()) {
      return {script_.closes_after ? LinkStatus::closed : LinkStatus::failed, {}};
    }
    piece_ = left_.front();
    left_.pop_front();
    return {LinkStatus::ok, piece_};
  }
  Awaitable<LinkStatus> readable(Instant) override {
    if (failures_.next_fails()) co_return LinkStatus::timed_out;
    arrived_ = true;
    co_return LinkStatus::ok;
  }
  void watch(LinkWatcher*) override {}
  void interrupt() override {}
  void end_sending() override { ++script_.told_to_stop; }
  bool reused() const override { return false; }
  bool sent_any() const override { return sent_; }
  void give_back() override { ++script_.given_back; }

 private:
  ProviderScript& script_;
  std::deque<std::string> left_;
  std::string piece_;
  Failures& failures_;
  bool arrived_ = false;
  bool sent_ = false;
};

class FakeGate final : public ProviderGate {
 public:
  FakeGate(ProviderScript& script, Failures& failures) : script_(script), failures_(failures) {}
  Awaitable<Result<std::unique_ptr<ProviderLink>, ConnectFault>> open(const config::Provider&,
                                                                      bool) override {
    if (failures_.next_fails()) co_return failure(ConnectFault::connect);
    ++script_.opened;
    co_return std::make_unique<FakeProvider>(script_, failures_);
  }

 private:
  ProviderScript& script_;
  Failures& failures_;
};

// One exchange from a raw request and a provider's script.
struct Stage {
  Stage() {
    auto fresh = std::make_shared<Snapshot>();
    config::Provider openai;
    openai.name = "openai";
    openai.origin.host = "api.openai.com";
    openai.dialect = provider::Family::openai;
    openai.match_path_prefix = "/p/openai";
    fresh->config.providers.push_back(openai);
    snapshot = std::move(fresh);
  }

  After run(const std::string& request) {
    http::RequestHead head;
    http::HeadError error;
    std::size_t scanned = 0;
    if (http::parse_request_head(request, {}, scanned, head, error) != http::Progress::complete) {
      throw std::runtime_error("the test's request is not valid");
    }
    client = std::make_unique<FakeClient>(request.substr(head.size), failures);
    FakeGate gate(provider, failures);
    Services services{
        clock, publisher, gate, live, books, nullptr, [](Time) { return std::string("id"); },
        {},    {},        {},   {},   {},    {}};
    After after = After::reset;
    boost::asio::io_context context;
    Exchange exchange(services, snapshot, *client, head);
    boost::asio::co_spawn(context, conduct(exchange, after), boost::asio::detached);
    context.run();
    return after;
  }

  static Awaitable<void> conduct(Exchange& exchange, After& after) {
    after = co_await exchange.run();
  }

  ManualClock clock;
  LiveFigures live;
  Books books;
  FakePublisher publisher;
  Failures failures;
  ProviderScript provider;
  std::shared_ptr<const Snapshot> snapshot;
  std::unique_ptr<FakeClient> client;
};

}  // namespace tokenweir::exchange::testing
