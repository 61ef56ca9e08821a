#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "../publish/sample.h"
#include "cli/bill_format.h"
#include "cli/table.h"
#include "publish/ledger.h"
#include "publish/metrics.h"

namespace tokenweir::cli {
namespace {

using publish::testing::kMorning;
using publish::testing::sample;
using publish::testing::TemporaryFolder;

class Report : public ::testing::Test {
 protected:
  void add(const Record& record) { records_.push_back(record); }
  // Writes what was added; the bill is then asked with the ledger still open, as beside a server.
  void write() {
    auto ledger = publish::Ledger::open(path(), kMorning);
    ASSERT_TRUE(ledger.has_value()) << ledger.error().message;
    ledger_ = std::move(*ledger);
    std::vector<publish::Figures> figures;
    figures.reserve(records_.size());
    std::vector<publish::Entry> entries;
    for (const Record& record : records_) {
      figures.push_back(publish::figures_of(record));
      entries.push_back({&record, &figures.back()});
    }
    ASSERT_TRUE(ledger_->append(entries).has_value());
  }
  BillSummary bill(const BillQuestion& question, const std::string& zone_name = "UTC") {
    auto zone = TimeZone::named(zone_name);
    EXPECT_TRUE(zone.has_value());
    auto made = make_bill(path(), question, *zone);
    EXPECT_TRUE(made.has_value()) << made.error();
    return made ? std::move(*made) : BillSummary{};
  }
  std::string formatted(const BillQuestion& question, BillFormat format) {
    auto zone = TimeZone::named("UTC");
    return format_bill(bill(question), question, *zone, {.format = format, .header = true});
  }
  [[nodiscard]] std::string path() const { return folder_.file("ledger.db"); }

  TemporaryFolder folder_;
  std::vector<Record> records_;
  std::unique_ptr<publish::Ledger> ledger_;
};

Record costing(const std::string& id, const std::string& workflow, std::int64_t picodollars) {
  Record record = sample(id);
  record.attribution.workflow = workflow;
  record.bill.cost = Money::picodollars(picodollars);
  record.bill.by_kind = {picodollars};
  return record;
}

TEST_F(Report, TotalsAreTheLedgersToThePicodollarBeyondSixtyFourBits) {
  for (int i = 0; i < 5; ++i) add(costing(std::to_string(i), "w", INT64_MAX - i));
  write();
  const BillSummary made = bill({.keys = {"workflow"}});
  EXPECT_EQ(dollars_text(made.total.cost), "46116860.184273879025");  // 5 * (2^63 - 1) - 10
  EXPECT_EQ(made.lines.at(0).cost, made.total.cost);
}

TEST_F(Report, ReportLedgerAndMetricsAgreeExactly) {
  publish::Metrics metrics(config::Config{}, pricing::PriceBook(), kMorning);
  Int128 expected = 0;
  for (int i = 0; i < 300; ++i) {
    Record record = sample(std::to_string(i));
    record.attribution.workflow = "workflow-" + std::to_string(i % 7);
    // Sums pass 2^53 and the parts have no common factor.
    const std::int64_t input = 9'007'199'254'740'993 + i * 1'000'003;
    record.bill.by_kind = {input, 0, 0, 77 + i};
    record.bill.cost = Money::picodollars(input + 77 + i);
    expected += record.bill.cost->picodollars();
    const publish::Figures figures = publish::figures_of(record);
    const publish::Entry entry{&record, &figures};
    metrics.count(std::span(&entry, 1));
    add(record);
  }
  write();
  const BillSummary made = bill({.keys = {"workflow"}});
  EXPECT_EQ(made.total.cost, expected);
  const std::string exposed = metrics.expose({}, {});
  for (const BillLine& line : made.lines) {
    const std::string series = "tokenweir_cost_usd_total{workflow=\"" + *line.keys[0] +
                               "\",provider=\"openai\",model=\"gpt-x\",kind=\"input\"} ";
    const Int128 input = line.cost_by_kind[static_cast<std::size_t>(CostKind::input)];
    EXPECT_NE(exposed.find(series + dollars_text(input) + "\n"), std::string::npos) << series;
  }
}

TEST_F(Report, SharesRunsAndUnpricedRequestsAreToldApart) {
  add(sample("a"));
  add(sample("b"));
  Record other_run = sample("c");
  other_run.attribution.run = "run-8";
  add(other_run);
  Record same_name = sample("d");  // the same run name under another credential is another run
  same_name.attribution.credential = "other-app";
  add(same_name);
  Record unpriced = sample("e");
  unpriced.attribution.run.clear();
  unpriced.bill = {};
  add(unpriced);
  Record refused = sample("f");
  refused.sent = false;
  refused.bill = {};
  refused.attribution.run.clear();
  add(refused);
  write();
  const BillLine total = bill({.keys = {"workflow"}}).total;
  EXPECT_EQ(total.requests, 6u);
  EXPECT_EQ(total.runs.size(), 3u);
  EXPECT_EQ(total.unpriced, 1u);
  EXPECT_EQ(dollars_text(total.cost), "0.0588");
  EXPECT_NEAR(*total.share({CostKind::reasoning}), 1.2 / 14.7, 1e-12);
  EXPECT_NEAR(*total.cached_share(), 0.96, 1e-12);
  const std::string csv_text = formatted({.keys = {"workflow"}}, BillFormat::csv);
  EXPECT_NE(csv_text.find(",0.0588,58800000000,0.1701,0.4082,0.3401,0.0816,0.0000,0.9600,"
                          "0.0098,0.0196,1\r\n"),
            std::string::npos)
      << csv_text;
}

TEST_F(Report, GroupsByTagsModelsAndSeveralKeys) {
  Record first = sample("a");
  first.attribution.tags = {{"template", "v1"}, {"odd.name with space", "x"}};
  add(first);
  Record second = sample("b");
  second.attribution.tags = {{"template", "v2"}};
  second.bill.canonical_model.clear();
  add(second);
  add(sample("c"));
  write();
  std::map<std::string, std::uint64_t> found;
  for (const BillLine& line : bill({.keys = {"tag.template", "model"}}).lines) {
    found[line.keys[0].value_or("none") + "/" + line.keys[1].value_or("none")] = line.requests;
  }
  const std::map<std::string, std::uint64_t> expected = {
      {"v1/gpt-x", 1}, {"v2/gpt-x-2026-08-01", 1}, {"none/gpt-x", 1}};
  EXPECT_EQ(found, expected);
  EXPECT_EQ(bill({.keys = {"tag.odd.name with space"}}).lines.size(), 2u);
  EXPECT_FALSE(is_bill_key("tag.\"x"));
  EXPECT_FALSE(is_bill_key("tag."));
  EXPECT_FALSE(is_bill_key("cost_picodollars"));
}

TEST_F(Report, TheRestBeyondTheTopIsOneLine) {
  for (int i = 1; i <= 5; ++i) add(costing(std::to_string(i), "w" + std::to_string(i), i * 100));
  write();
  const BillSummary made = bill({.keys = {"workflow"}, .since = {}, .until = {}, .top = 2});
  ASSERT_EQ(made.lines.size(), 3u);
  EXPECT_EQ(made.lines[0].keys[0], "w5");
  EXPECT_EQ(made.lines[2].keys[0], "(others)");
  EXPECT_EQ(made.lines[2].cost, 600);
  EXPECT_EQ(made.total.cost, 1500);
}

TEST_F(Report, TimesAreHalfOpen) {
  add(sample("a"));  // 04:08:56.123
  write();
  const auto requests = [&](const char* since, const char* until) {
    BillQuestion question{.keys = {"workflow"}, .since = {}, .until = {}};
    if (*since) question.since = parse_rfc3339(since);
    if (*until) question.until = parse_rfc3339(until);
    return bill(question).total.requests;
  };
  EXPECT_EQ(requests("2026-11-21T04:08:56.123Z", ""), 1u);
  EXPECT_EQ(requests("2026-11-21T04:08:56.124Z", ""), 0u);
  EXPECT_EQ(requests("", "2026-11-21T04:08:56.123Z"), 0u);
  EXPECT_EQ(requests("", "2026-11-21T04:08:56.124Z"), 1u);
}

TEST_F(Report, DaysFollowTheZoneThroughSummerTime) {
  // Berlin leaves summer time on 2026-10-25 at 01:00 UTC: the day has 25 hours, 22:00 to 23:00 UTC.
  const auto at = [&](const char* id, const char* time) {
    Record record = sample(id);
    record.started_at = *parse_rfc3339(time);
    add(record);
  };
  at("a", "2026-10-24T21:59:59.999Z");
  at("b", "2026-10-24T22:00:00Z");
  at("c", "2026-10-25T00:30:00Z");
  at("d", "2026-10-25T01:30:00Z");
  at("e", "2026-10-25T22:59:59Z");
  at("f", "2026-10-25T23:00:00Z");
  write();
  std::map<std::string, std::uint64_t> days;
  for (const BillLine& line : bill({.keys = {"day"}}, "Europe/Berlin").lines) {
    days[*line.keys[0]] = line.requests;
  }
  const std::map<std::string, std::uint64_t> expected = {
      {"2026-10-24", 1}, {"2026-10-25", 4}, {"2026-10-26", 1}};
  EXPECT_EQ(days, expected);
  std::map<std::string, std::uint64_t> hours;
  for (const BillLine& line : bill({.keys = {"hour"}}, "Europe/Berlin").lines) {
    hours[*line.keys[0]] = line.requests;
  }
  // Two o'clock came twice.
  EXPECT_EQ(hours["2026-10-25T02:00+02:00"], 1u);
  EXPECT_EQ(hours["2026-10-25T02:00+01:00"], 1u);
  EXPECT_EQ(bill({.keys = {"month"}}, "UTC").lines.at(0).keys[0], "2026-10");
}

TEST_F(Report, QuarterHourZonesAreRight) {
  Record record = sample("a");
  record.started_at = *parse_rfc3339("2026-06-01T18:15:00Z");
  add(record);
  record.id = "b";
  record.started_at = *parse_rfc3339("2026-06-01T18:14:59Z");
  add(record);
  write();
  // Kathmandu is 5:45 ahead.
  const BillSummary made = bill({.keys = {"day"}}, "Asia/Kathmandu");
  ASSERT_EQ(made.lines.size(), 2u);
  EXPECT_EQ(made.lines[0].keys[0], "2026-06-01");
  EXPECT_EQ(made.lines[1].keys[0], "2026-06-02");
}

TEST(TimeZone, ReadsPointsInTimeAndRefusesTheRest) {
  auto zone = TimeZone::named("Europe/Berlin");
  ASSERT_TRUE(zone.has_value());
  const auto text = [&](std::string_view given) {
    const auto time = zone->parse(given, kMorning);
    return time ? format_rfc3339(*time) : "none";
  };
  EXPECT_EQ(text("24h"), "2026-11-20T04:08:56.123Z");
  EXPECT_EQ(text("7d"), "2026-11-14T04:08:56.123Z");
  EXPECT_EQ(text("90m"), "2026-11-21T02:38:56.123Z");
  EXPECT_EQ(text("2026-11-21"), "2026-11-20T23:00:00.000Z");
  EXPECT_EQ(text("2026-07-01"), "2026-06-30T22:00:00.000Z");
  EXPECT_EQ(text("2026-11-21T10:00:00+01:00"), "2026-11-21T09:00:00.000Z");
  for (const char* bad : {"", "7", "d", "7y", "-7d", "2026-13-01", "2026-02-30", "yesterday",
                          "99999999999999999999d", "7 d"}) {
    EXPECT_EQ(text(bad), "none") << bad;
  }
  EXPECT_FALSE(TimeZone::named("Europe/Nowhere").has_value());
  EXPECT_FALSE(TimeZone::named("../../etc/passwd").has_value());
  EXPECT_FALSE(TimeZone::named("").has_value());
  EXPECT_TRUE(TimeZone::named("UTC").has_value());
}

TEST(Table, CsvFollowsRfc4180AndRunsNoFormula) {
  const Table table{.columns = {{"name"}, {"n", true}},
                    .rows = {{{"plain"}, {"-5"}},
                             {{"a,b"}, {"1"}},
                             {{"say \"hi\""}, {"2"}},
                             {{"two\nlines"}, {"3"}},
                             {{"=cmd|' /C calc'!A0"}, {"4"}},
                             {{"+1"}, {"5"}},
                             {{"@x"}, {"6"}},
                             {{"-2+3"}, {"7"}},
                             {{"", false}, {"", false}}},
                    .total = {{"total"}, {"x"}}};
  EXPECT_EQ(csv(table, true),
            "name,n\r\nplain,-5\r\n\"a,b\",1\r\n\"say \"\"hi\"\"\",2\r\n\"two\nlines\",3\r\n"
            "'=cmd|' /C calc'!A0,4\r\n'+1,5\r\n'@x,6\r\n'-2+3,7\r\n,\r\n");
}

TEST(Table, TextIsAlignedAndHarmlessOnATerminal) {
  const Table table{.columns = {{"name"}, {"n", true}},
                    .rows = {{{"caf\xC3\xA9"}, {"12345"}}, {{"\x1B[2J\n"}, {"", false}}},
                    .total = {{"total"}, {"7"}}};
  EXPECT_EQ(text_table(table, true),
            "name       n\n"
            "caf\xC3\xA9   12345\n"
            "\xEF\xBF\xBD[2J\xEF\xBF\xBD      -\n"
            "------------\n"
            "total      7\n");
}

TEST_F(Report, JsonCarriesExactMoneyAsText) {
  Record record = sample("a");
  record.attribution.workflow = "quote\"\n";
  record.bill.cost = Money::picodollars(9'007'199'254'740'993);
  record.bill.by_kind = {9'007'199'254'740'993};
  add(record);
  write();
  const std::string json = formatted({.keys = {"workflow", "customer"}}, BillFormat::json);
  EXPECT_NE(json.find(R"({"workflow":"quote\"\n","customer":null,"requests":1,"runs":1,)"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("cost_usd":"9007.199254740993","cost_picodollars":9007199254740993,)"),
            std::string::npos);
  EXPECT_NE(json.find("\"total\":{\"requests\":1,"), std::string::npos);
}

TEST_F(Report, AMissingOrForeignLedgerIsExplained) {
  auto zone = TimeZone::named("UTC");
  const auto missing = make_bill(folder_.file("nothing"), {.keys = {"workflow"}}, *zone);
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().find("unable to open"), std::string::npos) << missing.error();
}

}  // namespace
}  // namespace tokenweir::cli
