// The files in config/prices: they load, and they say what the providers' pages are known to say.
#include <gtest/gtest.h>

#include "books.h"
#include "pricing/rates.h"

namespace tokenweir::pricing {
namespace {

using test::answer_of;
using test::at;
using test::usage_of;

const PriceBook& shipped() {
  static const PriceBook book = [] {
    yaml::Problems problems;
    auto loaded = load_prices({TOKENWEIR_SOURCE_DIR "/config/prices"}, problems);
    EXPECT_TRUE(loaded.has_value()) << problems.text();
    return loaded.value_or(PriceBook());
  }();
  return book;
}

struct Case {
  const char* list;
  const char* model;
  const char* time;
  test::Tokens tokens;
  test::Calls calls;
  const char* expected;
};

std::string cost(const Case& c, std::string_view tier = "", std::string_view speed = "",
                 std::string_view host = "") {
  Answer answer = answer_of(c.model, usage_of(c.tokens, c.calls));
  answer.service_tier = tier;
  answer.speed = speed;
  PriceQuery query;
  query.prices = c.list;
  query.at = at(c.time);
  query.host = host;
  const Bill bill = shipped().bill(query, answer, UnknownModel::allow);
  return bill.cost ? bill.cost->to_dollars() : "none";
}

constexpr std::uint64_t kMillion = 1'000'000;

TEST(ShippedPrices, have_the_opentelemetry_names_of_their_providers) {
  EXPECT_EQ(shipped().provider_label("openai"), "openai");
  EXPECT_EQ(shipped().provider_label("anthropic"), "anthropic");
  EXPECT_EQ(shipped().provider_label("google"), "gcp.gemini");
  EXPECT_EQ(shipped().provider_label("vertex"), "gcp.vertex_ai");
  EXPECT_EQ(shipped().provider_label("mistral"), "mistral_ai");
  EXPECT_EQ(shipped().provider_label("deepseek"), "deepseek");
  EXPECT_EQ(shipped().provider_label("xai"), "x_ai");
  EXPECT_EQ(shipped().provider_label("groq"), "groq");
  EXPECT_EQ(shipped().provider_label("cohere"), "cohere");
  EXPECT_EQ(shipped().provider_label("azure"), "azure.ai.openai");
  EXPECT_EQ(shipped().provider_label("nowhere"), "");
}

TEST(ShippedPrices, match_published_examples) {
  const Case cases[] = {
      {"openai", "gpt-4o-2024-08-06", "2026-11-20", {{TokenClass::input, kMillion}}, {}, "2.5"},
      {"openai", "o3", "2025-06-01", {{TokenClass::input, kMillion}}, {}, "10"},
      {"openai", "o3", "2025-06-10", {{TokenClass::input, kMillion}}, {}, "2"},
      {"openai", "gpt-5.6-sol", "2026-08-20", {{TokenClass::output, kMillion}}, {}, "30"},
      {"openai", "gpt-5.6-sol", "2026-08-21", {{TokenClass::output, kMillion}}, {}, "20"},
      {"openai",
       "gpt-5.6-terra",
       "2026-11-20",
       {{TokenClass::cache_write_unknown, 1000}},
       {},
       "0.0025"},
      {"anthropic",
       "claude-sonnet-4-5-20250929",
       "2026-11-20",
       {{TokenClass::input, 100'000},
        {TokenClass::cache_write_5m, 100'000},
        {TokenClass::cache_write_1h, 100'000}},
       {},
       "2.55"},
      {"anthropic", "claude-opus-5", "2026-11-20", {}, {{CallClass::web_search, 2}}, "0.02"},
      {"google", "gemini-1.5-flash", "2026-11-20", {{TokenClass::input, 500'000}}, {}, "0.075"},
      {"google", "models/gemini-2.5-pro", "2026-11-20", {{TokenClass::output, kMillion}}, {}, "10"},
      {"vertex",
       "publishers/google/models/gemini-2.5-pro",
       "2026-11-20",
       {{TokenClass::output, kMillion}},
       {},
       "10"},
      {"vertex",
       "claude-opus-4-5@20251101",
       "2026-11-20",
       {{TokenClass::input, kMillion}},
       {},
       "5"},
      {"azure", "gpt-4o-2024-11-20", "2026-11-20", {{TokenClass::input, kMillion}}, {}, "2.5"},
      {"deepseek",
       "deepseek-chat",
       "2025-03-01T12:00:00Z",
       {{TokenClass::input, 100 * kMillion}},
       {},
       "27"},
      {"deepseek",
       "deepseek-chat",
       "2025-03-01T20:00:00Z",
       {{TokenClass::input, 100 * kMillion}},
       {},
       "13.5"},
      {"mistral", "mistral-large-latest", "2025-11-06", {{TokenClass::input, kMillion}}, {}, "2"},
      {"mistral", "mistral-large-latest", "2025-12-02", {{TokenClass::input, kMillion}}, {}, "0.5"},
      {"xai", "grok-4.3", "2026-11-20", {{TokenClass::input, 200'000}}, {}, "0.5"},
      {"groq", "whisper-large-v3", "2026-11-20", {}, {{CallClass::second_input, 3600}}, "0.111"},
      {"cohere", "rerank-v3.5", "2026-11-20", {}, {{CallClass::search_unit, 3}}, "0.006"},
      {"perplexity",
       "sonar",
       "2026-03-01",
       {{TokenClass::input, 27}, {TokenClass::output, 93}},
       {},
       "0.00512"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(cost(c), c.expected) << c.list << " " << c.model << " " << c.time;
}

TEST(ShippedPrices, cache_reads_are_looked_up_never_derived) {
  // Pitfall 9: 0.025 and 0.05 times input, not a tenth.
  EXPECT_EQ(cost({"anthropic",
                  "claude-fable-5-1",
                  "2026-11-20",
                  {{TokenClass::cache_read, kMillion}},
                  {},
                  ""}),
            "0.25");
  EXPECT_EQ(cost({"anthropic",
                  "claude-sonnet-5-5",
                  "2026-11-20",
                  {{TokenClass::cache_read, kMillion}},
                  {},
                  ""}),
            "0.1");
}

TEST(ShippedPrices, cached_tokens_reach_the_long_prompt_rate) {
  // Pitfall 10: 150,010 tokens of prompt are above 100,000 although 10 of them are new.
  EXPECT_EQ(cost({"anthropic",
                  "claude-haiku-5-5",
                  "2026-11-20",
                  {{TokenClass::input, 10}, {TokenClass::cache_read, 150'000}},
                  {},
                  ""}),
            "0.007505");
}

TEST(ShippedPrices, the_long_context_premium_of_opus_4_6_ended) {
  // Pitfall 90.
  const test::Tokens tokens = {{TokenClass::input, 300'000}};
  EXPECT_EQ(cost({"anthropic", "claude-opus-4-6", "2026-03-12", tokens, {}, ""}), "3");
  EXPECT_EQ(cost({"anthropic", "claude-opus-4-6", "2026-03-13", tokens, {}, ""}), "1.5");
}

TEST(ShippedPrices, service_tiers_hosts_and_speeds_change_the_price) {
  const Case gpt = {"openai", "gpt-5.4", "2026-11-20", {{TokenClass::input, 100'000}}, {}, ""};
  EXPECT_EQ(cost(gpt), "0.25");
  EXPECT_EQ(cost(gpt, "batch"), "0.125");
  EXPECT_EQ(cost(gpt, "flex"), "0.125");
  EXPECT_EQ(cost(gpt, "priority"), "0.5");
  EXPECT_EQ(cost(gpt, "", "", "eu.api.openai.com"), "0.275");
  EXPECT_EQ(cost(gpt, "", "", "api.openai.com"), "0.25");
  const Case opus = {
      "anthropic", "claude-opus-4-6", "2026-11-20", {{TokenClass::input, 100'000}}, {}, ""};
  EXPECT_EQ(cost(opus, "", "fast"), "3");
  EXPECT_EQ(cost(opus, "batch"), "0.25");
}

TEST(ShippedPrices, a_batch_leaves_googles_cache_price_alone) {
  EXPECT_EQ(cost({"google",
                  "gemini-2.5-pro",
                  "2026-11-20",
                  {{TokenClass::input, 100'000}, {TokenClass::cache_read, 100'000}},
                  {},
                  ""},
                 "batch"),
            "0.075");
}

// The figures of the makers' own model pages.
TEST(ShippedPrices, know_what_models_can_read_and_say_at_most) {
  struct Row {
    const char* list;
    const char* model;
    ModelLimits limits;
  };
  for (const Row& row :
       {Row{"openai", "gpt-4o-2024-08-06", {128'000, 16'384}},
        Row{"openai", "o3", {200'000, 100'000}}, Row{"openai", "gpt-5", {400'000, 128'000}},
        Row{"anthropic", "claude-opus-4-1-20250805", {200'000, 32'000}},
        Row{"anthropic", "claude-sonnet-4-5", {1'000'000, 64'000}},
        Row{"google", "gemini-2.5-flash", {1'048'576, 65'536}},
        Row{"vertex", "gemini-2.5-flash", {1'048'576, 65'536}}, Row{"openai", "nobody-knows", {}},
        Row{"nowhere", "gpt-4o", {}}}) {
    const ModelLimits found = shipped().limits(row.list, row.model, at("2026-11-21"));
    EXPECT_EQ(found.context, row.limits.context) << row.list << ' ' << row.model;
    EXPECT_EQ(found.output, row.limits.output) << row.list << ' ' << row.model;
  }
}

TEST(ShippedPrices, every_model_of_every_list_can_be_found_and_priced_by_its_id) {
  for (const auto& [name, prices] : shipped().rows().lists) {
    for (const Model& model : prices.models) {
      const auto found = shipped().canonical_model(name, model.id, at("2026-11-20"));
      EXPECT_EQ(found, model.id) << name;
    }
  }
}

}  // namespace
}  // namespace tokenweir::pricing
