// Where what counting has learned outlives the process: a small file beside the ledger. Losing it
// costs accuracy, nothing else.
#pragma once

#include <mutex>
#include <string>

#include "core/result.h"
#include "count/calibration.h"

namespace tokenweir::app {

class CalibrationFile {
 public:
  // `calibration` outlives this.
  CalibrationFile(std::string path, count::Calibration& calibration)
      : path_(std::move(path)), calibration_(calibration) {}

  // At start. A file that is missing or cannot be read is none.
  void restore();
  // Writes everything anew, in one step and synced: what was forgotten stays so after a crash. Any
  // thread. The error is a sentence.
  [[nodiscard]] Result<void, std::string> keep();

 private:
  const std::string path_;
  count::Calibration& calibration_;
  std::mutex mutex_;
};

}  // namespace tokenweir::app
