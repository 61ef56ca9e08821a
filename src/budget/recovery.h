// What to do with the holds a dead process left behind. Pure: the caller reads the journal, asks
// the ledger which ids it has, and books what comes out, once.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "budget/book.h"
#include "budget/journal.h"

namespace tokenweir::budget {

// What a request costs of which only the hold is known.
enum class RecoveryPolicy : std::uint8_t {
  worst_case,  // the whole hold: never less than the bill
  counted,     // input as held plus the output that was delivered, where a stream kept it current
};

struct Recovered {
  JournalEntry entry;
  std::size_t slot = 0;
  Amounts charged;         // zero when nothing had left
  bool from_hold = false;  // the figure is the hold, not a settlement
};

struct RecoveryPlan {
  std::vector<Recovered> charges;     // each needs a row in the ledger and Book::charge
  std::vector<std::size_t> released;  // slots whose request never left, or whose row exists
  std::vector<std::size_t> torn;      // slots that hold something unreadable
};

// `in_ledger` says whether a record of that id is durable.
[[nodiscard]] RecoveryPlan plan_recovery(std::span<const ReadSlot> slots,
                                         const std::function<bool(std::string_view)>& in_ledger,
                                         RecoveryPolicy policy);

// The facts an entry was stored with, as rules see them. Views into the entry.
struct StoredFacts {
  StoredFacts() = default;
  StoredFacts(StoredFacts&&) = default;
  StoredFacts(const StoredFacts&) = delete;  // `facts` views the vectors beside it
  Facts facts;
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<Ancestor> ancestors;
};
[[nodiscard]] StoredFacts facts_of(const JournalEntry& entry);
// The other way: what an entry must keep so that the same accounts are found again. Views `facts`.
void store_facts(const Facts& facts, EntryFacts& out);

}  // namespace tokenweir::budget
