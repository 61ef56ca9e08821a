// The tables of Unicode normalisation, as normal_form.cpp reads them. Sorted by their first member.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tokenweir::tokenizer {

struct Decomposition {
  std::uint32_t code;
  std::uint16_t offset;  // into kDecompositionPool
  std::uint8_t length;
};
struct Composition {
  std::uint32_t first, second, result;
};
struct CombiningClass {
  std::uint32_t code;
  std::uint8_t value;
};
struct CodeRange {
  std::uint32_t low, high;  // high is not in it
};

extern const Decomposition kCanonical[];
extern const std::size_t kCanonicalSize;
extern const Decomposition kCompatible[];  // where it differs from the canonical one
extern const std::size_t kCompatibleSize;
extern const std::uint32_t kDecompositionPool[];
extern const Composition kCompositions[];
extern const std::size_t kCompositionsSize;
extern const CombiningClass kCombiningClasses[];
extern const std::size_t kCombiningClassesSize;
extern const CodeRange kNfcAttention[];
extern const std::size_t kNfcAttentionSize;
extern const CodeRange kNfkcAttention[];
extern const std::size_t kNfkcAttentionSize;

}  // namespace tokenweir::tokenizer
