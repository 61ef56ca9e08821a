// Counts and prices one request that has not been sent yet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/money.h"
#include "core/result.h"
#include "core/time.h"
#include "count/request_count.h"
#include "pricing/price_book.h"
#include "tokenizer/model_map.h"
#include "tokenizer/tokenizer.h"

namespace tokenweir::cli {

struct EstimateSettings {
  std::string model;                           // empty: the request names it
  std::string prices;                          // price list; empty: the first that knows the model
  std::optional<std::uint64_t> output_tokens;  // expected of each answer; the request's cap else
};

struct Estimate {
  std::string model;
  std::string prices;
  std::string dialect;
  bool is_prompt = false;
  count::RequestCount count;
  std::uint64_t output_tokens = 0;  // of all its answers
  bool output_known = false;        // false: nothing says how long the answer is
  // No value: neither a cap nor the model's limit is known.
  std::optional<std::uint64_t> output_at_most;
  // No value: the model has no price, or the sum does not fit.
  std::optional<Money> cost;
  std::optional<Money> cost_at_most;  // of the upper bound and the longest answer
};

class Estimator {
 public:
  Estimator(tokenizer::ModelMap models, pricing::PriceBook prices,
            const std::filesystem::path& vocabularies, Time at)
      : models_(std::move(models)),
        prices_(std::move(prices)),
        vocabularies_(vocabularies),
        at_(at) {}

  // `text` is a request's JSON body in any dialect, or a line of a batch, or a prompt. With
  // `must_be_json` it is no prompt.
  [[nodiscard]] Result<Estimate, std::string> estimate(std::string_view text,
                                                       const EstimateSettings& settings,
                                                       bool must_be_json = false);

 private:
  [[nodiscard]] std::string list_of(std::string_view model) const;
  void price(Estimate& out, const EstimateSettings& settings) const;

  tokenizer::ModelMap models_;
  pricing::PriceBook prices_;
  tokenizer::Vocabularies vocabularies_;
  Time at_;
};

}  // namespace tokenweir::cli
