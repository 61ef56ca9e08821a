// A provider that costs almost nothing: HTTP/1.1 over TLS 1.3, one thread, answers at once. It
// answers a chat completion with a fixed JSON body, a streamed one with stamped events at a steady
// pace (one write each), and a request that asks for it with a body of any size.
//
//   mock_provider ADDRESS PORT CERTIFICATE KEY
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <queue>
#include <random>
#include <unordered_map>
#include <utility>

#include "clock.h"
#include "connection.h"
#include "http_text.h"
#include "messages.h"

namespace loadtest {
namespace {

constexpr std::size_t kUnsentMark = 64 * 1024;  // a body generator pauses above this

std::string with_head(std::string_view type, std::string_view framing, std::string_view body) {
  std::string message = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\nContent-Type: ";
  message += type;
  message += "\r\n";
  message += framing;
  message +=
      "openai-processing-ms: 412\r\nopenai-version: 2020-10-01\r\n"
      "x-request-id: req_6f1a9c2b7d3e4f5a8b9c0d1e2f3a4b5c\r\n\r\n";
  message += body;
  return message;
}

std::string chunk(std::string_view data) {
  char size[20];
  const int length = std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  std::string framed(size, static_cast<std::size_t>(length));
  framed += data;
  framed += "\r\n";
  return framed;
}

struct Session {
  Session(int descriptor, SSL_CTX* context, std::uint64_t session_serial)
      : connection(descriptor, context, Role::server), serial(session_serial) {}

  Connection connection;
  std::uint64_t serial;  // tells a session from an earlier one on the same descriptor
  std::string inbox;
  std::uint64_t events_left = 0;
  std::int64_t interval_ns = 0;
  std::uint64_t bytes_left = 0;  // of a sized body
  bool usage_wanted = false;
  bool watching_write = false;
};

class MockProvider {
 public:
  MockProvider(int listener, SSL_CTX* context)
      : listener_(listener), context_(context), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    const std::string body = completion_body();
    completion_ = with_head("application/json",
                            "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int count = wait(events);
      for (int index = 0; index < count; ++index) {
        const auto& event = events[static_cast<std::size_t>(index)];
        if (event.data.fd == listener_) {
          accept_all();
        } else if (const auto found = sessions_.find(event.data.fd); found != sessions_.end()) {
          serve(*found->second, event.events);
        }
      }
      send_due_events();
    }
  }

 private:
  struct Due {
    std::int64_t at;
    int descriptor;
    std::uint64_t serial;
    bool operator<(const Due& other) const { return at > other.at; }
  };

  int wait(std::array<epoll_event, 256>& events) {
    timespec limit{};
    const timespec* timeout = nullptr;
    if (!due_.empty()) {
      const std::int64_t left = std::max<std::int64_t>(due_.top().at - now_ns(), 0);
      limit = {left / 1'000'000'000, left % 1'000'000'000};
      timeout = &limit;
    }
    return epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), timeout, nullptr);
  }

  void watch(int descriptor, std::uint32_t interest, int operation) const {
    epoll_event event{};
    event.events = interest;
    event.data.fd = descriptor;
    epoll_ctl(epoll_, operation, descriptor, &event);
  }

  void accept_all() {
    while (true) {
      const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      const int on = 1;  // session tickets and the answer are two sends: Nagle would add 40 ms
      setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ++connections_;
      sessions_[descriptor] = std::make_unique<Session>(descriptor, context_, ++last_serial_);
      watch(descriptor, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void drop(Session& session) { sessions_.erase(session.connection.descriptor()); }

  void serve(Session& session, std::uint32_t readiness) {
    Connection& connection = session.connection;
    if (!connection.established()) {
      const auto progress = connection.continue_handshake();
      if (progress == Connection::Progress::failed) drop(session);
      if (progress != Connection::Progress::done) return;
    }
    if ((readiness & EPOLLOUT) != 0) {
      if (!connection.flush() || !fill_body(session)) return drop(session);
      update_interest(session);
    }
    if ((readiness & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    bool good = true;
    const auto state = connection.receive([&](std::span<const char> plaintext) {
      good = take(session, {plaintext.data(), plaintext.size()});
      return good;
    });
    if (!good || state != Connection::Received::open) return drop(session);
    update_interest(session);
  }

  void update_interest(Session& session) const {
    const bool wanted = session.connection.has_unsent();
    if (wanted == session.watching_write) return;
    session.watching_write = wanted;
    watch(session.connection.descriptor(), wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  }

  // Handles every complete request in the inbox. False: the peer is gone or unintelligible.
  bool take(Session& session, std::string_view data) {
    std::string_view text = data;
    if (!session.inbox.empty()) {
      session.inbox.append(data);
      text = session.inbox;
    }
    std::size_t used = 0;
    while (used < text.size()) {
      const std::string_view rest = text.substr(used);
      const auto head = head_size(rest);
      if (!head) break;
      const std::string_view fields = rest.substr(0, *head);
      const std::uint64_t length = number_field(fields, "content-length").value_or(0);
      if (rest.size() < *head + length) break;
      if (!answer(session, fields, rest.substr(*head, length))) return false;
      used += *head + length;
    }
    std::string left(text.substr(used));
    session.inbox = std::move(left);
    return session.inbox.size() < 128 * 1024 * 1024;
  }

  bool answer(Session& session, std::string_view head, std::string_view body) {
    if (head.starts_with("GET /mock/stats ")) return session.connection.send(statistics());
    ++requests_;
    if (head.find("-mock-") == std::string_view::npos &&
        body.find("\"stream\":true") == std::string_view::npos) {
      return session.connection.send(completion_);
    }
    if (const auto bytes = number_field(head, kBytesField)) return begin_body(session, *bytes);
    if (body.find("\"stream\":true") == std::string_view::npos) {
      return session.connection.send(completion_);
    }
    session.events_left = number_field(head, kEventsField).value_or(20);
    session.interval_ns =
        static_cast<std::int64_t>(number_field(head, kIntervalField).value_or(20'000)) * 1000;
    session.usage_wanted = body.find("\"include_usage\":true") != std::string_view::npos;
    ++streams_;
    // The head goes out with the first event; the rest starts at a random phase so that many
    // streams opened together do not tick together.
    const std::string first =
        with_head("text/event-stream; charset=utf-8", "Transfer-Encoding: chunked\r\n",
                  chunk(event_text(now_ns())));
    ++events_;
    --session.events_left;
    if (!session.connection.send(first)) return false;
    const auto phase = static_cast<std::int64_t>(
        random_() % static_cast<std::uint64_t>(std::max<std::int64_t>(session.interval_ns, 1)));
    due_.push({now_ns() + phase, session.connection.descriptor(), session.serial});
    return true;
  }

  void send_due_events() {
    const std::int64_t now = now_ns();
    while (!due_.empty() && due_.top().at <= now) {
      const Due due = due_.top();
      due_.pop();
      const auto found = sessions_.find(due.descriptor);
      if (found == sessions_.end() || found->second->serial != due.serial) continue;
      Session& session = *found->second;
      if (session.events_left == 0) {
        if (!end_stream(session)) drop(session);
        continue;
      }
      --session.events_left;
      ++events_;
      if (!session.connection.send(chunk(event_text(now_ns())))) {
        drop(session);
        continue;
      }
      update_interest(session);
      due_.push({due.at + session.interval_ns, due.descriptor, due.serial});
    }
  }

  static bool end_stream(Session& session) {
    std::string tail = chunk(
        R"(data: {"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk",)"
        R"("created":1741570283,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{},)"
        R"("finish_reason":"stop"}]})"
        "\n\n");
    if (session.usage_wanted) {
      tail += chunk(
          R"(data: {"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk",)"
          R"("created":1741570283,"model":"gpt-4o-mini-2024-07-18","choices":[],)"
          R"("usage":{"prompt_tokens":412,"completion_tokens":143,"total_tokens":555}})"
          "\n\n");
    }
    tail += chunk("data: [DONE]\n\n");
    return session.connection.send(tail + "0\r\n\r\n");
  }

  bool begin_body(Session& session, std::uint64_t bytes) {
    constexpr std::string_view kOpening = R"({"id":"chatcmpl-large","object":"chat.completion",)"
                                          R"("model":"gpt-4o-mini","choices":[],"padding":")";
    session.bytes_left = std::max<std::uint64_t>(bytes, kOpening.size() + 2) - kOpening.size();
    // Megabytes in kernel buffers of readers who never read would be this process's work, not the
    // proxy's.
    const int kernel_buffer = 64 * 1024;
    setsockopt(session.connection.descriptor(), SOL_SOCKET, SO_SNDBUF, &kernel_buffer,
               sizeof kernel_buffer);
    const std::string framing =
        "Content-Length: " + std::to_string(session.bytes_left + kOpening.size()) + "\r\n";
    return session.connection.send(with_head("application/json", framing, kOpening)) &&
           fill_body(session);
  }

  // Keeps some of the body waiting in the connection, so that writing it never holds all of it.
  static bool fill_body(Session& session) {
    static const std::string kFiller = prose(kMaxPlaintext);
    while (session.bytes_left > 0 && session.connection.unsent_size() < kUnsentMark) {
      const std::uint64_t part = std::min<std::uint64_t>(session.bytes_left, kFiller.size());
      std::string piece = kFiller.substr(0, part);
      session.bytes_left -= part;
      if (session.bytes_left == 0 && part >= 2) piece.replace(part - 2, 2, "\"}");
      if (!session.connection.send(piece)) return false;
    }
    return true;
  }

  std::string statistics() const {
    const std::string body = "{\"connections\":" + std::to_string(connections_) +
                             ",\"open\":" + std::to_string(sessions_.size()) +
                             ",\"requests\":" + std::to_string(requests_) +
                             ",\"streams\":" + std::to_string(streams_) +
                             ",\"events\":" + std::to_string(events_) + "}";
    return with_head("application/json", "Content-Length: " + std::to_string(body.size()) + "\r\n",
                     body);
  }

  int listener_;
  SSL_CTX* context_;
  int epoll_;
  std::string completion_;
  std::unordered_map<int, std::unique_ptr<Session>> sessions_;
  std::priority_queue<Due> due_;
  std::minstd_rand random_{20261121};
  std::uint64_t last_serial_ = 0;
  std::uint64_t connections_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t streams_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace
}  // namespace loadtest

int main(int count, char** arguments) {
  if (count != 5) {
    std::cerr << "usage: mock_provider ADDRESS PORT CERTIFICATE KEY\n";
    return 64;
  }
  try {
    std::signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0,
          0);  // the default of 50 us would blur every event's due time
    SSL_CTX* context =
        loadtest::new_tls_context(loadtest::Role::server, arguments[3], arguments[4]);
    const auto port = static_cast<std::uint16_t>(std::stoi(arguments[2]));
    loadtest::MockProvider provider(loadtest::listen_socket(arguments[1], port), context);
    provider.run();
  } catch (const std::exception& problem) {
    std::cerr << "mock_provider: " << problem.what() << "\n";
    return 1;
  }
}
