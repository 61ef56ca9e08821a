#include "admit/caps.h"

#include "admit/kill_switches.h"
#include "fixture.h"

namespace tokenweir::admit {
namespace {

using budget::Property;

budget::Selector for_workflow(const char* glob) {
  return budget::Selector({{*budget::Subject::named("workflow"), {budget::Glob(glob)}}});
}
OutputCapRule cap_rule(const char* workflow, std::optional<std::int64_t> most,
                       std::optional<std::int64_t> standard = {}) {
  OutputCapRule rule;
  rule.match = for_workflow(workflow);
  rule.cap.most = most;
  rule.cap.standard = standard;
  return rule;
}
budget::Facts of(std::string_view workflow) {
  budget::Facts facts;
  facts[Property::workflow] = workflow;
  return facts;
}

TEST(OutputCap, IsDecidedByTheFirstRuleThatMatches) {
  const std::vector<OutputCapRule> rules = {cap_rule("support-*", 2'000), cap_rule("*", 500)};
  EXPECT_EQ(decide_output_cap(rules, of("support-a"), {9'000, false, true, {}}).cap, 2'000);
  const CapDecision other = decide_output_cap(rules, of("sales"), {9'000, false, true, {}});
  EXPECT_EQ(other.cap, 500);
  EXPECT_TRUE(other.edit);
  EXPECT_EQ(other.source, "rule");
}

TEST(OutputCap, InsertsNothingUnlessADefaultIsConfigured) {
  const std::vector<OutputCapRule> rules = {cap_rule("a", 2'000), cap_rule("b", 2'000, 300)};
  const CapDecision none = decide_output_cap(rules, of("a"), {{}, false, true, {}});
  EXPECT_FALSE(none.edit);
  EXPECT_FALSE(none.cap);
  const CapDecision inserted = decide_output_cap(rules, of("b"), {{}, false, true, {}});
  EXPECT_EQ(inserted.cap, 300);
  EXPECT_EQ(inserted.source, "default");
  EXPECT_FALSE(decide_output_cap(rules, of("b"), {1'999, false, true, {}}).edit);
}

TEST(OutputCap, LeavesModelsThatThinkTheirFloor) {
  OutputCapRule rule = cap_rule("*", 500, 100);
  rule.cap.reasoning_floor = 4'000;
  const std::vector<OutputCapRule> rules = {rule};
  EXPECT_EQ(decide_output_cap(rules, of("a"), {9'000, true, true, {}}).cap, 4'000);
  EXPECT_EQ(decide_output_cap(rules, of("a"), {{}, true, true, {}}).cap, 4'000);
  EXPECT_FALSE(decide_output_cap(rules, of("a"), {3'000, true, true, {}}).edit);
  EXPECT_EQ(decide_output_cap(rules, of("a"), {9'000, false, true, {}}).cap, 500);
}

TEST(OutputCap, RefusesWhereTheRuleSaysSo) {
  OutputCapRule rule = cap_rule("*", 500);
  rule.cap.on_exceed = config::OutputCap::OnExceed::reject;
  const std::vector<OutputCapRule> rules = {rule};
  const CapDecision no = decide_output_cap(rules, of("a"), {501, false, true, {}});
  ASSERT_TRUE(no.refusal);
  EXPECT_EQ(no.refusal->reason, Reason::too_large);
  EXPECT_FALSE(decide_output_cap(rules, of("a"), {500, false, true, {}}).refusal);
}

TEST(OutputCap, OnlyTellsWhatAnObservingRuleWouldDo) {
  OutputCapRule rule = cap_rule("*", 500);
  rule.cap.enforcement = config::Enforcement::observe;
  std::vector<OutputCapRule> rules = {rule};
  const CapDecision decision = decide_output_cap(rules, of("a"), {900, false, true, {}});
  EXPECT_FALSE(decision.edit);
  EXPECT_EQ(decision.cap, 900);
  EXPECT_EQ(decision.would, 500);
  rules[0].cap.enforcement.reset();
  rules[0].cap.on_exceed = config::OutputCap::OnExceed::reject;
  EXPECT_TRUE(decide_output_cap(rules, of("a"), {900, false, false, {}}).would_refuse);
}

TEST(OutputCap, IsSharedByTheAnswersOfOneRequest) {
  const std::vector<OutputCapRule> rules = {cap_rule("*", 2'000, 1'000)};
  CapRequest four{400, false, true, {}, 4};
  EXPECT_FALSE(decide_output_cap(rules, of("a"), four).edit);
  four.asked = 501;
  EXPECT_EQ(decide_output_cap(rules, of("a"), four).cap, 500);
  four.asked.reset();
  EXPECT_EQ(decide_output_cap(rules, of("a"), four).cap, 500);
  four.choices = 2'000;
  EXPECT_EQ(decide_output_cap(rules, of("a"), four).cap, 1);
  // One token each would already be more than the rule allows.
  four.choices = 2'001;
  EXPECT_TRUE(decide_output_cap(rules, of("a"), four).refusal);
  four.asked = 1;
  EXPECT_TRUE(decide_output_cap(rules, of("a"), four).refusal);
  four.enforcing = false;
  EXPECT_TRUE(decide_output_cap(rules, of("a"), four).would_refuse);
}

TEST(OutputCap, AlsoLowersWhatIsSetAsideForThinking) {
  const std::vector<OutputCapRule> rules = {cap_rule("*", 2'000)};
  CapRequest request{500, false, true, {}, 1, true, true, 2'001};
  const CapDecision lowered = decide_output_cap(rules, of("a"), request);
  EXPECT_TRUE(lowered.edit);
  EXPECT_EQ(lowered.cap, 500) << "what may be said stays";
  request.thinking = 2'000;
  EXPECT_FALSE(decide_output_cap(rules, of("a"), request).edit);
}

TEST(OutputCap, RefusesABodyItCannotJudgeOrEdit) {
  const std::vector<OutputCapRule> rules = {cap_rule("a", 2'000), cap_rule("b", {}, 300)};
  CapRequest unread{{}, false, true, {}, 1, false, false};
  for (const char* const workflow : {"a", "b"}) {
    const CapDecision no = decide_output_cap(rules, of(workflow), unread);
    ASSERT_TRUE(no.refusal) << workflow;
    EXPECT_EQ(no.refusal->kind, RefusalKind::invalid);
  }
  EXPECT_FALSE(decide_output_cap(rules, of("c"), unread).refusal) << "no rule, no question";
  unread.enforcing = false;
  EXPECT_TRUE(decide_output_cap(rules, of("a"), unread).would_refuse);
  CapRequest compressed{100, false, true, {}, 1, true, false};
  EXPECT_FALSE(decide_output_cap(rules, of("a"), compressed).refusal);
  compressed.asked = 2'001;
  EXPECT_TRUE(decide_output_cap(rules, of("a"), compressed).refusal);
}

TEST(OutputCap, IsLoweredByALadderToo) {
  const CapDecision decision = decide_output_cap({}, of("a"), {900, false, true, 300});
  EXPECT_EQ(decision.cap, 300);
  EXPECT_EQ(decision.source, "ladder");
  EXPECT_EQ(decide_output_cap({}, of("a"), {{}, false, true, 300}).cap, 300);
  EXPECT_EQ(decide_output_cap({}, of("a"), {200, false, true, 300}).cap, 200);
}

TEST(InputCap, NamesTheLargestPartsFirst) {
  InputCapRule rule;
  rule.cap.max_input_tokens = 1'000;
  const std::vector<InputCapRule> rules = {rule};
  const std::vector<InputPart> parts = {
      {"system", 100}, {"history", 1'500}, {"tools", 0}, {"new", 300}};
  const InputDecision no = decide_input_cap(rules, of("a"), 1'900, parts, true);
  ASSERT_TRUE(no.refusal);
  EXPECT_EQ(no.refusal->message,
            "The request has 1900 input tokens; at most 1000 are allowed: history 1500, new 300, "
            "system 100.");
  ASSERT_GE(no.refusal->details.size(), 3u);
  EXPECT_EQ(no.refusal->details[0].name, "limit");
  EXPECT_EQ(std::get<std::int64_t>(no.refusal->details[1].value), 1'900);
  EXPECT_EQ(no.refusal->details[2].name, "history") << "the largest part first";
  EXPECT_FALSE(decide_input_cap(rules, of("a"), 1'000, parts, true).refusal);
  EXPECT_TRUE(decide_input_cap(rules, of("a"), 1'001, parts, false).would_refuse);
}

TEST(KillSwitches, StopExactlyWhatTheyName) {
  KillSwitches kills;
  budget::Facts facts = of("w");
  facts[Property::model] = "gpt-5";
  EXPECT_FALSE(kills.find(facts, kNow.wall));
  const auto id = kills.set({0, Property::model, "gpt-5", "costs", "ops", kNow.wall, {}});
  ASSERT_TRUE(kills.find(facts, kNow.wall));
  EXPECT_EQ(kills.find(facts, kNow.wall)->reason, "costs");
  facts[Property::model] = "gpt-4";
  EXPECT_FALSE(kills.find(facts, kNow.wall));
  EXPECT_TRUE(kills.release(id));
  EXPECT_FALSE(kills.release(id));
  EXPECT_FALSE(kills.any());
  (void)kills.set({0, {}, "", "everything", "ops", kNow.wall, {}});
  EXPECT_TRUE(kills.find(of(""), kNow.wall));
}

TEST(KillSwitches, StopARunWithEverythingBelowIt) {
  KillSwitches kills;
  (void)kills.set({0, Property::run, "root", "", "ops", kNow.wall, {}});
  budget::Facts facts = of("w");
  facts[Property::run] = "leaf";
  const std::vector<budget::Ancestor> up = {{"w", "middle"}, {"v", "root"}};
  EXPECT_FALSE(kills.find(facts, kNow.wall));
  facts.ancestors = up;
  EXPECT_TRUE(kills.find(facts, kNow.wall));
}

TEST(KillSwitches, ExpireAndAreRestored) {
  KillSwitches kills;
  const Time until = kNow.wall + std::chrono::hours(1);
  const auto first = kills.set({0, Property::user, "u", "", "ops", kNow.wall, until});
  EXPECT_EQ(kills.set({0, Property::user, "u", "new", "ops", kNow.wall, until}), first)
      << "one target, one switch";
  budget::Facts facts;
  facts[Property::user] = "u";
  EXPECT_TRUE(kills.find(facts, until - std::chrono::seconds(1)));
  EXPECT_FALSE(kills.find(facts, until));
  KillSwitches fresh;
  fresh.restore(kills.all());
  EXPECT_EQ(fresh.all(), kills.all());
  EXPECT_GT(fresh.set({0, {}, "", "", "", {}, {}}), first);
  const auto changes = kills.changes();
  EXPECT_EQ(kills.expire(until).size(), 1u);
  EXPECT_GT(kills.changes(), changes);
}

}  // namespace
}  // namespace tokenweir::admit
