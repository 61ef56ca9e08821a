// Plain requests: as fast as the answers come, at a fixed rate, or each on a new connection.
#pragma once

#include <openssl/ssl.h>

#include "measurement.h"
#include "options.h"

namespace loadtest {

// Runs to its end; results are in `measurement`. Throws std::runtime_error when no connection comes
// about.
void run_request_load(const Options& options, SSL_CTX* context, Measurement& measurement);

}  // namespace loadtest
