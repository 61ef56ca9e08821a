#include "count/counters.h"

#include <mutex>

namespace tokenweir::count {

Counters::Counters(tokenizer::ModelMap models, const std::filesystem::path& vocabularies)
    : models_(std::move(models)), vocabularies_(vocabularies) {}

Counters::~Counters() = default;

std::shared_ptr<const ModelCounting> Counters::model(std::string_view family,
                                                     std::string_view model) {
  std::string key(family.substr(0, kMostNameBytes));
  key += '\n';
  key += model.substr(0, kMostNameBytes);
  {
    const std::shared_lock guard(mutex_);
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
  }
  auto made = std::make_shared<const ModelCounting>(
      counting_of(models_, vocabularies_, family, model.substr(0, kMostNameBytes)));
  const std::unique_lock guard(mutex_);
  if (known_.size() >= kMostModels) known_.clear();
  return known_.try_emplace(std::move(key), std::move(made)).first->second;
}

}  // namespace tokenweir::count
