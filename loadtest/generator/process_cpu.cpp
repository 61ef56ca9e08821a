#include "process_cpu.h"

#include <dirent.h>
#include <time.h>

#include <cstdio>
#include <string>

namespace loadtest {

std::int64_t cpu_ns(const std::vector<pid_t>& processes) {
  std::int64_t total = 0;
  for (const pid_t process : processes) {
    const std::string folder = "/proc/" + std::to_string(process) + "/task";
    DIR* tasks = opendir(folder.c_str());
    if (tasks == nullptr) continue;
    while (const dirent* entry = readdir(tasks)) {
      if (entry->d_name[0] == '.') continue;
      const std::string path = folder + "/" + entry->d_name + "/schedstat";
      std::FILE* file = std::fopen(path.c_str(), "r");
      if (file == nullptr) continue;
      long long running = 0;
      if (std::fscanf(file, "%lld", &running) == 1) total += running;
      std::fclose(file);
    }
    closedir(tasks);
  }
  return total;
}

std::int64_t own_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace loadtest
