#include "cli/prices_compare.h"

#include <algorithm>
#include <iostream>

#include "cli/prices_common.h"
#include "core/text.h"
#include "yaml/parse.h"

namespace tokenweir::cli {
namespace {

const CataloguePrice* find_price(const Catalogue& catalogue, const std::string& list,
                                 const pricing::Model& model) {
  const auto prices = catalogue.lists.find(list);
  if (prices == catalogue.lists.end()) return nullptr;
  if (const auto own = prices->second.find(model.id); own != prices->second.end()) {
    return &own->second;
  }
  for (const pricing::Match& match : model.match) {
    if (match.form != pricing::Match::Form::exact) continue;
    const auto named = prices->second.find(match.text);
    if (named != prices->second.end()) return &named->second;
  }
  return nullptr;
}

std::optional<std::int64_t> our_rate(const pricing::Period& period, TokenClass token_class) {
  const auto& rate = period.bands.front().rates[pricing::kind(token_class)];
  if (!rate || rate->units != 1) return std::nullopt;
  return rate->picodollars;
}

}  // namespace

Comparison compare(const pricing::PriceBook& book, const std::vector<Catalogue>& catalogues,
                   const std::string& only_list, Time at) {
  Comparison result;
  for (const auto& [name, list] : book.rows().lists) {
    if (!only_list.empty() && name != only_list) continue;
    for (const pricing::Model& model : list.models) {
      const pricing::Period* period = model.period(at);
      if (period == nullptr) continue;
      std::vector<const CataloguePrice*> found;
      for (const Catalogue& catalogue : catalogues) {
        found.push_back(find_price(catalogue, name, model));
      }
      if (std::ranges::all_of(found, [](const auto* price) { return price == nullptr; })) continue;
      ++result.models;
      const std::size_t before = result.differences.size();
      for (std::size_t i = 0; i < kCompared.size(); ++i) {
        Difference difference{&list, &model, period, i, our_rate(*period, kCompared[i]), {}, {}};
        bool differs = false;
        for (const CataloguePrice* price : found) {
          const auto value = price == nullptr ? std::nullopt : price->picodollars[i];
          differs =
              differs || (value && value != difference.ours && (*value != 0 || difference.ours));
          difference.theirs.push_back(value);
          difference.since.push_back(price == nullptr ? std::string() : price->since);
        }
        if (differs) result.differences.push_back(std::move(difference));
      }
      if (result.differences.size() == before) ++result.agreeing;
    }
  }
  return result;
}

void add_compare_options(CLI::App& command, CompareOptions& options) {
  options.files = default_price_files();
  command
      .add_option(
          "--from", options.from,
          "a catalogue and its file: genai-prices|litellm|models.dev|openrouter FILE; may be "
          "repeated")
      ->expected(2)
      ->required();
  command.add_option("--files", options.files, "our files or directories")->capture_default_str();
  command.add_option("--prices", options.list, "only this list");
  command.add_option("--at", options.at, "compare what is in force then; now when absent");
  command.add_flag("--json", options.json, "as JSON");
}

std::optional<std::vector<Catalogue>> read_catalogues(const CompareOptions& options, Time at) {
  std::vector<Catalogue> catalogues;
  const auto sources = catalogue_sources();
  constexpr std::size_t kMostBytes = 64 * 1024 * 1024;
  for (const std::vector<std::string>& pair : options.from) {
    const std::string& source = pair.front();
    const std::string& file = pair.back();
    std::string why;
    if (std::ranges::find(sources, source) == sources.end()) {
      std::cerr << "tokenweir: unknown catalogue " << json_text(source)
                << "; known are genai-prices, litellm, models.dev, openrouter\n";
      return std::nullopt;
    }
    const auto text = yaml::read_file(file, kMostBytes, why);
    auto catalogue = text ? read_catalogue(source, *text, at, why) : std::nullopt;
    if (!catalogue) {
      std::cerr << file << ": error: " << why << '\n';
      return std::nullopt;
    }
    catalogues.push_back(std::move(*catalogue));
  }
  return catalogues;
}

std::string amount_text(const std::optional<std::int64_t>& picodollars) {
  return picodollars ? pricing::dollars_per_million(pricing::Rate{*picodollars, 1, 0}) : "-";
}

}  // namespace tokenweir::cli
