#include "cli/prices.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "cli/prices_common.h"
#include "core/text.h"
#include "platform/system_clock.h"
#include "pricing/price_file.h"
#include "pricing/quote.h"

namespace tokenweir::cli {
namespace {

using pricing::PriceBook;

struct ShowOptions {
  std::vector<std::string> files = default_price_files();
  std::string list;
  std::string at;
  bool json = false;
};

int check(const std::vector<std::string>& files, bool json) {
  const auto book = load_or_complain(files);
  if (!book) return kPricesInvalid;
  std::string lists;
  for (const auto& [name, list] : book->rows().lists) {
    if (json) {
      lists +=
          fmt::format("{}{{\"list\":{},\"models\":{},\"checked\":{}}}", lists.empty() ? "" : ",",
                      json_text(name), list.models.size(), json_text(list.checked));
    } else {
      fmt::print("{:<14} {:>5} models  checked {}\n", name, list.models.size(), list.checked);
    }
  }
  if (json) {
    fmt::print("{{\"schema\":1,\"revision\":{},\"lists\":[{}]}}\n", json_text(book->revision()),
               lists);
  } else {
    fmt::print("revision {}\n", book->revision().substr(0, 12));
  }
  return kPricesSame;
}

std::string rates_text(const pricing::Rates& rates, bool json) {
  std::string text;
  for (pricing::Kind k = 0; k < pricing::kKinds; ++k) {
    if (!rates[k]) continue;
    const std::string amount = pricing::dollars_per_million(*rates[k]);
    if (!text.empty()) text += json ? "," : "  ";
    text += json ? fmt::format("{}:\"{}\"", json_text(pricing::file_name_of(k)), amount)
                 : fmt::format("{} {}", pricing::file_name_of(k), amount);
  }
  return text;
}

int show(const ShowOptions& options) {
  const auto at = moment_of(options.at);
  const auto book = load_or_complain(options.files);
  if (!at) return kPricesDiffer;
  if (!book) return kPricesInvalid;
  const auto list = book->rows().lists.find(options.list);
  if (list == book->rows().lists.end()) {
    std::cerr << "tokenweir: no price list " << json_text(options.list) << '\n';
    return kPricesDiffer;
  }
  std::string rows;
  for (const pricing::Model& model : list->second.models) {
    const pricing::Period* period = model.period(*at);
    if (period == nullptr) continue;
    for (const pricing::Band& band : period->bands) {
      if (options.json) {
        rows += fmt::format(
            "{}{{\"model\":{},\"period\":{},\"min_input_tokens\":{},\"usd_per_million\":{{{}}}}}",
            rows.empty() ? "" : ",", json_text(model.id), json_text(period->label),
            band.min_input_tokens, rates_text(band.rates, true));
      } else {
        const std::string tier =
            band.min_input_tokens > 0 ? fmt::format(" >={}", band.min_input_tokens) : "";
        fmt::print("{}@{}{}  {}\n", model.id, period->label, tier, rates_text(band.rates, false));
      }
    }
  }
  if (options.json) {
    fmt::print("{{\"schema\":1,\"list\":{},\"at\":\"{}\",\"rows\":[{}]}}\n",
               json_text(options.list), format_rfc3339(*at), rows);
  }
  return kPricesSame;
}

}  // namespace

std::vector<std::string> default_price_files() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path here = "config/prices";
  if (fs::is_directory(here, error)) return {here.string()};
  // From elsewhere: beside the binary of a build, then where a package puts them.
  const fs::path binary = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place :
       {binary / "../config/prices", binary / "config/prices", fs::path("/etc/tokenweir/prices")}) {
    if (fs::is_directory(place, error)) return {place.lexically_normal().string()};
  }
  return {here.string()};
}

std::optional<PriceBook> load_or_complain(const std::vector<std::string>& files) {
  yaml::Problems problems;
  auto book = pricing::load_prices(files, problems);
  if (!book) std::cerr << problems.text();
  return book;
}

std::optional<Time> moment_of(const std::string& text) {
  if (text.empty()) return platform::SystemClock().now();
  const auto time = parse_rfc3339(text);
  if (!time) {
    std::cerr << "tokenweir: expected a date like 2026-04-01 or a time like 2026-04-01T12:00:00Z, "
                 "found "
              << json_text(text) << '\n';
  }
  return time;
}

void add_prices_command(CLI::App& app, int& exit_code) {
  CLI::App* const prices =
      app.add_subcommand("prices", "price files: verify, show, explain, compare");
  prices->require_subcommand(1);

  CLI::App* const checking = prices->add_subcommand(
      "check", "verify price files; exit 78 with every mistake at its place");
  const auto paths = std::make_shared<std::vector<std::string>>(default_price_files());
  const auto json = std::make_shared<bool>(false);
  checking->add_option("paths", *paths, "files or directories")->capture_default_str();
  checking->add_flag("--json", *json, "as JSON");
  checking->callback([paths, json, &exit_code] { exit_code = check(*paths, *json); });

  CLI::App* const showing = prices->add_subcommand(
      "show", "the rates of a list at a moment, in dollars per million tokens (or calls)");
  const auto options = std::make_shared<ShowOptions>();
  showing->add_option("--prices", options->list, "name of the list")->required();
  showing->add_option("--files", options->files, "files or directories")->capture_default_str();
  showing->add_option("--at", options->at, "date or time, UTC; now when absent");
  showing->add_flag("--json", options->json, "as JSON");
  showing->callback([options, &exit_code] { exit_code = show(*options); });

  add_prices_explain(*prices, exit_code);
  add_prices_diff(*prices, exit_code);
  add_prices_update(*prices, exit_code);
}

}  // namespace tokenweir::cli
