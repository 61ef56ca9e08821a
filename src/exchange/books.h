// What all event loops share and no reload replaces: accounts, runs, operators' stops, and the
// journal that outlives the process.
#pragma once

#include <memory>

#include "admit/enforcement.h"
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

  admit::EnforcementSwitch enforcement;  // an operator's break-glass
  [[nodiscard]] bool enforcing(Time now) const { return enforcement.enforcing(now); }
};

}  // namespace tokenweir::exchange
