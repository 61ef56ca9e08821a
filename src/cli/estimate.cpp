#include "cli/estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/complain.h"
#include "cli/estimator.h"
#include "cli/prices_common.h"
#include "cli/table.h"
#include "core/exit_codes.h"
#include "core/text.h"
#include "tokenizer/embedded.h"

namespace tokenweir::cli {
namespace {

namespace fs = std::filesystem;

// A request larger than this is not read.
constexpr std::uintmax_t kMostFileBytes = 64 * 1024 * 1024;

struct EstimateOptions {
  std::string path;
  std::string model;
  std::string prices;
  std::vector<std::string> files = default_price_files();
  std::string models;  // empty: the map that is built in
  std::string vocabularies;
  std::optional<std::uint64_t> output_tokens;
  std::uint64_t requests_per_day = 0;
  std::uint64_t days = 30;
  std::string baseline;
  std::string fail_above;
  std::string format = "table";
};

// Dollars with as many decimals as small sums need.
std::string dollars(Int128 picodollars) { return dollars_text(picodollars); }
std::string dollars(const std::optional<Money>& money) {
  return money ? money->to_dollars() : std::string("unknown");
}

Result<std::string, std::string> read(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return failure(path + ": there is no such file");
    if (fs::file_size(path, error) > kMostFileBytes || error)
      return failure(path + ": cannot be read, or is too large");
    file.open(path, std::ios::binary);
    if (!file) return failure(path + ": cannot be read");
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.size() > kMostFileBytes) return failure(path + ": is too large");
  return text;
}

// What is called so is no prompt, however it begins.
bool is_json_file(const std::string& path) { return path.ends_with(".json"); }
bool is_batch_file(const std::string& path) { return path.ends_with(".jsonl"); }

// A prompt may look like JSON; more often a request was cut.
void warn_of_broken_json(const std::string& path, std::string_view text, const Estimate& estimate) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool looks = first != std::string_view::npos && text[first] == '{';
  if (looks && estimate.is_prompt)
    std::cerr << "tokenweir estimate: " << path << ": no JSON, so it is counted as a prompt\n";
}

// --- one request ---------------------------------------------------------------------------------

std::string one_as_json(const Estimate& estimate) {
  std::string parts;
  for (std::size_t i = 0; i < count::kSlices; ++i) {
    parts += fmt::format("{}{}:{}", i == 0 ? "" : ",",
                         json_text(name_of(static_cast<count::Slice>(i))), estimate.count.parts[i]);
  }
  const auto money = [](const std::optional<Money>& sum) {
    return sum ? std::to_string(sum->picodollars()) : std::string("null");
  };
  return fmt::format(
      R"({{"model":{},"dialect":{},"input_tokens":{},"upper_bound":{},"input_parts":{{{}}},)"
      R"("vocabulary":{},"grade":{},"output_tokens":{},"output_at_most":{},"prices":{},)"
      R"("cost_picodollars":{},"cost_at_most_picodollars":{}}})"
      "\n",
      json_text(estimate.model), json_text(estimate.dialect), estimate.count.tokens,
      estimate.count.upper_bound ? std::to_string(*estimate.count.upper_bound) : "null", parts,
      json_text(name_of(estimate.count.vocabulary)), json_text(name_of(estimate.count.grade)),
      estimate.output_tokens,
      estimate.output_at_most ? std::to_string(*estimate.output_at_most) : "null",
      json_text(estimate.prices), money(estimate.cost), money(estimate.cost_at_most));
}

std::string one_as_table(const Estimate& estimate) {
  Table table;
  table.columns = {{"part"}, {"tokens", true}};
  for (std::size_t i = 0; i < count::kSlices; ++i) {
    if (estimate.count.parts[i] == 0) continue;
    table.rows.push_back({{std::string(name_of(static_cast<count::Slice>(i)))},
                          {std::to_string(estimate.count.parts[i])}});
  }
  table.total = {{"input"}, {std::to_string(estimate.count.tokens)}};
  std::string out = text_table(table, true);
  out += fmt::format("\nmodel        {} ({}, {})\n", printable(estimate.model),
                     name_of(estimate.count.vocabulary), name_of(estimate.count.grade));
  out += estimate.count.upper_bound
             ? fmt::format("upper bound  {} tokens\n", *estimate.count.upper_bound)
             : std::string("upper bound  the model's window: the provider holds a part\n");
  out += estimate.output_known
             ? fmt::format("output       {} tokens\n", estimate.output_tokens)
             : std::string("output       not counted: no cap, and no --output-tokens\n");
  out += fmt::format("cost         {} USD", dollars(estimate.cost));
  if (!estimate.cost) out += " (no price list knows the model)";
  if (estimate.cost_at_most) {
    out += fmt::format(", at most {} with {} tokens of output", dollars(estimate.cost_at_most),
                       std::max(estimate.output_at_most.value_or(0), estimate.output_tokens));
  }
  return out + "\n";
}

int run_one(const EstimateOptions& options, Estimator& estimator,
            const EstimateSettings& settings) {
  const auto text = read(options.path);
  if (!text) return fail("estimate", kExitFailed, text.error());
  const auto estimate = estimator.estimate(*text, settings, is_json_file(options.path));
  if (!estimate) return fail("estimate", kExitFailed, options.path + ": " + estimate.error());
  warn_of_broken_json(options.path, *text, *estimate);
  std::cout << (options.format == "json" ? one_as_json(*estimate) : one_as_table(*estimate));
  return std::cout ? 0 : kExitFailed;
}

// --- a folder ------------------------------------------------------------------------------------

using Folder = std::map<std::string, Estimate>;  // by path within it

// Takes requests in; what is wrong with any of them is told, all of it.
class FolderReader {
 public:
  FolderReader(Estimator& estimator, const EstimateSettings& settings)
      : estimator_(estimator), settings_(settings) {}

  // A folder with what is below it, or one file. No value: told on stderr.
  std::optional<Folder> read(const std::string& path) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      file(path == "-" ? path : fs::path(path).filename().string(), path);
    } else {
      folder(path);
    }
    if (failed_) return std::nullopt;
    if (!folder_.empty()) return std::move(folder_);
    fail("estimate", kExitFailed, path + ": no requests in it");
    return std::nullopt;
  }

 private:
  void wrong(const std::string& message) { failed_ = fail("estimate", kExitFailed, message) != 0; }

  void folder(const std::string& path) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
      if (!at->is_regular_file()) continue;
      const std::string name = fs::relative(at->path(), path).string();
      if (name.starts_with('.') || name.find("/.") != std::string::npos) continue;
      file(name, at->path().string());
    }
    if (error) wrong(path + ": " + error.message());
  }

  void file(const std::string& name, const std::string& path) {
    const auto text = cli::read(path);
    if (!text) return wrong(text.error());
    if (!is_batch_file(path)) return request(name, path, *text, is_json_file(path));
    std::size_t number = 0;
    for (std::string_view rest = *text; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::string place = fmt::format(":{}", ++number);
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      request(name + place, path + place, line, true);
    }
  }

  void request(const std::string& name, const std::string& path, std::string_view text,
               bool must_be_json) {
    const auto estimate = estimator_.estimate(text, settings_, must_be_json);
    if (!estimate) return wrong(path + ": " + estimate.error());
    if (!estimate->cost) return wrong(path + ": " + printable(estimate->model) + " has no price");
    warn_of_broken_json(path, text, *estimate);
    folder_.emplace(name, *estimate);
  }

  Estimator& estimator_;
  const EstimateSettings& settings_;
  Folder folder_;
  bool failed_ = false;
};

// Every request of the folder is sent equally often.
Int128 period_cost(const Folder& folder, std::uint64_t requests) {
  Int128 sum = 0;
  for (const auto& [name, estimate] : folder) sum += estimate.cost->picodollars();
  return sum * static_cast<Int128>(requests) / static_cast<Int128>(folder.size());
}

struct Limit {
  bool percent = false;
  Int128 picodollars = 0;
  double share = 0;
};

std::optional<Limit> limit_of(const std::string& text) {
  Limit limit;
  if (text.ends_with('%')) {
    const auto percent = Money::from_dollars(text.substr(0, text.size() - 1));
    if (!percent || percent->picodollars() < 0) return std::nullopt;
    limit.percent = true;
    limit.share = percent->approximate_dollars();
    return limit;
  }
  const auto sum = Money::from_dollars(text.starts_with('$') ? text.substr(1) : text);
  if (!sum || sum->picodollars() < 0) return std::nullopt;
  limit.picodollars = sum->picodollars();
  return limit;
}

Table folder_table(const Folder& now, const Folder* before, std::uint64_t requests) {
  Table table;
  table.columns = {{"request"}, {"model"}, {"input", true}, {"output", true}, {"usd_each", true}};
  if (before != nullptr) table.columns.push_back({"usd_before", true});
  for (const auto& [name, estimate] : now) {
    Table::Row row = {{name},
                      {estimate.model},
                      {std::to_string(estimate.count.tokens)},
                      {std::to_string(estimate.output_tokens)},
                      {dollars(estimate.cost)}};
    if (before != nullptr) {
      const auto found = before->find(name);
      row.push_back(found != before->end() ? Table::Cell{dollars(found->second.cost)}
                                           : Table::Cell{"", false});
    }
    table.rows.push_back(std::move(row));
  }
  table.total = {{fmt::format("{} requests", requests)},
                 {""},
                 {""},
                 {""},
                 {dollars(period_cost(now, requests))}};
  if (before != nullptr) table.total.push_back({dollars(period_cost(*before, requests))});
  return table;
}

// From nothing to something is more than any percentage.
double change_of(Int128 base, Int128 cost) {
  if (base > 0) return static_cast<double>(cost - base) / static_cast<double>(base);
  return cost > 0 ? std::numeric_limits<double>::infinity() : 0;
}

std::string percent_as_json(double change) {
  return std::isfinite(change) ? fmt::format("{:.2f}", change * 100) : std::string("null");
}

int run_folder(const EstimateOptions& options, Estimator& estimator,
               const EstimateSettings& settings) {
  if (options.requests_per_day == 0) {
    return fail("estimate", kExitUsage,
                "a folder, --baseline and --fail-above need --requests-per-day");
  }
  std::optional<Limit> limit;
  if (!options.fail_above.empty()) {
    limit = limit_of(options.fail_above);
    if (!limit)
      return fail("estimate", kExitUsage, "--fail-above: give dollars (25) or percent (10%)");
    if (limit->percent && options.baseline.empty())
      return fail("estimate", kExitUsage, "--fail-above in percent needs --baseline");
  }
  const auto now = FolderReader(estimator, settings).read(options.path);
  std::optional<Folder> before;
  if (!options.baseline.empty()) before = FolderReader(estimator, settings).read(options.baseline);
  if (!now || (!options.baseline.empty() && !before)) return kExitFailed;
  const std::uint64_t requests = options.requests_per_day * options.days;
  const Int128 cost = period_cost(*now, requests);
  const Int128 base = before ? period_cost(*before, requests) : 0;
  const double change = change_of(base, cost);
  const bool without_output =
      std::ranges::any_of(*now, [](const auto& entry) { return !entry.second.output_known; });
  if (without_output) {
    std::cerr << "tokenweir estimate: requests without a cap are counted without their answers: "
                 "give --output-tokens\n";
  }
  const Table table = folder_table(*now, before ? &*before : nullptr, requests);
  if (options.format == "json") {
    std::cout << fmt::format(R"({{"requests":{},"days":{},"files":{},"usd":{})", requests,
                             options.days, now->size(), json_text(dollars(cost)));
    if (before)
      std::cout << fmt::format(R"(,"usd_before":{},"change_percent":{})", json_text(dollars(base)),
                               percent_as_json(change));
    std::cout << "}\n";
  } else if (options.format == "csv") {
    std::cout << csv(table, true);
  } else {
    std::cout << text_table(table, true)
              << fmt::format("\n{} requests a day for {} days: {} USD\n", options.requests_per_day,
                             options.days, dollars(cost));
    if (before) std::cout << fmt::format("before {} USD, {:+.2f} %\n", dollars(base), change * 100);
  }
  if (!std::cout.flush()) return kExitFailed;
  if (!limit) return 0;
  const bool above =
      limit->percent ? change * 100 > limit->share : cost - base > limit->picodollars;
  if (!above) return 0;
  return fail("estimate", kExitFailed,
              before ? "the increase is above " + options.fail_above
                     : "the cost is above " + options.fail_above);
}

int run(const EstimateOptions& options) {
  auto models = options.models.empty()
                    ? tokenizer::ModelMap::parse(tokenizer::embedded_model_map(), "models.yaml")
                    : tokenizer::ModelMap::read(options.models);
  if (!models) return fail("estimate", kExitConfiguration, models.error());
  auto prices = load_or_complain(options.files);
  if (!prices) return kExitConfiguration;
  const auto now = moment_of("");
  Estimator estimator(std::move(*models), std::move(*prices), options.vocabularies, *now);
  const EstimateSettings settings{options.model, options.prices, options.output_tokens};
  std::error_code error;
  const bool period =
      options.requests_per_day > 0 || !options.baseline.empty() || !options.fail_above.empty();
  return period || (options.path != "-" && fs::is_directory(options.path, error))
             ? run_folder(options, estimator, settings)
             : run_one(options, estimator, settings);
}

}  // namespace

void add_estimate_command(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("estimate", "tokens and cost of requests before they are sent");
  const auto options = std::make_shared<EstimateOptions>();
  command
      ->add_option("path", options->path, "a request or prompt, - for stdin, or a folder of them")
      ->required();
  command->add_option("-m,--model", options->model, "the model; the request's own when absent");
  command->add_option("--output-tokens", options->output_tokens,
                      "expected of each answer; the request's own cap when absent");
  command
      ->add_option("--requests-per-day", options->requests_per_day,
                   "spread evenly over the requests of the folder")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  command->add_option("--days", options->days, "of the period")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{3'660}))
      ->capture_default_str();
  command->add_option("--baseline", options->baseline, "folder or file to compare with");
  command->add_option(
      "--fail-above", options->fail_above,
      "exit with 1 when the period costs more dollars than this, or with a baseline "
      "when it costs so many dollars or percent (10%) more");
  command->add_option("--prices", options->prices,
                      "price list; the first that knows the model else");
  command->add_option("--files", options->files, "price files or directories")
      ->capture_default_str();
  command->add_option("--models", options->models,
                      "map of models to vocabularies; the built-in one when absent");
  command->add_option("--vocabularies", options->vocabularies, "folder of optional vocabularies");
  command->add_option("--format", options->format, "table, csv or json")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace tokenweir::cli
