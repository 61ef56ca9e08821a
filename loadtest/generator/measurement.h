// What one run of the load generator found, and its one line of JSON.
#pragma once

#include <cstdint>
#include <map>
#include <sstream>
#include <string>

#include "clock.h"
#include "histogram.h"
#include "options.h"
#include "process_cpu.h"

namespace loadtest {

class Measurement {
 public:
  explicit Measurement(const Options& options) : options_(options) {}

  void begin() {
    system_cpu_ = -cpu_ns(options_.watch);
    mock_cpu_ = -cpu_ns(options_.mock);
    own_cpu_ = -own_cpu_ns();
    wall_ = -now_ns();
    running_ = true;
  }
  void end() {
    running_ = false;
    wall_ += now_ns();
    system_cpu_ += cpu_ns(options_.watch);
    mock_cpu_ += cpu_ns(options_.mock);
    own_cpu_ += own_cpu_ns();
  }
  bool running() const { return running_; }

  // A failure of any kind, under a word that says which.
  void problem(const std::string& kind) { ++problems_[kind]; }

  std::string json() const {
    std::ostringstream out;
    std::uint64_t errors = 0;
    out << "{\"seconds\":" << static_cast<double>(wall_) / 1e9 << ",\"completed\":" << completed
        << ",\"total\":" << total << ",\"reconnects\":" << reconnects
        << ",\"system_cpu_ns\":" << system_cpu_ << ",\"mock_cpu_ns\":" << mock_cpu_
        << ",\"load_cpu_ns\":" << own_cpu_ << ",\"latency_ns\":{\"count\":" << latency.count();
    for (const auto& [name, fraction] :
         {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}}) {
      out << ",\"" << name << "\":" << latency.percentile(fraction);
    }
    out << ",\"mean\":" << latency.mean() << ",\"max\":" << latency.max() << "},\"problems\":{";
    for (const auto& [kind, times] : problems_) {
      out << (errors == 0 ? "" : ",") << "\"" << kind << "\":" << times;
      errors += times;
    }
    out << "},\"errors\":" << errors << "}";
    return out.str();
  }

  Histogram latency;             // of what completed while running
  std::uint64_t completed = 0;   // requests or events while running
  std::uint64_t total = 0;       // the same over the whole life of the process
  std::uint64_t reconnects = 0;  // idle connections the peer closed

 private:
  const Options& options_;
  std::map<std::string, std::uint64_t> problems_;
  std::int64_t system_cpu_ = 0;
  std::int64_t mock_cpu_ = 0;
  std::int64_t own_cpu_ = 0;
  std::int64_t wall_ = 0;
  bool running_ = false;
};

}  // namespace loadtest
