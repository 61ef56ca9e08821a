#include "admit/model_names.h"

#include <gmock/gmock.h>

#include "fixture.h"

namespace tokenweir::admit {
namespace {

using ::testing::Contains;
using ::testing::Not;

const std::string kModels = R"(
aliases:
- {name: talker-latest, model: talker-2, from: 2026-01-01}
models:
- id: talker
  match: [talker-turbo, {prefix: "chatter-"}]
  periods:
  - rates: {input: "1", output: "4"}
- id: talker-2
  periods:
  - rates: {input: "1", output: "4"}
- id: talker-2024-05-13
  periods:
  - rates: {input: "2", output: "8"}
)";

std::vector<std::string> names(std::string_view model) {
  static const pricing::PriceBook book = pricing::test::book_of(pricing::test::list(kModels));
  return names_of_model(book, "test", model, kNow.wall);
}

TEST(ModelNames, LeadFromASnapshotToTheModel) {
  for (const std::string_view model :
       {"talker", "talker-2024-08-06", "talker-20240806", "talker-0613", "talker-001",
        "talker-08-2024", "talker-05-20", "talker@20250929", "talker@default", "talker:free",
        "talker:online", "TALKER", " Talker\n", "talker-2024-05-13"}) {
    EXPECT_THAT(names(model), Contains("talker")) << model;
  }
  EXPECT_THAT(names("talker-0"), Not(Contains("talker"))) << "no version ends a word";
  EXPECT_THAT(names("talker-4-0"), Contains("talker-4"));
}

TEST(ModelNames, LeadThroughPrefixesOfEveryProvider) {
  for (const std::string_view model :
       {"openai/talker", "openrouter/openai/talker:nitro", "models/talker",
        "publishers/openai/models/talker", "projects/p/locations/l/publishers/x/models/talker@001",
        "us.openai.talker-v1:0", "arn:aws:bedrock:us-east-1::foundation-model/openai.talker-v1:0",
        "ft:talker-2024-08-06:org::id", "library/talker:latest", "a/b/c/talker"}) {
    EXPECT_THAT(names(model), Contains("talker")) << model;
  }
}

TEST(ModelNames, LeadToWhatThePriceListCallsTheModel) {
  EXPECT_THAT(names("talker-turbo"), Contains("talker"));
  EXPECT_THAT(names("openai/Chatter-9"), Contains("talker"));
  EXPECT_THAT(names("talker-latest"), Contains("talker-2")) << "an alias, today";
  EXPECT_THAT(names("talker-2"), Not(Contains("talker")));
  EXPECT_THAT(names("stranger"), testing::ElementsAre("stranger", "stranger:latest"));
}

TEST(ModelNames, AreComparedWithoutCaseAndDots) {
  EXPECT_THAT(names("Claude-Opus-4.1"), Contains("claude-opus-4-1"));
  EXPECT_EQ(folded_model("GPT-5.1*"), "gpt-5-1*");
}

TEST(ModelNames, OfHostileLengthAreFew) {
  std::string path;
  for (int i = 0; i < 10'000; ++i) path += "a/";
  EXPECT_LE(names(path).size(), 64u);
  EXPECT_TRUE(names("").empty());
}

}  // namespace
}  // namespace tokenweir::admit
