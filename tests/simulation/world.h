// One simulated afternoon of the proxy's money: the product's book, journal and recovery between
// clients that hang up, providers that fail or overrun, clocks that are put back, reloads and
// crashes, all drawn from one seed.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "budget/journal.h"
#include "budget/recovery.h"
#include "model.h"

namespace tokenweir::simulation {

struct Outcome {
  std::optional<std::string> broken;  // the invariant, with what was and what should be
  std::uint64_t event = 0;            // number of the last one
  std::uint64_t admitted = 0;
  std::uint64_t refused = 0;
  std::uint64_t crashes = 0;
};

class World {
 public:
  explicit World(std::uint64_t seed);
  Outcome run(int events);

 private:
  struct Exchange {
    std::string id;
    Asker asker;
    Demand demand;
    std::vector<Leg> legs;
    budget::Hold hold;
    Amounts held, rate_held;
    std::size_t slot = 0;
    Instant held_at{};
    std::int64_t cap = 0;
    std::int64_t tokens_held = 0;  // output tokens the hold covers
    std::int64_t generated = 0;
    bool sent = false;
    bool overruns = false;  // its provider ignores the cap
  };
  struct Row {
    std::vector<budget::Posting> postings;
    std::string id;
    std::size_t slot = 0;
    Amounts amounts;
  };
  struct alignas(8) SlotBytes {
    std::array<std::byte, budget::kJournalSlotSize> bytes{};
  };

  std::int64_t pick(std::int64_t least, std::int64_t most);
  bool chance(int percent) { return pick(1, 100) <= percent; }
  budget::Slot slot(std::size_t index) { return budget::Slot(slots_[index].bytes); }
  void broken(std::string what);

  void draw_rules();
  void step();
  void arrive();
  void send(Exchange& exchange);
  void generate(Exchange& exchange);
  void finish(Exchange& exchange);
  void give_up(Exchange& exchange);
  void commit();
  void crash();
  void reload();
  void pass_time();
  void quiesce();

  void keep(Exchange& exchange);
  void book_out(Exchange& exchange, const Amounts& consumed);
  void remove(Exchange& exchange);
  [[nodiscard]] Amounts bill_of(const Exchange& exchange) const;
  void check();

  std::mt19937_64 random_;
  std::array<int, 12> weights_{};  // each seed has its own mix of events
  Model model_;
  std::unique_ptr<budget::Book> book_;
  std::deque<Exchange> exchanges_;
  std::vector<SlotBytes> slots_;
  std::vector<std::size_t> free_slots_;
  std::vector<std::uint32_t> generations_;
  std::vector<Row> rows_;    // the ledger
  std::size_t durable_ = 0;  // rows that survive a crash
  std::size_t freed_ = 0;    // of those, rows whose slot was given back
  Now now_;
  std::chrono::seconds clock_offset_{0};
  std::optional<Instant> crashed_at_;
  std::uint64_t next_id_ = 1;
  Outcome outcome_;
};

}  // namespace tokenweir::simulation
