// What the metrics tell about runs. Short under the lock: it looks at what is recent, not at all.
#include <algorithm>

#include "runs/run_book.h"
#include "runs/run_state.h"

namespace tokenweir::runs {
namespace {

constexpr std::size_t kWorkflowsMost = 500;
constexpr std::string_view kOthers = "_other";
constexpr std::size_t kActions = 3;

}  // namespace

void RunBook::State::count_detections(std::string_view workflow, const Judgement& judgement,
                                      bool enforcing) {
  if (judgement.findings.empty()) return;
  auto counts = detections.find(workflow);
  if (counts == detections.end() && detections.size() >= kWorkflowsMost) workflow = kOthers;
  if (counts == detections.end()) {
    counts = detections.try_emplace(std::string(workflow)).first;
  }
  for (const Finding& finding : judgement.findings) {
    const auto action = enforcing ? finding.mode : config::RunMode::observe;
    ++counts->second[static_cast<std::size_t>(finding.detector) * kActions +
                     static_cast<std::size_t>(action)];
  }
}

std::vector<Detections> RunBook::detections() const {
  const std::lock_guard lock(mutex_);
  std::vector<Detections> all;
  for (const auto& [workflow, counts] : state_->detections) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      all.push_back({workflow, static_cast<Detector>(i / kActions),
                     static_cast<config::RunMode>(i % kActions), counts[i]});
    }
  }
  return all;
}

std::map<std::string, std::int64_t> RunBook::active(Instant now,
                                                    std::chrono::microseconds idle) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::int64_t> counts;
  for (auto run = state_->by_use.rbegin(); run != state_->by_use.rend(); ++run) {
    if ((*run)->finished || now - (*run)->used > idle) break;
    ++counts[(*run)->workflow];
  }
  return counts;
}

std::vector<FinishedRun> RunBook::take_finished(Instant now, std::chrono::microseconds idle,
                                                std::size_t most) {
  const std::lock_guard lock(mutex_);
  std::vector<FinishedRun> finished;
  // The latest used are last, and behind the first that was given out there is nothing new.
  for (auto place = state_->by_use.rbegin(); place != state_->by_use.rend(); ++place) {
    State::Run& run = **place;
    if (run.finished || finished.size() >= most) break;
    if (now - run.used <= idle || run.in_flight > 0) continue;
    run.finished = true;
    FinishedRun& out = finished.emplace_back();
    out.view = State::view_of(run);
    out.lasted = std::chrono::duration_cast<std::chrono::microseconds>(run.used - run.begun);
    out.first_input = run.first_input;
    out.most_input = run.most_input;
  }
  return finished;
}

}  // namespace tokenweir::runs
