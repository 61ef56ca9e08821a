// What is left of a provider's rate limits, as the head of its answer tells.
#pragma once

#include <span>

#include "core/answer.h"
#include "http/message.h"

namespace tokenweir::provider {

// The names of OpenAI and its imitators, Anthropic, Mistral, Cerebras and Together (as recorded).
// Windows longer than a minute are left out; of a fraction the whole part counts.
[[nodiscard]] RateLimitsLeft rate_limits_left(std::span<const http::Field> fields);

}  // namespace tokenweir::provider
