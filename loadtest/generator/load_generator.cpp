// Drives one system with one kind of load and prints one line of JSON (see options.h and
// measurement.h).
#include <sys/prctl.h>

#include <csignal>
#include <iostream>

#include "connection.h"
#include "request_load.h"
#include "stream_load.h"

int main(int count, char** arguments) {
  using namespace loadtest;
  try {
    std::signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    const Options options = parse_options(count, arguments);
    SSL_CTX* context = new_tls_context(Role::client, {}, {});
    Measurement measurement(options);
    if (options.mode == Mode::sse || options.mode == Mode::idle) {
      run_stream_load(options, context, measurement);
    } else {
      run_request_load(options, context, measurement);
    }
    std::cout << measurement.json() << std::endl;
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << "load_generator: " << problem.what() << "\n";
    return 1;
  }
}
