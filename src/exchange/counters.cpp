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
  (void)shared_.model(family, {});
  const std::lock_guard lock(mutex_);
  loaded_.insert(shared_.models().find(family, {}).vocabulary);
}

std::shared_ptr<const count::ModelCounting> Counters::model(std::string_view family,
                                                            std::string_view name) {
  const tokenizer::VocabularyName vocabulary = shared_.models().find(family, name).vocabulary;
  {
    const std::lock_guard lock(mutex_);
    if (!loaded_.contains(vocabulary)) {
      if (!loading_.insert(vocabulary).second) return nullptr;
      auto load = [this, vocabulary, of = std::string(family), model = std::string(name)] {
        (void)shared_.model(of, model);
        const std::lock_guard loaded_lock(mutex_);
        loaded_.insert(vocabulary);
      };
      boost::asio::post(pool_, std::move(load));
      return nullptr;
    }
  }
  return shared_.model(family, name);
}

}  // namespace tokenweir::exchange
