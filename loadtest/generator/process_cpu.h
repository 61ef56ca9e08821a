// CPU time of other processes, read where the scheduler counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace loadtest {

// Nanoseconds all threads of `processes` have run so far, from /proc/PID/task/*/schedstat.
// A process or thread that has gone counts as zero.
std::int64_t cpu_ns(const std::vector<pid_t>& processes);

// Nanoseconds the calling process has run so far.
std::int64_t own_cpu_ns();

}  // namespace loadtest
