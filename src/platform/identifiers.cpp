#include "platform/identifiers.h"

namespace tokenweir::platform {
namespace {

constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::mt19937_64 seeded() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(),
                     device(), device(), device(), device()};
  return std::mt19937_64(seed);
}

}  // namespace

Identifiers::Identifiers() : random_(seeded()) {}

std::string Identifiers::next(Time now) {
  std::string id(26, '0');
  auto millis = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count());
  for (std::size_t i = 10; i-- > 0; millis >>= 5) id[i] = kCrockford[millis & 31];
  std::uint64_t high = random_();
  std::uint64_t low = random_();
  for (std::size_t i = 10; i < 18; ++i, high >>= 5) id[i] = kCrockford[high & 31];
  for (std::size_t i = 18; i < 26; ++i, low >>= 5) id[i] = kCrockford[low & 31];
  return id;
}

}  // namespace tokenweir::platform
