#include "budget/selector.h"

#include <gtest/gtest.h>

namespace tokenweir::budget {
namespace {

TEST(Glob, MatchesStarsAndQuestionMarks) {
  EXPECT_TRUE(Glob("support-*").matches("support-triage"));
  EXPECT_FALSE(Glob("support-*").matches("sales"));
  EXPECT_TRUE(Glob("*").matches(""));
  EXPECT_TRUE(Glob("gpt-?-*mini").matches("gpt-5-turbo-mini"));
  EXPECT_FALSE(Glob("gpt-?-*mini").matches("gpt-55-mini"));
  EXPECT_TRUE(Glob("a**b").matches("ab"));
  EXPECT_FALSE(Glob("exact").matches("exactly"));
  EXPECT_TRUE(Glob("a*a*a*b").matches("aaaaaaaaaaaab"));
}

TEST(Selector, NeedsEveryConditionAndOneGlobOfEach) {
  std::vector<Selector::Condition> conditions;
  conditions.push_back({*Subject::named("workflow"), {Glob("a"), Glob("b*")}});
  conditions.push_back({*Subject::named("tag.tier"), {Glob("gold")}});
  const Selector selector(std::move(conditions));
  const std::vector<std::pair<std::string, std::string>> tags = {{"tier", "gold"}};
  Facts facts;
  facts[Property::workflow] = "bulk";
  EXPECT_FALSE(selector.matches(facts));
  facts.tags = tags;
  EXPECT_TRUE(selector.matches(facts));
  facts[Property::workflow] = "c";
  EXPECT_FALSE(selector.matches(facts));
  EXPECT_TRUE(Selector{}.matches(facts));
}

TEST(Subject, KnowsPropertiesAndTags) {
  EXPECT_TRUE(Subject::named("parent_run"));
  EXPECT_FALSE(Subject::named("colour"));
  EXPECT_FALSE(Subject::named("tag."));
}

TEST(Key, TellsRunsOfDifferentOwnersApart) {
  const std::vector<Subject> per = {*Subject::named("run")};
  Facts facts;
  facts[Property::run] = "1";
  facts[Property::credential] = "a";
  std::string one, other;
  ASSERT_TRUE(append_key(one, per, facts));
  facts[Property::credential] = "b";
  ASSERT_TRUE(append_key(other, per, facts));
  EXPECT_NE(one, other);
}

TEST(Key, DoesNotExistForARequestWithoutARun) {
  const std::vector<Subject> per = {*Subject::named("workflow"), *Subject::named("run")};
  std::string key;
  EXPECT_FALSE(append_key(key, per, Facts{}));
  const std::vector<Subject> by_user = {*Subject::named("user")};
  key.clear();
  EXPECT_TRUE(append_key(key, by_user, Facts{}));
}

}  // namespace
}  // namespace tokenweir::budget
