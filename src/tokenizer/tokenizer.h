// Counts the tokens of text: exactly what the vocabulary's own encoder would produce for ordinary
// text, in time linear in the text whatever it is, without producing the tokens.
//
// Text is UTF-8. A byte that belongs to no well-formed sequence counts as one character of
// punctuation class and is encoded as that raw byte, so no input can fail. (A lone surrogate of a
// JSON string should be handed over as U+FFFD, which is what the vendors' encoders see.)
// Special tokens written out in text ("<|endoftext|>") count as the ordinary text they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"
#include "tokenizer/names.h"

namespace tokenweir::tokenizer {

// One compiled vocabulary: immutable but for a cache of pieces seen, so any number of threads may
// count with it at once. Tens of megabytes: shared, never copied.
class Vocabulary;
using SharedVocabulary = std::shared_ptr<const Vocabulary>;

// Loads vocabularies on first use and keeps them. Thread-safe; loading one blocks callers who want
// the same one, so a server may ask for those it will need at start.
class Vocabularies {
 public:
  // `folder` holds optional vocabularies as `<name>.tkv`; it may be empty or absent. Those whose
  // licence allows it are part of the binary and always load.
  explicit Vocabularies(std::filesystem::path folder);
  ~Vocabularies();
  Vocabularies(const Vocabularies&) = delete;
  Vocabularies& operator=(const Vocabularies&) = delete;

  // The error says what is missing or damaged, fit for an operator.
  [[nodiscard]] Result<SharedVocabulary, std::string> get(VocabularyName name);

 private:
  struct Shelf;
  std::unique_ptr<Shelf> shelf_;
};

// Resident bytes of a loaded vocabulary, its piece cache included.
[[nodiscard]] std::size_t memory_of(const Vocabulary& vocabulary);

// Tokens of `text` encoded as one ordinary string. Allocates nothing for the vocabularies that do
// not normalise; qwen and claude_legacy may, where the text is not already in normal form.
[[nodiscard]] std::size_t count(const Vocabulary& vocabulary, std::string_view text);

// The count of a text that arrives in pieces cut anywhere, inside characters too. At every moment
// count() is what the function above would say of everything appended so far. Total work is
// linear, whatever the cuts, also for one endless word; memory is bounded (a few KiB).
class RunningCount {
 public:
  explicit RunningCount(SharedVocabulary vocabulary);
  ~RunningCount();
  RunningCount(RunningCount&&) noexcept;
  RunningCount& operator=(RunningCount&&) noexcept;

  void append(std::string_view delta);
  [[nodiscard]] std::uint64_t count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tokenweir::tokenizer
