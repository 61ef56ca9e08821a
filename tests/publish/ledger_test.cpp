#include "publish/ledger.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "faulty_disk.h"
#include "sample.h"

namespace tokenweir::publish {
namespace {

using namespace testing;
using Kind = LedgerError::Kind;

std::unique_ptr<Ledger> opened(const std::string& path, Ledger::Options options = {}) {
  auto ledger = Ledger::open(path, kMorning, std::move(options));
  EXPECT_TRUE(ledger.has_value()) << ledger.error().message;
  return ledger ? std::move(*ledger) : nullptr;
}

Result<Appended, LedgerError> append(Ledger& ledger, const std::vector<Record>& records) {
  std::vector<Figures> figures;
  figures.reserve(records.size());
  std::vector<Entry> entries;
  for (const Record& record : records) {
    figures.push_back(figures_of(record));
    entries.push_back({&record, &figures.back()});
  }
  return ledger.append(entries);
}

// Everything an instance of the view shows, as name=value lines.
std::string row_of(const std::string& path, const std::string& id,
                   const std::string& view = "records") {
  auto database = Database::open(path, Database::Access::read_only);
  auto statement = database->prepare("SELECT * FROM " + view + " WHERE id = '" + id + "'");
  EXPECT_TRUE(statement.has_value());
  const auto row = statement->step();
  if (!row || !*row) return "no row";
  std::string out;
  for (int i = 0; i < statement->columns(); ++i) {
    out.append(statement->name(i)).append("=");
    out.append(statement->is_null(i) ? std::string_view("NULL") : statement->text(i)).append("\n");
  }
  return out;
}

bool holds(const std::string& row, const std::string& line) {
  return ("\n" + row).find("\n" + line + "\n") != std::string::npos;
}

TEST(Ledger, TheViewHasTheContractsColumnsInOrder) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  auto database = Database::open(path, Database::Access::read_only);
  auto statement = database->prepare("SELECT * FROM records");
  ASSERT_TRUE(statement.has_value());
  const std::vector<std::string_view> contract = {"id",
                                                  "started_at",
                                                  "finished_at",
                                                  "instance",
                                                  "policy_revision",
                                                  "workflow",
                                                  "run",
                                                  "parent_run",
                                                  "step",
                                                  "user",
                                                  "customer",
                                                  "team",
                                                  "cost_center",
                                                  "purpose",
                                                  "tags",
                                                  "credential",
                                                  "provider",
                                                  "dialect",
                                                  "endpoint",
                                                  "method",
                                                  "path",
                                                  "provider_request_id",
                                                  "region",
                                                  "model_requested",
                                                  "model_served",
                                                  "service_tier",
                                                  "job_id",
                                                  "http_status",
                                                  "end_state",
                                                  "streaming",
                                                  "edits",
                                                  "input_tokens",
                                                  "cache_read_tokens",
                                                  "cache_write_tokens",
                                                  "cache_write_1h_tokens",
                                                  "output_tokens",
                                                  "reasoning_tokens",
                                                  "audio_input_tokens",
                                                  "audio_output_tokens",
                                                  "image_input_tokens",
                                                  "image_output_tokens",
                                                  "calls",
                                                  "inferences",
                                                  "usage_source",
                                                  "input_source",
                                                  "output_source",
                                                  "counted_input_tokens",
                                                  "counted_output_tokens",
                                                  "input_parts",
                                                  "context_repeated_tokens",
                                                  "cost_picodollars",
                                                  "list_cost_picodollars",
                                                  "cache_savings_picodollars",
                                                  "pricing",
                                                  "price_id",
                                                  "provider_cost_picodollars",
                                                  "cap_requested",
                                                  "cap_applied",
                                                  "cap_source",
                                                  "refusal",
                                                  "would_refuse",
                                                  "would_clamp",
                                                  "retry_of",
                                                  "waste",
                                                  "ttft_us",
                                                  "duration_us",
                                                  "overhead_us",
                                                  "request_bytes",
                                                  "response_bytes",
                                                  "raw_usage"};
  ASSERT_GE(statement->columns(), static_cast<int>(contract.size()));
  for (std::size_t i = 0; i < contract.size(); ++i) {
    EXPECT_EQ(statement->name(static_cast<int>(i)), contract[i]);
  }
}

TEST(Ledger, ARowSaysWhatTheRecordSaid) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path, {.instance = "box-1"});
  Record record = sample("a1");
  record.attribution.tags = {{"template", "v1"}, {"variant", "b"}, {"template", "v\"2"}};
  record.edits = {"stream_options", "identity_encoding"};
  record.answer.inferences[0].usage[CallClass::web_search] = 2;
  record.step = 3;
  ASSERT_TRUE(append(*ledger, {record}).has_value());
  const std::string row = row_of(path, "a1");
  for (const char* line :
       {"started_at=2026-11-21T04:08:56.123Z",
        "finished_at=2026-11-21T04:08:58.468Z",
        "instance=box-1",
        "workflow=support-triage",
        "run=run-7",
        "parent_run=NULL",
        "step=3",
        "user=NULL",
        "team=support",
        "tags={\"variant\":\"b\",\"template\":\"v\\\"2\"}",
        "credential=support-app",
        "http_status=200",
        "end_state=complete",
        "streaming=0",
        "edits=[\"stream_options\",\"identity_encoding\"]",
        "input_tokens=1000",
        "cache_read_tokens=24000",
        "cache_write_tokens=NULL",
        "output_tokens=500",
        "reasoning_tokens=120",
        "calls={\"web_search\":2}",
        "inferences=NULL",
        "usage_source=reported",
        "cost_picodollars=14700000000",
        "pricing=priced",
        "provider_cost_picodollars=NULL",
        "refusal=NULL",
        "ttft_us=400000",
        "request_bytes=98304",
        "environment=prod",
        "cost_by_kind={\"input\":2500000000,\"cache_read\":6000000000,\"output\":5000000000,"
        "\"reasoning\":1200000000}",
        "raw_usage={\"prompt_tokens\":25000,\"completion_tokens\":620}"}) {
    EXPECT_TRUE(holds(row, line)) << line << "\n" << row;
  }
}

TEST(Ledger, ZeroIsZeroAndUnknownIsNull) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  Record known = sample("known");
  known.answer.inferences[0].usage[TokenClass::reasoning] = 0;
  known.bill.cost = Money{};
  known.bill.by_kind = {};
  Record unknown = sample("unknown");
  unknown.answer.inferences.clear();
  unknown.input_source = unknown.output_source = UsageSource::none;
  unknown.bill = {};
  unknown.ttft_us.reset();
  unknown.attribution.run.clear();
  unknown.http_status = 0;
  ASSERT_TRUE(append(*ledger, {known, unknown}).has_value());
  const std::string zero = row_of(path, "known");
  EXPECT_TRUE(holds(zero, "reasoning_tokens=0")) << zero;
  EXPECT_TRUE(holds(zero, "cost_picodollars=0")) << zero;
  const std::string null = row_of(path, "unknown");
  for (const char* line : {"input_tokens=NULL", "output_tokens=NULL", "cost_picodollars=NULL",
                           "run=NULL", "ttft_us=NULL", "http_status=NULL", "usage_source=none",
                           "pricing=unpriced", "cost_by_kind=NULL"}) {
    EXPECT_TRUE(holds(null, line)) << line << "\n" << null;
  }
}

TEST(Ledger, OtherInputIsInTheInputColumnAndKeepsItsClass) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  Record record = sample("media");
  Usage usage;
  usage[TokenClass::input] = 10;
  usage[TokenClass::video_input] = 20;
  usage[TokenClass::document_input] = 30;
  usage[TokenClass::tool_input] = 40;
  usage[TokenClass::audio_cache_read] = 5;
  usage[TokenClass::cache_write_1h] = 7;
  usage[TokenClass::cache_write_5m] = 8;
  usage[TokenClass::audio_input] = UINT64_MAX;
  record.answer.inferences = {{"", usage}};
  ASSERT_TRUE(append(*ledger, {record}).has_value());
  const std::string row = row_of(path, "media");
  for (const char* line :
       {"input_tokens=100", "cache_read_tokens=5", "cache_write_tokens=15",
        "cache_write_1h_tokens=7", "audio_input_tokens=9223372036854775807",
        "token_classes={\"input\":10,\"cache_write_5m\":8,\"cache_write_1h\":7,\"audio_input\":"
        "9223372036854775807,\"audio_cache_read\":5,\"video_input\":20,\"document_input\":30,"
        "\"tool_input\":40}"}) {
    EXPECT_TRUE(holds(row, line)) << line << "\n" << row;
  }
}

TEST(Ledger, SeveralInferencesAreListedAndSummed) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  Record record = sample("two");
  Inference advisor;
  advisor.model = "advisor-1";
  advisor.usage[TokenClass::input] = 11;
  advisor.usage[TokenClass::output] = 22;
  record.answer.inferences.push_back(advisor);
  record.bill.by_inference = {Money::picodollars(100), std::nullopt};
  ASSERT_TRUE(append(*ledger, {record}).has_value());
  const std::string row = row_of(path, "two");
  EXPECT_TRUE(holds(row, "input_tokens=1011")) << row;
  EXPECT_TRUE(holds(row, "output_tokens=522")) << row;
  EXPECT_TRUE(holds(row,
                    "inferences=[{\"model\":\"gpt-x-2026-08-01\",\"input_tokens\":1000,"
                    "\"cache_read_tokens\":24000,\"output_tokens\":500,\"reasoning_tokens\":120,"
                    "\"cost_picodollars\":100},{\"model\":\"advisor-1\",\"input_tokens\":11,"
                    "\"output_tokens\":22}]"))
      << row;
}

TEST(Ledger, HostileNamesAreKeptApartAndReadable) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  // Two records whose names would be equal if they were simply joined.
  Record left = sample("left");
  left.attribution.workflow = "ab";
  left.attribution.team = "c";
  Record right = sample("right");
  right.attribution.workflow = "a";
  right.attribution.team = "bc";
  Record wild = sample("wild");
  wild.attribution.workflow = std::string("x'; DROP TABLE exchange;--\0\xFF", 28);
  wild.attribution.user = "\xC0\xAF=cmd";
  ASSERT_TRUE(append(*ledger, {left, right, wild}).has_value());
  EXPECT_EQ(query(path, "SELECT workflow || '/' || team FROM records WHERE id = 'left'"), "ab/c");
  EXPECT_EQ(query(path, "SELECT workflow || '/' || team FROM records WHERE id = 'right'"), "a/bc");
  EXPECT_EQ(query(path, "SELECT workflow FROM records WHERE id = 'wild'"),
            "x'; DROP TABLE exchange;--\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(query(path, "SELECT user FROM records WHERE id = 'wild'"),
            "\xEF\xBF\xBD\xEF\xBF\xBD=cmd");
}

TEST(Ledger, AnIdIsWrittenOnce) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  ASSERT_TRUE(append(*ledger, {sample("a"), sample("b")}).has_value());
  const auto again = append(*ledger, {sample("b"), sample("c")});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->written, 1u);
  EXPECT_EQ(again->already_there, 1u);
  EXPECT_EQ(query(path, "SELECT count(*) FROM records"), "3");
}

// An exchange that asked the same as an earlier one, whose answer was cut.
Result<Appended, LedgerError> append_asked_again(Ledger& ledger, const Record& record,
                                                 const std::string& earlier) {
  exchange::Booking booking;
  booking.wasted = exchange::Wasted{earlier, "truncated", Money::picodollars(1)};
  const Figures figures = figures_of(record);
  const Entry entry{&record, &figures, &booking};
  return ledger.append(std::span(&entry, 1));
}

TEST(Ledger, AnAnswerThatTurnsOutToBeWasteIsCorrectedAndItsFirstRowKept) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  Record cut = sample("cut");
  cut.attribution.tags = {{"template", "t-1"}};
  const Figures figures = figures_of(cut);
  exchange::Booking booking;
  booking.evidence = R"([{"detector":"repeated_request"}])";
  const Entry entry{&cut, &figures, &booking};
  ASSERT_TRUE(ledger->append(std::span(&entry, 1)).has_value());
  ASSERT_TRUE(append(*ledger, {sample("other")}).has_value());
  const std::string before = row_of(path, "cut");
  ASSERT_TRUE(append_asked_again(*ledger, sample("again"), "cut").has_value());

  EXPECT_EQ(query(path, "SELECT count(*) FROM records"), "3");
  EXPECT_EQ(query(path, "SELECT waste FROM records WHERE id = 'cut'"), "truncated");
  EXPECT_EQ(query(path, "SELECT group_concat(coalesce(waste, '-')) FROM records WHERE id <> 'cut'"),
            "-,-");
  EXPECT_EQ(query(path,
                  "SELECT coalesce(waste, 'no waste') || ', ' || reason || ', ' || corrected_at "
                  "FROM corrections"),
            "no waste, asked again by again, 2026-11-21T04:08:58.468Z");
  // Nothing else of the row has changed, evidence and raw usage least of all.
  std::string after = row_of(path, "cut");
  for (const auto& [now, then] :
       {std::pair{"waste=truncated", "waste=NULL"}, std::pair{"revision=1", "revision=0"}}) {
    const auto at = after.find(now);
    ASSERT_NE(at, std::string::npos) << now << "\n" << after;
    after.replace(at, std::string_view(now).size(), then);
  }
  EXPECT_EQ(after, before);
  EXPECT_TRUE(holds(before, "evidence=[{\"detector\":\"repeated_request\"}]")) << before;
}

TEST(Ledger, ARowIsCorrectedOnceAndOnlyWhereItIsNoWasteYet) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  Record left = sample("left");
  left.waste = "client_abort";
  ASSERT_TRUE(append(*ledger, {left, sample("cut")}).has_value());
  ASSERT_TRUE(append_asked_again(*ledger, sample("1"), "left").has_value());
  ASSERT_TRUE(append_asked_again(*ledger, sample("2"), "never seen").has_value());
  ASSERT_TRUE(append_asked_again(*ledger, sample("3"), "cut").has_value());
  ASSERT_TRUE(append_asked_again(*ledger, sample("4"), "cut").has_value());
  // A batch that is written a second time corrects nothing a second time.
  ASSERT_TRUE(append_asked_again(*ledger, sample("3"), "cut").has_value());
  EXPECT_EQ(query(path,
                  "SELECT group_concat(id || ' ' || waste, ', ') FROM records "
                  "WHERE waste IS NOT NULL"),
            "left client_abort, cut truncated");
  EXPECT_EQ(query(path, "SELECT count(*) FROM corrections"), "1");
  EXPECT_EQ(query(path, "SELECT count(*) FROM records"), "6");
}

TEST(Ledger, AFailedCorrectionIsMadeWithTheNextAttempt) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  FaultyDisk disk;
  const auto ledger = opened(path);
  ASSERT_TRUE(append(*ledger, {sample("cut")}).has_value());
  disk.full = true;
  ASSERT_FALSE(append_asked_again(*ledger, sample("again"), "cut").has_value());
  disk.full = false;
  ASSERT_TRUE(append_asked_again(*ledger, sample("again"), "cut").has_value());
  EXPECT_EQ(query(path, "SELECT waste FROM records WHERE id = 'cut'"), "truncated");
  EXPECT_EQ(query(path, "SELECT count(*) FROM records"), "2");
}

TEST(Ledger, FilesArePrivate) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  ASSERT_TRUE(append(*ledger, {sample("a")}).has_value());
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat status {};
    ASSERT_EQ(::stat((path + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST(Ledger, HasOneOwner) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  auto first = opened(path);
  const auto second = Ledger::open(path, kMorning);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, Kind::in_use);
  EXPECT_NE(second.error().message.find("in use by another"), std::string::npos);
  first.reset();
  EXPECT_TRUE(Ledger::open(path, kMorning).has_value());
}

TEST(Ledger, RefusesWhatIsNoLedger) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& name) {
    const auto ledger = Ledger::open(folder.file(name), kMorning);
    EXPECT_FALSE(ledger.has_value());
    return ledger ? std::string() : ledger.error().message;
  };
  std::ofstream(folder.file("text")) << std::string(4096, 'x');
  EXPECT_NE(refused("text").find("not a database"), std::string::npos);

  std::ofstream(folder.file("foreign")).close();
  {
    auto database = Database::open(folder.file("foreign"), Database::Access::read_write);
    ASSERT_TRUE(database->execute("CREATE TABLE theirs (x)").has_value());
  }
  EXPECT_NE(refused("foreign").find("another program"), std::string::npos);

  { const auto made = opened(folder.file("newer")); }
  {
    auto database = Database::open(folder.file("newer"), Database::Access::read_write);
    ASSERT_TRUE(database->execute("PRAGMA user_version = 99").has_value());
  }
  EXPECT_NE(refused("newer").find("newer version"), std::string::npos);

  EXPECT_NE(refused("no/such/folder/ledger.db").find("No such file"), std::string::npos);
}

TEST(Ledger, RefusesADamagedFileAndSaysWhere) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  {
    const auto ledger = opened(path);
    std::vector<Record> records;
    for (int i = 0; i < 500; ++i) records.push_back(sample("id-" + std::to_string(i)));
    ASSERT_TRUE(append(*ledger, records).has_value());
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(16'384 * 12);
  file << std::string(16'384, '\x5A');
  file.close();
  const auto ledger = Ledger::open(path, kMorning);
  ASSERT_FALSE(ledger.has_value());
  EXPECT_EQ(ledger.error().kind, Kind::unusable);
  EXPECT_NE(ledger.error().message.find("age 13"), std::string::npos) << ledger.error().message;
}

TEST(Ledger, AFullDiskChangesNothingAndPasses) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  FaultyDisk disk;
  const auto ledger = opened(path);
  ASSERT_TRUE(append(*ledger, {sample("before")}).has_value());
  disk.full = true;
  Record other = sample("during");
  other.attribution.workflow = "a context made in the failed transaction";
  const auto failed = append(*ledger, {other});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, Kind::full);
  EXPECT_EQ(query(path, "SELECT count(*) FROM records"), "1");
  disk.full = false;
  ASSERT_TRUE(append(*ledger, {other}).has_value());
  EXPECT_EQ(query(path, "SELECT workflow FROM records WHERE id = 'during'"),
            "a context made in the failed transaction");
}

TEST(Ledger, AFailedSyncIsNotTrustedAgain) {
  const TemporaryFolder folder;
  FaultyDisk disk;
  const auto ledger = opened(folder.file("ledger.db"));
  disk.fail_next_sync = true;
  const auto failed = append(*ledger, {sample("a")});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, Kind::untrusted);
}

TEST(Ledger, EveryCommitIsSynced) {
  const TemporaryFolder folder;
  FaultyDisk disk;
  const auto ledger = opened(folder.file("ledger.db"));
  const int before = disk.syncs;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(append(*ledger, {sample("id-" + std::to_string(i))}).has_value());
  }
  EXPECT_GE(disk.syncs - before, 10);
}

TEST(Ledger, ExpiryRemovesOldRowsButNeverOnesTheCountersDoNotCover) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  const auto ledger = opened(path);
  std::vector<Record> records;
  for (int day = 0; day < 10; ++day) {
    records.push_back(sample("day-" + std::to_string(day)));
    records.back().started_at += std::chrono::days(day);
  }
  ASSERT_TRUE(append(*ledger, records).has_value());
  const Time fifth = kMorning + std::chrono::days(5);
  const Time third = kMorning + std::chrono::days(3);
  EXPECT_EQ(*ledger->expire(fifth, third, 100), 0);
  const Total total{"requests_total", "x", 10};
  ASSERT_TRUE(ledger->append({}, std::span(&total, 1)).has_value());
  EXPECT_EQ(*ledger->expire(fifth, third, 100), 8);
  EXPECT_EQ(
      query(path, "SELECT group_concat(id) FROM (SELECT id FROM records ORDER BY id LIMIT 2)"),
      "day-3,day-4");
  EXPECT_EQ(query(path, "SELECT count(*) FROM records WHERE raw_usage IS NULL"), "2");
  // The newest row stays: its number must not be given away again.
  EXPECT_GE(*ledger->expire(std::nullopt, kMorning + std::chrono::days(100), 100), 0);
  EXPECT_EQ(query(path, "SELECT group_concat(id) FROM records"), "day-9");
}

// Writes until it is killed, telling the parent each id after its group was acknowledged.
[[noreturn]] void write_for_ever(const std::string& path, int out) {
  auto ledger = Ledger::open(path, kMorning);
  if (!ledger) ::_exit(1);
  for (int group = 0;; ++group) {
    std::vector<Record> records;
    std::string told;
    for (int i = 0; i < 7; ++i) {
      records.push_back(sample(std::to_string(::getpid()) + "-" + std::to_string(group * 7 + i)));
      told += records.back().id + "\n";
    }
    if (!append(**ledger, records)) ::_exit(2);
    if (::write(out, told.data(), told.size()) < 0) ::_exit(3);
  }
}

TEST(Ledger, NothingAcknowledgedIsLostToKillNine) {
  const TemporaryFolder folder;
  const std::string path = folder.file("ledger.db");
  std::set<std::string> acknowledged;
  for (int kill_after = 1; kill_after <= 20; ++kill_after) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_for_ever(path, ends[1]);
    ::close(ends[1]);
    std::string told;
    char buffer[4096];
    // Killed at another moment each time: after so many bytes of acknowledgements.
    while (told.size() < static_cast<std::size_t>(kill_after) * 150) {
      const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
      ASSERT_GT(got, 0) << "the writer ended by itself";
      told.append(buffer, static_cast<std::size_t>(got));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
      told.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    std::istringstream lines(told);
    for (std::string id; std::getline(lines, id);) acknowledged.insert(id);
  }
  const auto ledger = opened(path);
  for (const std::string& id : acknowledged) {
    ASSERT_EQ(query(path, "SELECT count(*) FROM records WHERE id = '" + id + "'"), "1") << id;
  }
  EXPECT_GE(acknowledged.size(), 200u);
}

}  // namespace
}  // namespace tokenweir::publish
