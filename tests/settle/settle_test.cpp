#include "settle/settle.h"

#include <gtest/gtest.h>

#include "../pricing/books.h"

namespace tokenweir::settle {
namespace {

using pricing::test::at;
using pricing::test::book_of;
using pricing::test::list;
using pricing::test::usage_of;

const pricing::PriceBook& book() {
  static const pricing::PriceBook made =
      book_of(list("models:\n- {id: m, periods: [{rates: {input: \"2\", output: \"8\"}}]}\n"));
  return made;
}

Record record_of(Usage usage) {
  Record record;
  record.sent = true;
  record.http_status = 200;
  record.started_at = at("2026-11-20");
  record.model_requested = "m";
  record.answer.model_served = "m";
  if (!usage.empty()) {
    record.answer.inferences.push_back({"", std::move(usage)});
    record.answer.source = UsageSource::reported;
  }
  return record;
}

Context context() {
  Context result;
  result.prices = "test";
  result.metered_endpoint = true;
  return result;
}

TEST(Settle, reported_usage_is_priced_and_both_sides_are_reported) {
  Record record =
      record_of(usage_of({{TokenClass::input, 1'000'000}, {TokenClass::output, 1'000'000}}));
  settle(record, book(), context());
  EXPECT_EQ(record.bill.cost->to_dollars(), "10");
  EXPECT_EQ(record.input_source, UsageSource::reported);
  EXPECT_EQ(record.output_source, UsageSource::reported);
}

TEST(Settle, an_embedding_has_no_output_and_is_fully_reported) {
  Record record = record_of(usage_of({{TokenClass::input, 10}}));
  settle(record, book(), context());
  EXPECT_EQ(record.output_source, UsageSource::reported);
}

TEST(Settle, a_cut_stream_without_output_figures_is_billed_for_what_is_known) {
  Record record = record_of(usage_of({{TokenClass::input, 1'000'000}}));
  record.answer.end_state = EndState::client_abort;
  settle(record, book(), context());
  EXPECT_EQ(record.bill.cost->to_dollars(), "2");
  EXPECT_EQ(record.input_source, UsageSource::reported);
  EXPECT_EQ(record.output_source, UsageSource::none);
  EXPECT_NE(record.bill.price_id.find("!output=unknown"), std::string::npos);
}

Record left_stream(std::int64_t counted_output) {
  Record record = record_of({});
  record.streaming = true;
  record.answer.end_state = EndState::client_abort;
  record.counted_input_tokens = 500;
  record.counted_output_tokens = counted_output;
  return record;
}

std::uint64_t output_of(Record record, bool exactly = true) {
  Context counted = context();
  counted.counted_input_exact = true;
  counted.counted_output_exact = exactly;
  settle(record, book(), counted);
  EXPECT_EQ(record.input_source, UsageSource::counted);
  return record.answer.inferences.at(0).usage[TokenClass::output].value_or(0);
}

// The provider goes on for a moment after the client has left.
TEST(Settle, an_abandoned_stream_is_charged_for_the_tokens_on_their_way) {
  EXPECT_EQ(output_of(left_stream(200)), 222U);
  EXPECT_EQ(output_of(left_stream(0)), 22U);
  EXPECT_EQ(output_of(left_stream(200), false), 212U);
}

TEST(Settle, little_is_on_its_way_from_a_provider_that_was_seen_to_stop) {
  Record record = left_stream(200);
  record.provider_stopped = true;
  EXPECT_EQ(output_of(record), 208U);
}

TEST(Settle, no_more_than_the_cap_can_be_on_its_way) {
  Record record = left_stream(200);
  record.cap_requested = 4'000;
  record.cap_applied = 205;
  EXPECT_EQ(output_of(record), 205U);
}

TEST(Settle, a_stream_that_its_provider_ended_has_nothing_on_its_way) {
  Record record = left_stream(200);
  record.answer.end_state = EndState::provider_error;
  EXPECT_EQ(output_of(record), 200U);
}

TEST(Settle, an_answer_in_one_piece_that_nobody_saw_costs_what_was_held) {
  Record record = left_stream(0);
  record.streaming = false;
  record.counted_output_tokens.reset();
  Context held = context();
  held.held_cost = Money::picodollars(7);
  settle(record, book(), held);
  EXPECT_EQ(record.bill.cost, Money::picodollars(7));
  EXPECT_EQ(record.output_source, UsageSource::held);
}

TEST(Settle, a_text_read_aloud_is_priced_by_the_characters_of_the_request) {
  const pricing::PriceBook voices = book_of(
      list("models:\n- {id: m, periods: [{rates: {character: {per: 1000000, usd: \"15\"}}}]}\n"
           "- {id: by-token, periods: [{rates: {input: \"1\"}}]}\n"));
  Context spoken = context();
  spoken.spoken_characters = 4'000;
  Record record = record_of({});
  settle(record, voices, spoken);
  EXPECT_EQ(record.bill.cost->to_dollars(), "0.06");
  EXPECT_EQ(record.input_source, UsageSource::counted);

  Record tokens = record_of({});
  tokens.model_requested = tokens.answer.model_served = "by-token";
  settle(tokens, voices, spoken);
  EXPECT_FALSE(tokens.bill.cost.has_value());
  EXPECT_EQ(tokens.answer.inferences.at(0).usage[CallClass::character_input], 4'000U);

  Record refused = record_of({});
  refused.http_status = 400;
  refused.provider_fault = "4xx";
  settle(refused, voices, spoken);
  EXPECT_EQ(refused.bill.cost, Money{});
}

TEST(Settle, a_stored_answer_read_again_costs_nothing_and_consumes_nothing) {
  Record record = record_of(usage_of({{TokenClass::input, 1'000'000}}));
  record.answer.raw_usage = "{}";
  Context replay = context();
  replay.billed_before = true;
  settle(record, book(), replay);
  EXPECT_EQ(record.bill.cost, Money{});
  EXPECT_EQ(record.bill.price_id, "billed_before");
  EXPECT_TRUE(record.answer.inferences.empty());
  EXPECT_EQ(record.input_source, UsageSource::none);
  EXPECT_EQ(record.answer.raw_usage, "{}");
}

TEST(Settle, a_request_that_reached_nobody_costs_exactly_zero) {
  Record record = record_of({});
  record.sent = false;
  record.http_status = 502;
  record.provider_fault = "connect";
  settle(record, book(), context());
  ASSERT_TRUE(record.bill.cost.has_value());
  EXPECT_EQ(record.bill.cost->picodollars(), 0);
  EXPECT_EQ(record.bill.pricing, Pricing::priced);
  EXPECT_EQ(record.bill.price_id, "not_sent");
  EXPECT_EQ(record.input_source, UsageSource::none);
}

TEST(Settle, an_error_answer_without_usage_costs_zero) {
  // Pitfall 85, first half.
  for (const char* const fault : {"4xx", "429", "5xx", "529"}) {
    Record record = record_of({});
    record.provider_fault = fault;
    record.answer.end_state = EndState::provider_error;
    settle(record, book(), context());
    ASSERT_TRUE(record.bill.cost.has_value()) << fault;
    EXPECT_EQ(record.bill.cost->picodollars(), 0) << fault;
    EXPECT_EQ(record.answer.source, UsageSource::none);
  }
}

TEST(Settle, an_error_answer_with_usage_costs_what_it_says) {
  // Pitfall 84: a filtered prompt may be an error and be billed.
  Record record = record_of(usage_of({{TokenClass::input, 1'000'000}}));
  record.http_status = 400;
  record.provider_fault = "4xx";
  record.answer.end_state = EndState::provider_error;
  settle(record, book(), context());
  EXPECT_EQ(record.bill.cost->to_dollars(), "2");
}

TEST(Settle, an_answer_that_names_no_model_is_priced_as_the_one_a_downgrade_asked_for) {
  const pricing::PriceBook prices =
      book_of(list("models:\n- {id: m, periods: [{rates: {input: \"2\", output: \"8\"}}]}\n"
                   "- {id: s, periods: [{rates: {input: \"1\", output: \"3\"}}]}\n"));
  Usage usage;
  usage[TokenClass::input] = 100;
  usage[TokenClass::output] = 10;
  Record record = record_of(usage);
  record.answer.model_served.clear();
  Context downgraded = context();
  downgraded.downgraded = "s";
  settle(record, prices, downgraded);
  EXPECT_EQ(record.bill.cost, Money::picodollars(100 * 1'000'000 + 10 * 3'000'000));
  EXPECT_EQ(record.bill.canonical_model, "s");
}

TEST(Settle, a_timeout_or_a_cut_connection_has_no_known_cost) {
  // Pitfall 85, second half: the provider may have worked and billed.
  for (const char* const fault : {"timeout", "reset", "protocol", "sse_error"}) {
    Record record = record_of({});
    record.provider_fault = fault;
    record.answer.end_state = EndState::provider_error;
    settle(record, book(), context());
    EXPECT_FALSE(record.bill.cost.has_value()) << fault;
    EXPECT_EQ(record.bill.pricing, Pricing::unpriced) << fault;
  }
}

TEST(Settle, an_answer_without_usage_has_no_known_cost) {
  Record record = record_of({});
  settle(record, book(), context());
  EXPECT_FALSE(record.bill.cost.has_value());
  EXPECT_EQ(record.answer.source, UsageSource::none);
}

TEST(Settle, counting_tokens_is_free_and_consumes_nothing) {
  // Pitfall 97.
  Record record = record_of(usage_of({{TokenClass::input, 5000}}));
  Context free = context();
  free.free_endpoint = true;
  settle(record, book(), free);
  EXPECT_EQ(record.bill.cost->picodollars(), 0);
  EXPECT_EQ(record.bill.price_id, "free");
  EXPECT_TRUE(record.answer.inferences.empty());
}

TEST(Settle, a_provider_without_prices_has_no_known_cost_but_known_usage) {
  Record record = record_of(usage_of({{TokenClass::input, 5}, {TokenClass::output, 5}}));
  Context local = context();
  local.prices = "";
  settle(record, book(), local);
  EXPECT_FALSE(record.bill.cost.has_value());
  EXPECT_EQ(record.input_source, UsageSource::reported);
}

}  // namespace
}  // namespace tokenweir::settle
