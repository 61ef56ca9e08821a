// The journal of holds: one fixed slot a request in flight, written into shared memory before the
// first byte leaves, so that `kill -9` forgets nothing and no system call is made. This is the pure
// part: bytes to entries and back. The mapping itself is platform/hold_journal_file.h.
//
// A slot is written in an order that makes every prefix of it readable: body and its checksum
// first, then the state word, which is one aligned 8-byte store and carries its own check. A slot
// torn by a power cut fails its checksum and is reported, never guessed at.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "budget/amounts.h"
#include "budget/selector.h"

namespace tokenweir::budget {

inline constexpr std::size_t kJournalSlotSize = 4096;
inline constexpr std::size_t kJournalHeaderSize = 64;
inline constexpr std::uint32_t kJournalVersion = 1;
inline constexpr std::size_t kJournalFactMost = 512;  // bytes of a value; longer ones are left out

enum class HoldPhase : std::uint8_t {
  free,
  held,     // nothing has left: void at recovery
  sent,     // may be billed: charged at recovery
  settled,  // final amounts are known, the ledger's row may be missing
};

// What recovery must know to settle a request and to write its row.
struct JournalEntry {
  HoldPhase phase = HoldPhase::free;
  std::string id;  // the record's id, unique in the ledger
  Time held_at{};
  Amounts held;
  std::int64_t usd_per_output_token = 0;
  Amounts fixed;                      // the part of the hold that does not depend on the output
  std::int64_t output_delivered = 0;  // tokens counted so far, where a stream keeps it current
  std::optional<Amounts> settled;     // of phase settled
  // Attribution and whatever else the row needs, as names and values; cut to fit the slot, the
  // properties of rules first.
  std::vector<std::pair<std::string, std::string>> facts;

  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

// The facts of an entry that is to be written: views of what outlives it, so that nothing is copied
// before it is copied into the slot.
class EntryFacts {
 public:
  void add(std::string_view name, std::string_view value) { views_.emplace_back(name, value); }
  // For what has to be put together first.
  void add_made(std::string name, std::string value) {
    const auto& [made_name, made_value] = made_.emplace_back(std::move(name), std::move(value));
    add(made_name, made_value);
  }
  void clear() {
    views_.clear();
    made_.clear();
  }
  [[nodiscard]] std::span<const std::pair<std::string_view, std::string_view>> views() const {
    return views_;
  }

 private:
  std::vector<std::pair<std::string_view, std::string_view>> views_;
  std::deque<std::pair<std::string, std::string>> made_;  // whose elements stay where they are
};

// All functions work on one slot of kJournalSlotSize bytes, aligned to 8.
using Slot = std::span<std::byte, kJournalSlotSize>;
using ConstSlot = std::span<const std::byte, kJournalSlotSize>;

// Writes the entry, with these facts instead of its own, as `held` and returns false when even its
// bare figures do not fit (an id longer than 64 bytes). A `generation` must differ from the slot's
// last one.
bool write_held(Slot slot, const JournalEntry& entry, const EntryFacts& facts,
                std::uint32_t generation);
void write_sent(Slot slot);
// The hold grew, or more output was delivered.
void write_progress(Slot slot, const Amounts& held, std::int64_t output_delivered);
void write_settled(Slot slot, const Amounts& settled);
void write_free(Slot slot);

enum class SlotFault : std::uint8_t { none, torn_state, torn_body };
struct ReadSlot {
  SlotFault fault = SlotFault::none;
  std::uint32_t generation = 0;
  JournalEntry entry;  // phase free: nothing is there
};
[[nodiscard]] ReadSlot read_slot(ConstSlot slot);

struct JournalHeader {
  std::uint64_t slots = 0;
  std::uint64_t ledger = 0;  // random number of the ledger this journal belongs to
};
void write_header(std::span<std::byte, kJournalHeaderSize> bytes, const JournalHeader& header);
[[nodiscard]] std::optional<JournalHeader> read_header(
    std::span<const std::byte, kJournalHeaderSize> bytes);

// How many commits the ledger had seen when last heard of: one aligned store, outside the header's
// checksum. A ledger that has seen fewer is an older copy.
void write_commits(std::span<std::byte, kJournalHeaderSize> bytes, std::int64_t commits);
[[nodiscard]] std::int64_t read_commits(std::span<const std::byte, kJournalHeaderSize> bytes);

}  // namespace tokenweir::budget
