#include <gtest/gtest.h>

#include "world.h"

namespace tokenweir::simulation {
namespace {

TEST(Simulation, KeepsEveryInvariantOverFiveHundredSeeds) {
  std::uint64_t admitted = 0, refused = 0, crashes = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const Outcome outcome = World(seed).run(400);
    ASSERT_FALSE(outcome.broken) << "seed " << seed << ", event " << outcome.event << ": "
                                 << *outcome.broken;
    admitted += outcome.admitted;
    refused += outcome.refused;
    crashes += outcome.crashes;
  }
  // A simulation in which nothing happens proves nothing.
  EXPECT_GT(admitted, 10'000u);
  EXPECT_GT(refused, 1'000u);
  EXPECT_GT(crashes, 500u);
}

TEST(Simulation, PlaysTheSameSeedTheSameWay) {
  const Outcome first = World(7).run(300);
  const Outcome second = World(7).run(300);
  EXPECT_EQ(first.admitted, second.admitted);
  EXPECT_EQ(first.refused, second.refused);
  EXPECT_EQ(first.crashes, second.crashes);
}

}  // namespace
}  // namespace tokenweir::simulation
