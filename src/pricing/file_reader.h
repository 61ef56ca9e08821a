// One price file's text as drafts: syntax, types and the checks that need one row only. What
// concerns several rows or files is price_check.h's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pricing/rates.h"
#include "yaml/parse.h"
#include "yaml/problems.h"
#include "yaml/reader.h"

namespace tokenweir::pricing {

// What a file holds: a list of prices, or an overlay over a list of another file.
struct FileDraft {
  bool is_overlay = false;
  PriceList list;  // of an overlay: name is the list it lies over, contracts say the rest
};

// `file_index` is the place's index into the book's files. Problems are reported; a draft comes
// back whenever the document had a map at its root, so that later checks can go on.
[[nodiscard]] std::optional<FileDraft> read_file_draft(const yaml::Document& document,
                                                       std::size_t file_index,
                                                       yaml::Problems& problems);

// The root map's reader, which also describes it.
void read_root(yaml::MapReader& map, std::size_t file_index, FileDraft& draft);

}  // namespace tokenweir::pricing
