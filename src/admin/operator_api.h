// The paths of the operators' orders and questions under /api/v1/: from HTTP to Operators and back.
#pragma once

#include <optional>

#include "admin/answer.h"
#include "admin/operators.h"

namespace tokenweir::admin {

// No value when the path is not one of these. The caller has checked host and token; an order
// (anything but GET and HEAD) is refused here unless it is JSON and not sent by a foreign page.
[[nodiscard]] std::optional<Reply> answer_operators(const Question& question, std::string_view path,
                                                    const Query& query, Operators& operators);

// Who an order is attributed to in the audit: X-LLM-Operator if it is a plain short name.
[[nodiscard]] Result<std::string, std::string> actor_of(const Question& question);
// Why an order may not be taken from this request: a foreign page or no JSON. No value: it may.
[[nodiscard]] std::optional<Reply> foreign_order(const Question& question);

}  // namespace tokenweir::admin
