#include "publish/counting_metrics.h"

#include "publish/family.h"
#include "publish/gauges.h"
#include "publish/text.h"

namespace tokenweir::publish {
namespace {

using Compared = CountingSample::Compared;

// Whole numbers below 2^53 are printed as they are.
double number(std::uint64_t value) { return static_cast<double>(value); }

template <typename Value>
void append_compared(std::string& out, const CountingSample& sample, std::string_view name,
                     std::string_view help, Value value) {
  const std::string full = std::string(kMetricPrefix).append(name);
  append_header(out, full, MetricType::counter, help);
  for (const Compared& line : sample.compared) {
    append_sample(out, full, {{"provider", presentable(line.provider)}, {"kind", line.kind}},
                  number(value(line)));
  }
}

}  // namespace

void append_counting(std::string& out, const CountingSample& sample) {
  const std::string lookups = std::string(kMetricPrefix) + "count_memo_lookups_total";
  append_header(out, lookups, MetricType::counter,
                "Parts of requests looked up in the memory of counts, by result.");
  append_sample(out, lookups, {{"result", "hit"}}, number(sample.memo_hits));
  append_sample(out, lookups, {{"result", "miss"}}, number(sample.memo_misses));
  append_gauge(out, "count_memo_bytes", "Memory the counts of parts take; fixed.", {},
               number(sample.memo_bytes));

  const std::string requests = std::string(kMetricPrefix) + "calibration_requests_total";
  append_header(out, requests, MetricType::counter,
                "Requests whose counted input was compared with the reported one.");
  for (const Compared& line : sample.compared) {
    const std::string provider = presentable(line.provider);
    append_sample(out, requests, {{"provider", provider}, {"kind", line.kind}, {"result", "equal"}},
                  number(line.equal));
    append_sample(out, requests,
                  {{"provider", provider}, {"kind", line.kind}, {"result", "different"}},
                  number(line.requests - line.equal));
  }
  append_compared(out, sample, "calibration_counted_tokens_total",
                  "Input tokens counted for the compared requests, before any correction.",
                  [](const Compared& line) { return line.counted; });
  append_compared(out, sample, "calibration_reported_tokens_total",
                  "Input tokens the provider reported for the same requests.",
                  [](const Compared& line) { return line.reported; });
  append_gauge(out, "calibration_corrections", "Models whose estimates are corrected now.", {},
               number(sample.corrections));
}

}  // namespace tokenweir::publish
