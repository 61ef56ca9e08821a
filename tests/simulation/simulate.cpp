// Runs the simulation over many seeds. Usage: simulate [COUNT [FIRST]] (default: 50000 from 1).
// A failure names its seed: `simulate 1 SEED` plays it again.
#include <cstdio>
#include <cstdlib>

#include "world.h"

int main(int count, char** arguments) {
  using tokenweir::simulation::Outcome;
  const long seeds = count > 1 ? std::atol(arguments[1]) : 50'000;
  const long first = count > 2 ? std::atol(arguments[2]) : 1;
  std::uint64_t admitted = 0, refused = 0, crashes = 0;
  for (long seed = first; seed < first + seeds; ++seed) {
    const Outcome outcome = tokenweir::simulation::World(static_cast<std::uint64_t>(seed)).run(400);
    admitted += outcome.admitted;
    refused += outcome.refused;
    crashes += outcome.crashes;
    if (!outcome.broken) continue;
    std::printf("seed %ld, event %llu: %s\n", seed, static_cast<unsigned long long>(outcome.event),
                outcome.broken->c_str());
    std::printf("figure: seeds=%ld broken=1\n", seed - first + 1);
    return 1;
  }
  std::printf("%llu holds, %llu refusals, %llu crashes\n",
              static_cast<unsigned long long>(admitted), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(crashes));
  std::printf("figure: seeds=%ld broken=0\n", seeds);
  return 0;
}
