#include "exchange/hold_journal.h"

#include <algorithm>
#include <utility>

namespace tokenweir::exchange {

Result<std::unique_ptr<HoldJournal>, std::string> HoldJournal::open(const std::string& path,
                                                                    std::size_t slots) {
  const platform::HoldJournalFile::Layout layout{budget::kJournalHeaderSize,
                                                 budget::kJournalSlotSize, slots};
  auto file = platform::HoldJournalFile::open(path, layout);
  if (!file) return failure(file.error());
  return std::unique_ptr<HoldJournal>(new HoldJournal(std::move(*file)));
}

std::optional<budget::JournalHeader> HoldJournal::header() const {
  return budget::read_header(head());
}

std::int64_t HoldJournal::commits() const { return budget::read_commits(head()); }

std::vector<budget::ReadSlot> HoldJournal::slots() const {
  std::vector<budget::ReadSlot> slots;
  slots.reserve(file_.slots());
  for (std::size_t i = 0; i < file_.slots(); ++i) slots.push_back(budget::read_slot(at(i)));
  return slots;
}

void HoldJournal::begin(std::uint64_t ledger, std::int64_t commits) {
  std::uint32_t latest = 0;
  for (std::size_t i = file_.slots(); i-- > 0;) {
    const budget::ReadSlot slot = budget::read_slot(at(i));
    latest = std::max(latest, slot.generation);
    if (slot.entry.phase != budget::HoldPhase::free || slot.fault != budget::SlotFault::none) {
      budget::write_free(at(i));
    }
    file_.give_back(i);
  }
  generation_.store(latest + 1, std::memory_order_relaxed);
  const auto known = header();
  if (!known || known->ledger != ledger || known->slots != file_.slots()) {
    budget::write_header(head(), {file_.slots(), ledger});
  }
  budget::write_commits(head(), commits);
  file_.flush();
  file_.let_go();
}

std::optional<std::size_t> HoldJournal::hold(const budget::JournalEntry& entry,
                                             const budget::EntryFacts& facts) {
  const auto slot = file_.take();
  if (!slot) return std::nullopt;
  const std::uint32_t generation = generation_.fetch_add(1, std::memory_order_relaxed);
  if (budget::write_held(at(*slot), entry, facts, generation)) return slot;
  file_.give_back(*slot);
  return std::nullopt;
}

void HoldJournal::mark_sent(std::size_t slot) { budget::write_sent(at(slot)); }

void HoldJournal::note_progress(std::size_t slot, const budget::Amounts& held,
                                std::int64_t delivered) {
  budget::write_progress(at(slot), held, delivered);
}

void HoldJournal::settle(std::size_t slot, const budget::Amounts& consumed) {
  budget::write_settled(at(slot), consumed);
}

void HoldJournal::free(std::size_t slot) noexcept {
  budget::write_free(at(slot));
  file_.give_back(slot);
}

void HoldJournal::committed(std::int64_t commits) noexcept {
  budget::write_commits(head(), commits);
}

}  // namespace tokenweir::exchange
