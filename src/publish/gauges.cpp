#include "publish/gauges.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <vector>

#include "publish/family.h"
#include "publish/labels.h"

namespace tokenweir::publish {
namespace {

std::string read_text(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Fields of /proc/self/stat after the command name, which may itself hold spaces and parentheses:
// the first is number 3 of proc(5).
std::vector<std::uint64_t> stat_fields() {
  const std::string text = read_text("/proc/self/stat");
  const auto end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream words(text.substr(end + 1));
  std::vector<std::uint64_t> fields;
  for (std::string word; words >> word;) {
    std::uint64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    fields.push_back(value);
  }
  return fields;
}

std::optional<double> boot_seconds() {
  std::istringstream lines(read_text("/proc/stat"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return std::nullopt;
}

std::size_t open_descriptors() {
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  std::size_t count = 0;
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] != '.' ? 1 : 0;
  ::closedir(directory);
  return count > 0 ? count - 1 : 0;  // without the descriptor of this listing
}

void append_process(std::string& out, std::string_view name, MetricType type, std::string_view help,
                    double value) {
  append_header(out, name, type, help);
  append_sample(out, name, {}, value);
}

}  // namespace

void append_sample(std::string& out, std::string_view name, LabelPairs labels, double value) {
  out += name;
  char separator = '{';
  for (const auto& [label, text] : labels) {
    out += separator;
    separator = ',';
    out.append(label).append("=\"");
    append_label_value(out, presentable(text));
    out += '"';
  }
  out += separator == ',' ? "} " : " ";
  append_double(out, value);
  out += '\n';
}

void append_gauge(std::string& out, std::string_view name, std::string_view help, LabelPairs labels,
                  double value) {
  const std::string full = std::string(kMetricPrefix).append(name);
  append_header(out, full, MetricType::gauge, help);
  append_sample(out, full, labels, value);
}

void append_process_metrics(std::string& out) {
  // Numbers as in proc(5): 14 utime, 15 stime, 22 starttime, 23 vsize, 24 rss.
  const std::vector<std::uint64_t> fields = stat_fields();
  const auto field = [&](std::size_t number) {
    return number - 3 < fields.size() ? static_cast<double>(fields[number - 3]) : 0.0;
  };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  using enum MetricType;
  if (fields.size() > 21) {
    append_process(out, "process_cpu_seconds_total", counter,
                   "Total user and system CPU time spent in seconds.",
                   (field(14) + field(15)) / ticks);
    if (const auto boot = boot_seconds()) {
      append_process(out, "process_start_time_seconds", gauge,
                     "Start time of the process since unix epoch in seconds.",
                     *boot + field(22) / ticks);
    }
    append_process(out, "process_virtual_memory_bytes", gauge, "Virtual memory size in bytes.",
                   field(23));
    append_process(out, "process_resident_memory_bytes", gauge, "Resident memory size in bytes.",
                   field(24) * page);
  }
  append_process(out, "process_open_fds", gauge, "Number of open file descriptors.",
                 static_cast<double>(open_descriptors()));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    append_process(out, "process_max_fds", gauge, "Maximum number of open file descriptors.",
                   static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace tokenweir::publish
