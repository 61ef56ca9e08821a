#include "runs/loop_guard.h"

#include "fixture.h"

namespace tokenweir::runs {
namespace {

using config::RunMode;

std::string n(int i) { return std::to_string(i); }

// Every detector on, set to stop.
config::RunRules all_stop() {
  config::RunRules rules;
  rules.repeated_request = {8, std::chrono::minutes(10), RunMode::stop};
  rules.near_repeated_request = {5, RunMode::stop};
  rules.repeated_tool_call = {5, false, RunMode::stop};
  rules.cycle = {4, 4, RunMode::stop};
  rules.error_loop = {5, RunMode::stop};
  rules.no_progress = {6, RunMode::stop};
  rules.max_retries = {3, RunMode::stop};
  rules.context_growth = {100'000, 4, RunMode::stop};
  return rules;
}

class Stops : public Loop {
 protected:
  void SetUp() override { rules_ = all_stop(); }
};
class Passes : public Stops {};

TEST_F(Stops, ARequestThatIsRepeated) {
  Transcript same;
  same.user("classify this");
  for (int i = 0; i < 7; ++i) EXPECT_EQ(step(same).action, Action::pass) << i;
  const Judgement eighth = step(same);
  EXPECT_TRUE(stopped_by(eighth, Detector::repeated_request));
  EXPECT_EQ(eighth.stopped_by->seen, 8);
  EXPECT_NE(eighth.stopped_by->evidence().find("8 times"), std::string::npos);
  EXPECT_EQ(step(same).action, Action::stop) << "asking once more changes nothing";
}

TEST_F(Stops, ATurnThatIsAddedAgainAndAgain) {
  Transcript transcript;
  transcript.user("start");
  (void)step(transcript);
  for (int i = 1; i <= 5; ++i) {
    transcript.says("thought number " + n(i));
    transcript.user("continue");
    const Judgement judgement = step(transcript);
    EXPECT_EQ(judgement.action == Action::stop, i == 5) << i;
    EXPECT_EQ(stopped_by(judgement, Detector::near_repeated_request), i == 5) << i;
  }
}

TEST_F(Stops, AToolCallThatIsRepeated) {
  Transcript transcript;
  transcript.user("find it");
  for (int i = 1; i <= 5; ++i) {
    transcript.tool("search", "{\"q\":\"x\"}", "nothing found");
    const Judgement judgement = step(transcript);
    EXPECT_EQ(judgement.action == Action::stop, i == 5) << i;
    if (i < 5) continue;
    bool said = false;
    for (const Finding& finding : judgement.findings) {
      if (finding.detector != Detector::repeated_tool_call) continue;
      said = true;
      EXPECT_EQ(finding.tool, "search");
      EXPECT_EQ(finding.seen, 5);
      EXPECT_EQ(finding.evidence().find("\"q\""), std::string::npos);
    }
    EXPECT_TRUE(said);
  }
}

TEST_F(Stops, ToolCallsThatGoRound) {
  Transcript transcript;
  transcript.user("go");
  int stopped_at = 0;
  for (int i = 1; i <= 12 && stopped_at == 0; ++i) {
    transcript.tool(i % 2 == 1 ? "read" : "write", i % 2 == 1 ? "a" : "b", i % 2 == 1 ? "A" : "B");
    const Judgement judgement = step(transcript);
    if (judgement.action != Action::stop) continue;
    stopped_at = i;
    for (const Finding& finding : judgement.findings) {
      if (finding.detector != Detector::cycle) continue;
      EXPECT_EQ(finding.tool, "read > write");
    }
  }
  EXPECT_EQ(stopped_at, 8) << "two calls, four times";
}

TEST_F(Stops, ToolCallsThatFailInARow) {
  Transcript transcript;
  transcript.user("go");
  for (int i = 1; i <= 5; ++i) {
    transcript.tool("deploy", "try " + n(i), "error " + n(i), true);
    EXPECT_EQ(stopped_by(step(transcript), Detector::error_loop), i == 5) << i;
  }
}

TEST_F(Stops, StepsThatFailAtTheProvider) {
  int passed = 0;
  for (; passed < 20; ++passed) {
    Transcript transcript;
    transcript.user("attempt " + n(passed));
    if (step(transcript, "4xx").action == Action::stop) break;
  }
  EXPECT_EQ(passed, 5);
}

TEST_F(Stops, RetriesOfOneStepBeyondWhatSdksDo) {
  Transcript transcript;
  transcript.user("x");
  int passed = 0;
  for (; passed < 20; ++passed) {
    if (step(transcript, "5xx").action == Action::stop) break;
  }
  EXPECT_EQ(passed, 4) << "one attempt and three retries";
}

TEST_F(Stops, StepsThatAddNothingNew) {
  rules_.near_repeated_request.reset();
  Transcript transcript;
  transcript.user("start");
  transcript.says("a");
  transcript.user("b");
  transcript.says("c");
  int stopped_at = 0;
  for (int i = 1; i <= 10 && stopped_at == 0; ++i) {
    transcript.user(i % 2 == 1 ? "b" : "start");
    transcript.says(i % 2 == 1 ? "c" : "a");
    if (stopped_by(step(transcript), Detector::no_progress)) stopped_at = i;
  }
  EXPECT_EQ(stopped_at, 7) << "the first step is all new, six after it are not";
}

TEST_F(Stops, AContextThatGrowsAndGrows) {
  Transcript transcript;
  int stopped_at = 0;
  input_tokens_ = 10'000;
  for (int i = 1; i <= 30 && stopped_at == 0; ++i) {
    transcript.user("message " + n(i));
    if (stopped_by(step(transcript), Detector::context_growth)) stopped_at = i;
    input_tokens_ += 10'000;
  }
  EXPECT_EQ(stopped_at, 11) << "the step after one of 100,000 tokens";
}

TEST_F(Stops, MoneyThatGoesTooFast) {
  rules_ = {};
  rules_.cost_velocity = {*Money::from_dollars("1"), std::chrono::minutes(3), RunMode::stop};
  cost_ = *Money::from_dollars("0.1");
  int passed = 0;
  for (; passed < 100; ++passed) {
    Transcript transcript;
    transcript.user("message " + n(passed));
    if (step(transcript).action == Action::stop) break;
  }
  EXPECT_GE(passed, 88) << "three dollars a minute, but not before three minutes";
  EXPECT_LE(passed, 91);
}

TEST_F(Stops, ACircleLongerThanACycle) {
  Transcript transcript;
  transcript.user("go");
  int stopped_at = 0;
  for (int i = 0; i < 40 && stopped_at == 0; ++i) {
    transcript.says("thought " + n(i));
    transcript.tool("read", "file " + n(i % 5), "text " + n(i % 5));
    if (stopped_by(step(transcript), Detector::no_progress)) stopped_at = i + 1;
  }
  EXPECT_EQ(stopped_at, 18) << "all new for six steps, then twelve that repeat one of the last six";
}

TEST_F(Stops, TwoTurnsThatTakeTurns) {
  Transcript transcript;
  transcript.user("write");
  int stopped_at = 0;
  for (int i = 0; i < 40 && stopped_at == 0; ++i) {
    transcript.says("answer " + n(i));
    transcript.user(i % 2 == 0 ? "are you sure?" : "check again");
    if (stopped_by(step(transcript), Detector::no_progress)) stopped_at = i + 1;
  }
  EXPECT_EQ(stopped_at, 9);
}

TEST_F(Stops, FailuresOfToolsThatTakeTurns) {
  Transcript transcript;
  transcript.user("go");
  int stopped_at = 0;
  for (int i = 0; i < 20 && stopped_at == 0; ++i) {
    transcript.tool(i % 2 == 0 ? "query" : "fetch", "try " + n(i), "error " + n(i), true);
    if (stopped_by(step(transcript), Detector::error_loop)) stopped_at = i + 1;
  }
  EXPECT_EQ(stopped_at, 5);
}

TEST_F(Stops, TheSameFailureAroundEverythingElse) {
  Transcript transcript;
  transcript.user("make the tests pass");
  int stopped_at = 0;
  for (int i = 1; i <= 30 && stopped_at == 0; ++i) {
    transcript.tool("edit", "change " + n(i), "ok");
    EXPECT_EQ(step(transcript).action, Action::pass);
    transcript.tool("test", "", "error: 1 failed", true);
    const Judgement judgement = step(transcript);
    if (!stopped_by(judgement, Detector::error_loop)) continue;
    stopped_at = i;
    EXPECT_EQ(judgement.stopped_by->tool, "test");
    EXPECT_NE(judgement.stopped_by->evidence().find("in the same way"), std::string::npos);
  }
  EXPECT_EQ(stopped_at, 10) << "twice as often as failures in a row";
}

TEST_F(Stops, AskingTheSameWithOtherParameters) {
  Transcript transcript;
  transcript.user("summarise");
  int passed = 0;
  for (; passed < 20; ++passed) {
    Signs signs = transcript.signs();
    signs.question = 99;
    signs.body = 1'000 + static_cast<std::uint64_t>(passed);
    if (step(signs).action == Action::stop) break;
  }
  EXPECT_EQ(passed, 7);
}

TEST_F(Stops, AGrowingTranscriptWhoseInstructionsTellTheTime) {
  int stopped_at = 0;
  for (int i = 1; i <= 12 && stopped_at == 0; ++i) {
    Transcript transcript;
    transcript.add(PartKind::system, "it is " + n(i) + " o'clock");
    transcript.user("write");
    for (int turn = 1; turn <= i; ++turn) {
      transcript.says("chapter " + n(turn));
      transcript.user("continue");
    }
    if (stopped_by(step(transcript), Detector::near_repeated_request)) stopped_at = i;
  }
  EXPECT_GT(stopped_at, 0);
  EXPECT_LE(stopped_at, 6);
}

// The Responses API with previous_response_id: the request has the results alone.
TEST_F(Stops, ARepeatedCallInAConversationThatTheProviderHolds) {
  int stopped_at = 0;
  for (int i = 1; i <= 12 && stopped_at == 0; ++i) {
    Signs signs;
    signs.body = 100 + static_cast<std::uint64_t>(i);
    signs.stored_context = i > 1;
    signs.parts = {{i > 1 ? PartKind::tool_result : PartKind::user, signs.body}};
    if (i > 1) signs.loose_results = {{77, false, false}};
    signs.made = {{0, "search", 5, {}, false, false}};
    const Judgement judgement = step(signs);
    if (judgement.action != Action::stop) continue;
    stopped_at = i;
    ASSERT_FALSE(judgement.findings.empty());
  }
  EXPECT_EQ(stopped_at, 6) << "five results of the same call";
}

TEST_F(Passes, AConversationThatTheProviderHoldsWithNewCalls) {
  for (int i = 1; i <= 60; ++i) {
    Signs signs;
    signs.body = 100 + static_cast<std::uint64_t>(i);
    signs.stored_context = i > 1;
    signs.parts = {{PartKind::tool_result, signs.body}};
    if (i > 1) signs.loose_results = {{77, false, false}};  // "ok" every time
    signs.made = {{0, "write", static_cast<std::uint64_t>(i), {}, false, false}};
    EXPECT_EQ(step(signs).action, Action::pass) << i;
  }
}

TEST_F(Passes, WhatAnSdkRepeatsAfterAFailureIsNoRepetition) {
  rules_.repeated_request->times = 2;
  Transcript transcript;
  transcript.user("x");
  EXPECT_EQ(step(transcript, "5xx").action, Action::pass);
  EXPECT_EQ(step(transcript, "429").action, Action::pass);
  EXPECT_EQ(step(transcript).action, Action::pass);
  EXPECT_TRUE(stopped_by(step(transcript), Detector::repeated_request));
}

TEST_F(Passes, AJobThatIsPendingForAWhile) {
  Transcript transcript;
  transcript.user("deploy");
  for (int i = 0; i < 24; ++i) {
    transcript.tool("status", "job 1", "pending", false, true);
    EXPECT_EQ(step(transcript).action, Action::pass) << i;
  }
  transcript.tool("status", "job 1", "pending", false, true);
  EXPECT_TRUE(stopped_by(step(transcript), Detector::repeated_tool_call)) << "not for ever";
}

TEST_F(Passes, ACodingAgentOfFiveHundredSteps) {
  Transcript transcript;
  transcript.user("fix the build");
  for (int i = 0; i < 500; ++i) {
    switch (i % 4) {
      case 0:
        transcript.tool("read", "file " + n(i % 7), "content " + n(i / 9));
        break;
      case 1:
      case 2:
        transcript.tool("edit", "change " + n(i), "ok");
        break;
      default:
        transcript.tool("test", "all", i % 12 == 3 ? "2 failed" : n(i) + " passed", i % 12 == 3);
        break;
    }
    ASSERT_EQ(step(transcript).action, Action::pass) << i;
  }
}

TEST_F(Passes, ABatchOverManyDocuments) {
  for (int i = 0; i < 300; ++i) {
    Transcript transcript;
    transcript.user("document " + n(i));
    transcript.user("Classify the document.");
    ASSERT_EQ(step(transcript).action, Action::pass) << i;
  }
}

TEST_F(Passes, SamplesOfOneRequestSideBySide) {
  book_.configure(rules_);
  Transcript transcript;
  transcript.user("think hard");
  const Signs signs = transcript.signs();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(book_.begin(kName, signs, wall_, now_).action, Action::pass) << i;
  }
  for (int i = 0; i < 20; ++i) book_.end(kName, signs, {}, wall_, now_);
}

TEST_F(Passes, PollingWhoseResultChanges) {
  Transcript transcript;
  transcript.user("wait for the job");
  for (int i = 0; i < 100; ++i) {
    transcript.tool("status", "job 7", n(i) + " percent");
    ASSERT_EQ(step(transcript).action, Action::pass) << i;
  }
}

TEST_F(Passes, ThreeSdksThatRetryAndSucceed) {
  for (int sdk = 0; sdk < 3; ++sdk) {
    Transcript transcript;
    transcript.user("sdk " + n(sdk));
    for (int attempt = 0; attempt < 3; ++attempt) {
      ASSERT_EQ(step(transcript, attempt < 2 ? "429" : "").action, Action::pass);
    }
  }
}

TEST_F(Passes, SubAgentsThatShareARun) {
  std::vector<Transcript> agents(3);
  for (int i = 0; i < 3; ++i) agents[static_cast<std::size_t>(i)].user("agent " + n(i));
  for (int i = 0; i < 60; ++i) {
    Transcript& agent = agents[static_cast<std::size_t>(i % 3)];
    agent.tool("fetch", "page " + n(i), "text " + n(i));
    ASSERT_EQ(step(agent).action, Action::pass) << i;
  }
}

TEST_F(Loop, OnlyObservesAsShipped) {
  rules_ = all_stop();
  for (auto mode : {RunMode::observe, RunMode::slow}) {
    rules_.repeated_request->mode = mode;
    rules_.near_repeated_request->mode = mode;
    Transcript same;
    same.user("mode " + n(static_cast<int>(mode)));
    Judgement last;
    for (int i = 0; i < 12; ++i) last = step(same);
    EXPECT_FALSE(last.findings.empty());
    EXPECT_EQ(last.action, mode == RunMode::slow ? Action::slow : Action::pass);
    EXPECT_LE(last.delay, std::chrono::seconds(5));
  }
}

TEST_F(Loop, TellsWhatItWouldStopWhileNothingIsEnforced) {
  rules_ = all_stop();
  book_.configure(rules_);
  Transcript same;
  same.user("again");
  Judgement last;
  for (int i = 0; i < 9; ++i) {
    last = book_.begin(kName, same.signs(), wall_, now_, false);
    book_.end(kName, same.signs(), {}, wall_, now_);
  }
  EXPECT_EQ(last.action, Action::pass);
  ASSERT_TRUE(last.would_stop);
  EXPECT_EQ(last.would_stop->detector, Detector::repeated_request);
}

TEST_F(Loop, ForgetsRequestsThatWereLongAgo) {
  rules_ = all_stop();
  Transcript same;
  same.user("hourly report");
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(step(same, {}, std::chrono::minutes(60)).action, Action::pass) << i;
  }
}

}  // namespace
}  // namespace tokenweir::runs
