// The load generator's command line.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace loadtest {

enum class Mode : std::uint8_t {
  closed,   // every connection sends its next request when the last answer is complete
  open,     // requests start at a fixed rate whether or not earlier ones are answered
  connect,  // a new TLS connection for every request
  sse,      // streams that run for the whole measurement and end by themselves
  idle      // streams that are opened and held until standard input ends
};

struct Options {
  Mode mode = Mode::closed;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string path = "/v1/chat/completions";
  unsigned connections = 64;
  double seconds = 1.0;
  double warmup = 0.2;
  double rate = 1000;          // open: requests/s; sse and idle: events/s of each stream
  std::uint64_t requests = 0;  // closed: exactly this many, without a warm-up; 0: by time
  bool fresh = false;          // open: each request on a connection that has carried none before
  std::vector<pid_t> watch;    // the system under test, for its CPU time
  std::vector<pid_t> mock;     // the mock provider, likewise
};

// Throws std::runtime_error with a message for the user.
Options parse_options(int count, char** arguments);

}  // namespace loadtest
