// Everything counting shares in one process: vocabularies, how each model is counted, what was
// counted before, and how the counts turned out. Built once by the app; safe to share.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "count/calibration.h"
#include "count/request_count.h"
#include "count/text_counter.h"
#include "tokenizer/model_map.h"
#include "tokenizer/tokenizer.h"

namespace tokenweir::count {

class Counters {
 public:
  // `vocabularies`: the folder of the optional ones, which may be empty.
  Counters(tokenizer::ModelMap models, const std::filesystem::path& vocabularies);
  ~Counters();
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  // How a model is counted. `family` is the dialect family's name (provider::name_of). Never null.
  // The first call for a vocabulary loads it, some 0.2 s.
  [[nodiscard]] std::shared_ptr<const ModelCounting> model(std::string_view family,
                                                           std::string_view model);

  [[nodiscard]] const tokenizer::ModelMap& models() const { return models_; }
  [[nodiscard]] Memories& memories() { return memories_; }
  [[nodiscard]] Calibration& calibration() { return calibration_; }

 private:
  // Names come from requests: when there are more models than this, all are forgotten.
  static constexpr std::size_t kMostModels = 1'024;
  static constexpr std::size_t kMostNameBytes = 256;

  tokenizer::ModelMap models_;
  tokenizer::Vocabularies vocabularies_;
  Memories memories_;
  Calibration calibration_;
  std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const ModelCounting>, std::less<>> known_;
};

}  // namespace tokenweir::count
