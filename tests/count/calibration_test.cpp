#include "count/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace {

using tokenweir::Time;
using tokenweir::count::Calibration;
using tokenweir::count::Grade;
using tokenweir::count::RequestKind;

Time at(int seconds) { return Time(std::chrono::seconds(seconds)); }

// A model whose tokenizer makes a quarter more of the same text and that has 100 hidden tokens.
void teach(Calibration& calibration, int times) {
  for (int i = 0; i < times; ++i) {
    const std::int64_t counted = 100 + i * 37 % 900;
    calibration.add("anthropic", "claude-x", RequestKind::text, Grade::estimated, counted,
                    100 + counted * 5 / 4, at(i));
  }
}

std::int64_t corrected(const Calibration& calibration, std::int64_t counted,
                       Grade grade = Grade::estimated) {
  return calibration.corrected("anthropic", "claude-x", RequestKind::text, grade, counted);
}

TEST(Calibration, EstimatesAreCorrectedOnceEnoughWasSeen) {
  Calibration calibration;
  teach(calibration, 4);
  EXPECT_EQ(corrected(calibration, 400), 400);
  teach(calibration, 60);
  EXPECT_NEAR(static_cast<double>(corrected(calibration, 400)), 600, 3);
  EXPECT_NEAR(static_cast<double>(corrected(calibration, 2000)), 2600, 6);
}

TEST(Calibration, CountsOfAModelsOwnVocabularyAreNeverCorrected) {
  Calibration calibration;
  teach(calibration, 64);
  EXPECT_EQ(corrected(calibration, 400, Grade::exact), 400);
  EXPECT_EQ(corrected(calibration, 400, Grade::estimated_framing), 400);
  for (int i = 0; i < 64; ++i)
    calibration.add("openai", "gpt-4o", RequestKind::text, Grade::exact, 100 + i, 200, at(i));
  EXPECT_EQ(calibration.corrected("openai", "gpt-4o", RequestKind::text, Grade::estimated, 100),
            100);
}

TEST(Calibration, ACorrectionIsBoundedWhateverAProviderClaims) {
  Calibration calibration;
  for (int i = 0; i < 300; ++i) {
    calibration.add("p", "huge", RequestKind::text, Grade::estimated, 100 + i, 1'000'000'000,
                    at(i));
    calibration.add("p", "tiny", RequestKind::text, Grade::estimated, 100 + i, 1, at(i));
  }
  EXPECT_LE(calibration.corrected("p", "huge", RequestKind::text, Grade::estimated, 1000),
            2 * 1000 + 4096);
  EXPECT_EQ(calibration.corrected("p", "tiny", RequestKind::text, Grade::estimated, 1000), 500);
}

TEST(Calibration, RatiosAreSumsByProviderAndKind) {
  Calibration calibration;
  calibration.add("openai", "a", RequestKind::text, Grade::exact, 10, 10, at(1));
  calibration.add("openai", "b", RequestKind::text, Grade::exact, 10, 12, at(2));
  calibration.add("openai", "b", RequestKind::tools, Grade::estimated_framing, 50, 40, at(3));
  const auto ratios = calibration.ratios();
  ASSERT_EQ(ratios.size(), 2u);
  EXPECT_EQ(ratios[0].samples, 2u);
  EXPECT_EQ(ratios[0].equal, 1u);
  EXPECT_EQ(ratios[0].counted, 20u);
  EXPECT_EQ(ratios[0].reported, 22u);
  EXPECT_EQ(ratios[1].kind, RequestKind::tools);
}

TEST(Calibration, WhatWasLearnedOutlivesTheProcess) {
  Calibration calibration;
  teach(calibration, 64);
  calibration.add("a\tb", "c\nd", RequestKind::media, Grade::estimated, 5, 6, at(9));
  Calibration other;
  other.restore(calibration.save());
  EXPECT_EQ(other.save(), calibration.save());
  EXPECT_EQ(corrected(other, 777), corrected(calibration, 777));
}

TEST(Calibration, DamagedLinesAreIgnored) {
  Calibration calibration;
  for (const std::string text :
       {"", "x", "tokenweir-calibration 1\nmodel\tp\tm\ttext\t0\tnan\t1\t1\t1\t1\t0\n",
        "tokenweir-calibration 1\nmodel\tp\nratio\tp\ttext\t-1\nwhat\n\n\t\t\t\n"}) {
    calibration.restore(text);
    EXPECT_TRUE(calibration.learned().empty()) << text;
    EXPECT_TRUE(calibration.ratios().empty()) << text;
  }
}

TEST(Calibration, AModelOrAProviderCanBeForgotten) {
  Calibration calibration;
  teach(calibration, 64);
  calibration.add("anthropic", "other", RequestKind::text, Grade::estimated, 5, 6, at(9));
  EXPECT_EQ(calibration.reset("anthropic", "claude-x"), 1u);
  EXPECT_EQ(corrected(calibration, 400), 400);
  EXPECT_EQ(calibration.reset("", ""), 1u);
  EXPECT_TRUE(calibration.learned().empty());
}

TEST(Calibration, MemoryIsBoundedAndTheOldestIsForgotten) {
  Calibration calibration;
  const int models = static_cast<int>(Calibration::kMostModels) + 10;
  for (int i = 0; i < models; ++i)
    calibration.add("p", std::to_string(i), RequestKind::text, Grade::estimated, 5, 6, at(i));
  const auto learned = calibration.learned();
  EXPECT_EQ(learned.size(), Calibration::kMostModels);
  EXPECT_TRUE(std::ranges::none_of(learned, [](const auto& one) { return one.model == "9"; }));
}

}  // namespace
