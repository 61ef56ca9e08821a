// The edits of a request body: a cap on its output, another model. Byte-exact splices that hold
// under every reading of the body, or no edit at all. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "provider/dialect.h"

namespace tokenweir::provider {

// Requests of this endpoint have a place where a limit on their output is written.
[[nodiscard]] bool has_place_for_cap(const Endpoint& endpoint);

// Splices after which no server reads a limit above `cap` tokens a choice, whichever of several
// spellings or duplicates it goes by: larger limits are lowered, smaller ones stay, a missing one
// is inserted where the endpoint's server looks for it, and thinking budgets that would no longer
// fit are lowered with it (wire.md 13). `host` is the provider's, for the spelling to insert. No
// value: the body cannot be made to say so safely, or the server would refuse what was made of it.
// An empty list: it says so already.
[[nodiscard]] std::optional<std::vector<Splice>> cap_splices(const Endpoint& endpoint,
                                                             Family family, const Asked& asked,
                                                             std::int64_t cap,
                                                             std::string_view host = {});

// Asks for another model. No value: the path names the model, or the body does not do so exactly
// once.
[[nodiscard]] std::optional<Splice> model_splice(const Endpoint& endpoint, const Asked& asked,
                                                 std::string_view model);

// One sorted list out of several edits of one body. No value: two of them touch the same bytes.
// Insertions at one place are joined in the order of the lists.
[[nodiscard]] std::optional<std::vector<Splice>> merge_splices(std::vector<Splice> splices);

}  // namespace tokenweir::provider
