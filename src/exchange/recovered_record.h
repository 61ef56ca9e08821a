// The row of an exchange whose process died: what the journal must keep for it, and the record that
// is made of that at the next start. The two sides of one list of names.
#pragma once

#include <string>
#include <string_view>

#include "budget/journal.h"
#include "budget/recovery.h"
#include "core/record.h"

namespace tokenweir::exchange {

// Adds what the record knows before anything is sent and rules do not ask about. Views `record`.
void store_row(const Record& record, budget::EntryFacts& facts);
// Adds the row's `evidence`, in as many facts as it needs.
void store_evidence(std::string_view evidence, budget::EntryFacts& facts);

// The charge is a settlement that had been made, or the hold. `now` is when it is found.
[[nodiscard]] Record recovered_record(const budget::Recovered& recovered, Time now);
// The row's `evidence`; empty where there was none, or no room for all of it.
[[nodiscard]] std::string recovered_evidence(const budget::JournalEntry& entry);

}  // namespace tokenweir::exchange
