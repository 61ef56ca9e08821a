#include "exchange/recovered_record.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "exchange/refusal_facts.h"

namespace tokenweir::exchange {
namespace {

// What the journal gives back after a crash.
budget::JournalEntry after_crash(const budget::EntryFacts& facts) {
  budget::JournalEntry entry;
  entry.id = "the-exchange";
  alignas(8) std::array<std::byte, budget::kJournalSlotSize> slot{};
  EXPECT_TRUE(budget::write_held(slot, entry, facts, 1));
  return budget::read_slot(slot).entry;
}

runs::Finding finding(runs::Detector detector, std::string tool) {
  runs::Finding finding;
  finding.detector = detector;
  finding.mode = config::RunMode::observe;
  finding.seen = 7;
  finding.limit = 5;
  finding.tool = std::move(tool);
  finding.hash = 0xABCDEF;
  return finding;
}

TEST(RecoveredRecord, KeepsTheEvidenceOfTheLoopGuard) {
  const std::vector<runs::Finding> findings = {
      finding(runs::Detector::repeated_request, ""),
      finding(runs::Detector::repeated_tool_call, std::string(120, 'a')),
      finding(runs::Detector::cycle, std::string(120, 'b')),
      finding(runs::Detector::error_loop, std::string(120, '"'))};
  const std::string evidence = evidence_json(findings);
  ASSERT_GT(evidence.size(), budget::kJournalFactMost);
  budget::EntryFacts facts;
  store_evidence(evidence, facts);
  EXPECT_EQ(recovered_evidence(after_crash(facts)), evidence);
}

TEST(RecoveredRecord, HasNoEvidenceWhereThereWasNoneOrNoRoomForAllOfIt) {
  budget::EntryFacts facts;
  store_evidence("", facts);
  EXPECT_EQ(recovered_evidence(after_crash(facts)), "");
  store_evidence(std::string(5'000, 'x') + "y", facts);
  EXPECT_EQ(recovered_evidence(after_crash(facts)), "");
}

}  // namespace
}  // namespace tokenweir::exchange
