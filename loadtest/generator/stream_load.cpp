#include "stream_load.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <vector>

#include "connection.h"
#include "http_text.h"
#include "messages.h"

namespace loadtest {
namespace {

constexpr std::uint64_t kStandardInput = ~std::uint64_t{0};
constexpr unsigned kHandshakesAtOnce = 64;  // more would only queue in front of the proxy
constexpr std::int64_t kStreamSetupLimit = 240 * kSecond;
constexpr std::int64_t kStreamTailLimit = 20 * kSecond;

struct Stream {
  std::unique_ptr<Connection> connection;
  std::string head;
  Dechunker framing;
  std::string payload;  // not yet searched for stamps
  std::uint64_t events = 0;
  bool head_done = false;
  bool finished = false;
};

class StreamLoad {
 public:
  StreamLoad(const Options& options, SSL_CTX* context, Measurement& measurement)
      : options_(options),
        context_(context),
        measurement_(measurement),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        events_each_(options.mode == Mode::idle
                         ? 1'000'000
                         : static_cast<std::uint64_t>(
                               std::ceil((options.seconds + 2 * options.warmup) * options.rate)) +
                               1),
        streams_(options.connections) {
    const auto interval = static_cast<std::uint64_t>(1e6 / options.rate);
    request_ =
        request_message("localhost:" + std::to_string(options.port), options.path, true,
                        std::string(kEventsField) + ": " + std::to_string(events_each_) + "\r\n" +
                            std::string(kIntervalField) + ": " + std::to_string(interval) + "\r\n");
  }
  ~StreamLoad() { close(epoll_); }

  void run() {
    const std::int64_t limit = now_ns() + kStreamSetupLimit;
    while (started_ + lost_ < streams_.size()) {
      open_more();
      step(kSecond / 10);
      if (now_ns() > limit) throw std::runtime_error("streams do not start");
    }
    if (options_.mode == Mode::idle) return hold();

    const std::int64_t warm = now_ns() + static_cast<std::int64_t>(options_.warmup * 1e9);
    const std::int64_t stop = warm + static_cast<std::int64_t>(options_.seconds * 1e9);
    while (now_ns() < warm) step(warm - now_ns());
    measurement_.begin();
    while (now_ns() < stop && finished_ + lost_ < streams_.size()) step(stop - now_ns());
    measurement_.end();
    const std::int64_t tail = now_ns() + kStreamTailLimit;
    while (finished_ + lost_ < streams_.size() && now_ns() < tail) step(kSecond / 10);
    for (const Stream& stream : streams_) {
      if (!stream.finished) measurement_.problem("unfinished");
    }
  }

 private:
  void hold() {
    std::cout << "{\"ready\":" << started_ << ",\"lost\":" << lost_ << "}" << std::endl;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kStandardInput;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    measurement_.begin();
    while (!released_) step(kSecond);
    measurement_.end();
  }

  void open_more() {
    while (opened_ < streams_.size() && opened_ - started_ - lost_ < kHandshakesAtOnce) {
      Stream& stream = streams_[opened_];
      stream.connection = std::make_unique<Connection>(
          connect_socket(options_.address, options_.port), context_, Role::client);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT;
      event.data.u64 = opened_;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, stream.connection->descriptor(), &event);
      ++opened_;
    }
  }

  void step(std::int64_t longest) {
    const std::int64_t patience = std::max<std::int64_t>(longest, 0);
    const timespec timeout{patience / kSecond, patience % kSecond};
    std::array<epoll_event, 256> events{};
    const int count =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (int index = 0; index < count; ++index) {
      const std::uint64_t target = events[static_cast<std::size_t>(index)].data.u64;
      if (target == kStandardInput) {
        char ignored[256];
        if (read(STDIN_FILENO, ignored, sizeof ignored) <= 0) {
          released_ = true;
          epoll_ctl(epoll_, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
        }
      } else {
        serve(target);
      }
    }
  }

  void lose(Stream& stream, const char* kind) {
    measurement_.problem(kind);
    if (stream.events > 0) --started_;
    ++lost_;
    stream.connection.reset();
  }

  void serve(std::size_t index) {
    Stream& stream = streams_[index];
    if (stream.connection == nullptr) return;
    if (!stream.connection->established()) return shake_hands(index);
    bool good = true;
    const auto state = stream.connection->receive([&](std::span<const char> plaintext) {
      good = take(stream, {plaintext.data(), plaintext.size()});
      return good;
    });
    if (!good) return lose(stream, broken_);
    if (stream.finished) {
      ++finished_;
      if (stream.events != events_each_) measurement_.problem("events_missing");
      stream.connection.reset();
    } else if (state != Connection::Received::open) {
      lose(stream, "closed");
    }
  }

  void shake_hands(std::size_t index) {
    Stream& stream = streams_[index];
    const auto progress = stream.connection->continue_handshake();
    if (progress == Connection::Progress::failed) return lose(stream, "handshake");
    if (progress == Connection::Progress::wants_write) return;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, stream.connection->descriptor(), &event);
    if (progress != Connection::Progress::done) return;
    if (!stream.connection->send(request_) || stream.connection->has_unsent()) {
      lose(stream, "send");
    }
  }

  bool broken(const char* kind) {
    broken_ = kind;
    return false;
  }

  bool take(Stream& stream, std::string_view data) {
    if (!stream.head_done) {
      stream.head.append(data);
      const auto size = head_size(stream.head);
      if (!size) return stream.head.size() < 16 * 1024 || broken("head");
      const std::string whole = std::move(stream.head);
      const auto framing = field_value(whole, "transfer-encoding");
      if (!whole.starts_with("HTTP/1.1 200 ") || framing != "chunked") return broken("head");
      stream.head_done = true;
      return take_payload(stream, std::string_view(whole).substr(*size));
    }
    return take_payload(stream, data);
  }

  bool take_payload(Stream& stream, std::string_view data) {
    if (!stream.framing.feed(data, stream.payload)) return broken("framing");
    const std::int64_t now = now_ns();
    std::size_t searched = 0;
    while (true) {
      const std::size_t marker = stream.payload.find(kStampMarker, searched);
      if (marker == std::string::npos) {
        const std::size_t tail =
            stream.payload.size() - std::min(stream.payload.size(), kStampMarker.size() - 1);
        searched = std::max(searched, tail);
        break;
      }
      if (stream.payload.size() < marker + kStampMarker.size() + kStampDigits) {
        searched = marker;
        break;
      }
      searched = marker + kStampMarker.size() + kStampDigits;
      if (!record_event(stream, searched - kStampDigits, now)) return false;
    }
    stream.finished = stream.framing.finished();
    stream.payload.erase(0, searched);
    return true;
  }

  bool record_event(Stream& stream, std::size_t digits, std::int64_t now) {
    std::int64_t stamp = 0;
    const char* first = stream.payload.data() + digits;
    const auto [end, error] = std::from_chars(first, first + kStampDigits, stamp);
    if (error != std::errc{} || end != first + kStampDigits || stamp > now) return broken("event");
    if (stream.events++ == 0) ++started_;
    ++measurement_.total;
    if (measurement_.running()) {
      ++measurement_.completed;
      measurement_.latency.record(now - stamp);
    }
    return true;
  }

  const Options& options_;
  SSL_CTX* context_;
  Measurement& measurement_;
  int epoll_;
  const std::uint64_t events_each_;
  std::string request_;
  std::vector<Stream> streams_;
  std::size_t opened_ = 0;
  std::size_t started_ = 0;  // have had their first event and are not lost
  std::size_t finished_ = 0;
  std::size_t lost_ = 0;
  bool released_ = false;
  const char* broken_ = "";  // what was wrong with the last answer that was
};

}  // namespace

void run_stream_load(const Options& options, SSL_CTX* context, Measurement& measurement) {
  StreamLoad(options, context, measurement).run();
}

}  // namespace loadtest
