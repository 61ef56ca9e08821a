// The tokens of one exchange: its request's, counted while the provider thinks, and its answer's,
// counted as it flows by. Never on the way of a byte: a large request is counted on another thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "count/output_counter.h"
#include "count/request_count.h"
#include "count/transcript.h"
#include "exchange/counters.h"
#include "meter/answer_meter.h"
#include "runs/signs.h"

namespace tokenweir::exchange {

class TokenCount final : public meter::DocumentWatch {
 public:
  // Without counters nothing is counted. They outlive this.
  explicit TokenCount(Counters* counters) : counters_(counters) {}
  ~TokenCount() override;

  // Reads the parts of the request. `body` is decoded, and only looked at within the call; `family`
  // and `host` are the provider's.
  void read(const provider::Endpoint& endpoint, std::string_view family, std::string_view host,
            std::string_view model, std::string_view body);
  [[nodiscard]] runs::Signs signs(std::uint32_t sdk_retries) const;
  // The calls that the answer makes, where the request does not repeat what was said before.
  [[nodiscard]] std::vector<runs::ToolCall> made_calls() const;
  // Null before read(), without counters, and as long as the vocabulary is being loaded.
  [[nodiscard]] const count::ModelCounting* model() const { return model_.get(); }

  // How another model of the provider is counted; null as long as that is not known.
  [[nodiscard]] std::shared_ptr<const count::ModelCounting> counting_of(
      std::string_view other) const {
    return counters_ == nullptr ? nullptr : counters_->model(family_, other);
  }
  // Whether what bounds the tokens of the model asked for bounds another's, counted like that.
  [[nodiscard]] bool counts_alike(const count::ModelCounting& counting,
                                  std::string_view other) const;

  // The request can be counted and was not.
  [[nodiscard]] bool must_count() const {
    return read_ && !request_ && job_ == nullptr && transcript_.readable;
  }
  // Counts the request, here when it is small, else beside. `scope` is what a repeated context is
  // repeated in.
  void count_request(std::string_view body, std::string_view scope);
  // Null: not counted, or not yet.
  [[nodiscard]] const count::RequestCount* request() const;
  // False: the count beside is still under way.
  [[nodiscard]] bool done() const;

  // The answer begins; documents() of the meter come from here on.
  void begin_answer(bool streaming) { streaming_ = streaming; }
  void on_document(std::string_view document) override;
  // Counts the documents that came meanwhile, once the vocabulary is there. Called when their bytes
  // are on their way, and when all is done.
  void count_documents();
  // Output tokens so far, never less than what is billed for what was seen.
  [[nodiscard]] std::int64_t delivered() const;

  // What was counted, for the ledger and for settling; estimates as experience corrects them.
  void write(Record& record) const;
  // The provider's figure is known: what the count was worth is remembered.
  void learn(const Record& record, Time now) const;
  [[nodiscard]] bool input_is_exact() const;
  [[nodiscard]] bool output_is_exact() const;

 private:
  // Outlives the exchange where that ends first.
  struct Job {
    std::string body;
    count::Transcript transcript;
    provider::Endpoint endpoint;
    std::shared_ptr<const count::ModelCounting> model;
    std::string family;
    std::string name;
    tokenizer::ModelMap::HostExtra host;
    std::uint64_t scope = 0;
    count::RequestCount count;
    std::atomic<bool> done{false};
  };
  [[nodiscard]] std::uint64_t scope_of(std::string_view scope) const;
  // Whether the model's vocabulary is there (by now).
  bool resolve();

  Counters* counters_;
  bool read_ = false;
  provider::Endpoint endpoint_;
  std::string family_;
  std::string name_;
  tokenizer::ModelMap::HostExtra host_;
  std::shared_ptr<const count::ModelCounting> model_;
  count::ParsedBody parsed_;  // until the request is counted
  count::Transcript transcript_;
  std::optional<count::RequestCount> request_;
  std::shared_ptr<Job> job_;
  std::optional<count::OutputCounter> output_;
  bool streaming_ = false;
  std::string documents_;
  std::vector<std::size_t> ends_;
};

}  // namespace tokenweir::exchange
