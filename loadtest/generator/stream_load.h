// Streamed answers: the delay of every event, or the holding of many open streams.
#pragma once

#include <openssl/ssl.h>

#include "measurement.h"
#include "options.h"

namespace loadtest {

// Mode sse runs to the streams' own end; mode idle prints {"ready":N} once all streams have had an
// event and holds them until standard input ends. Throws std::runtime_error when streams do not
// start.
void run_stream_load(const Options& options, SSL_CTX* context, Measurement& measurement);

}  // namespace loadtest
