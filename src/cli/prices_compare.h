// Where catalogues say something else than our price files: found once, printed by `prices diff`
// and acted on by `prices update`.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/prices_catalogue.h"
#include "pricing/price_book.h"
#include "pricing/rates.h"

namespace tokenweir::cli {

struct Difference {
  const pricing::PriceList* list = nullptr;
  const pricing::Model* model = nullptr;
  const pricing::Period* period = nullptr;
  std::size_t kind = 0;                             // index into kCompared
  std::optional<std::int64_t> ours;                 // picodollars per token
  std::vector<std::optional<std::int64_t>> theirs;  // one a catalogue
  std::vector<std::string> since;                   // the catalogue's date, one a catalogue
};

struct Comparison {
  std::vector<Difference> differences;
  std::size_t models = 0;    // in at least one catalogue
  std::size_t agreeing = 0;  // in every catalogue that has them
};

// Kinds our file leaves out are told only when a catalogue has them; kinds a catalogue leaves out
// never.
[[nodiscard]] Comparison compare(const pricing::PriceBook& book,
                                 const std::vector<Catalogue>& catalogues,
                                 const std::string& only_list, Time at);

struct CompareOptions {
  std::vector<std::string> files;
  std::vector<std::vector<std::string>> from;  // {source, file}
  std::string list;
  std::string at;
  bool json = false;
};
void add_compare_options(CLI::App& command, CompareOptions& options);
// Reads what the options name; complaints go to stderr.
[[nodiscard]] std::optional<std::vector<Catalogue>> read_catalogues(const CompareOptions& options,
                                                                    Time at);

// "2.5" dollars per million; "-" without a value.
[[nodiscard]] std::string amount_text(const std::optional<std::int64_t>& picodollars);

}  // namespace tokenweir::cli
