// The command as a user runs it. Token counts are those of the cookbook's formula; what
// requests cost is compared with what one of them costs, so that prices may change.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "core/exit_codes.h"

namespace tokenweir::cli {
namespace {

namespace fs = std::filesystem;

class EstimateCommand : public ::testing::Test {
 protected:
  EstimateCommand() {
    folder_ = fs::temp_directory_path() /
              ("estimate-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
               std::to_string(reinterpret_cast<std::uintptr_t>(this)));
    fs::create_directories(folder_ / "now");
    fs::create_directories(folder_ / "before");
  }
  ~EstimateCommand() override { fs::remove_all(folder_); }

  std::string put(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  std::string at(const std::string& name) { return (folder_ / name).string(); }

  int run(std::vector<std::string> words) {
    words.insert(words.begin(), {"tokenweir", "estimate"});
    const std::string source = TOKENWEIR_SOURCE_DIR;
    words.insert(words.end(), {"--models", source + "/config/tokenizers/models.yaml", "--files",
                               source + "/config/prices"});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = cli::run(static_cast<int>(arguments.size()), arguments.data());
    out_ = ::testing::internal::GetCapturedStdout();
    error_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  [[nodiscard]] bool says(std::string_view text) const {
    return out_.find(text) != std::string::npos;
  }

  fs::path folder_;
  std::string out_;
  std::string error_;
};

// "Hello!" is 2 tokens, its message 4 more, the beginning of the answer 3.
TEST_F(EstimateCommand, APromptIsCountedAndPriced) {
  EXPECT_EQ(run({"-m", "gpt-4o", "--output-tokens", "100", "--format", "json", put("a", "Hello!")}),
            0)
      << error_;
  EXPECT_TRUE(says("\"input_tokens\":9,")) << out_;
  EXPECT_TRUE(says("\"grade\":\"exact\""));
  EXPECT_TRUE(says("\"output_tokens\":100"));
  EXPECT_FALSE(says("\"cost_picodollars\":null"));
}

TEST_F(EstimateCommand, ARequestNamesItsModelAndItsCap) {
  const std::string file = put("a.json", R"({"model":"gpt-4o","max_tokens":77,"messages":[
    {"role":"system","content":"Be brief."},{"role":"user","content":"Hello!"}]})");
  EXPECT_EQ(run({file}), 0) << error_;
  EXPECT_TRUE(says("system"));
  EXPECT_TRUE(says("77 tokens"));
  EXPECT_TRUE(says("upper bound"));
}

TEST_F(EstimateCommand, WhatIsNoRequestIsSaidSo) {
  EXPECT_EQ(run({"-m", "gpt-4o", put("a", R"({"what":1})")}), kExitFailed);
  EXPECT_EQ(run({put("b", "a prompt without a model")}), kExitFailed);
  EXPECT_NE(error_.find("-m"), std::string::npos);
  EXPECT_EQ(run({"-m", "gpt-4o", at("missing")}), kExitFailed);
}

TEST_F(EstimateCommand, AFolderCostsWhatItsRequestsCostOnAverage) {
  put("now/one.txt", "Hello!");
  put("now/two.txt", "Hello!");
  ASSERT_EQ(run({"-m", "gpt-4o", at("now/one.txt"), "--format", "json"}), 0);
  const std::size_t from = out_.find("\"cost_picodollars\":") + 19;
  const long long each = std::stoll(out_.substr(from));
  EXPECT_EQ(run({"-m", "gpt-4o", at("now"), "--requests-per-day", "1000", "--days", "30",
                 "--format", "json"}),
            0)
      << error_;
  const std::size_t usd = out_.find("\"usd\":\"") + 7;
  EXPECT_NEAR(std::stod(out_.substr(usd)), static_cast<double>(each) * 30'000 / 1e12, 1e-9);
}

TEST_F(EstimateCommand, AnIncreaseAboveTheLimitFails) {
  put("before/a.txt", "Hello!");
  put("now/a.txt", "Hello! Please tell me everything you know about the history of the town.");
  const std::vector<std::string> words = {"-m",  "gpt-4o",     at("now"),    "--requests-per-day",
                                          "100", "--baseline", at("before"), "--fail-above"};
  const auto with = [&](const std::string& limit) {
    std::vector<std::string> all = words;
    all.push_back(limit);
    return run(all);
  };
  EXPECT_EQ(with("10%"), kExitFailed);
  EXPECT_NE(error_.find("increase"), std::string::npos);
  EXPECT_EQ(with("10000%"), 0) << error_;
  EXPECT_EQ(with("0.000001"), kExitFailed);
  EXPECT_EQ(with("1000000"), 0);
  EXPECT_EQ(with("much"), kExitUsage);
}

TEST_F(EstimateCommand, AFolderNeedsToKnowHowOften) {
  put("now/a.txt", "Hello!");
  EXPECT_EQ(run({"-m", "gpt-4o", at("now")}), kExitUsage);
  EXPECT_EQ(run({"-m", "gpt-4o", at("before"), "--requests-per-day", "5"}), kExitFailed);
  EXPECT_EQ(run({"-m", "gpt-4o", at("now"), "--requests-per-day", "5", "--fail-above", "5%"}),
            kExitUsage);
}

TEST_F(EstimateCommand, ABrokenRequestIsNoPrompt) {
  EXPECT_EQ(run({"-m", "gpt-4o", put("cut.json", R"({"messages":[{"role":"user","con)")}),
            kExitFailed);
  EXPECT_NE(error_.find("broken JSON"), std::string::npos) << error_;
  EXPECT_EQ(run({"-m", "gpt-4o", put("list.json", "[1]")}), kExitFailed);
  EXPECT_EQ(run({"-m", "gpt-4o", put("cut.txt", R"({"messages":)")}), 0);
  EXPECT_NE(error_.find("counted as a prompt"), std::string::npos) << error_;
  EXPECT_EQ(run({"-m", "gpt-4o", put("empty.txt", " \n")}), kExitFailed);
}

TEST_F(EstimateCommand, EveryDialectIsRead) {
  const auto dialect = [&](std::string_view body, const std::string& model) {
    const std::string file = put("body.json", body);
    EXPECT_EQ(run({"-m", model, file, "--format", "json"}), 0) << error_;
    const std::size_t from = out_.find("\"dialect\":\"") + 11;
    return out_.substr(from, out_.find('"', from) - from);
  };
  EXPECT_EQ(dialect(R"({"messages":[{"role":"user","content":"a"}]})", "gpt-4o"), "openai_chat");
  EXPECT_EQ(dialect(R"({"messages":[{"role":"user","content":"a"}]})", "claude-sonnet-4-5"),
            "anthropic_messages");
  EXPECT_EQ(dialect(R"({"messages":[{"role":"system","content":"a"}]})", "claude-sonnet-4-5"),
            "openai_chat");
  EXPECT_EQ(dialect(R"({"messages":[],"tools":[{"name":"f","input_schema":{}}]})", "x"),
            "anthropic_messages");
  EXPECT_EQ(dialect(R"({"system":"s","messages":[{"role":"user","content":"a"}]})", "any"),
            "anthropic_messages");
  EXPECT_EQ(dialect(R"({"input":"a"})", "gpt-5"), "openai_responses");
  EXPECT_EQ(dialect(R"({"input":["a","b"]})", "text-embedding-3-small"), "openai_embeddings");
  EXPECT_EQ(dialect(R"({"contents":[{"parts":[{"text":"a"}]}]})", "gemini-2.5-flash"), "gemini");
  EXPECT_EQ(dialect(R"({"message":"a","chat_history":[]})", "command-r"), "cohere");
  EXPECT_EQ(dialect(R"({"prompt":"a"})", "gpt-3.5-turbo-instruct"), "openai_completions");
  EXPECT_EQ(
      dialect(R"({"custom_id":"1","method":"POST","url":"/v1/responses","body":{"input":"a"}})",
              "gpt-5"),
      "openai_responses");
}

TEST_F(EstimateCommand, TheAnswerIsPartOfTheCostOnlyWhereItsLengthIsKnown) {
  const std::string open = put("open.json", R"({"messages":[{"role":"user","content":"Hello!"}]})");
  EXPECT_EQ(run({"-m", "gpt-4o", open}), 0);
  EXPECT_TRUE(says("not counted: no cap")) << out_;
  const std::string two =
      put("two.json", R"({"n":2,"max_tokens":50,"messages":[{"role":"user","content":"Hello!"}]})");
  EXPECT_EQ(run({"-m", "gpt-4o", two, "--format", "json"}), 0);
  EXPECT_TRUE(says("\"output_tokens\":100,\"output_at_most\":100,")) << out_;
}

TEST_F(EstimateCommand, AModelWithoutAPriceIsCountedButNotPriced) {
  EXPECT_EQ(run({"-m", "nobody-knows-1", put("a.txt", "Hello!")}), 0);
  EXPECT_TRUE(says("cost         unknown USD (no price list knows the model)")) << out_;
  put("now/a.txt", "Hello!");
  EXPECT_EQ(run({"-m", "nobody-knows-1", at("now"), "--requests-per-day", "5"}), kExitFailed);
  EXPECT_NE(error_.find("has no price"), std::string::npos);
}

TEST_F(EstimateCommand, OneFileAndBatchesHavePeriodsToo) {
  const std::string one = put("one.txt", "Hello!");
  EXPECT_EQ(run({"-m", "gpt-4o", one, "--requests-per-day", "1000", "--fail-above", "0.000001"}),
            kExitFailed);
  EXPECT_EQ(run({"-m", "gpt-4o", one, "--requests-per-day", "1000", "--fail-above", "1000000"}), 0);
  EXPECT_EQ(run({"-m", "gpt-4o", one, "--fail-above", "1"}), kExitUsage) << "of how many?";
  put("now/batch.jsonl",
      R"({"custom_id":"1","body":{"model":"gpt-4o","messages":[{"role":"user","content":"Hello!"}]}}
{"custom_id":"2","body":{"model":"gpt-4o","messages":[{"role":"user","content":"Hello!"}]}}
)");
  EXPECT_EQ(run({at("now"), "--requests-per-day", "10", "--format", "json"}), 0) << error_;
  EXPECT_TRUE(says("\"files\":2,")) << out_;
  put("now/batch.jsonl", "{\n{}\n");
  put("now/other.json", "{");
  EXPECT_EQ(run({"-m", "gpt-4o", at("now"), "--requests-per-day", "10"}), kExitFailed);
  for (const char* place : {"batch.jsonl:1", "batch.jsonl:2", "other.json"}) {
    EXPECT_NE(error_.find(place), std::string::npos) << error_;
  }
}

}  // namespace
}  // namespace tokenweir::cli
