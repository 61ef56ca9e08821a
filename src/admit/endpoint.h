// What the requests of an endpoint can be told and what they can cost, beyond what their bodies
// say.
#pragma once

#include "provider/dialect.h"

namespace tokenweir::admit {

// The body has a place for a cap on output tokens (wire.md 13.1).
[[nodiscard]] bool can_cap(const provider::Endpoint& endpoint);
// Nothing is generated: embeddings, reranking, classification.
[[nodiscard]] bool generates_nothing(const provider::Endpoint& endpoint);

}  // namespace tokenweir::admit
