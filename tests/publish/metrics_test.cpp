#include "publish/metrics.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "publish/gauges.h"
#include "sample.h"

namespace tokenweir::publish {
namespace {

using namespace testing;

class MetricsTest : public ::testing::Test {
 protected:
  MetricsTest() {
    config_.revision = "rev-1";
    config::Workflow workflow;
    workflow.name = "support-triage";
    workflow.team = "support";
    workflow.cost_center = "4711";
    workflow.environment = "prod";
    config_.workflows = {workflow};
  }
  Metrics& metrics() {
    if (!metrics_) metrics_.emplace(config_, pricing::PriceBook(), kMorning);
    return *metrics_;
  }
  void count(const Record& record) {
    const Figures figures = figures_of(record);
    const Entry entry{&record, &figures};
    metrics().count(std::span(&entry, 1));
  }
  // The value of a series as it is written; "absent" when it is not there.
  std::string value(const std::string& series) {
    std::istringstream lines(metrics().expose({}, {}));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
    }
    return "absent";
  }

  config::Config config_;
  std::optional<Metrics> metrics_;
};

constexpr const char* kSeries = "{workflow=\"support-triage\",provider=\"openai\",model=\"gpt-x\"";

TEST_F(MetricsTest, TokensAndCostAreCountedByDisjointKind) {
  count(sample("a"));
  count(sample("b"));
  const std::string series(kSeries);
  EXPECT_EQ(value("tokenweir_tokens_total" + series + ",kind=\"input\"}"), "2000");
  EXPECT_EQ(value("tokenweir_tokens_total" + series + ",kind=\"cache_read\"}"), "48000");
  EXPECT_EQ(value("tokenweir_tokens_total" + series + ",kind=\"cache_write\"}"), "0");
  EXPECT_EQ(value("tokenweir_tokens_total" + series + ",kind=\"input_audio\"}"), "absent");
  EXPECT_EQ(value("tokenweir_cost_usd_total" + series + ",kind=\"reasoning\"}"), "0.0024");
  EXPECT_EQ(value("tokenweir_cache_read_savings_usd_total" + series + "}"), "0.108");
  EXPECT_EQ(value("tokenweir_requests_total" + series + ",outcome=\"ok\"}"), "2");
  EXPECT_EQ(value("tokenweir_requests_total" + series + ",outcome=\"upstream_5xx\"}"), "0");
  EXPECT_EQ(value("tokenweir_request_body_bytes_total{direction=\"request\"}"), "196608");
  EXPECT_EQ(value("tokenweir_price_lookups_total{result=\"exact\"}"), "2");
}

TEST_F(MetricsTest, SumsBeyondADoubleStayExactToThePicodollar) {
  // Three rows of 2^53 + 1 picodollars and three of the largest there is.
  for (int i = 0; i < 3; ++i) {
    Record record = sample("x");
    record.bill.by_kind = {9'007'199'254'740'993, INT64_MAX};
    record.bill.cost = Money::picodollars(INT64_MAX);
    count(record);
  }
  const std::string series(kSeries);
  EXPECT_EQ(value("tokenweir_cost_usd_total" + series + ",kind=\"input\"}"), "27021.597764222979");
  EXPECT_EQ(value("tokenweir_cost_usd_total" + series + ",kind=\"cache_read\"}"),
            "27670116.110564327421");
}

TEST_F(MetricsTest, HistogramsAreCumulativeAndKeepTheirSum) {
  count(sample("a"));  // 2.345 s
  Record slow = sample("b");
  slow.duration_us = 5'000'000;  // on the bound: counted there
  count(slow);
  Record slowest = sample("c");
  slowest.duration_us = 601'000'000;
  count(slowest);
  const std::string labels = "{provider=\"openai\",model=\"gpt-x\",streaming=\"false\"";
  const std::string name = "tokenweir_request_duration_seconds";
  EXPECT_EQ(value(name + "_bucket" + labels + ",le=\"1\"}"), "0");
  EXPECT_EQ(value(name + "_bucket" + labels + ",le=\"2.5\"}"), "1");
  EXPECT_EQ(value(name + "_bucket" + labels + ",le=\"5\"}"), "2");
  EXPECT_EQ(value(name + "_bucket" + labels + ",le=\"600\"}"), "2");
  EXPECT_EQ(value(name + "_bucket" + labels + ",le=\"+Inf\"}"), "3");
  EXPECT_EQ(value(name + "_sum" + labels + "}"), "608.345");
  EXPECT_EQ(value(name + "_count" + labels + "}"), "3");
  EXPECT_EQ(value("tokenweir_overhead_seconds_bucket{phase=\"request\",le=\"5e-05\"}"), "0");
  EXPECT_EQ(value("tokenweir_overhead_seconds_bucket{phase=\"request\",le=\"0.0001\"}"), "3");
}

TEST_F(MetricsTest, KnownLabelSetsStartAtZero) {
  for (const char* workflow : {"support-triage", "_unset"}) {
    EXPECT_EQ(value("tokenweir_rejections_total{workflow=\"" + std::string(workflow) +
                    "\",reason=\"budget_exhausted\"}"),
              "0");
  }
  EXPECT_EQ(value("tokenweir_ledger_records_total{result=\"dropped\"}"), "0");
  EXPECT_EQ(value("tokenweir_label_values_dropped_total{label=\"workflow\"}"), "0");
  EXPECT_EQ(value("tokenweir_workflow_info{workflow=\"support-triage\",team=\"support\","
                  "cost_center=\"4711\",environment=\"prod\"}"),
            "1");
}

TEST_F(MetricsTest, HostileLabelValuesAreEscapedRepairedAndBounded) {
  Record record = sample("x");
  record.attribution.workflow = "a\\b\"c\nd\x1B";
  count(record);
  record.attribution.workflow = "bad \xFF utf8";
  count(record);
  record.attribution.workflow = std::string(5'000, 'w');
  count(record);
  const std::string text = metrics().expose({}, {});
  EXPECT_NE(text.find("workflow=\"a\\\\b\\\"c\xEF\xBF\xBD"
                      "d\xEF\xBF\xBD\""),
            std::string::npos);
  EXPECT_NE(text.find("workflow=\"bad \xEF\xBF\xBD utf8\""), std::string::npos);
  EXPECT_EQ(text.find(std::string(129, 'w')), std::string::npos);
  EXPECT_NE(text.find(std::string(119, 'w') + "~"), std::string::npos);
}

TEST_F(MetricsTest, ValuesBeyondTheLimitBecomeOtherAndNothingIsLost) {
  config_.limits.workflow_label_values = 10;
  config_.limits.model_label_values = 3;
  for (int i = 0; i < 200; ++i) {
    Record record = sample("x");
    record.attribution.workflow = "workflow-" + std::to_string(i);
    record.bill.canonical_model = "model-" + std::to_string(i % 7);
    count(record);
  }
  std::istringstream lines(metrics().expose({}, {}));
  std::set<std::string> workflows;
  std::int64_t requests = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("tokenweir_requests_total{")) continue;
    workflows.insert(line.substr(0, line.find(',')));
    requests += std::stoll(line.substr(line.rfind(' ')));
  }
  EXPECT_EQ(workflows.size(), 9u);  // 10 less the configured one and `_unset`, and `_other`
  EXPECT_EQ(requests, 200);
  EXPECT_NE(value("tokenweir_label_values_dropped_total{label=\"workflow\"}"), "0");
  EXPECT_NE(value("tokenweir_label_values_dropped_total{label=\"model\"}"), "0");
}

TEST_F(MetricsTest, SeriesAreBoundedWhateverTheLabelsDo) {
  config_.limits.workflow_label_values = 100'000;
  config_.limits.model_label_values = 100'000;
  for (int i = 0; i < 4'000; ++i) {
    Record record = sample("x");
    record.attribution.workflow = "workflow-" + std::to_string(i);
    record.bill.canonical_model = "model-" + std::to_string(i);
    count(record);
  }
  // The folded series come on top: one set a label combination that is not folded.
  EXPECT_LT(std::stoll(value("tokenweir_series")), 50'500);
  std::istringstream lines(metrics().expose({}, {}));
  std::int64_t requests = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("tokenweir_requests_total{"))
      requests += std::stoll(line.substr(line.rfind(' ')));
  }
  EXPECT_EQ(requests, 4'000);
}

TEST_F(MetricsTest, EveryEndingHasItsOutcome) {
  const std::string series(kSeries);
  const auto ended = [&](EndState state, const char* fault) {
    Record record = sample("x");
    record.answer.end_state = state;
    record.provider_fault = fault;
    count(record);
  };
  ended(EndState::client_abort, "");
  ended(EndState::truncated, "");
  ended(EndState::refused, "");
  ended(EndState::provider_error, "429");
  ended(EndState::provider_error, "tls");
  ended(EndState::provider_error, "timeout");
  ended(EndState::provider_error, "sse_error");
  for (const char* outcome : {"client_abort", "truncated", "rejected", "upstream_429",
                              "upstream_connect", "upstream_timeout", "upstream_5xx"}) {
    EXPECT_EQ(value("tokenweir_requests_total" + series + ",outcome=\"" + outcome + "\"}"), "1")
        << outcome;
  }
  EXPECT_EQ(
      value("tokenweir_upstream_errors_total{provider=\"openai\",model=\"gpt-x\",type=\"tls\"}"),
      "1");
}

TEST_F(MetricsTest, EachResultOfAPriceLookUpIsCounted) {
  for (const char* result : {"alias", "pattern", "fallback", ""}) {
    Record record = sample("x");
    record.bill.lookup = result;
    count(record);
  }
  for (const char* result : {"alias", "pattern", "fallback"}) {
    EXPECT_EQ(value(std::string("tokenweir_price_lookups_total{result=\"") + result + "\"}"), "1");
  }
  EXPECT_EQ(value("tokenweir_price_lookups_total{result=\"exact\"}"), "0");
}

TEST_F(MetricsTest, RateLimitsFollowTheLastAnswerThatToldThem) {
  Record record = sample("x");
  record.answer.rate_limits_left = {499, 30'000, std::nullopt, std::nullopt};
  count(record);
  record.answer.rate_limits_left = {498, std::nullopt, std::nullopt, std::nullopt};
  count(record);
  record.attribution.credential.clear();
  record.answer.rate_limits_left = {std::nullopt, std::nullopt, 7, 0};
  count(record);
  const std::string left = "tokenweir_upstream_ratelimit_remaining{provider=\"openai\",credential=";
  EXPECT_EQ(value(left + "\"support-app\",resource=\"requests\"}"), "498");
  EXPECT_EQ(value(left + "\"support-app\",resource=\"tokens\"}"), "30000");
  EXPECT_EQ(value(left + "\"_client\",resource=\"input_tokens\"}"), "7");
  EXPECT_EQ(value(left + "\"_client\",resource=\"output_tokens\"}"), "0");
}

TEST_F(MetricsTest, WhatHasNoPriceIsCountedUnderItsOwnName) {
  Record record = sample("x");
  record.bill = {};
  record.bill.lookup = "missing";
  record.answer.model_served = "mystery-1";
  count(record);
  EXPECT_EQ(value("tokenweir_unpriced_requests_total{provider=\"openai\",model=\"mystery-1\"}"),
            "1");
  EXPECT_EQ(value("tokenweir_unpriced_tokens_total{provider=\"openai\",model=\"mystery-1\","
                  "kind=\"cache_read\"}"),
            "24000");
  EXPECT_EQ(value("tokenweir_tokens_total{workflow=\"support-triage\",provider=\"openai\","
                  "model=\"_unpriced\",kind=\"cache_read\"}"),
            "24000");
  EXPECT_EQ(value("tokenweir_price_lookups_total{result=\"missing\"}"), "1");
}

TEST_F(MetricsTest, MissingUsageSaysWhy) {
  const auto missing = [&](EndState state) {
    Record record = sample("x");
    record.answer.inferences.clear();
    record.answer.source = UsageSource::none;
    record.answer.end_state = state;
    count(record);
  };
  missing(EndState::client_abort);
  missing(EndState::complete);
  missing(EndState::provider_error);
  for (const char* cause : {"client_abort", "not_sent", "upstream_cut"}) {
    EXPECT_EQ(value("tokenweir_usage_missing_total{provider=\"openai\",model=\"gpt-x\",cause=\"" +
                    std::string(cause) + "\"}"),
              "1")
        << cause;
  }
}

TEST_F(MetricsTest, ARejectedReloadIsVisible) {
  EXPECT_EQ(value("tokenweir_config_last_reload_successful"), "1");
  metrics().configuration_rejected();
  EXPECT_EQ(value("tokenweir_config_last_reload_successful"), "0");
  config_.revision = "rev-2";
  metrics().configuration_applied(config_, pricing::PriceBook(),
                                  kMorning + std::chrono::seconds(5));
  EXPECT_EQ(value("tokenweir_config_last_reload_successful"), "1");
  EXPECT_EQ(value("tokenweir_config_info{revision=\"rev-2\"}"), "1");
  EXPECT_EQ(value("tokenweir_config_info{revision=\"rev-1\"}"), "absent");
  EXPECT_EQ(value("tokenweir_config_last_reload_success_timestamp_seconds"), "1795234141.123456");
}

TEST_F(MetricsTest, CapsOfOursAreTheirOwnStory) {
  Record record = sample("a");
  record.cap_requested = 4'000;
  record.cap_applied = 1'000;
  record.cap_source = "budget";
  count(record);
  record.cap_source = "default";
  record.cap_requested.reset();
  record.answer.end_state = EndState::truncated;
  count(record);
  record.cap_source.clear();  // the client's own cap
  count(record);
  record.would_refuse = "loop";
  record.would_clamp = "700";
  count(record);
  const std::string of = "{workflow=\"support-triage\"";
  EXPECT_EQ(value("tokenweir_output_clamps_total" + of + ",source=\"budget\"}"), "1");
  EXPECT_EQ(value("tokenweir_output_clamps_total" + of + ",source=\"global\"}"), "1");
  EXPECT_EQ(value("tokenweir_output_clamped_tokens_total" + of + ",source=\"budget\"}"), "3000");
  EXPECT_EQ(value("tokenweir_output_truncations_total" + of + ",source=\"global\"}"), "1");
  EXPECT_EQ(value("tokenweir_output_truncations_total" + of + ",source=\"budget\"}"), "absent");
  EXPECT_EQ(value("tokenweir_would_refuse_total" + of + ",reason=\"loop\"}"), "1");
  EXPECT_EQ(value("tokenweir_would_clamp_total" + of + "}"), "1");
}

TEST_F(MetricsTest, BudgetsRunsAndOrdersAreExposed) {
  config::Budget budget;
  budget.name = "daily";
  budget.window = config::Window::day;
  budget.ladder = {
      {.at = 500'000, .warn = true, .reject = false, .downgrade = {}, .output_cap = {}},
      {.at = 900'000, .warn = false, .reject = true, .downgrade = {}, .output_cap = {}}};
  config_.policy.budgets = {budget};
  PolicySample policy;
  policy.budgets = {{"daily", "day", 9'007'199'254'740'993, 6'000'000'000'000'001, 2, kMorning,
                     kMorning + std::chrono::hours(20), 666'000}};
  policy.detections = {{"support-triage", "cycle", "stop", 3}};
  policy.runs_active = {{"support-triage", 2}};
  policy.finished_runs = {
      {"support-triage", "blocked", 7, 2'000'000'000'000, std::chrono::seconds(70), 2'500'000}};
  policy.kill_switches = {{"run", 1}, {"everything", 0}};
  policy.admin_actions = {{"kill", 4}};
  const std::string text = metrics().expose({}, {}, policy);
  const std::string of = "{budget=\"daily\",window=\"day\"";
  for (const std::string& line :
       {"tokenweir_budget_limit_usd" + of + "} 9007.199254740993\n",
        "tokenweir_budget_spent_usd" + of + "} 6000.000000000001\n",
        "tokenweir_budget_reserved_usd" + of + "} 0.000000000002\n",
        "tokenweir_budget_remaining_usd" + of + "} 3007.19925474099\n",
        "tokenweir_budget_cost_usd_total" + of + "} 0\n",
        "tokenweir_budget_state" + of + ",state=\"ok\"} 0\n",
        "tokenweir_budget_state" + of + ",state=\"warned\"} 1\n",
        "tokenweir_budget_state" + of + ",state=\"exhausted\"} 0\n",
        std::string(
            "tokenweir_loop_detections_total{workflow=\"support-triage\",detector=\"cycle\","
            "action=\"stop\"} 3\n"),
        std::string("tokenweir_runs_active{workflow=\"support-triage\"} 2\n"),
        std::string(
            "tokenweir_runs_finished_total{workflow=\"support-triage\",end=\"blocked\"} 1\n"),
        std::string("tokenweir_run_requests_bucket{workflow=\"support-triage\",le=\"10\"} 1\n"),
        std::string("tokenweir_run_cost_usd_sum{workflow=\"support-triage\"} 2\n"),
        std::string("tokenweir_run_duration_seconds_sum 70\n"),
        std::string("tokenweir_run_context_growth_ratio_sum 2.5\n"),
        std::string("tokenweir_kill_switches_active{scope=\"run\"} 1\n"),
        std::string("tokenweir_admin_actions_total{action=\"kill\"} 4\n")}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST_F(MetricsTest, WhatIsChargedToABudgetIsCountedToThePicodollar) {
  config::Budget budget;
  budget.name = "daily";
  budget.window = config::Window::day;
  config_.policy.budgets = {budget};
  const Record record = sample("a");
  const Figures figures = figures_of(record);
  exchange::Booking booking;
  for (const char* name : {"daily", "daily", "gone"}) {
    budget::Posting posting;
    posting.account = std::make_shared<const budget::AccountName>(budget::AccountName{name, ""});
    posting.amounts[budget::Measure::usd] = 4'503'599'627'370'497;
    booking.postings.push_back(posting);
  }
  const Entry entry{&record, &figures, &booking};
  metrics().count(std::span(&entry, 1));
  EXPECT_EQ(value("tokenweir_budget_cost_usd_total{budget=\"daily\",window=\"day\"}"),
            "9007.199254740994");
}

TEST_F(MetricsTest, LiveFiguresAreExposed) {
  LiveSample live;
  live.exchanges_in_flight = 3;
  live.provider_connections_idle = 4;
  live.event_loop_lags = {std::chrono::microseconds(70), std::chrono::microseconds(700)};
  const std::string text =
      metrics().expose(live, {.queue_length = 5, .lag = std::chrono::milliseconds(1'500)});
  for (const char* line :
       {"tokenweir_requests_in_flight{provider=\"_all\",model=\"_all\"} 3\n",
        "tokenweir_upstream_connections{provider=\"_all\",state=\"idle\"} 4\n",
        "tokenweir_event_loop_lag_seconds_bucket{le=\"0.0001\"} 1\n",
        "tokenweir_event_loop_lag_seconds_count 2\n", "tokenweir_ledger_lag_seconds 1.5\n",
        "tokenweir_ledger_queue_length 5\n", "process_resident_memory_bytes "}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST_F(MetricsTest, CountingTellsItsHitsAndHowItComparesWithProviders) {
  LiveSample live;
  live.counting.memo_hits = 900;
  live.counting.memo_misses = 100;
  live.counting.memo_bytes = 2'097'152;
  live.counting.corrections = 1;
  live.counting.compared = {{"anthropic", "tools", 20, 3, 10'000, 10'700}};
  const std::string text = metrics().expose(live, {});
  const std::string of = "{provider=\"anthropic\",kind=\"tools\"";
  for (const std::string& line :
       {std::string("tokenweir_count_memo_lookups_total{result=\"hit\"} 900\n"),
        std::string("tokenweir_count_memo_lookups_total{result=\"miss\"} 100\n"),
        std::string("tokenweir_count_memo_bytes 2097152\n"),
        "tokenweir_calibration_requests_total" + of + ",result=\"equal\"} 3\n",
        "tokenweir_calibration_requests_total" + of + ",result=\"different\"} 17\n",
        "tokenweir_calibration_counted_tokens_total" + of + "} 10000\n",
        "tokenweir_calibration_reported_tokens_total" + of + "} 10700\n",
        std::string("tokenweir_calibration_corrections 1\n")}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST_F(MetricsTest, PromtoolHasNothingToRemark) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "promtool (Debian package prometheus) is not installed";
  }
  count(sample("a"));
  Record hostile = sample("b");
  hostile.streaming = true;
  hostile.attribution.workflow = "a\\b\"c\nd\x1B\xFF";
  hostile.bill = {};
  hostile.retry_cause = "after_5xx";
  hostile.provider_fault = "5xx";
  hostile.inter_token_us = 20'000;
  hostile.counted_input_tokens = 24'000;
  count(hostile);
  const TemporaryFolder folder;
  std::ofstream(folder.file("metrics")) << metrics().expose({}, {});
  const std::string command = "promtool check metrics < '" + folder.file("metrics") + "' > '" +
                              folder.file("remarks") + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::ifstream remarks(folder.file("remarks"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(remarks), {}), "");
}

}  // namespace
}  // namespace tokenweir::publish
