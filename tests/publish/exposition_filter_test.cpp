#include "publish/exposition_filter.h"

#include <gtest/gtest.h>

namespace tokenweir::publish {
namespace {

constexpr std::string_view kText =
    "# HELP tokenweir_cost_usd_total Cost.\n"
    "# TYPE tokenweir_cost_usd_total counter\n"
    "tokenweir_cost_usd_total{workflow=\"a,b=\\\"}\",model=\"x\"} 0.000000000001\n"
    "tokenweir_cost_usd_total{workflow=\"a,b=\\\"}\",model=\"y\"} 12345678901.2\n"
    "tokenweir_cost_usd_total{workflow=\"c\",model=\"x\"} 5\n"
    "# HELP tokenweir_took_seconds Time.\n"
    "# TYPE tokenweir_took_seconds histogram\n"
    "tokenweir_took_seconds_bucket{model=\"x\",le=\"1\"} 3\n"
    "tokenweir_took_seconds_bucket{model=\"x\",le=\"+Inf\"} 4\n"
    "tokenweir_took_seconds_sum{model=\"x\"} 2.5\n"
    "tokenweir_took_seconds_count{model=\"x\"} 4\n"
    "tokenweir_took_seconds_bucket{model=\"y\",le=\"1\"} 1\n"
    "tokenweir_took_seconds_bucket{model=\"y\",le=\"+Inf\"} 1\n"
    "tokenweir_took_seconds_sum{model=\"y\"} 0.5\n"
    "tokenweir_took_seconds_count{model=\"y\"} 1\n"
    "# HELP tokenweir_used_ratio Share.\n"
    "# TYPE tokenweir_used_ratio gauge\n"
    "tokenweir_used_ratio{model=\"x\"} 0.25\n"
    "tokenweir_used_ratio{model=\"y\"} 0.75\n"
    "# HELP tokenweir_model_info Names.\n"
    "# TYPE tokenweir_model_info gauge\n"
    "tokenweir_model_info{model=\"x\"} 1\n"
    "tokenweir_model_info{model=\"y\"} 1\n"
    "# HELP tokenweir_clock Inexact.\n"
    "# TYPE tokenweir_clock gauge\n"
    "tokenweir_clock{model=\"x\"} 1e+30\n"
    "tokenweir_clock{model=\"y\"} NaN\n"
    "tokenweir_clock 7\n";

TEST(ExpositionFilter, ChangesNothingUnlessItIsTold) {
  EXPECT_TRUE(ExpositionFilter().passes_everything());
  EXPECT_EQ(ExpositionFilter().apply(kText), kText);
  EXPECT_EQ(ExpositionFilter({"nothing"}, {"nobody"}).apply(kText), kText);
}

TEST(ExpositionFilter, LeavesWholeFamiliesOut) {
  const std::string left =
      ExpositionFilter({"tokenweir_cost_usd_total", "took_seconds", "model_info", "clock"}, {})
          .apply(kText);
  EXPECT_EQ(left,
            "# HELP tokenweir_used_ratio Share.\n"
            "# TYPE tokenweir_used_ratio gauge\n"
            "tokenweir_used_ratio{model=\"x\"} 0.25\n"
            "tokenweir_used_ratio{model=\"y\"} 0.75\n");
}

TEST(ExpositionFilter, AddsUpWhatADroppedLabelToldApart) {
  const std::string merged = ExpositionFilter({"clock"}, {"model"}).apply(kText);
  EXPECT_EQ(merged,
            "# HELP tokenweir_cost_usd_total Cost.\n"
            "# TYPE tokenweir_cost_usd_total counter\n"
            "tokenweir_cost_usd_total{workflow=\"a,b=\\\"}\"} 12345678901.200000000001\n"
            "tokenweir_cost_usd_total{workflow=\"c\"} 5\n"
            "# HELP tokenweir_took_seconds Time.\n"
            "# TYPE tokenweir_took_seconds histogram\n"
            "tokenweir_took_seconds_bucket{le=\"1\"} 4\n"
            "tokenweir_took_seconds_bucket{le=\"+Inf\"} 5\n"
            "tokenweir_took_seconds_sum 3\n"
            "tokenweir_took_seconds_count 5\n"
            "# HELP tokenweir_used_ratio Share.\n"
            "# TYPE tokenweir_used_ratio gauge\n"
            "tokenweir_used_ratio 0.75\n"
            "# HELP tokenweir_model_info Names.\n"
            "# TYPE tokenweir_model_info gauge\n"
            "tokenweir_model_info 1\n");
}

TEST(ExpositionFilter, SurvivesTextThatIsNoExposition) {
  const ExpositionFilter filter({}, {"model"});
  for (const std::string_view text : {"", "\n", "#", "# ", "a{", "a{model", "a{model=\" 1\n",
                                      "a} 1", "a{model=\"\\", "a{,,} 2\n", " 1\n"}) {
    EXPECT_LE(filter.apply(text).size(), text.size() + 2) << text;
  }
}

}  // namespace
}  // namespace tokenweir::publish
