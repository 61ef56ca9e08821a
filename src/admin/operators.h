// What operators may do while the house runs: stop traffic and let it go again, change what a
// budget may spend or has spent, switch enforcement off for a while, and see what is going on.
// Every order is stored with its audit line before it is answered, and is in force again after a
// restart.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/answer.h"
#include "admit/enforcement.h"
#include "admit/kill_switches.h"
#include "budget/book.h"
#include "core/result.h"
#include "core/time.h"
#include "count/calibration.h"
#include "publish/operator_store.h"
#include "publish/policy_sample.h"
#include "publish/spend_reader.h"
#include "runs/run_book.h"

namespace tokenweir::admin {

// Who gives an order, and why. The reason is asked for where traffic is stopped or rules loosened.
struct Order {
  std::string actor;
  std::string reason;
};

struct KillTarget {
  std::optional<budget::Property> property;  // no value: everything
  std::string value;
};

// An account of a budget as an operator names it.
struct AccountChoice {
  std::string name;     // its values joined by "/", as shown; with `exact` by U+001F
  bool exact = false;   // several values could be read out of a joined name
  bool create = false;  // also one that no request has touched yet
};

class Operators {
 public:
  // All outlive this. The store is opened after the ledger; the books are the ones the request path
  // asks. Construct once in a process, not once a configuration.
  struct House {
    budget::Book& accounts;
    runs::RunBook& runs;
    admit::KillSwitches& kills;
    admit::EnforcementSwitch& enforcement;
    publish::OperatorStore& store;
    publish::SpendReader& spend;
    count::Calibration& calibration;
    std::function<Result<void, std::string>()> keep_calibration;  // durably
    const Clock& clock;
  };
  explicit Operators(House house) : house_(std::move(house)) {}

  // Puts every stored order in force again. Call at start, after the books have been configured and
  // have got the ledger's sums, before the first request. The error is a sentence: do not serve.
  [[nodiscard]] Result<void, std::string> restore();
  // Call after each Book::configure(): a budget whose window changed starts without its overrides.
  void after_reload();
  // Call about once a second, any thread: takes back what has expired, with an audit line.
  void tick();

  // Orders. 2xx says that the order is in force and durable.
  [[nodiscard]] Reply kill(const KillTarget& target,
                           std::optional<std::chrono::milliseconds> duration, const Order& order);
  [[nodiscard]] Reply release(std::uint64_t id, const Order& order);
  [[nodiscard]] Reply release(const KillTarget& target, const Order& order);
  // Replaces the limits of one account, or (no account) of all accounts of a budget.
  [[nodiscard]] Reply set_limits(std::string_view budget,
                                 const std::optional<AccountChoice>& account,
                                 const budget::Limits& limits,
                                 std::optional<std::chrono::milliseconds> duration,
                                 const Order& order);
  [[nodiscard]] Reply clear_limits(std::string_view budget,
                                   const std::optional<AccountChoice>& account, const Order& order);
  // Sets what the current window has spent; measures without a value stay as they are. Makes an
  // unknown account known.
  [[nodiscard]] Reply set_spent(std::string_view budget, const AccountChoice& account,
                                const budget::Limits& spent, const Order& order);
  // The sums of a lost or older ledger are believed as they are.
  [[nodiscard]] Reply trust(const Order& order);
  [[nodiscard]] Reply enforce_off(std::chrono::milliseconds duration, const Order& order);
  [[nodiscard]] Reply enforce_on(const Order& order);
  // Forgets what counting learned of a model, or with an empty name of all, of a provider, or with
  // an empty one of all. What was compared so far stays in the metrics.
  [[nodiscard]] Reply reset_calibration(std::string_view provider, std::string_view model,
                                        const Order& order);
  // An order somebody else carried out, such as a reload.
  void note(std::string_view action, std::string_view target, const Order& order);

  // Answers. JSON objects.
  [[nodiscard]] Reply kills() const;
  [[nodiscard]] Reply budgets(std::string_view budget, const std::optional<AccountChoice>& account,
                              std::size_t most) const;
  [[nodiscard]] Reply enforcement() const;
  struct RunFilter {
    std::string_view workflow, credential, run;
    bool active = false;  // only those with a request in flight
    std::size_t most = 100;
  };
  [[nodiscard]] Reply runs(const RunFilter& filter) const;
  [[nodiscard]] Reply spend(const std::vector<std::string>& keys, Time since,
                            std::optional<Time> until, std::size_t most) const;
  // Where the money of the last minutes goes: runs and run-less workflows, dearest first.
  [[nodiscard]] Reply top(std::chrono::minutes over, std::size_t most) const;
  [[nodiscard]] Reply audit(std::size_t most, std::optional<std::int64_t> before) const;
  // How counts compare with reported usage, and the corrections learned from it.
  [[nodiscard]] Reply calibration(std::string_view provider, std::string_view model,
                                  std::size_t most) const;

  [[nodiscard]] Time now() const { return house_.clock.now(); }
  // For the metrics, at every scrape: hands out the runs that have come to rest since the last.
  [[nodiscard]] publish::PolicySample policy_sample();

 private:
  [[nodiscard]] budget::Now moment() const {
    return {house_.clock.now(), house_.clock.monotonic()};
  }
  [[nodiscard]] publish::AuditEntry line(std::string_view action, std::string target,
                                         const Order& order) const;
  // Counts what was stored; the error as a reply.
  std::optional<Reply> stored(const Result<void, std::string>& outcome, std::string_view action);
  // The stored key of an account, or why there is none.
  [[nodiscard]] Result<std::string, Reply> key_of(std::string_view budget,
                                                  const AccountChoice& account) const;
  [[nodiscard]] std::optional<Reply> unknown_budget(std::string_view budget) const;
  void apply(const publish::StoredOverride& value);
  void confirm(const publish::StoredOverride& value, const Order& order);
  void put_out_of_force(const publish::StoredOverride& value);
  [[nodiscard]] Reply release(const admit::KillSwitch& kill, const Order& order);
  std::optional<Reply> resume(std::string_view run, const Order& order);
  void expire_kills(Time now);
  void expire_overrides(Time now);
  void expire_enforcement_off(budget::Now now);

  House house_;
  mutable std::mutex mutex_;  // one order at a time; guards the rest
  std::vector<publish::StoredOverride> overrides_;
  std::optional<publish::StoredEnforcementOff> off_;
  Instant off_end_{};  // the monotonic clock's word on it, which no one can put back
  std::map<std::string, std::uint64_t> actions_;
};

}  // namespace tokenweir::admin
