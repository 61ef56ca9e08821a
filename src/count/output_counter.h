// The running count of what a model has said: at every moment the tokens that a provider would bill
// for the output so far, as far as it can be seen. Hidden reasoning is not seen; `saw_reasoning`
// and the provider's figures are all there is of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "count/text_counter.h"
#include "provider/dialect.h"
#include "tokenizer/tokenizer.h"

namespace tokenweir::count {

class OutputCounter {
 public:
  enum class Channel : std::uint8_t { text, reasoning, tool_name, tool_arguments };

  // `model` must outlive the counter. Without a vocabulary bytes are counted.
  OutputCounter(provider::Dialect dialect, const ModelCounting& model);

  // A delta of block `index` of a channel, in UTF-8, cut anywhere. A tool's name begins a call.
  void push(Channel channel, std::uint32_t index, std::string_view delta);

  // From here on what tools are called with is kept, as far as a few calls of usual size go.
  void keep_calls() { keeps_calls_ = true; }
  struct Call {
    std::uint32_t index = 0;
    std::string name;
    std::string arguments;
  };
  [[nodiscard]] const std::vector<Call>& kept_calls() const { return kept_calls_; }

  // Best estimate, marks around messages and calls included; 0 as long as nothing was said.
  [[nodiscard]] std::uint64_t total() const;
  // Never less than what is billed for what was seen; the same where the vocabulary is exact.
  [[nodiscard]] std::uint64_t upper_bound() const;
  [[nodiscard]] std::uint64_t reasoning() const;  // the part of total() that was thought aloud
  [[nodiscard]] bool saw_reasoning() const { return saw_reasoning_; }
  [[nodiscard]] bool is_exact() const { return exact_; }

 private:
  struct Block {
    Channel channel;
    std::uint32_t index;
    std::uint64_t bytes = 0;
    std::uint64_t other_bytes = 0;
    std::uint64_t digits = 0;
    tokenizer::RunningCount count;
  };
  struct Sum {
    std::uint64_t tokens = 0;
    std::uint64_t bound = 0;
  };

  void keep(Channel channel, std::uint32_t index, std::string_view delta);
  Block& block_of(Channel channel, std::uint32_t index);
  [[nodiscard]] Sum sum_of(const Block& block) const;
  void close(const Block& block);
  [[nodiscard]] std::uint64_t marks() const {
    return marks_of_answer_ + calls_ * marks_of_call_ + (calls_ > 0 ? marks_of_calls_ : 0);
  }

  const ModelCounting& model_;
  std::uint64_t marks_of_answer_ = 0;
  std::uint64_t marks_of_call_ = 0;
  std::uint64_t marks_of_calls_ = 0;
  bool exact_;
  bool saw_reasoning_ = false;
  std::uint64_t calls_ = 0;
  std::uint64_t bytes_without_vocabulary_ = 0;
  std::vector<Block> open_;
  Sum closed_;
  Sum closed_reasoning_;
  bool keeps_calls_ = false;
  std::vector<Call> kept_calls_;
};

}  // namespace tokenweir::count
