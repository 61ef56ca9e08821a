// Finds what a model says in the documents of its answer (events, lines, or one whole body) and
// feeds it to a counter. For whoever has whole documents; a reader of streams may push by itself.
#pragma once

#include <string_view>

#include "count/output_counter.h"
#include "provider/dialect.h"

namespace tokenweir::count {

// `document` is one JSON value: an event's data, an NDJSON line, an element of an array, or the
// whole body of an answer that does not stream. Anything unreadable is passed over. A whole body
// and the final event of a stream that repeats it all must not both be given: `streaming` says
// which.
void count_answer_document(provider::Dialect dialect, bool streaming, std::string_view document,
                           OutputCounter& out);

}  // namespace tokenweir::count
