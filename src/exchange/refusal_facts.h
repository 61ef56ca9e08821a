// A policy's no in the terms the dialects speak: what admit/ decided, as facts for provider/.
#pragma once

#include <string_view>

#include "admit/refusal.h"
#include "config/config.h"
#include "provider/refusal_answer.h"

namespace tokenweir::exchange {

// The message and the details are copied; `request_id` and `host` are borrowed.
[[nodiscard]] provider::RefusalFacts facts_of(const admit::Refusal& refusal,
                                              std::string_view request_id, std::string_view host);
// The workflow's own style, or the file's.
[[nodiscard]] provider::RefusalStyle style_for(const config::Config& config,
                                               std::string_view workflow);

}  // namespace tokenweir::exchange
