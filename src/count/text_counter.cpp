#include "count/text_counter.h"

#include <algorithm>

namespace tokenweir::count {

namespace {

using tokenizer::Confidence;
using tokenizer::TokenizerChoice;

// An estimate's bound: what short texts may be off by, and the worst ratio seen on recorded traffic
// with room to spare. No byte-level vocabulary has more tokens than bytes.
constexpr std::uint64_t kMostExtraPerThousand = 300;
constexpr std::uint64_t kMostExtraPerThousandOfClaude = 230;  // whose factors are fitted
constexpr std::uint64_t kMostExtraTokens = 2;

// What a text without any vocabulary is taken for: tokens.md's mean of four bytes a token.
constexpr std::uint64_t kBytesPerToken = 4;

}  // namespace

PartTokens Tally::packed() const {
  constexpr std::uint64_t kMost = PartTokens::kUnbounded - 1;
  return {static_cast<std::uint32_t>(std::min(tokens, kMost)),
          unbounded ? PartTokens::kUnbounded : static_cast<std::uint32_t>(std::min(bound, kMost)),
          framed_exactly, media};
}

Tally Tally::unpacked(const PartTokens& tokens) {
  Tally tally;
  tally.tokens = tokens.tokens;
  tally.unbounded = tokens.bound == PartTokens::kUnbounded;
  tally.bound = tally.unbounded ? 0 : tokens.bound;
  tally.framed_exactly = tokens.framed_exactly;
  tally.media = tokens.media;
  return tally;
}

ModelCounting counting_of(const tokenizer::ModelMap& map, tokenizer::Vocabularies& vocabularies,
                          std::string_view family, std::string_view model) {
  ModelCounting out;
  out.choice = map.find(family, model);
  out.images = map.images(family, model);
  auto vocabulary = vocabularies.get(out.choice.vocabulary);
  if (!vocabulary) {
    out.choice = map.stand_in(out.choice);
    out.choice.confidence = Confidence::estimated;
    vocabulary = vocabularies.get(out.choice.vocabulary);
  }
  if (vocabulary) out.vocabulary = *vocabulary;
  return out;
}

std::uint64_t bytes_of_other_scripts(std::string_view text) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    // Latin-1 letters to Latin Extended-B and combining marks are U+0080 to U+036F: leads C2 to CD.
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    // General punctuation (U+2000 to U+206F) belongs to Latin text as well.
    const bool punctuation = lead == 0xE2 && i + 1 < text.size() &&
                             (static_cast<unsigned char>(text[i + 1]) & 0xFE) == 0x80;
    if (lead > 0xCD && !punctuation) bytes += std::min(length, text.size() - i);
    i += length;
  }
  return bytes;
}

std::uint64_t digits_apart(std::string_view text) {
  std::uint64_t more = 0;
  std::uint64_t run = 0;
  for (const char c : text) {
    // Of each three digits two become tokens of their own, of a rest of two one does.
    if (c >= '0' && c <= '9') {
      more += ++run % 3 == 1 ? 0 : 1;
    } else {
      run = 0;
    }
  }
  return more;
}

std::uint64_t scaled(const TokenizerChoice& choice, std::uint64_t count, std::uint64_t bytes,
                     std::uint64_t other_bytes) {
  if (choice.per_thousand == 1000 && choice.per_thousand_other_scripts == 1000) return count;
  std::uint64_t factor = choice.per_thousand;
  if (other_bytes > 0 && bytes > 0 && choice.per_thousand_other_scripts != factor) {
    const std::uint64_t latin = bytes - std::min(other_bytes, bytes);
    factor =
        (choice.per_thousand * latin + choice.per_thousand_other_scripts * (bytes - latin)) / bytes;
  }
  return (count * factor + 500) / 1000;
}

std::uint64_t most_of_estimate(const TokenizerChoice& choice, std::uint64_t count,
                               std::uint64_t bytes) {
  const bool claude = choice.vocabulary == tokenizer::VocabularyName::claude_legacy;
  const std::uint64_t extra = claude ? kMostExtraPerThousandOfClaude : kMostExtraPerThousand;
  const std::uint64_t most = count + count * extra / 1000 + kMostExtraTokens;
  return std::max(count, std::min(most, bytes));
}

Tally TextCounter::text(std::string_view text) const {
  Tally tally;
  if (text.empty()) return tally;
  if (model_.vocabulary == nullptr) {
    tally.guess(text.size() / kBytesPerToken + 1, text.size());
    return tally;
  }
  const std::uint64_t count = tokenizer::count(*model_.vocabulary, text);
  if (is_certain()) {
    tally.known(count);
    return tally;
  }
  if (is_exact()) {
    tally.tokens = count;
    tally.bound = most_of_estimate(model_.choice, count, text.size());
    return tally;
  }
  const TokenizerChoice& choice = model_.choice;
  const bool by_script = choice.per_thousand != choice.per_thousand_other_scripts;
  std::uint64_t estimate =
      scaled(choice, count, text.size(), by_script ? bytes_of_other_scripts(text) : 0);
  const std::uint64_t digits = digits_apart(text);
  if (choice.digits_apart) estimate += digits;
  const std::uint64_t most = most_of_estimate(choice, estimate, text.size());
  // Of a model that nobody knows, it is not known how it reads numbers.
  tally.guess(estimate, choice.digits_apart ? most : std::max(most, estimate + digits));
  return tally;
}

}  // namespace tokenweir::count
