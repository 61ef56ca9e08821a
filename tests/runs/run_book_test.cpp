#include "runs/run_book.h"

#include "fixture.h"

namespace tokenweir::runs {
namespace {

using config::RunMode;

class Runs : public Loop {
 protected:
  Judgement ask(const RunName& name, std::int64_t usd_cents = 1) {
    book_.configure(rules_);
    Judgement judgement = book_.begin(name, {}, wall_, now_);
    if (judgement.action == Action::stop) return judgement;
    StepEnd end;
    end.cost = Money::picodollars(usd_cents * 10'000'000'000);
    end.tokens = 50;
    book_.end(name, {}, end, wall_, now_);
    return judgement;
  }
};

TEST_F(Runs, BeginWithTheFirstRequestThatNamesThem) {
  EXPECT_EQ(ask({"app", "w", "r", ""}).step, 1);
  EXPECT_EQ(ask({"app", "w", "r", ""}).step, 2);
  EXPECT_EQ(ask({"app", "w", "", ""}).step, 0) << "no run, no step";
  const auto view = book_.find({"app", "w", "r", ""});
  ASSERT_TRUE(view);
  EXPECT_EQ(view->steps, 2);
  EXPECT_EQ(view->own, *Money::from_dollars("0.02"));
  EXPECT_EQ(view->in_flight, 0);
}

TEST_F(Runs, AreTheirOwnersAlone) {
  rules_.max_steps = {1, RunMode::stop};
  EXPECT_EQ(ask({"one", "w", "r", ""}).action, Action::pass);
  EXPECT_EQ(ask({"two", "w", "r", ""}).action, Action::pass);
  EXPECT_EQ(ask({"one", "v", "r", ""}).action, Action::pass);
  EXPECT_EQ(ask({"one", "w", "r", ""}).action, Action::stop);
}

TEST_F(Runs, RollSpendUpTheTree) {
  (void)ask({"app", "plan", "root", ""}, 10);
  (void)ask({"app", "search", "child", "root"}, 20);
  const Judgement deep = ask({"app", "read", "leaf", "child"}, 30);
  const std::vector<budget::Ancestor> ancestors = {{"search", "child"}, {"plan", "root"}};
  EXPECT_EQ(deep.ancestors, ancestors);
  EXPECT_EQ(book_.ancestors({"app", "read", "leaf", "child"}), ancestors);
  const auto root = book_.find({"app", "plan", "root", ""});
  EXPECT_EQ(root->own, *Money::from_dollars("0.1"));
  EXPECT_EQ(static_cast<std::int64_t>(root->tree), Money::from_dollars("0.6")->picodollars());
  EXPECT_EQ(root->tokens, 150);
  EXPECT_EQ(book_.find({"app", "read", "leaf", ""})->depth, 2);
}

TEST_F(Runs, AreGivenOutOnceWhenTheyRest) {
  using std::chrono::minutes;
  (void)ask({"app", "plan", "root", ""}, 10);
  (void)ask({"app", "search", "child", "root"}, 20);
  (void)ask({"app", "plan", "other", ""}, 5);
  EXPECT_EQ(book_.active(now_, minutes(5)),
            (std::map<std::string, std::int64_t>{{"plan", 2}, {"search", 1}}));
  EXPECT_TRUE(book_.take_finished(now_, minutes(5), 100).empty());
  now_ += minutes(4);
  (void)ask({"app", "plan", "other", ""}, 5);
  now_ += minutes(4);
  const auto finished = book_.take_finished(now_, minutes(5), 100);
  ASSERT_EQ(finished.size(), 2u);
  EXPECT_EQ(finished[0].view.run, "root") << "the parent was used with its child";
  EXPECT_EQ(finished[1].view.run, "child");
  EXPECT_TRUE(book_.take_finished(now_, minutes(5), 100).empty());
  EXPECT_EQ(book_.active(now_, minutes(5)), (std::map<std::string, std::int64_t>{{"plan", 1}}));
  (void)ask({"app", "search", "child", "root"}, 20);
  now_ += minutes(6);
  EXPECT_EQ(book_.take_finished(now_, minutes(5), 100).size(), 3u);
}

TEST_F(Runs, DetectionsAreCountedByWhatFollowed) {
  rules_.max_steps = {1, RunMode::stop};
  for (int i = 0; i < 3; ++i) (void)ask({"app", "plan", "r", ""});
  rules_.max_steps = {1, RunMode::observe};
  (void)ask({"app", "plan", "r", ""});
  const auto counts = book_.detections();
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].workflow, "plan");
  EXPECT_EQ(counts[0].detector, Detector::max_steps);
  EXPECT_EQ(counts[0].action, RunMode::observe);
  EXPECT_EQ(counts[0].count, 1u);
  EXPECT_EQ(counts[1].action, RunMode::stop);
  EXPECT_EQ(counts[1].count, 2u);
}

TEST_F(Runs, MayNameAParentThatWasNotSeenYet) {
  (void)ask({"app", "w", "child", "parent"}, 5);
  (void)ask({"app", "w", "parent", ""}, 5);
  EXPECT_EQ(static_cast<std::int64_t>(book_.find({"app", "w", "parent", ""})->tree),
            Money::from_dollars("0.1")->picodollars());
}

TEST_F(Runs, DoNotFormCircles) {
  (void)ask({"app", "w", "a", "b"});
  (void)ask({"app", "w", "b", "a"});
  (void)ask({"app", "w", "c", "c"});
  EXPECT_EQ(book_.find({"app", "w", "b", ""})->depth, 0);
  EXPECT_EQ(book_.find({"app", "w", "c", ""})->depth, 0);
  EXPECT_EQ(book_.find({"app", "w", "a", ""})->parent_run, "b");
}

TEST_F(Runs, StopAtTheirCapOnSteps) {
  rules_.max_steps = {3, RunMode::stop};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(kName).action, Action::pass);
  const Judgement fourth = ask(kName);
  EXPECT_TRUE(stopped_by(fourth, Detector::max_steps));
  EXPECT_EQ(fourth.stopped_by->evidence(), "step 4 of at most 3");
  EXPECT_EQ(book_.find(kName)->ended_by, "max_steps");
}

TEST_F(Runs, StopAtEveryOtherCap) {
  rules_.max_usd = config::MoneyLimit{*Money::from_dollars("0.05"), RunMode::stop};
  EXPECT_EQ(ask(kName, 5).action, Action::pass);
  EXPECT_TRUE(stopped_by(ask(kName), Detector::max_usd));
  EXPECT_TRUE(stopped_by(ask({"app", "other", "sub", "run-1"}), Detector::max_usd))
      << "a sub-agent cannot go on spending its parent's money";
  rules_ = {};
  rules_.max_tokens = {100, RunMode::stop};
  EXPECT_EQ(ask({"app", "w", "t", ""}).action, Action::pass);
  EXPECT_EQ(ask({"app", "w", "t", ""}).action, Action::pass);
  EXPECT_TRUE(stopped_by(ask({"app", "w", "t", ""}), Detector::max_tokens));
  rules_ = {};
  rules_.max_depth = {1, RunMode::stop};
  EXPECT_EQ(ask({"app", "w", "d1", "d0"}).action, Action::pass);
  EXPECT_TRUE(stopped_by(ask({"app", "w", "d2", "d1"}), Detector::max_depth));
  rules_ = {};
  rules_.max_wall_time = config::TimeLimit{std::chrono::hours(1), RunMode::stop};
  EXPECT_EQ(ask({"app", "w", "time", ""}).action, Action::pass);
  now_ += std::chrono::minutes(61);
  EXPECT_TRUE(stopped_by(ask({"app", "w", "time", ""}), Detector::max_wall_time));
}

TEST_F(Runs, CountWhatIsInFlight) {
  rules_.max_concurrent = {2, RunMode::stop};
  book_.configure(rules_);
  EXPECT_EQ(book_.begin(kName, {}, wall_, now_).action, Action::pass);
  EXPECT_EQ(book_.begin(kName, {}, wall_, now_).action, Action::pass);
  EXPECT_TRUE(stopped_by(book_.begin(kName, {}, wall_, now_), Detector::max_concurrent));
  book_.end(kName, {}, {}, wall_, now_);
  EXPECT_EQ(book_.begin(kName, {}, wall_, now_).action, Action::pass);
}

TEST_F(Runs, AreRememberedWhileAnythingBelowThemLives) {
  rules_.remember = std::chrono::hours(24);
  (void)ask({"app", "w", "root", ""});
  (void)ask({"app", "w", "idle", ""});
  now_ += std::chrono::hours(20);
  (void)ask({"app", "w", "child", "root"});
  now_ += std::chrono::hours(20);
  EXPECT_EQ(book_.sweep(now_), 1u);
  EXPECT_TRUE(book_.find({"app", "w", "root", ""}));
  EXPECT_FALSE(book_.find({"app", "w", "idle", ""}));
}

TEST_F(Runs, AreBoundedInNumber) {
  RunBook small(10);
  for (int i = 0; i < 1'000; ++i) {
    const std::string run = "r" + std::to_string(i);
    (void)small.begin({"app", "w", run, ""}, {}, wall_, now_);
    small.end({"app", "w", run, ""}, {}, {}, wall_, now_);
  }
  EXPECT_LE(small.size(), 10u);
  EXPECT_TRUE(small.find({"app", "w", "r999", ""}));
}

TEST_F(Runs, ContinueAfterARestart) {
  rules_.max_steps = {5, RunMode::stop};
  for (int i = 0; i < 3; ++i) (void)ask(kName, 10);
  RunBook fresh;
  fresh.configure(rules_);
  for (const RunView& view : book_.view(100)) fresh.restore(view, wall_, now_);
  EXPECT_EQ(fresh.find(kName)->own, *Money::from_dollars("0.3"));
  EXPECT_EQ(fresh.begin(kName, {}, wall_, now_).step, 4);
  EXPECT_EQ(fresh.begin(kName, {}, wall_, now_).step, 5);
  EXPECT_EQ(fresh.begin(kName, {}, wall_, now_).action, Action::stop);
}

TEST_F(Runs, RecogniseRetriesAlsoOutsideOfARun) {
  Signs signs;
  signs.body = 77;
  const RunName nobody{"app", "w", "", ""};
  EXPECT_EQ(book_.begin(nobody, signs, wall_, now_).retry_of, "");
  StepEnd end;
  end.provider_fault = "429";
  end.record = "first";
  book_.end(nobody, signs, end, wall_, now_);
  const Judgement again = book_.begin(nobody, signs, wall_, now_ + std::chrono::seconds(1));
  EXPECT_EQ(again.retry_of, "first");
  EXPECT_EQ(again.retry_cause, "after_429");
  signs.sdk_retries = 1;
  EXPECT_EQ(book_.begin(nobody, signs, wall_, now_).retry_cause, "sdk_header");
  EXPECT_EQ(book_.begin({"other", "w", "", ""}, signs, wall_, now_).retry_of, "");
  EXPECT_EQ(book_.begin(nobody, signs, wall_, now_ + std::chrono::minutes(3)).retry_of, "");
}

// A run that a detector has stopped.
class StoppedRuns : public Loop {
 protected:
  void SetUp() override {
    rules_.repeated_request = {3, std::chrono::minutes(10), config::RunMode::stop};
    Transcript same;
    same.user("the same");
    for (int i = 0; i < 3; ++i) (void)step(same);
  }
  Judgement ask_other() {
    Transcript other;
    other.user("something else");
    return step(other);
  }
};

TEST_F(StoppedRuns, StayStoppedWhateverTheyAskNext) {
  const Judgement judgement = ask_other();
  EXPECT_EQ(judgement.action, Action::stop);
  EXPECT_TRUE(stopped_by(judgement, Detector::repeated_request));
  EXPECT_EQ(judgement.stopped_by->seen, 3) << "with the evidence of the stop";
  const auto view = book_.find(kName);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->ended_by, "repeated_request");
  EXPECT_NE(view->evidence.find("3 times"), std::string::npos);
}

TEST_F(StoppedRuns, TakeTheRunsBelowThemAlong) {
  book_.configure(rules_);
  const Judgement below = book_.begin({"app", "coding", "child", "run-1"}, {}, wall_, now_);
  EXPECT_EQ(below.action, Action::stop);
  ASSERT_TRUE(below.stopped_by.has_value());
  EXPECT_NE(below.stopped_by->evidence().find("run-1"), std::string::npos);
  EXPECT_EQ(book_.begin({"app", "coding", "other", ""}, {}, wall_, now_).action, Action::pass);
}

TEST_F(StoppedRuns, GoOnWhenTheyAreLetGo) {
  EXPECT_EQ(book_.resume("nobody", now_), 0u);
  EXPECT_EQ(book_.resume("run-1", now_), 1u);
  EXPECT_EQ(ask_other().action, Action::pass);
  Transcript same;
  same.user("the same");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(step(same).action, Action::pass) << "counted anew";
  EXPECT_EQ(step(same).action, Action::stop);
}

TEST_F(StoppedRuns, GoOnWhenTheirRuleOnlyObserves) {
  rules_.repeated_request->mode = config::RunMode::observe;
  EXPECT_EQ(ask_other().action, Action::pass);
}

TEST_F(StoppedRuns, AreStoppedAfterARestart) {
  RunBook book;
  book.configure(rules_);
  Finding stop;
  stop.detector = Detector::repeated_request;
  stop.mode = config::RunMode::stop;
  stop.seen = 3;
  stop.limit = 3;
  book.restore_stop(kName, stop, wall_, now_);
  const Judgement judgement = book.begin(kName, {}, wall_, now_);
  EXPECT_EQ(judgement.action, Action::stop);
  EXPECT_EQ(judgement.stopped_by->seen, 3);
}

TEST_F(Runs, DoNotCountStepsThatAnotherRuleRefused) {
  rules_.max_steps = {1, config::RunMode::stop};
  book_.configure(rules_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(book_.begin(kName, {}, wall_, now_).action, Action::pass) << i;
    StepEnd refused;
    refused.refused = true;
    book_.end(kName, {}, refused, wall_, now_);
  }
  ASSERT_EQ(book_.begin(kName, {}, wall_, now_).action, Action::pass);
  book_.end(kName, {}, {}, wall_, now_);
  EXPECT_EQ(book_.begin(kName, {}, wall_, now_).action, Action::stop);
}

TEST_F(Runs, PredictWhileNothingIsEnforcedWhatEnforcingWouldStop) {
  rules_.max_steps = {2, config::RunMode::stop};
  book_.configure(rules_);
  std::vector<bool> would;
  for (int i = 0; i < 5; ++i) {
    const Judgement judgement = book_.begin(kName, {}, wall_, now_, false);
    would.push_back(judgement.would_stop.has_value());
    StepEnd end;
    end.foregone = judgement.would_stop.has_value() || i == 0;  // a budget would have refused it
    book_.end(kName, {}, end, wall_, now_);
  }
  EXPECT_EQ(would, (std::vector<bool>{false, false, false, true, true}));
}

}  // namespace

class CutAnswers : public ::testing::Test {
 protected:
  static constexpr RunName kName{"app", "support", "", ""};

  // One exchange: asked, answered after a second, ended some time after that.
  std::optional<CutAnswer> ask(const RunName& name, std::uint64_t question, std::uint64_t limit,
                               std::string_view record, bool cut) {
    Signs signs;
    signs.question = question;
    signs.body = question * 1'000 + limit;
    (void)book_.begin(name, signs, wall_, now_);
    const Instant begun = now_;
    now_ += std::chrono::seconds(1);
    auto found = book_.take_cut(name, signs, begun);
    StepEnd end;
    end.cost = Money::picodollars(700);
    end.record = record;
    end.cut = cut;
    end.answered = now_;
    now_ += std::chrono::milliseconds(5);
    book_.end(name, signs, end, wall_, now_);
    return found;
  }

  RunBook book_;
  Time wall_{};
  Instant now_{std::chrono::hours(1)};
};

TEST_F(CutAnswers, are_found_when_the_same_is_asked_with_another_limit) {
  EXPECT_FALSE(ask(kName, 1, 100, "first", true));
  EXPECT_FALSE(ask(kName, 2, 100, "another question", false));
  const auto cut = ask(kName, 1, 500, "again", false);
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->record, "first");
  EXPECT_EQ(cut->cost, Money::picodollars(700));
  // Once: what is asked a third time does not waste it again.
  EXPECT_FALSE(ask(kName, 1, 900, "third", false));
}

TEST_F(CutAnswers, belong_to_their_credential_workflow_and_run) {
  EXPECT_FALSE(ask(kName, 1, 100, "first", true));
  EXPECT_FALSE(ask({"other", "support", "", ""}, 1, 500, "a", false));
  EXPECT_FALSE(ask({"app", "other", "", ""}, 1, 500, "b", false));
  EXPECT_FALSE(ask({"app", "support", "run-1", ""}, 1, 500, "c", false));
  EXPECT_TRUE(ask(kName, 1, 500, "d", false));
}

TEST_F(CutAnswers, that_are_asked_for_again_and_cut_again_are_found_in_turn) {
  EXPECT_FALSE(ask(kName, 1, 100, "first", true));
  EXPECT_EQ(ask(kName, 1, 100, "second", true).value().record, "first");
  EXPECT_EQ(ask(kName, 1, 900, "third", false).value().record, "second");
}

TEST_F(CutAnswers, are_not_asked_for_again_by_what_ran_beside_them) {
  Signs signs;
  signs.body = signs.question = 1;
  const Instant begun = now_;
  EXPECT_FALSE(ask(kName, 1, 100, "first", true));
  EXPECT_FALSE(book_.take_cut(kName, signs, begun));
  // After the answer, but before its exchange was booked: a client may be that fast.
  EXPECT_TRUE(book_.take_cut(kName, signs, now_ - std::chrono::milliseconds(5)));
}

TEST_F(CutAnswers, are_forgotten_as_retries_are) {
  EXPECT_FALSE(ask(kName, 1, 100, "first", true));
  now_ += std::chrono::minutes(3);
  EXPECT_FALSE(ask(kName, 1, 500, "again", false));
}

TEST_F(CutAnswers, without_a_readable_question_are_known_by_their_whole_body) {
  EXPECT_FALSE(ask(kName, 0, 100, "first", true));
  EXPECT_FALSE(ask(kName, 0, 500, "another", false));
  EXPECT_TRUE(ask(kName, 0, 100, "again", false));
}

}  // namespace tokenweir::runs
