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
