// Counts texts as one model would: its vocabulary, or another with a fitted factor.
#pragma once

#include <cstdint>
#include <string_view>

#include "count/memo.h"
#include "tokenizer/model_map.h"
#include "tokenizer/tokenizer.h"

namespace tokenweir::count {

// How a model is counted, with the vocabulary loaded. Shared by the exchanges of the model.
struct ModelCounting {
  tokenizer::TokenizerChoice choice;  // of the vocabulary that counts
  tokenizer::ImageRule images;
  tokenizer::SharedVocabulary vocabulary;  // null when not even a stand-in could be loaded
};

// `family` is the provider's word. Loads the vocabulary at its first use, or what stands in for it.
[[nodiscard]] ModelCounting counting_of(const tokenizer::ModelMap& map,
                                        tokenizer::Vocabularies& vocabularies,
                                        std::string_view family, std::string_view model);

// Sums of tokens, saturating; `bound` is never less than what can be billed for the same.
struct Tally {
  std::uint64_t tokens = 0;
  std::uint64_t bound = 0;
  bool unbounded = false;
  bool framed_exactly = true;
  bool media = false;

  // The same number for both.
  void known(std::uint64_t count) {
    tokens += count;
    bound += count;
  }
  void guess(std::uint64_t count, std::uint64_t most) {
    tokens += count;
    bound += most;
    framed_exactly = false;
  }
  void unknown(std::uint64_t count) {
    tokens += count;
    unbounded = true;
    framed_exactly = false;
  }
  void add(const Tally& other) {
    tokens += other.tokens;
    bound += other.bound;
    unbounded |= other.unbounded;
    framed_exactly &= other.framed_exactly;
    media |= other.media;
  }
  [[nodiscard]] PartTokens packed() const;
  [[nodiscard]] static Tally unpacked(const PartTokens& tokens);
};

class TextCounter {
 public:
  explicit TextCounter(const ModelCounting& model) : model_(model) {}

  [[nodiscard]] const ModelCounting& model() const { return model_; }
  [[nodiscard]] bool is_exact() const {
    return model_.vocabulary != nullptr &&
           model_.choice.confidence != tokenizer::Confidence::estimated;
  }
  // Whether its bound is the count itself: of a model the map has heard of.
  [[nodiscard]] bool is_certain() const {
    return model_.vocabulary != nullptr && model_.choice.confidence == tokenizer::Confidence::exact;
  }
  // Tokens of a text by itself; the bound of an estimate leaves room for its error.
  [[nodiscard]] Tally text(std::string_view text) const;
  [[nodiscard]] std::uint64_t tokens(std::string_view text) const {
    return this->text(text).tokens;
  }

 private:
  const ModelCounting& model_;
};

// Scales a count of the vocabulary by the fitted factors, by the share of Latin script among the
// text's bytes.
[[nodiscard]] std::uint64_t scaled(const tokenizer::TokenizerChoice& choice, std::uint64_t count,
                                   std::uint64_t bytes, std::uint64_t other_bytes);
// How many tokens more a text has when each of its digits is one, where the vocabulary joins three.
[[nodiscard]] std::uint64_t digits_apart(std::string_view text);
// Bytes of characters outside ASCII and Latin script.
[[nodiscard]] std::uint64_t bytes_of_other_scripts(std::string_view text);
// The most tokens of `bytes` of text of which `count` was estimated.
[[nodiscard]] std::uint64_t most_of_estimate(const tokenizer::TokenizerChoice& choice,
                                             std::uint64_t count, std::uint64_t bytes);

}  // namespace tokenweir::count
