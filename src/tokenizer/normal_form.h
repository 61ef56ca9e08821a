// Unicode normalisation for the vocabularies whose encoders normalise first. Nearly all text is in
// normal form already, so the question is asked first and work done only around what is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tokenizer/names.h"

namespace tokenweir::tokenizer {

enum class NormalForm : std::uint8_t { none, nfc, nfkc };

[[nodiscard]] NormalForm normal_form_of(VocabularyName name);

// A character and the marks that follow it are normalised together. Where they are longer than
// this they stay as they are, so that no text makes a stream remember more.
inline constexpr std::size_t kLongestCluster = 1024;

// Whether normalising leaves the text as it is; may say no without need.
[[nodiscard]] bool is_normal(NormalForm form, std::string_view text);

// Appends the normal form of `text`. Bytes that are not UTF-8 stay.
void append_normal(NormalForm form, std::string_view text, std::string& out);

// Where the last cluster of `text` starts; what stands before it is not changed by anything that
// follows `text`.
[[nodiscard]] std::size_t last_cluster(NormalForm form, std::string_view text);

// Bytes at the end of `text` that are the start of a character.
[[nodiscard]] std::size_t cut_bytes(std::string_view text);

// How much of `text` continues a cluster that began before it.
[[nodiscard]] std::size_t cluster_end(NormalForm form, std::string_view text);

}  // namespace tokenweir::tokenizer
