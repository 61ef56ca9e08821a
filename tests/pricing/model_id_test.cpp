#include "pricing/model_id.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tokenweir::pricing {
namespace {

std::string simplest(std::string_view id) {
  const auto ids = simpler_model_ids(normal_model_id(id));
  return ids.empty() ? std::string(id) : ids.back();
}

TEST(ModelId, loses_paths_regions_vendors_and_dates) {
  EXPECT_EQ(simplest("models/gemini-2.5-flash"), "gemini-2.5-flash");
  EXPECT_EQ(simplest("publishers/google/models/gemini-2.5-pro"), "gemini-2.5-pro");
  EXPECT_EQ(simplest("projects/p/locations/eu/publishers/google/models/gemini-x"), "gemini-x");
  EXPECT_EQ(simplest("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), "claude-sonnet-4-5");
  EXPECT_EQ(simplest("global.anthropic.claude-opus-4-6-v1:0"), "claude-opus-4-6");
  EXPECT_EQ(simplest("eu.amazon.nova-pro-v1:0"), "nova-pro");
  EXPECT_EQ(simplest("claude-sonnet-4-5@20250929"), "claude-sonnet-4-5");
  EXPECT_EQ(simplest("gpt-5-2025-08-07"), "gpt-5");
  EXPECT_EQ(simplest("claude-3-5-haiku-20241022"), "claude-3-5-haiku");
  EXPECT_EQ(simplest("google/gemini-2.0-flash-001"), "gemini-2.0-flash-001");
  EXPECT_EQ(
      simplest(
          "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"),
      "claude-3-haiku");
}

TEST(ModelId, tries_the_most_specific_spelling_first) {
  const auto ids = simpler_model_ids("us.anthropic.claude-sonnet-4-5-20250929-v1:0");
  const std::vector<std::string> expected = {"anthropic.claude-sonnet-4-5-20250929-v1:0",
                                             "claude-sonnet-4-5-20250929-v1:0",
                                             "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"};
  EXPECT_EQ(ids, expected);
}

TEST(ModelId, keeps_variants_that_change_the_price) {
  for (const std::string_view id :
       {"deepseek/deepseek-r1:free", "openai/gpt-5:nitro", "x-ai/grok-4:online"}) {
    for (const std::string& simpler : simpler_model_ids(id)) {
      EXPECT_EQ(simpler.substr(simpler.find(':')), id.substr(id.find(':'))) << id;
    }
  }
  EXPECT_EQ(simplest("deepseek-v3"), "deepseek-v3");
}

TEST(ModelId, a_tuned_model_never_falls_back_to_the_price_of_its_base) {
  const auto ids = simpler_model_ids("ft:gpt-4o-2024-08-06:org::id");
  const std::vector<std::string> expected = {"ft:gpt-4o-2024-08-06", "ft:gpt-4o"};
  EXPECT_EQ(ids, expected);
}

TEST(ModelId, hostile_names_are_cut_and_harmless) {
  const std::string long_name(1'000'000, 'A');
  EXPECT_EQ(normal_model_id(long_name).size(), kModelIdMax);
  for (const std::string_view id : {"", "/", "models/", "@", "ft:", "arn:", "-v:", "-v1:", "us.",
                                    "a/", "-20250101", "-2025-01-01", "projects/models/"}) {
    for (const std::string& simpler : simpler_model_ids(id)) EXPECT_FALSE(simpler.empty()) << id;
  }
}

}  // namespace
}  // namespace tokenweir::pricing
