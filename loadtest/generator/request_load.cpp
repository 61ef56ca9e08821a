#include "request_load.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <memory>
#include <stdexcept>
#include <vector>

#include "connection.h"
#include "http_text.h"
#include "messages.h"

namespace loadtest {
namespace {

constexpr std::int64_t kSetupLimit = 30 * kSecond;
constexpr std::int64_t kTailLimit = 5 * kSecond;

struct Client {
  std::unique_ptr<Connection> connection;
  std::string inbox;
  std::int64_t started = 0;  // when the request in flight was due; 0: none
};

class RequestLoad {
 public:
  RequestLoad(const Options& options, SSL_CTX* context, Measurement& measurement)
      : options_(options),
        context_(context),
        measurement_(measurement),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        expected_body_(completion_body()),
        request_(
            request_message("localhost:" + std::to_string(options.port), options.path, false, {})),
        clients_(options.connections) {}
  ~RequestLoad() { close(epoll_); }

  void run() {
    const std::int64_t opened = now_ns();
    for (std::size_t index = 0; index < clients_.size(); ++index) connect_client(index);
    while (options_.mode != Mode::connect && established_ < clients_.size()) {
      step(kSecond / 10);
      if (now_ns() - opened > kSetupLimit) throw std::runtime_error("connections do not come up");
    }
    if (options_.requests > 0) return run_counted();

    const std::int64_t warm = now_ns() + nanoseconds(options_.warmup);
    const std::int64_t stop = warm + nanoseconds(options_.seconds);
    begin_sending();
    while (now_ns() < warm) step(warm - now_ns());
    measurement_.begin();
    while (now_ns() < stop) step(stop - now_ns());
    measurement_.end();
    drain();
  }

 private:
  static std::int64_t nanoseconds(double seconds) {
    return static_cast<std::int64_t>(seconds * 1e9);
  }

  void run_counted() {
    measurement_.begin();
    begin_sending();
    const std::int64_t limit = now_ns() + 600 * kSecond;
    while (measurement_.total < options_.requests && now_ns() < limit) step(kSecond / 10);
    measurement_.end();
    if (measurement_.total < options_.requests) measurement_.problem("unanswered");
  }

  void begin_sending() {
    sending_ = true;
    if (options_.mode == Mode::open) {
      next_due_ = now_ns();
      for (std::size_t index = 0; index < clients_.size(); ++index) idle_.push_back(index);
    } else if (options_.mode == Mode::closed) {
      for (std::size_t index = 0; index < clients_.size(); ++index) send_on(index, now_ns());
    }
  }

  void drain() {
    sending_ = false;
    const std::int64_t limit = now_ns() + kTailLimit;
    while (in_flight_ > 0 && now_ns() < limit) step(limit - now_ns());
    for (std::size_t left = 0; left < in_flight_; ++left) measurement_.problem("unanswered");
  }

  void step(std::int64_t longest) {
    start_due();
    std::int64_t patience = std::max<std::int64_t>(longest, 0);
    if (sending_ && options_.mode == Mode::open) {
      patience = std::min(patience, std::max<std::int64_t>(next_due_ - now_ns(), 0));
    }
    const timespec timeout{patience / kSecond, patience % kSecond};
    std::array<epoll_event, 256> events{};
    const int count =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int index = 0; index < count; ++index) {
      serve(events[static_cast<std::size_t>(index)].data.u64);
    }
  }

  // Open loop: what is due starts now, or waits for a free connection with its due time kept, so
  // that a stall of the system shows in every request it delayed.
  void start_due() {
    if (!sending_ || options_.mode != Mode::open) return;
    const auto gap = static_cast<std::int64_t>(1e9 / options_.rate);
    for (const std::int64_t now = now_ns(); next_due_ <= now; next_due_ += gap) {
      waiting_.push_back(next_due_);
    }
    while (!waiting_.empty() && !idle_.empty()) {
      const std::size_t index = idle_.front();
      idle_.pop_front();
      const std::int64_t due = waiting_.front();
      waiting_.pop_front();
      send_on(index, due);
    }
  }

  void connect_client(std::size_t index) {
    Client& client = clients_[index];
    client.inbox.clear();
    client.connection = std::make_unique<Connection>(
        connect_socket(options_.address, options_.port), context_, Role::client);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;  // writable: the connect is complete
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, client.connection->descriptor(), &event);
    if (options_.mode == Mode::connect) {
      client.started = now_ns();
      ++in_flight_;
    }
  }

  void want_only_reading(std::size_t index) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, clients_[index].connection->descriptor(), &event);
  }

  void send_on(std::size_t index, std::int64_t due) {
    Client& client = clients_[index];
    if (options_.requests > 0 && issued_ == options_.requests) return;
    ++issued_;
    if (client.started == 0) ++in_flight_;
    client.started = due;
    // 2.5 KB into an empty socket buffer is always taken whole.
    if (!client.connection->send(request_) || client.connection->has_unsent()) fail(index, "send");
  }

  void fail(std::size_t index, const char* kind) {
    measurement_.problem(kind);
    reopen(index);
  }

  void reopen(std::size_t index) {
    Client& client = clients_[index];
    if (client.started != 0) --in_flight_;
    client.started = 0;
    if (client.connection->established()) --established_;
    client.connection.reset();
    if (++reopened_ > 100'000) throw std::runtime_error("connections keep failing");
    if (sending_ || options_.mode != Mode::connect) connect_client(index);
  }

  void serve(std::size_t index) {
    Client& client = clients_[index];
    if (client.connection == nullptr) return;
    if (!client.connection->established()) return shake_hands(index);
    bool answered = false;
    bool good = true;
    const auto state = client.connection->receive([&](std::span<const char> plaintext) {
      good = take(client, {plaintext.data(), plaintext.size()}, answered);
      return good;
    });
    if (!good) return fail(index, "answer");
    if (answered) {
      complete(index, state);
    } else if (state != Connection::Received::open) {
      if (client.started != 0) return fail(index, "closed");
      ++measurement_.reconnects;
      std::erase(idle_, index);
      reopen(index);
    }
  }

  void shake_hands(std::size_t index) {
    switch (clients_[index].connection->continue_handshake()) {
      case Connection::Progress::failed:
        return fail(index, "handshake");
      case Connection::Progress::wants_read:
        return want_only_reading(index);
      case Connection::Progress::wants_write:
        return;
      case Connection::Progress::done:
        ++established_;
        want_only_reading(index);
        if (options_.mode == Mode::connect) return send_on(index, clients_[index].started);
        if (!sending_) return;
        if (options_.mode == Mode::closed) return send_on(index, now_ns());
        idle_.push_back(index);
    }
  }

  // False when the answer is not the one the provider gave.
  bool take(Client& client, std::string_view data, bool& answered) const {
    if (!client.inbox.empty()) {
      client.inbox.append(data);
      data = client.inbox;
    }
    const auto head = head_size(data);
    const bool complete = head && data.size() >= *head + expected_body_.size();
    if (!complete) {
      if (client.inbox.empty()) client.inbox.assign(data);
      return client.inbox.size() < 64 * 1024;
    }
    answered = client.started != 0 && data.starts_with("HTTP/1.1 200 ") &&
               number_field(data.substr(0, *head), "content-length") == expected_body_.size() &&
               data.substr(*head) == expected_body_;
    client.inbox.clear();
    return answered;
  }

  void complete(std::size_t index, Connection::Received state) {
    Client& client = clients_[index];
    const std::int64_t now = now_ns();
    ++measurement_.total;
    if (measurement_.running()) {
      ++measurement_.completed;
      measurement_.latency.record(now - client.started);
    }
    if (options_.mode == Mode::connect || options_.fresh || state != Connection::Received::open) {
      return reopen_quietly(index);
    }
    if (options_.mode == Mode::closed && sending_ &&
        (options_.requests == 0 || issued_ < options_.requests)) {
      return send_on(index, now);
    }
    client.started = 0;
    --in_flight_;
    if (options_.mode == Mode::open) idle_.push_back(index);
  }

  void reopen_quietly(std::size_t index) {
    if (options_.mode != Mode::connect && !options_.fresh) ++measurement_.reconnects;
    --reopened_;
    reopen(index);
  }

  const Options& options_;
  SSL_CTX* context_;
  Measurement& measurement_;
  int epoll_;
  const std::string expected_body_;
  const std::string request_;
  std::vector<Client> clients_;
  std::deque<std::size_t> idle_;      // open loop: free connections, longest free first
  std::deque<std::int64_t> waiting_;  // open loop: due times without a free connection
  std::int64_t next_due_ = 0;
  std::uint64_t issued_ = 0;
  std::size_t established_ = 0;
  std::size_t in_flight_ = 0;
  std::int64_t reopened_ = 0;
  bool sending_ = false;
};

}  // namespace

void run_request_load(const Options& options, SSL_CTX* context, Measurement& measurement) {
  RequestLoad(options, context, measurement).run();
}

}  // namespace loadtest
