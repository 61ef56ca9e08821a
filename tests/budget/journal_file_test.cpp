// The mapped file and the format together: what one process wrote another finds, also when the
// first was killed in the middle.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "budget/journal.h"
#include "fixture.h"
#include "platform/hold_journal_file.h"

namespace tokenweir::budget {
namespace {

using platform::HoldJournalFile;
constexpr HoldJournalFile::Layout kLayout{kJournalHeaderSize, kJournalSlotSize, 16};

class JournalFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "journalXXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "holds").string(); }
  std::filesystem::path folder_;
};

Slot slot_of(const HoldJournalFile& file, std::size_t index) {
  return Slot(file.slot(index).data(), kJournalSlotSize);
}

TEST_F(JournalFile, SurvivesAProcessThatIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto file = HoldJournalFile::open(path(), kLayout);
    if (!file) std::_Exit(1);
    JournalEntry entry;
    entry.id = "request";
    entry.held = usd(77);
    write_held(slot_of(*file, 3), entry, {}, 1);
    write_sent(slot_of(*file, 3));
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto file = HoldJournalFile::open(path(), kLayout);
  ASSERT_TRUE(file) << file.error();
  EXPECT_FALSE(file->created());
  const ReadSlot read = read_slot(slot_of(*file, 3));
  EXPECT_EQ(read.fault, SlotFault::none);
  EXPECT_EQ(read.entry.phase, HoldPhase::sent);
  EXPECT_EQ(read.entry.held, usd(77));
}

TEST_F(JournalFile, IsForTheOwnerOnlyAndKeepsEverySlotItHad) {
  HoldJournalFile::Layout large = kLayout;
  large.slots = 64;
  {
    const auto file = HoldJournalFile::open(path(), large);
    ASSERT_TRUE(file) << file.error();
    EXPECT_TRUE(file->created());
  }
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto smaller = HoldJournalFile::open(path(), kLayout);
  ASSERT_TRUE(smaller);
  EXPECT_EQ(smaller->slots(), 64u);
}

TEST_F(JournalFile, HandsOutOnlySlotsThatWereGivenBack) {
  auto file = HoldJournalFile::open(path(), kLayout);
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->take());
  file->give_back(5);
  EXPECT_EQ(file->take(), 5u);
  EXPECT_FALSE(file->take());
}

TEST_F(JournalFile, SaysWhyItCannotBeOpened) {
  const auto file = HoldJournalFile::open((folder_ / "none" / "holds").string(), kLayout);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().find("No such file"), std::string::npos);
  EXPECT_FALSE(HoldJournalFile::open(folder_.string(), kLayout));
}

}  // namespace
}  // namespace tokenweir::budget
