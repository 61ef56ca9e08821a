// What a start owes to the process before it: the spend of accounts and runs is read back, and
// every request that may have left and has no row yet gets one, charged once.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "core/time.h"
#include "exchange/books.h"
#include "exchange/snapshot.h"
#include "publish/publisher.h"

namespace tokenweir::app {

// Fills `books` and opens their journal. Called once, before any exchange. The publisher runs; the
// rows of lost requests go through it. The error is a sentence for operators.
[[nodiscard]] Result<void, std::string> restart(exchange::Books& books,
                                                const exchange::Snapshot& snapshot,
                                                publish::Publisher& publisher, const Clock& clock);

}  // namespace tokenweir::app
