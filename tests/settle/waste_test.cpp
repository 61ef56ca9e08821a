#include "settle/waste.h"

#include <gtest/gtest.h>

namespace tokenweir::settle {
namespace {

Record record_of(std::string cause = {}) {
  Record record;
  record.sent = true;
  record.retry_cause = std::move(cause);
  return record;
}

Record cut_by(std::string cap_source) {
  Record record = record_of();
  record.cap_source = std::move(cap_source);
  record.answer.end_state = EndState::truncated;
  return record;
}

TEST(Waste, is_the_first_class_that_applies) {
  EXPECT_EQ(waste_of(record_of("after_429"), {.looping = true, .client_left = true}), "loop");
  EXPECT_EQ(waste_of(record_of("after_429"), {.client_left = true}), "retry");
  EXPECT_EQ(waste_of(record_of("sdk_header"), {}), "retry");
  EXPECT_EQ(waste_of(record_of("same_body"), {.client_left = true}), "duplicate");
  EXPECT_EQ(waste_of(record_of(), {.client_left = true}), "client_abort");
  EXPECT_EQ(waste_of(record_of(), {}), "");
}

TEST(Waste, is_nothing_that_was_never_sent) {
  EXPECT_EQ(waste_of(Record{}, {.looping = true, .client_left = true}), "");
}

TEST(Waste, a_cut_answer_is_none_before_it_is_asked_for_again) {
  EXPECT_EQ(waste_of(cut_by("rule"), {}), "");
  EXPECT_TRUE(is_cut(cut_by("rule")));
  EXPECT_TRUE(is_cut(cut_by("budget")));
  EXPECT_FALSE(is_cut(cut_by(""))) << "the client asked for no more";
  Record complete = cut_by("rule");
  complete.answer.end_state = EndState::complete;
  EXPECT_FALSE(is_cut(complete));
  Record wasted = cut_by("rule");
  wasted.waste = "retry";
  EXPECT_FALSE(is_cut(wasted)) << "each dollar is in one class";
}

TEST(Waste, whoever_asks_again_after_a_cut_is_no_duplicate) {
  EXPECT_EQ(waste_of(record_of("same_body"), {.after_cut = true}), "");
  EXPECT_EQ(waste_of(record_of("same_body"), {.client_left = true, .after_cut = true}),
            "client_abort");
  EXPECT_EQ(waste_of(record_of("sdk_header"), {.after_cut = true}), "retry");
  EXPECT_EQ(waste_of(record_of("same_body"), {.looping = true, .after_cut = true}), "loop");
}

}  // namespace
}  // namespace tokenweir::settle
