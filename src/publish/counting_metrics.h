// The counters and gauges of a CountingSample in the text format.
#pragma once

#include <string>

#include "publish/counting_sample.h"

namespace tokenweir::publish {

void append_counting(std::string& out, const CountingSample& sample);

}  // namespace tokenweir::publish
