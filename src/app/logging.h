// The operational log: a line an event on standard error, written by a thread of its own that
// drops the oldest lines rather than delay an event loop.
#pragma once

#include <string>

namespace tokenweir::app {

void start_logging(const std::string& level);
void stop_logging();

}  // namespace tokenweir::app
