// What all event loops share and no reload replaces: accounts, runs, operators' stops, and the
// journal that outlives the process.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "admit/kill_switches.h"
#include "admit/rate_cache.h"
#include "budget/book.h"
#include "core/time.h"
#include "exchange/hold_journal.h"
#include "runs/run_book.h"

namespace tokenweir::exchange {

struct Books {
  budget::Book accounts;
  runs::RunBook runs;
  admit::KillSwitches kills;
  admit::RateCache rates;
  std::unique_ptr<HoldJournal> journal;  // null: nothing outlives the process (tests)

  // Until then an operator has switched enforcement off; microseconds since 1970.
  std::atomic<std::int64_t> unenforced_until{INT64_MIN};
  [[nodiscard]] bool enforcing(Time now) const {
    return now.time_since_epoch().count() >= unenforced_until.load(std::memory_order_relaxed);
  }
};

}  // namespace tokenweir::exchange
