// What counting shares: models with their vocabularies, counts of parts already seen, and the key
// that keeps content hashes from telling anything. Thread-safe.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "core/result.h"
#include "count/request_count.h"
#include "tokenizer/model_map.h"
#include "tokenizer/tokenizer.h"

namespace tokenweir::exchange {

class Counters {
 public:
  // `models_file` empty: the map that is built in. The error is for operators.
  [[nodiscard]] static Result<std::unique_ptr<Counters>, std::string> make(
      const std::string& models_file, const std::string& vocabulary_folder,
      const count::HashKey& key);

  // Loads what the current models of a family are counted with; takes some 0.2 s.
  void prepare(std::string_view family);
  // `family` is the provider's word. Null while the vocabulary is not loaded yet: the first
  // question has it loaded beside, so that no event loop waits for it.
  [[nodiscard]] std::shared_ptr<const count::ModelCounting> model(std::string_view family,
                                                                  std::string_view name);
  [[nodiscard]] const count::HashKey& key() const { return key_; }
  [[nodiscard]] count::Memories& memories() { return memories_; }
  // Runs what would hold up an event loop.
  [[nodiscard]] boost::asio::thread_pool& pool() { return pool_; }

 private:
  // More names than this are somebody's invention; they are then counted without being remembered.
  static constexpr std::size_t kModelsMost = 4'096;

  Counters(tokenizer::ModelMap map, const std::string& folder, const count::HashKey& key)
      : map_(std::move(map)), vocabularies_(folder), key_(key) {}

  const tokenizer::ModelMap map_;
  tokenizer::Vocabularies vocabularies_;
  const count::HashKey key_;
  count::Memories memories_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const count::ModelCounting>, std::less<>> models_;
  std::set<tokenizer::VocabularyName> loaded_;
  std::set<tokenizer::VocabularyName> loading_;
  boost::asio::thread_pool pool_{1};
};

}  // namespace tokenweir::exchange
