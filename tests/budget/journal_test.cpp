#include "budget/journal.h"

#include <array>
#include <cstring>

#include "budget/crc32c.h"
#include "budget/recovery.h"
#include "fixture.h"

namespace tokenweir::budget {
namespace {

struct alignas(8) Bytes {
  std::array<std::byte, kJournalSlotSize> slot{};
  Slot span() { return Slot(slot); }
  ReadSlot read() const { return read_slot(ConstSlot(slot)); }
};

JournalEntry sample() {
  JournalEntry entry;
  entry.id = "0192f8c1-77aa-7000-8000-00000000beef";
  entry.held_at = at("2026-05-05T12:00:00.123456Z");
  entry.held = usd(1'000);
  entry.fixed = usd(100);
  entry.usd_per_output_token = 9;
  entry.facts = {{"workflow", "support"}, {"run", "r-1"}, {"tag.tier", "gold"}};
  return entry;
}

bool write_held(Slot slot, const JournalEntry& entry, std::uint32_t generation) {
  EntryFacts facts;
  for (const auto& [name, value] : entry.facts) facts.add(name, value);
  return budget::write_held(slot, entry, facts, generation);
}

TEST(Journal, ChecksumIsTheOneOfRfc3720) {
  constexpr std::string_view digits = "123456789";
  EXPECT_EQ(crc32c(std::as_bytes(std::span(digits.data(), digits.size()))), 0xE3069283u);
  const std::array<std::byte, 32> zeros{};
  EXPECT_EQ(crc32c(zeros), 0x8A9136AAu);
}

TEST(Journal, ChecksumIsTheSameWithoutAnInstructionForIt) {
  std::array<std::byte, 61> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 + 11);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto part = std::span<const std::byte>(bytes).first(size);
    EXPECT_EQ(crc32c(part, 77), crc32c_by_table(part, 77)) << size;
  }
}

TEST(Journal, ReadsBackEveryPhase) {
  Bytes bytes;
  EXPECT_EQ(bytes.read().entry.phase, HoldPhase::free);
  JournalEntry expected = sample();
  ASSERT_TRUE(write_held(bytes.span(), expected, 7));
  expected.phase = HoldPhase::held;
  EXPECT_EQ(bytes.read().entry, expected);
  EXPECT_EQ(bytes.read().generation, 7u);
  write_sent(bytes.span());
  write_progress(bytes.span(), usd(1'500), 33);
  write_progress(bytes.span(), usd(2'000), 66);
  expected.phase = HoldPhase::sent;
  expected.held = usd(2'000);
  expected.output_delivered = 66;
  EXPECT_EQ(bytes.read().entry, expected);
  write_settled(bytes.span(), usd(640));
  EXPECT_EQ(bytes.read().entry.settled, usd(640));
  write_free(bytes.span());
  EXPECT_EQ(bytes.read().entry.phase, HoldPhase::free);
  EXPECT_EQ(bytes.read().fault, SlotFault::none);
}

TEST(Journal, DropsFactsThatDoNotFitAndKeepsTheFigures) {
  Bytes bytes;
  JournalEntry entry = sample();
  for (int i = 0; i < 10; ++i)
    entry.facts.emplace_back("tag." + std::to_string(i), std::string(500, 'x'));
  entry.facts.emplace_back("team", "last");
  ASSERT_TRUE(write_held(bytes.span(), entry, 1));
  const ReadSlot read = bytes.read();
  EXPECT_EQ(read.fault, SlotFault::none);
  EXPECT_EQ(read.entry.held, usd(1'000));
  EXPECT_EQ(read.entry.facts.back().first, "team");
  entry.id = std::string(65, 'i');
  EXPECT_FALSE(write_held(bytes.span(), entry, 2));
}

TEST(Journal, NoticesEveryFlippedBit) {
  Bytes bytes;
  ASSERT_TRUE(write_held(bytes.span(), sample(), 3));
  write_sent(bytes.span());
  const ReadSlot good = bytes.read();
  for (std::size_t i = 0; i < 420; ++i) {
    if (i >= 8 && i < 200) continue;  // nothing is written there yet
    for (int bit = 0; bit < 8; ++bit) {
      Bytes bad = bytes;
      bad.slot[i] ^= static_cast<std::byte>(1 << bit);
      const ReadSlot read = bad.read();
      if (read.entry == good.entry && read.fault == SlotFault::none) {
        EXPECT_EQ(bad.slot[i] == std::byte{0}, false) << "byte " << i << " is not covered";
        // Only bytes behind the body are free of meaning.
        std::uint32_t size = 0;
        std::memcpy(&size, bytes.slot.data() + 204, 4);
        EXPECT_GE(i, 208u + size);
      }
    }
  }
}

TEST(Journal, TakesASlotOfUnreadablePhaseForSent) {
  Bytes bytes;
  ASSERT_TRUE(write_held(bytes.span(), sample(), 3));
  bytes.slot[6] ^= std::byte{1};
  const ReadSlot read = bytes.read();
  EXPECT_EQ(read.fault, SlotFault::torn_state);
  EXPECT_EQ(read.entry.phase, HoldPhase::sent);
}

TEST(Journal, KeepsTheEarlierProgressWhenTheLatestIsTorn) {
  Bytes bytes;
  ASSERT_TRUE(write_held(bytes.span(), sample(), 3));
  write_sent(bytes.span());
  write_progress(bytes.span(), usd(1'100), 10);
  write_progress(bytes.span(), usd(1'200), 20);
  bytes.slot[16 + 64 + 8] ^= std::byte{1};
  EXPECT_EQ(bytes.read().entry.output_delivered, 10);
  EXPECT_EQ(bytes.read().entry.held, usd(1'100));
}

TEST(Journal, DoesNotTakeTheRemainsOfAnEarlierUseForItsOwn) {
  Bytes bytes;
  ASSERT_TRUE(write_held(bytes.span(), sample(), 3));
  write_sent(bytes.span());
  write_settled(bytes.span(), usd(1));
  Bytes reused = bytes;
  ASSERT_TRUE(write_held(reused.span(), sample(), 4));
  // A power cut that kept the old pages but the new state word.
  std::memcpy(reused.slot.data() + 8, bytes.slot.data() + 8, kJournalSlotSize - 8);
  EXPECT_EQ(reused.read().fault, SlotFault::torn_body);
}

TEST(Journal, HeaderNamesItsLedger) {
  std::array<std::byte, kJournalHeaderSize> bytes{};
  EXPECT_FALSE(read_header(bytes));
  write_header(bytes, {4'096, 0x1234});
  ASSERT_TRUE(read_header(bytes));
  EXPECT_EQ(read_header(bytes)->slots, 4'096u);
  EXPECT_EQ(read_header(bytes)->ledger, 0x1234u);
  bytes[20] ^= std::byte{1};
  EXPECT_FALSE(read_header(bytes));
}

ReadSlot slot_in(HoldPhase phase, std::string id) {
  ReadSlot read;
  read.entry = sample();
  read.entry.phase = phase;
  read.entry.id = std::move(id);
  return read;
}

TEST(Recovery, ChargesWhatMayHaveLeftAndNothingElse) {
  std::vector<ReadSlot> slots = {
      ReadSlot{}, slot_in(HoldPhase::held, "held"), slot_in(HoldPhase::sent, "sent"),
      slot_in(HoldPhase::sent, "in ledger"), slot_in(HoldPhase::settled, "settled")};
  slots[4].entry.settled = usd(640);
  ReadSlot torn;
  torn.fault = SlotFault::torn_body;
  slots.push_back(torn);
  const auto plan = plan_recovery(
      slots, [](std::string_view id) { return id == "in ledger"; }, RecoveryPolicy::worst_case);
  ASSERT_EQ(plan.charges.size(), 2u);
  EXPECT_EQ(plan.charges[0].entry.id, "sent");
  EXPECT_EQ(plan.charges[0].charged[Measure::usd], 1'000);
  EXPECT_TRUE(plan.charges[0].from_hold);
  EXPECT_EQ(plan.charges[1].charged[Measure::usd], 640);
  EXPECT_FALSE(plan.charges[1].from_hold);
  EXPECT_EQ(plan.released, (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(plan.torn, (std::vector<std::size_t>{5}));
}

TEST(Recovery, ChargesTheCountedOutputWhereAStreamKeptIt) {
  std::vector<ReadSlot> slots = {slot_in(HoldPhase::sent, "a"), slot_in(HoldPhase::sent, "b")};
  slots[0].entry.output_delivered = 20;
  const auto plan = plan_recovery(
      slots, [](std::string_view) { return false; }, RecoveryPolicy::counted);
  EXPECT_EQ(plan.charges[0].charged[Measure::usd], 100 + 20 * 9);
  EXPECT_EQ(plan.charges[1].charged[Measure::usd], 1'000) << "nobody counted";
}

TEST(Recovery, FindsTheSameAccountsAgain) {
  const std::vector<std::pair<std::string, std::string>> tags = {{"tier", "gold"}};
  const std::vector<Ancestor> ancestors = {{"plan", "parent"}, {"", "root"}};
  Facts facts = facts_for("support", "child");
  facts[Property::credential] = "app";
  facts.tags = tags;
  facts.ancestors = ancestors;
  EntryFacts kept;
  store_facts(facts, kept);
  Bytes bytes;
  ASSERT_TRUE(write_held(bytes.span(), sample(), kept, 9));
  const JournalEntry entry = bytes.read().entry;
  const StoredFacts stored = facts_of(entry);
  EXPECT_EQ(stored.facts.values, facts.values);
  EXPECT_EQ(stored.tags, tags);
  EXPECT_EQ(stored.ancestors, ancestors);
}

}  // namespace
}  // namespace tokenweir::budget
