// `prices diff`: where open catalogues and our files disagree, as a table. Exit 0: nowhere, 2:
// somewhere.
#include <fmt/format.h>

#include <iostream>

#include "cli/prices_common.h"
#include "cli/prices_compare.h"
#include "core/text.h"

namespace tokenweir::cli {
namespace {

std::string change_text(const Difference& difference, std::size_t source) {
  const auto& theirs = difference.theirs[source];
  if (!theirs || !difference.ours || *difference.ours == 0) return "";
  const double change = 100.0 *
                        (static_cast<double>(*theirs) - static_cast<double>(*difference.ours)) /
                        static_cast<double>(*difference.ours);
  return *theirs == *difference.ours ? " =" : fmt::format(" {:+.4g}%", change);
}

void print_table(const Comparison& comparison, const std::vector<Catalogue>& catalogues) {
  fmt::print("{:<11} {:<40} {:<12} {:>10}", "list", "model", "kind", "ours");
  for (const Catalogue& catalogue : catalogues) fmt::print(" {:>22}", catalogue.source);
  fmt::print("\n");
  for (const Difference& difference : comparison.differences) {
    fmt::print("{:<11} {:<40} {:<12} {:>10}", difference.list->name, difference.model->id,
               pricing::file_name_of(pricing::kind(kCompared[difference.kind])),
               amount_text(difference.ours));
    for (std::size_t i = 0; i < catalogues.size(); ++i) {
      fmt::print(" {:>22}", amount_text(difference.theirs[i]) + change_text(difference, i));
    }
    fmt::print("\n");
  }
}

void print_json(const Comparison& comparison, const std::vector<Catalogue>& catalogues) {
  std::string rows;
  for (const Difference& difference : comparison.differences) {
    std::string theirs;
    for (std::size_t i = 0; i < catalogues.size(); ++i) {
      theirs +=
          fmt::format("{}{}:{}", i == 0 ? "" : ",", json_text(catalogues[i].source),
                      difference.theirs[i] ? json_text(amount_text(difference.theirs[i])) : "null");
    }
    rows += fmt::format("{}{{\"list\":{},\"model\":{},\"kind\":{},\"ours\":{},\"theirs\":{{{}}}}}",
                        rows.empty() ? "" : ",", json_text(difference.list->name),
                        json_text(difference.model->id),
                        json_text(pricing::file_name_of(pricing::kind(kCompared[difference.kind]))),
                        difference.ours ? json_text(amount_text(difference.ours)) : "null", theirs);
  }
  fmt::print("{{\"schema\":1,\"models\":{},\"agreeing\":{},\"differences\":[{}]}}\n",
             comparison.models, comparison.agreeing, rows);
}

int diff(const CompareOptions& options) {
  const auto at = moment_of(options.at);
  if (!at) return kPricesDiffer;
  const auto book = load_or_complain(options.files);
  if (!book) return kPricesInvalid;
  const auto catalogues = read_catalogues(options, *at);
  if (!catalogues) return 1;
  const Comparison comparison = compare(*book, *catalogues, options.list, *at);
  if (options.json) {
    print_json(comparison, *catalogues);
  } else if (!comparison.differences.empty()) {
    print_table(comparison, *catalogues);
  }
  std::cerr << fmt::format("{} models compared, {} agree in every catalogue that has them\n",
                           comparison.models, comparison.agreeing);
  return comparison.differences.empty() ? kPricesSame : kPricesDiffer;
}

}  // namespace

void add_prices_diff(CLI::App& prices, int& exit_code) {
  CLI::App* const command = prices.add_subcommand(
      "diff",
      "compare with open catalogues (offline files): dollars per million tokens. Exit 2: "
      "something differs");
  const auto options = std::make_shared<CompareOptions>();
  add_compare_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = diff(*options); });
}

}  // namespace tokenweir::cli
