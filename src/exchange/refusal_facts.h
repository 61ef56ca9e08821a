// A policy's no in the terms the dialects speak: what admit/ decided, as facts for provider/.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "admit/refusal.h"
#include "config/config.h"
#include "exchange/publisher.h"
#include "provider/refusal_answer.h"
#include "runs/run_book.h"

namespace tokenweir::exchange {

// The message and the details are copied; `request_id` and `host` are borrowed. `contact` is whom
// to ask where the rule itself names nobody.
// What the loop guard found, for the ledger: a JSON array, empty text where it is nothing.
[[nodiscard]] std::string evidence_json(std::span<const runs::Finding> findings);
// Where the run of the request itself is stopped until it is let go.
[[nodiscard]] std::optional<RunStop> stop_of(const runs::Judgement& judgement);
[[nodiscard]] provider::RefusalFacts facts_of(const admit::Refusal& refusal,
                                              std::string_view request_id, std::string_view host,
                                              std::string_view contact = {});
// Whom to ask about a workflow; empty where nobody is named.
[[nodiscard]] std::string_view contact_of(const config::Config& config, std::string_view workflow);
// The workflow's own style, or the file's.
[[nodiscard]] provider::RefusalStyle style_for(const config::Config& config,
                                               std::string_view workflow);

}  // namespace tokenweir::exchange
