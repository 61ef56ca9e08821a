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

void Counters::preload(const std::function<bool()>& go_on) {
  using tokenizer::VocabularyName;
  for (const VocabularyName name :
       {VocabularyName::o200k_base, VocabularyName::claude_legacy, VocabularyName::cl100k_base,
        VocabularyName::qwen, VocabularyName::deepseek_v3, VocabularyName::tekken}) {
    if (!go_on()) return;
    // What is missing or damaged is said where it is needed: a stand-in counts, and says so.
    (void)vocabularies_.get(name).has_value();
  }
}

}  // namespace tokenweir::count
