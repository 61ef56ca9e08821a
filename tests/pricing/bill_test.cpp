#include <gtest/gtest.h>

#include <numeric>

#include "books.h"
#include "pricing/quote.h"

namespace tokenweir::pricing {
namespace {

using test::answer_of;
using test::at;
using test::book_of;
using test::cost_of;
using test::list;
using test::query_at;
using test::usage_of;

std::int64_t sum_of_kinds(const Bill& bill) {
  return std::accumulate(bill.by_kind.begin(), bill.by_kind.end(), std::int64_t{0});
}

std::int64_t kind_cost(const Bill& bill, CostKind kind) {
  return bill.by_kind[static_cast<std::size_t>(kind)];
}

const char* const kClaude = R"(
modifiers:
  us: {when: {region: us}, factor: "1.1"}
models:
- id: claude-test
  periods:
  - rates:
      input: "5"
      cache_read: "0.5"
      cache_write: "6.25"
      cache_write_1h: "10"
      output: "25"
      web_search: {per: 1000, usd: "10"}
)";

TEST(Bill, wire_reference_costing_example_is_31550_microdollars) {
  const PriceBook book = book_of(list(kClaude));
  Answer answer = answer_of("claude-test", usage_of({{TokenClass::input, 425},
                                                     {TokenClass::cache_read, 7000},
                                                     {TokenClass::cache_write_5m, 100},
                                                     {TokenClass::cache_write_1h, 200},
                                                     {TokenClass::output, 90}},
                                                    {{CallClass::web_search, 2}}));
  answer.region = "us";
  const Bill bill = book.bill(query_at("2026-11-01"), answer);
  EXPECT_EQ(bill.cost->to_dollars(), "0.03155");
  EXPECT_EQ(bill.pricing, Pricing::priced);
  EXPECT_EQ(kind_cost(bill, CostKind::web_search), 20'000'000'000);
  EXPECT_EQ(kind_cost(bill, CostKind::input), 2'337'500'000);
  EXPECT_EQ(kind_cost(bill, CostKind::cache_read), 3'850'000'000);
  EXPECT_EQ(kind_cost(bill, CostKind::cache_write), 2'887'500'000);
  EXPECT_EQ(kind_cost(bill, CostKind::output), 2'475'000'000);
  EXPECT_EQ(sum_of_kinds(bill), bill.cost->picodollars());
  // 7000 tokens at 0.5 instead of 5 dollars, ten percent more in this region.
  EXPECT_EQ(bill.cache_savings->to_dollars(), "0.03465");
  // 100 tokens at 1.25 and 200 at 5 dollars above plain input, times 1.1.
  EXPECT_EQ(bill.cache_write_premium->to_dollars(), "0.0012375");
  EXPECT_EQ(bill.canonical_model, "claude-test");
  EXPECT_TRUE(bill.price_id.starts_with("test/claude-test@start+us#")) << bill.price_id;
}

TEST(Bill, a_missing_cache_price_is_the_input_price_and_said) {
  const PriceBook book =
      book_of(list("models:\n- {id: m, periods: [{rates: {input: \"2\", output: \"6\"}}]}\n"));
  const Bill bill = book.bill(query_at("2026-01-01"),
                              answer_of("m", usage_of({{TokenClass::cache_read, 1'000'000},
                                                       {TokenClass::reasoning, 1'000'000}})));
  EXPECT_EQ(bill.cost->to_dollars(), "8");
  EXPECT_NE(bill.price_id.find("!cache_read=input"), std::string::npos) << bill.price_id;
  EXPECT_EQ(bill.price_id.find("reasoning"), std::string::npos) << bill.price_id;
  EXPECT_EQ(bill.cache_savings->picodollars(), 0);
}

TEST(Bill, an_unknown_time_to_live_costs_the_providers_default_write) {
  const PriceBook book =
      book_of(list("models:\n- {id: m, periods: [{rates: {input: \"4\", cache_write: \"5\", "
                   "output: \"20\"}}]}"));
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"),
                    answer_of("m", usage_of({{TokenClass::cache_write_unknown, 1'000'000}}))),
            "5");
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"),
                    answer_of("m", usage_of({{TokenClass::cache_write_30m, 1'000'000}}))),
            "5");
}

const char* const kTiered = R"(
models:
- id: m
  periods:
  - rates: {input: "3", cache_read: "0.3", output: "15"}
    tiers:
    - {min_input_tokens: 200001, rates: {input: "6", cache_read: "0.6", output: "22.5"}}
)";

TEST(Bill, the_tier_is_chosen_by_all_input_cached_included) {
  const PriceBook book = book_of(list(kTiered));
  // Pitfall 86: 10k uncached and 250k cached are 260k of context.
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"),
                    answer_of("m", usage_of({{TokenClass::input, 10'000},
                                             {TokenClass::cache_read, 250'000}}))),
            "0.21");
}

TEST(Bill, a_tier_prices_the_whole_request_not_the_excess) {
  const PriceBook book = book_of(list(kTiered));
  // Pitfall 87: 201k on a 200k row.
  EXPECT_EQ(
      cost_of(
          book, query_at("2026-01-01"),
          answer_of("m", usage_of({{TokenClass::input, 201'000}, {TokenClass::output, 1'000}}))),
      "1.2285");
}

TEST(Bill, a_tier_begins_at_its_number) {
  const PriceBook book = book_of(list(kTiered));
  const auto input = [](std::uint64_t count) {
    return answer_of("m", usage_of({{TokenClass::input, count}}));
  };
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"), input(200'000)), "0.6");
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"), input(200'001)), "1.200006");
}

TEST(Bill, the_tier_served_counts_not_the_one_asked_for) {
  const PriceBook book = book_of(list(R"(
modifiers:
  batch: {when: {service_tier: batch}, factor: "0.5"}
  flex: {when: {service_tier: flex}, factor: "0.5"}
models:
- id: m
  periods:
  - rates: {input: "2", output: "8"}
    modifiers:
      priority: {when: {service_tier: [priority, fast]}, rates: {input: "3.5", output: "14"}}
)"));
  Answer answer = answer_of("m", usage_of({{TokenClass::input, 1'000'000}}));
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"), answer), "2");
  answer.service_tier = "default";
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"), answer), "2");
  answer.service_tier = "priority";
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"), answer), "3.5");
  answer.service_tier = "ON_DEMAND_FLEX";
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"), answer), "1");
  answer.service_tier.clear();
  PriceQuery batch = query_at("2026-01-01");
  batch.batch = true;
  EXPECT_EQ(cost_of(book, batch, answer), "1");
}

TEST(Bill, rates_of_a_service_tier_hold_in_their_own_context_tier_only) {
  const PriceBook book = book_of(list(R"(
models:
- id: m
  periods:
  - rates: {input: "2", output: "8"}
    modifiers:
      priority: {when: {service_tier: priority}, rates: {input: "4", output: "16"}}
      us: {when: {region: us}, factor: "1.1"}
    tiers:
    - {min_input_tokens: 1000000, rates: {input: "3", output: "12"}}
)"));
  Answer answer = answer_of("m", usage_of({{TokenClass::input, 1'000'000}}));
  answer.service_tier = "priority";
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"), answer), "3");
  answer.region = "us";
  EXPECT_EQ(cost_of(book, query_at("2026-01-01"), answer), "3.3");
}

TEST(Bill, provisioned_capacity_costs_nothing_more_and_says_so) {
  const PriceBook book = book_of(list(kTiered));
  Answer answer = answer_of("m", usage_of({{TokenClass::input, 1'000'000}}));
  answer.service_tier = "PROVISIONED_THROUGHPUT";
  const Bill bill = book.bill(query_at("2026-01-01"), answer);
  EXPECT_EQ(bill.cost->picodollars(), 0);
  EXPECT_EQ(bill.pricing, Pricing::priced);
  EXPECT_NE(bill.price_id.find("+provisioned"), std::string::npos);
}

TEST(Bill, the_request_start_picks_the_period) {
  // Pitfall 90.
  const PriceBook book = book_of(list(R"(
models:
- id: m
  periods:
  - {from: 2026-01-01, rates: {input: "3", output: "15"}}
  - {from: 2026-03-13, rates: {input: "5", output: "25"}}
)"));
  const Answer answer = answer_of("m", usage_of({{TokenClass::input, 1'000'000}}));
  EXPECT_EQ(cost_of(book, query_at("2026-03-12T23:59:59.999999Z"), answer), "3");
  EXPECT_EQ(cost_of(book, query_at("2026-03-13T00:00:00Z"), answer), "5");
}

TEST(Bill, outside_of_every_period_the_nearest_one_stands_in_flagged) {
  const PriceBook book = book_of(list(R"(
models:
- id: m
  periods:
  - {from: 2026-01-01, to: 2026-02-01, rates: {input: "3", output: "15"}}
)"));
  const Answer answer = answer_of("m", usage_of({{TokenClass::input, 1'000'000}}));
  for (const char* const time : {"2025-12-31", "2026-02-01"}) {
    const Bill bill = book.bill(query_at(time), answer);
    EXPECT_EQ(bill.cost->to_dollars(), "3") << time;
    EXPECT_EQ(bill.pricing, Pricing::fallback) << time;
  }
}

TEST(Bill, peak_hours_multiply_on_working_days) {
  const PriceBook book = book_of(list(R"(
models:
- id: m
  periods:
  - rates: {input: "0.66", output: "1.98"}
    windows:
    - {utc: ["01:00-04:00", "06:00-10:00"], days: [mon, tue, wed, thu, fri], factor: "2"}
)"));
  const Answer answer = answer_of("m", usage_of({{TokenClass::input, 1'000'000}}));
  EXPECT_EQ(cost_of(book, query_at("2026-11-20T00:59:59Z"), answer), "0.66");
  EXPECT_EQ(cost_of(book, query_at("2026-11-20T01:00:00Z"), answer), "1.32");
  EXPECT_EQ(cost_of(book, query_at("2026-11-20T03:59:59Z"), answer), "1.32");
  EXPECT_EQ(cost_of(book, query_at("2026-11-20T04:00:00Z"), answer), "0.66");
  EXPECT_EQ(cost_of(book, query_at("2026-11-20T09:00:00Z"), answer), "1.32");
  EXPECT_EQ(cost_of(book, query_at("2026-11-21T09:00:00Z"), answer), "0.66") << "a Saturday";
}

TEST(Bill, a_window_may_run_past_midnight_and_belongs_to_the_day_it_starts) {
  const PriceBook book = book_of(list(R"(
models:
- id: m
  periods:
  - rates: {input: "2", output: "4"}
    windows:
    - {utc: "16:30-00:30", days: [fri], factor: "0.5"}
)"));
  const Answer answer = answer_of("m", usage_of({{TokenClass::input, 1'000'000}}));
  EXPECT_EQ(cost_of(book, query_at("2026-11-20T23:00:00Z"), answer), "1");
  EXPECT_EQ(cost_of(book, query_at("2026-11-21T00:29:00Z"), answer), "1");
  EXPECT_EQ(cost_of(book, query_at("2026-11-21T00:30:00Z"), answer), "2");
  EXPECT_EQ(cost_of(book, query_at("2026-11-20T00:10:00Z"), answer), "2");
}

TEST(Bill, a_regional_host_has_its_uplift) {
  // Pitfall 91.
  const PriceBook book = book_of(list(R"(
modifiers:
  eu: {when: {host: "eu.api.openai.com"}, factor: "1.1"}
models:
- {id: m, periods: [{rates: {input: "2", output: "8"}}]}
)"));
  const Answer answer = answer_of("m", usage_of({{TokenClass::input, 1'000'000}}));
  PriceQuery query = query_at("2026-11-20");
  query.host = "EU.api.openai.com";
  EXPECT_EQ(cost_of(book, query, answer), "2.2");
  query.host = "api.openai.com";
  EXPECT_EQ(cost_of(book, query, answer), "2");
}

TEST(Bill, a_grounded_prompt_and_a_search_query_are_charged_apart) {
  // Pitfall 92.
  const PriceBook book = book_of(list(R"(
models:
- id: m
  periods:
  - rates:
      input: "1"
      output: "2"
      grounded_prompt: {per: 1000, usd: "35"}
      search_query: {per: 1000, usd: "14"}
)"));
  EXPECT_EQ(cost_of(book, query_at("2026-11-20"),
                    answer_of("m", usage_of({}, {{CallClass::grounded_prompt, 1}}))),
            "0.035");
  EXPECT_EQ(cost_of(book, query_at("2026-11-20"),
                    answer_of("m", usage_of({}, {{CallClass::search_query, 3}}))),
            "0.042");
}

TEST(Bill, hours_of_audio_are_exact_though_a_second_is_no_whole_number_of_picodollars) {
  const PriceBook book = book_of(list(R"(
models:
- id: whisper
  periods:
  - {rates: {second: {per: 3600, usd: "0.111", minimum: 10}}}
)"));
  const auto seconds = [&](std::uint64_t count) {
    return cost_of(book, query_at("2026-11-20"),
                   answer_of("whisper", usage_of({}, {{CallClass::second_input, count}})));
  };
  EXPECT_EQ(seconds(3600), "0.111");
  EXPECT_EQ(seconds(1), "0.000308333333");
  EXPECT_EQ(seconds(10), "0.000308333333");
  EXPECT_EQ(seconds(20), "0.000616666667");
}

TEST(Bill, a_flat_fee_is_due_once_a_request) {
  const PriceBook book = book_of(list(R"(
models:
- id: sonar
  periods:
  - rates: {input: "1", output: "1", request: {per: 1000, usd: "5"}}
    modifiers:
      high: {when: {search_context: high}, rates: {request: {per: 1000, usd: "12"}}}
)"));
  Answer answer = answer_of("sonar", usage_of({{TokenClass::input, 27}, {TokenClass::output, 93}}));
  EXPECT_EQ(cost_of(book, query_at("2026-03-01"), answer), "0.00512");
  PriceQuery high = query_at("2026-03-01");
  high.search_context = "high";
  EXPECT_EQ(cost_of(book, high, answer), "0.01212");
  answer.inferences.push_back(answer.inferences.front());
  EXPECT_EQ(cost_of(book, query_at("2026-03-01"), answer), "0.00524");
}

TEST(Bill, what_the_answer_says_about_its_search_beats_what_was_asked) {
  const PriceBook book = book_of(list(R"(
models:
- id: sonar-test
  periods:
  - rates: {input: "1", request: {per: 1000, usd: "5"}}
    modifiers:
      high: {when: {search_context: high}, rates: {request: {per: 1000, usd: "12"}}}
)"));
  Answer answer = answer_of("sonar-test", usage_of({{TokenClass::input, 0}}));
  PriceQuery query = query_at("2026-11-20");
  query.search_context = "high";
  EXPECT_EQ(book.bill(query, answer).cost->to_dollars(), "0.012");
  answer.search_context = "low";
  EXPECT_EQ(book.bill(query, answer).cost->to_dollars(), "0.005");
}

TEST(Bill, says_how_the_model_was_found) {
  const PriceBook book = book_of(list(R"(
models:
- {id: m-exact, match: [{prefix: "m-pre-"}], periods: [{rates: {input: "1"}}]}
- {id: m-later, periods: [{from: 2026-11-25, rates: {input: "1"}}]}
aliases:
- {name: m-latest, model: m-exact}
)"));
  const auto lookup = [&](const std::string& model, UnknownModel unknown = UnknownModel::estimate) {
    const Answer answer = answer_of(model, usage_of({{TokenClass::input, 1}}));
    return book.bill(query_at("2026-11-20"), answer, unknown).lookup;
  };
  EXPECT_EQ(lookup("m-exact"), "exact");
  EXPECT_EQ(lookup("m-latest"), "alias");
  EXPECT_EQ(lookup("m-pre-7"), "pattern");
  EXPECT_EQ(lookup("m-exact-2026-11-01"), "pattern");
  EXPECT_EQ(lookup("m-later"), "fallback");
  EXPECT_EQ(lookup("nobody"), "fallback");
  EXPECT_EQ(lookup("nobody", UnknownModel::allow), "missing");
  EXPECT_EQ(PriceBook()
                .bill(query_at("2026-11-20"), answer_of("m", usage_of({{TokenClass::input, 1}})))
                .lookup,
            "missing");
  EXPECT_EQ(book.bill(query_at("2026-11-20"), Answer{}).lookup, "");
}

TEST(Bill, each_inference_has_its_own_model_and_the_row_their_sum) {
  // Fixture F6 of the wire reference: an advisor and a compaction beside the answer itself.
  const PriceBook book = book_of(list(R"(
models:
- {id: claude-small, periods: [{rates: {input: "1", output: "5"}}]}
- {id: claude-big, periods: [{rates: {input: "5", output: "25"}}]}
)"));
  Answer answer;
  answer.model_served = "claude-small";
  answer.inferences.push_back({"", usage_of({{TokenClass::input, 10}, {TokenClass::output, 20}})});
  answer.inferences.push_back(
      {"claude-big", usage_of({{TokenClass::input, 400}, {TokenClass::output, 60}})});
  answer.inferences.push_back(
      {"", usage_of({{TokenClass::input, 9000}, {TokenClass::output, 700}})});
  const Bill bill = book.bill(query_at("2026-11-20"), answer);
  ASSERT_EQ(bill.by_inference.size(), 3u);
  EXPECT_EQ(bill.by_inference[0]->to_dollars(), "0.00011");
  EXPECT_EQ(bill.by_inference[1]->to_dollars(), "0.0035");
  EXPECT_EQ(bill.by_inference[2]->to_dollars(), "0.0125");
  EXPECT_EQ(bill.cost->to_dollars(), "0.01611");
  EXPECT_EQ(bill.canonical_model, "claude-small");
}

TEST(Bill, one_rounding_a_row_and_all_cuts_of_it_agree) {
  const PriceBook book = book_of(list(R"(
modifiers:
  third: {when: {service_tier: odd}, factor: "0.333333"}
models:
- {id: m, periods: [{rates: {input: "0.000001", cache_read: "0.000001", output: "0.000001"}}]}
)"));
  Answer answer;
  answer.model_served = "m";
  answer.service_tier = "odd";
  for (int i = 0; i < 5; ++i) {
    answer.inferences.push_back(
        {"",
         usage_of({{TokenClass::input, 1}, {TokenClass::cache_read, 1}, {TokenClass::output, 2}})});
  }
  const Bill bill = book.bill(query_at("2026-11-20"), answer);
  // 20 tokens of a third of a picodollar each: 6.66666.
  EXPECT_EQ(bill.cost->picodollars(), 7);
  EXPECT_EQ(sum_of_kinds(bill), 7);
  std::int64_t by_inference = 0;
  for (const auto& part : bill.by_inference) by_inference += part->picodollars();
  EXPECT_EQ(by_inference, 7);
}

TEST(Bill, integer_sums_do_not_drift) {
  // Pitfall 93: a tenth of a cent a million times is a thousand dollars.
  const PriceBook book =
      book_of(list("models:\n- {id: m, periods: [{rates: {input: \"0.1\", output: \"0.1\"}}]}\n"));
  const Answer answer = answer_of("m", usage_of({{TokenClass::input, 10'000}}));
  const Bill bill = book.bill(query_at("2026-11-20"), answer);
  Int128 total = 0;
  for (int i = 0; i < 1'000'000; ++i) total += bill.cost->picodollars();
  EXPECT_EQ(dollars_text(total), "1000");
}

const char* const kTwoModels = R"(
models:
- {id: cheap, periods: [{rates: {input: "1", output: "30"}}]}
- {id: dear, periods: [{from: 2026-01-01, to: 2027-01-01, rates: {input: "15", output: "25"}}]}
)";

TEST(Bill, an_unknown_model_is_estimated_at_the_dearest_rates_of_its_list) {
  const PriceBook book = book_of(list(kTwoModels));
  const Answer answer = answer_of(
      "mystery", usage_of({{TokenClass::input, 1'000'000}, {TokenClass::output, 1'000'000}}));
  const Bill bill = book.bill(query_at("2026-11-20"), answer);
  EXPECT_EQ(bill.cost->to_dollars(), "45");
  EXPECT_EQ(bill.pricing, Pricing::fallback);
  EXPECT_TRUE(bill.canonical_model.empty());
  EXPECT_EQ(book.bill(query_at("2028-01-01"), answer).cost->to_dollars(), "31")
      << "only models in force count";
}

TEST(Bill, an_estimate_takes_surcharges_and_no_discounts) {
  const PriceBook book = book_of(list(std::string(R"(
modifiers:
  batch: {when: {service_tier: batch}, factor: "0.5"}
  us: {when: {region: us}, factor: "1.1"}
)") + kTwoModels));
  Answer answer = answer_of("mystery", usage_of({{TokenClass::input, 1'000'000}}));
  answer.service_tier = "batch";
  answer.region = "us";
  EXPECT_EQ(cost_of(book, query_at("2026-11-20"), answer), "16.5");
}

TEST(Bill, an_unknown_model_may_be_allowed_and_then_has_no_cost) {
  const PriceBook book = book_of(list(kTwoModels));
  const Answer answer = answer_of("mystery", usage_of({{TokenClass::input, 1'000'000}}));
  const Bill bill = book.bill(query_at("2026-11-20"), answer, UnknownModel::allow);
  EXPECT_FALSE(bill.cost.has_value());
  EXPECT_FALSE(bill.list_cost.has_value());
  EXPECT_EQ(bill.pricing, Pricing::unpriced);
  EXPECT_EQ(sum_of_kinds(bill), 0);
}

TEST(Bill, one_unpriced_inference_leaves_the_row_without_a_cost) {
  const PriceBook book = book_of(list(kTwoModels));
  Answer answer = answer_of("cheap", usage_of({{TokenClass::input, 10}}));
  answer.inferences.push_back({"mystery", usage_of({{TokenClass::input, 10}})});
  const Bill bill = book.bill(query_at("2026-11-20"), answer, UnknownModel::allow);
  EXPECT_FALSE(bill.cost.has_value());
  EXPECT_EQ(bill.by_inference[0]->to_dollars(), "0.00001");
  EXPECT_FALSE(bill.by_inference[1].has_value());
}

TEST(Bill, without_a_price_list_nothing_is_priced) {
  const Answer answer = answer_of("m", usage_of({{TokenClass::input, 10}}));
  const Bill bill = PriceBook().bill(query_at("2026-11-20"), answer);
  EXPECT_FALSE(bill.cost.has_value());
  EXPECT_EQ(bill.pricing, Pricing::unpriced);
  EXPECT_TRUE(bill.price_id.empty());
}

TEST(Bill, units_without_any_rate_are_unpriced_and_named) {
  const PriceBook book = book_of(list(kTwoModels));
  const Bill bill = book.bill(query_at("2026-11-20"),
                              answer_of("cheap", usage_of({}, {{CallClass::second_input, 12}})));
  EXPECT_FALSE(bill.cost.has_value());
  EXPECT_NE(bill.price_id.find("!second=none"), std::string::npos) << bill.price_id;
}

TEST(Bill, the_served_model_is_priced_and_the_requested_one_helps_out) {
  // Pitfall 72.
  const PriceBook book = book_of(list(kTwoModels));
  PriceQuery query = query_at("2026-11-20");
  query.model_requested = "dear";
  EXPECT_EQ(cost_of(book, query, answer_of("cheap", usage_of({{TokenClass::input, 1'000'000}}))),
            "1");
  EXPECT_EQ(cost_of(book, query, answer_of("", usage_of({{TokenClass::input, 1'000'000}}))), "15");
  EXPECT_EQ(
      cost_of(book, query, answer_of("internal-name", usage_of({{TokenClass::input, 1'000'000}}))),
      "15");
}

TEST(Bill, amounts_beyond_money_are_unpriced_never_wrapped) {
  const PriceBook book = book_of(list(kTwoModels));
  const Bill bill = book.bill(query_at("2026-11-20"),
                              answer_of("dear", usage_of({{TokenClass::input, UINT64_MAX},
                                                          {TokenClass::output, UINT64_MAX}})));
  EXPECT_FALSE(bill.cost.has_value());
  EXPECT_EQ(sum_of_kinds(bill), 0);
}

TEST(Bill, a_contract_lowers_the_cost_and_leaves_the_list_cost) {
  const PriceBook book = book_of({{"list.yaml", list(R"(
models:
- {id: a, periods: [{rates: {input: "2", output: "8"}}]}
- {id: b, periods: [{rates: {input: "2", output: "8"}}]}
- {id: c, periods: [{rates: {input: "2", output: "8"}}]}
)")},
                                  {"contract.yaml", R"(
schema: 1
overlay: test
discount: "0.1"
models:
- {id: b, discount: "0.25"}
- {id: c, periods: [{from: 2026-06-01, rates: {input: "1.5"}}]}
)"}});
  const auto bill = [&](const char* model, const char* time) {
    return book.bill(query_at(time), answer_of(model, usage_of({{TokenClass::input, 1'000'000},
                                                                {TokenClass::output, 1'000'000}})));
  };
  EXPECT_EQ(bill("a", "2026-11-20").cost->to_dollars(), "9");
  EXPECT_EQ(bill("a", "2026-11-20").list_cost->to_dollars(), "10");
  EXPECT_EQ(bill("b", "2026-11-20").cost->to_dollars(), "7.5");
  EXPECT_EQ(bill("c", "2026-11-20").cost->to_dollars(), "9.5");
  EXPECT_EQ(bill("c", "2026-01-01").cost->to_dollars(), "9");
  EXPECT_NE(bill("b", "2026-11-20").price_id.find("+contract"), std::string::npos);
}

TEST(Bill, a_list_may_inherit_models_from_another) {
  const PriceBook book = book_of({{"openai.yaml", list(kTwoModels)}, {"azure.yaml", R"(
schema: 1
list: azure
provider: azure.ai.openai
checked: 2026-11-20
sources: [a page]
inherits: test
models:
- {id: cheap, periods: [{rates: {input: "9", output: "9"}}]}
)"}});
  PriceQuery query = query_at("2026-11-20");
  query.prices = "azure";
  EXPECT_EQ(cost_of(book, query, answer_of("cheap", usage_of({{TokenClass::input, 1'000'000}}))),
            "9");
  const Bill bill = book.bill(query, answer_of("dear", usage_of({{TokenClass::input, 1'000'000}})));
  EXPECT_EQ(bill.cost->to_dollars(), "15");
  EXPECT_TRUE(bill.price_id.starts_with("azure/test:dear@2026-01-01#")) << bill.price_id;
  EXPECT_EQ(book.provider_label("azure"), "azure.ai.openai");
}

TEST(Lookup, exact_beats_prefix_beats_pattern_and_the_longest_wins) {
  const PriceBook book = book_of(list(R"(
models:
- {id: exact, match: [gpt-x-mini], periods: [{rates: {input: "1", output: "1"}}]}
- {id: short-prefix, match: {prefix: gpt-x}, periods: [{rates: {input: "2", output: "2"}}]}
- {id: long-prefix, match: {prefix: gpt-x-m}, periods: [{rates: {input: "3", output: "3"}}]}
- {id: pattern, match: {regex: 'gpt-.*-\d{4}'}, periods: [{rates: {input: "4", output: "4"}}]}
)"));
  const auto model = [&](std::string_view id) {
    return book.canonical_model("test", id, at("2026-11-20"));
  };
  EXPECT_EQ(model("gpt-x-mini"), "exact");
  EXPECT_EQ(model("GPT-X-Mini"), "exact");
  EXPECT_EQ(model("gpt-x-max"), "long-prefix");
  EXPECT_EQ(model("gpt-x-2024"), "short-prefix");
  EXPECT_EQ(model("gpt-y-2024"), "pattern");
  EXPECT_EQ(model("gpt-y-2024-tail"), "");
  EXPECT_EQ(model("exact-2026-01-01"), "exact") << "a dated snapshot of a listed name";
}

TEST(Lookup, an_alias_moves_with_time_and_is_said) {
  const PriceBook book = book_of(list(R"(
aliases:
- {name: large-latest, model: large-1, to: 2026-06-01}
- {name: large-latest, model: large-2, from: 2026-06-01}
models:
- {id: large-1, periods: [{rates: {input: "2", output: "6"}}]}
- {id: large-2, periods: [{rates: {input: "0.5", output: "1.5"}}]}
)"));
  EXPECT_EQ(book.canonical_model("test", "large-latest", at("2026-05-31")), "large-1");
  EXPECT_EQ(book.canonical_model("test", "large-latest", at("2026-06-01")), "large-2");
  const Bill bill = book.bill(query_at("2026-06-01"),
                              answer_of("large-latest", usage_of({{TokenClass::input, 1}})));
  EXPECT_TRUE(bill.price_id.starts_with("test/large-2(alias)@")) << bill.price_id;
}

}  // namespace
}  // namespace tokenweir::pricing
