// The journal of holds as exchanges use it: a slot is written before the first byte leaves and
// freed when the exchange's row is durable, so whatever kills the process forgets no request.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "budget/journal.h"
#include "core/result.h"
#include "exchange/publisher.h"
#include "platform/hold_journal_file.h"

namespace tokenweir::exchange {

class HoldJournal final : public DurableWatch {
 public:
  // The error is a sentence for operators.
  [[nodiscard]] static Result<std::unique_ptr<HoldJournal>, std::string> open(
      const std::string& path, std::size_t slots);

  // What the former process left, before anything is written. No header: a new journal, or one
  // whose head cannot be read.
  [[nodiscard]] bool created() const { return file_.created(); }
  [[nodiscard]] std::optional<budget::JournalHeader> header() const;
  [[nodiscard]] std::int64_t commits() const;
  [[nodiscard]] std::vector<budget::ReadSlot> slots() const;
  // What was left is settled: the journal begins anew, for this ledger.
  void begin(std::uint64_t ledger, std::int64_t commits);

  // Takes a slot and writes the entry as held. No value: there is no room, nothing may be sent.
  [[nodiscard]] std::optional<std::size_t> hold(const budget::JournalEntry& entry,
                                                const budget::EntryFacts& facts);
  void mark_sent(std::size_t slot);
  void note_progress(std::size_t slot, const budget::Amounts& held, std::int64_t delivered);
  void settle(std::size_t slot, const budget::Amounts& consumed);
  // Nothing is owed any more, and no row is waiting.
  void free(std::size_t slot) noexcept;

  void slot_done(std::size_t slot) noexcept override { free(slot); }
  void committed(std::int64_t commits) noexcept override;

 private:
  explicit HoldJournal(platform::HoldJournalFile file) : file_(std::move(file)) {}
  [[nodiscard]] budget::Slot at(std::size_t slot) const {
    return budget::Slot(file_.slot(slot).data(), budget::kJournalSlotSize);
  }
  [[nodiscard]] std::span<std::byte, budget::kJournalHeaderSize> head() const {
    return std::span<std::byte, budget::kJournalHeaderSize>(file_.header().data(),
                                                            budget::kJournalHeaderSize);
  }

  platform::HoldJournalFile file_;
  std::atomic<std::uint32_t> generation_{1};  // differs between any two uses of a slot
};

}  // namespace tokenweir::exchange
