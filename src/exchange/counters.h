// What counting shares with the event loops: the counters of the process, the key that keeps
// content hashes from telling anything, and a thread for what would hold a loop up. Thread-safe.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "core/result.h"
#include "count/counters.h"

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
  // What a provider's host adds to each request by itself.
  [[nodiscard]] tokenizer::ModelMap::HostExtra host_extra(std::string_view host) const {
    return shared_.models().host_extra(host);
  }
  [[nodiscard]] const count::HashKey& key() const { return key_; }
  [[nodiscard]] count::Memories& memories() { return shared_.memories(); }
  [[nodiscard]] count::Calibration& calibration() { return shared_.calibration(); }
  [[nodiscard]] boost::asio::thread_pool& pool() { return pool_; }

 private:
  Counters(tokenizer::ModelMap map, const std::string& folder, const count::HashKey& key)
      : shared_(std::move(map), folder), key_(key) {}

  count::Counters shared_;
  const count::HashKey key_;
  std::mutex mutex_;
  std::set<tokenizer::VocabularyName> loaded_;
  std::set<tokenizer::VocabularyName> loading_;
  boost::asio::thread_pool pool_{1};  // first to go: its work uses the rest
};

}  // namespace tokenweir::exchange
