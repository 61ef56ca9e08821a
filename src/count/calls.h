// The tool calls of a transcript with their results, by dialect. Private to the room.
#pragma once

#include "count/sources.h"
#include "count/transcript.h"

namespace tokenweir::count {

// Adds the calls to `out`, whose parts are those of `sources`. False when there are too many.
[[nodiscard]] bool find_calls(provider::Dialect dialect, const Sources& sources, const HashKey& key,
                              Transcript& out);

}  // namespace tokenweir::count
