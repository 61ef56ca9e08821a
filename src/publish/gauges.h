// Gauges that are read when asked for and kept nowhere: the process's own and simple one-line ones.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tokenweir::publish {

using LabelPairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// One sample with its labels; `name` carries the prefix.
void append_sample(std::string& out, std::string_view name, LabelPairs labels, double value);
// HELP, TYPE and one sample of a gauge of tokenweir's own (the prefix is added).
void append_gauge(std::string& out, std::string_view name, std::string_view help, LabelPairs labels,
                  double value);

// process_cpu_seconds_total and its family, from /proc; nothing where /proc does not tell.
void append_process_metrics(std::string& out);

}  // namespace tokenweir::publish
