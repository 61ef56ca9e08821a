#include "provider/rate_limits.h"

#include <array>

#include "http/characters.h"
#include "provider/answer_reader.h"

namespace tokenweir::provider {
namespace {

struct Name {
  std::string_view field;
  RateResource resource;
};

constexpr std::array kLimitNames = std::to_array<Name>({
    {"x-ratelimit-remaining-requests", RateResource::requests},
    {"x-ratelimit-remaining-tokens", RateResource::tokens},
    {"anthropic-ratelimit-requests-remaining", RateResource::requests},
    {"anthropic-ratelimit-tokens-remaining", RateResource::tokens},
    {"anthropic-ratelimit-input-tokens-remaining", RateResource::input_tokens},
    {"anthropic-ratelimit-output-tokens-remaining", RateResource::output_tokens},
    {"x-ratelimit-remaining-requests-minute", RateResource::requests},
    {"x-ratelimit-remaining-req-minute", RateResource::requests},
    {"x-ratelimit-remaining-tokens-minute", RateResource::tokens},
    {"x-ratelimit-remaining", RateResource::requests},
    {"x-tokenlimit-remaining", RateResource::tokens},
    {"ratelimit-remaining", RateResource::requests},
});

}  // namespace

RateLimitsLeft rate_limits_left(std::span<const http::Field> fields) {
  constexpr std::size_t kShortest = std::string_view("ratelimit-remaining").size();
  RateLimitsLeft left{};
  for (const http::Field& field : fields) {
    if (field.name.size() < kShortest) continue;
    for (const Name& name : kLimitNames) {
      if (!http::equals_ignoring_case(field.name, name.field)) continue;
      const std::string_view value = field.value;
      const auto count = count_from_text(value.substr(0, value.find('.')));
      std::optional<std::uint64_t>& told = left[static_cast<std::size_t>(name.resource)];
      if (count && !told) told = count;
    }
  }
  return left;
}

}  // namespace tokenweir::provider
