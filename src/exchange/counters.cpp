#include "exchange/counters.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "tokenizer/embedded.h"

namespace tokenweir::exchange {

Result<std::unique_ptr<Counters>, std::string> Counters::make(const std::string& models_file,
                                                              const std::string& vocabulary_folder,
                                                              const count::HashKey& key) {
  auto map = models_file.empty()
                 ? tokenizer::ModelMap::parse(tokenizer::embedded_model_map(), "models.yaml")
                 : tokenizer::ModelMap::read(models_file);
  if (!map) return failure(map.error());
  return std::unique_ptr<Counters>(new Counters(std::move(*map), vocabulary_folder, key));
}

void Counters::prepare(std::string_view family) {
  const tokenizer::VocabularyName name = map_.find(family, {}).vocabulary;
  (void)count::counting_of(map_, vocabularies_, family, {});
  const std::lock_guard lock(mutex_);
  loaded_.insert(name);
}

std::shared_ptr<const count::ModelCounting> Counters::model(std::string_view family,
                                                            std::string_view name) {
  std::string key(family);
  key.append("/").append(name);
  const std::lock_guard lock(mutex_);
  if (const auto found = models_.find(key); found != models_.end()) return found->second;
  const tokenizer::VocabularyName vocabulary = map_.find(family, name).vocabulary;
  if (!loaded_.contains(vocabulary)) {
    if (!loading_.insert(vocabulary).second) return nullptr;
    boost::asio::post(pool_,
                      [this, vocabulary, of = std::string(family), model = std::string(name)] {
                        (void)count::counting_of(map_, vocabularies_, of, model);
                        const std::lock_guard loaded_lock(mutex_);
                        loaded_.insert(vocabulary);
                      });
    return nullptr;
  }
  auto made = std::make_shared<const count::ModelCounting>(
      count::counting_of(map_, vocabularies_, family, name));
  if (models_.size() < kModelsMost) models_.emplace(std::move(key), made);
  return made;
}

}  // namespace tokenweir::exchange
