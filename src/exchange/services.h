// What every exchange of one event loop borrows: ports, clock and buffers that hold nothing across
// a co_await.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <set>
#include <string>

#include "core/time.h"
#include "exchange/books.h"
#include "exchange/counters.h"
#include "exchange/ports.h"

namespace tokenweir::exchange {

// Figures the admin listener reads while the loops run.
struct LiveFigures {
  std::atomic<std::int64_t> exchanges_in_flight{0};
  std::atomic<std::int64_t> client_connections{0};
  std::atomic<std::int64_t> provider_connections_idle{0};
  std::atomic<std::int64_t> provider_connections_busy{0};
  std::atomic<bool> draining{false};
};

// An exchange that can be told to look whether it must end.
class Stoppable {
 public:
  virtual ~Stoppable() = default;
  virtual void check_stops() = 0;
};

// Slows answers to unknown keys down to a rate, whoever sends them: so many at once, then so many a
// second, each waiting for its turn.
class WrongKeys {
 public:
  static constexpr std::chrono::milliseconds kEach{20};
  static constexpr std::chrono::milliseconds kAtOnce = 100 * kEach;
  static constexpr std::chrono::milliseconds kLongestWait{5'000};

  // Notes one more, and returns how long its answer has to wait.
  [[nodiscard]] std::chrono::milliseconds note(Instant now) {
    turn_ = std::max(turn_, now - kAtOnce) + kEach;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(turn_ - now);
    if (wait > kLongestWait) turn_ -= kEach;  // the queue is full; nobody waits longer
    return std::clamp(wait, std::chrono::milliseconds(0), kLongestWait);
  }

 private:
  Instant turn_{};
};

struct Services {
  const Clock& clock;
  Publisher& publisher;
  ProviderGate& providers;
  LiveFigures& live;
  Books& books;
  Counters* counters;  // null: nothing is counted
  std::function<std::string(Time)> next_id;
  // Providers that answered 400 to a request for usage in streams: they are not asked again.
  std::set<std::string, std::less<>> refuses_stream_usage;
  // Those whose requests have left or wait to leave.
  std::set<Stoppable*> under_way;
  WrongKeys wrong_keys;
  // Scratch, valid only between two suspension points.
  std::string out;
  std::string payload;
  std::string scratch;
};

}  // namespace tokenweir::exchange
