// A policy's no, as values: which rule, how far it is used, whether trying again helps. provider/
// and exchange/ give it the words and the status of the client's dialect.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admit/kill_switches.h"
#include "budget/book.h"
#include "provider/dialect.h"
#include "runs/loop_guard.h"

namespace tokenweir::admit {

enum class Reason : std::uint8_t {
  budget_exhausted,
  budget_reserve,  // money is held, not spent
  run_budget,
  run_requests,
  loop,
  rate,
  concurrency,
  unpriced_model,
  model_denied,
  too_large,
  killed,
};
// The `reason` label and the ledger's `refusal`.
[[nodiscard]] std::string_view name_of(Reason reason);

// What kind of answer the client gets; the status is the dialect's matter.
enum class RefusalKind : std::uint8_t {
  final_budget,  // 402 or the dialect's own form; never retried
  retryable,     // 429 with Retry-After
  forbidden,     // 403: model, tool, kill
  invalid,       // 400: cap too large, input too large
};

struct Refusal {
  Reason reason = Reason::budget_exhausted;
  RefusalKind kind = RefusalKind::final_budget;
  std::string message;                              // one sentence; names rules, never content
  std::optional<std::chrono::seconds> retry_after;  // of retryable ones
  std::optional<budget::Shortfall> shortfall;       // of budgets and rates
  std::optional<runs::Finding> finding;             // of run caps and the loop guard
  std::vector<provider::Detail> details;            // of other rules
  std::string run;
  std::string contact;
};

// The refusal of an account that said no, with its sentence.
[[nodiscard]] Refusal refusal_of(budget::Shortfall shortfall, std::string_view run);
[[nodiscard]] Refusal refusal_of(const runs::Finding& finding, std::string_view run);
// The refusal of what an operator has stopped.
[[nodiscard]] Refusal refusal_of(const KillSwitch& kill);

}  // namespace tokenweir::admit
