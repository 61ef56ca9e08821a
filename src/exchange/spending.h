// What one exchange may spend, from its admission to its settlement: the step of its run, its hold
// on the accounts and its slot in the journal. Every ending passes through close(), once.
#pragma once

#include <cstdint>
#include <optional>

#include "admit/gate.h"
#include "exchange/books.h"
#include "exchange/publisher.h"
#include "exchange/snapshot.h"

namespace tokenweir::exchange {

class Spending {
 public:
  // Both outlive this.
  Spending(Books& books, const Snapshot& snapshot) : books_(books), snapshot_(snapshot) {}

  // Everything but the money. The plan stays valid and unchanged.
  const admit::Plan& prepare(const admit::Request& request, budget::Now now);
  // Asks for the money, and keeps the hold when it is granted. May be called again while the answer
  // is must_wait.
  [[nodiscard]] admit::Admission decide(const admit::Request& request, budget::Patience patience,
                                        budget::Now now);
  // An operator's stop that came after prepare().
  [[nodiscard]] std::optional<admit::KillSwitch> killed(const admit::Request& request, Time now);

  // Writes the hold where it survives this process. False: there is no room, send nothing.
  [[nodiscard]] bool write_down(const admit::Request& request, const Record& record);
  // From here on silence costs the whole hold. Called before the first byte leaves.
  void sending();
  // The provider has delivered so many output tokens: a hold that began small grows. False: the
  // money is gone and the stream must end.
  [[nodiscard]] bool follow(std::int64_t delivered, budget::Now now);

  // What to charge where nobody can say what was used: the hold. No value where no budget in money
  // is touched, so that a guess is never taken for a figure.
  [[nodiscard]] std::optional<Money> held_cost() const;
  // The record of the cut answer that this exchange, begun at that time, asked for again; empty:
  // there is none. Before close(), which has that answer booked as waste.
  [[nodiscard]] std::string_view find_cut(const Record& record, const runs::Signs& signs,
                                          Instant begun);
  // The record has its final bill. `signs` are those of prepare(); `answered`: when the client had
  // got the answer, at the earliest.
  [[nodiscard]] Booking close(const Record& record, const runs::Signs& signs, Instant answered,
                              budget::Now now);

  [[nodiscard]] const admit::Plan& plan() const { return plan_; }
  // Why the stream had to end.
  [[nodiscard]] const std::optional<admit::Refusal>& exhausted() const { return exhausted_; }

 private:
  [[nodiscard]] admit::Books books(Time now);

  Books& books_;
  const Snapshot& snapshot_;
  admit::Plan plan_;
  std::optional<std::uint64_t> kill_changes_;  // no value before prepare()
  budget::Hold hold_;
  std::optional<std::size_t> slot_;
  bool touches_money_ = false;
  bool foregone_ = false;         // let through only because nothing is enforced
  std::int64_t held_tokens_ = 0;  // of output, where the hold grows
  std::optional<admit::Refusal> exhausted_;
  std::optional<Wasted> wasted_;
};

}  // namespace tokenweir::exchange
