// `prices update`: takes over what two catalogues agree on, as a new period; the rest is for a
// person. Nothing is ever deleted, and a file is only written when it reads well afterwards.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "cli/prices_common.h"
#include "cli/prices_compare.h"
#include "pricing/price_file.h"
#include "yaml/parse.h"

namespace tokenweir::cli {
namespace {

struct UpdateOptions {
  CompareOptions compare;
  std::string since;
  bool dry_run = false;
};

// What is to become of one kind of one model.
struct Decision {
  const Difference* difference = nullptr;
  std::optional<std::int64_t> accepted;
  std::string since;
  std::string reason;  // why a person has to look, when not accepted
};

Decision decide(const Difference& difference) {
  Decision decision{&difference, std::nullopt, {}, {}};
  std::map<std::int64_t, int> votes;
  for (const auto& value : difference.theirs) {
    if (value) ++votes[*value];
  }
  const auto winner = std::ranges::max_element(
      votes, [](const auto& a, const auto& b) { return a.second < b.second; });
  if (winner->second < 2) {
    decision.reason = votes.size() > 1 ? "the catalogues disagree" : "only one catalogue says so";
    return decision;
  }
  if (difference.ours && winner->first == *difference.ours) {
    decision.reason = "two catalogues agree with our file";
    return decision;
  }
  if (!difference.ours) {
    decision.reason = "our file has no such rate";
    return decision;
  }
  // Half as much or more, in either direction, is seldom a price and often a mistake.
  const Int128 change = static_cast<Int128>(winner->first) - *difference.ours;
  if ((change < 0 ? -change : change) * 2 > *difference.ours) {
    decision.reason = "changes by more than half";
    return decision;
  }
  const pricing::Period& period = *difference.period;
  if (period.bands.size() > 1 || !period.windows.empty() ||
      !period.bands.front().modifiers.empty() || period.to != Time::max()) {
    decision.reason = "the row has tiers, windows, service tiers or a successor";
    return decision;
  }
  decision.accepted = winner->first;
  for (std::size_t i = 0; i < difference.theirs.size(); ++i) {
    if (difference.theirs[i] == winner->first && !difference.since[i].empty()) {
      decision.since = difference.since[i];
    }
  }
  return decision;
}

std::string rate_yaml(pricing::Kind k, const pricing::Rate& rate) {
  if (rate.units == 1 && rate.minimum == 0 && pricing::is_token(k)) {
    return fmt::format("\"{}\"", pricing::dollars_per_million(rate));
  }
  const std::string minimum = rate.minimum > 0 ? fmt::format(", minimum: {}", rate.minimum) : "";
  return fmt::format("{{per: {}, usd: \"{}\"{}}}", rate.units,
                     Money::picodollars(rate.picodollars).to_dollars(), minimum);
}

std::vector<std::string> period_lines(const pricing::Rates& rates, const std::string& since) {
  std::string text;
  for (pricing::Kind k = 0; k < pricing::kKinds; ++k) {
    if (!rates[k]) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", pricing::file_name_of(k),
                        rate_yaml(k, *rates[k]));
  }
  return {"- from: " + since, "  rates: {" + text + "}"};
}

// Inserts lines after the list item that begins at `place`; false when it is not written in block
// style.
bool insert_after(std::vector<std::string>& file, const pricing::Place& place,
                  const std::vector<std::string>& lines) {
  const auto row = static_cast<std::size_t>(place.line - 1);
  const auto column = static_cast<std::size_t>(place.column - 1);
  if (row >= file.size() || column < 2 || file[row].size() < column) return false;
  const std::size_t dash = file[row].find_first_not_of(' ');
  if (dash != column - 2 || file[row].substr(dash, 2) != "- ") return false;
  std::size_t end = row + 1;
  while (end < file.size()) {
    const std::size_t indent = file[end].find_first_not_of(' ');
    if (indent == std::string::npos || indent <= dash) break;
    ++end;
  }
  std::vector<std::string> indented;
  for (const std::string& line : lines) indented.push_back(std::string(dash, ' ') + line);
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(end), indented.begin(), indented.end());
  return true;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// All accepted changes of one model, which make one period.
struct ModelChange {
  const Difference* first = nullptr;
  pricing::Rates rates;
  std::string since;
  std::string log;
};

class Update {
 public:
  Update(const UpdateOptions& options, const pricing::PriceBook& book, std::string today)
      : options_(options), book_(book), today_(std::move(today)) {}

  int run(const Comparison& comparison) {
    for (const Difference& difference : comparison.differences) sort_out(decide(difference));
    if (!write()) return 1;
    if (for_a_person_ > 0) return kPricesConflict;
    return changes_.empty() ? kPricesSame : kPricesDiffer;
  }

 private:
  void sort_out(const Decision& decision) {
    const Difference& difference = *decision.difference;
    const std::string what =
        fmt::format("{} {} {}", difference.list->name, difference.model->id,
                    pricing::file_name_of(pricing::kind(kCompared[difference.kind])));
    if (!decision.accepted) {
      if (decision.reason == "two catalogues agree with our file") return;
      ++for_a_person_;
      std::string values;
      for (std::size_t i = 0; i < difference.theirs.size(); ++i) {
        values += fmt::format(" {} {}", options_.compare.from[i].front(),
                              amount_text(difference.theirs[i]));
      }
      fmt::print("look     {}: ours {},{} ({})\n", what, amount_text(difference.ours), values,
                 decision.reason);
      return;
    }
    ModelChange& change = changes_[difference.model];
    if (change.first == nullptr) {
      change.first = &difference;
      change.rates = difference.period->bands.front().rates;
      change.since = today_;
    }
    if (!options_.since.empty()) {
      change.since = options_.since;
    } else if (!decision.since.empty()) {
      change.since = decision.since;
    }
    change.rates[pricing::kind(kCompared[difference.kind])] =
        pricing::Rate{*decision.accepted, 1, 0};
    change.log +=
        fmt::format("accept   {}: {} -> {}, from {}\n", what, amount_text(difference.ours),
                    amount_text(decision.accepted), change.since);
  }

  bool write() {
    // Bottom up, so that places stay true while lines are added.
    std::map<std::size_t, std::vector<const ModelChange*>> by_file;
    for (const auto& [model, change] : changes_) {
      by_file[change.first->period->place.file].push_back(&change);
      fmt::print("{}", change.log);
    }
    for (auto& [index, changes] : by_file) {
      std::ranges::sort(changes, [](const auto* a, const auto* b) {
        return a->first->period->place.line > b->first->period->place.line;
      });
      if (!write_file(book_.rows().files[index], changes)) return false;
    }
    return true;
  }

  bool write_file(const std::string& path, const std::vector<const ModelChange*>& changes) {
    std::string why;
    const auto text = yaml::read_file(path, yaml::kMostBytes, why);
    if (!text) {
      std::cerr << path << ": error: " << why << '\n';
      return false;
    }
    std::vector<std::string> lines = lines_of(*text);
    for (const ModelChange* change : changes) {
      if (!insert_after(lines, change->first->period->place,
                        period_lines(change->rates, change->since))) {
        std::cerr << fmt::format(
            "{}:{}: error: the period is not a block list item; add the new one "
            "by hand\n",
            path, change->first->period->place.line);
        ++for_a_person_;
      }
    }
    const std::string updated = text_of(lines);
    // An overlay or an inheriting list does not stand alone: only mistakes of the text count.
    yaml::Problems problems;
    (void)pricing::read_prices({{path, updated}}, problems);
    std::string own;
    for (const yaml::Problem& problem : problems.list()) {
      if (problem.message.find("inherits") == std::string::npos) own += to_text(problem) + "\n";
    }
    if (!own.empty()) {
      std::cerr << own << path << ": not written\n";
      return false;
    }
    if (options_.dry_run) return true;
    std::ofstream out(path + ".new", std::ios::trunc);
    out << updated;
    out.close();
    if (!out || std::rename((path + ".new").c_str(), path.c_str()) != 0) {
      std::cerr << path << ": error: cannot be written\n";
      return false;
    }
    std::cerr << path << ": written\n";
    return true;
  }

  const UpdateOptions& options_;
  const pricing::PriceBook& book_;
  std::string today_;
  std::map<const pricing::Model*, ModelChange> changes_;
  std::size_t for_a_person_ = 0;
};

int update(const UpdateOptions& options) {
  const auto at = moment_of(options.compare.at);
  if (!at || (!options.since.empty() && !moment_of(options.since))) return kPricesDiffer;
  const auto book = load_or_complain(options.compare.files);
  if (!book) return kPricesInvalid;
  const auto catalogues = read_catalogues(options.compare, *at);
  if (!catalogues) return 1;
  const Comparison comparison = compare(*book, *catalogues, options.compare.list, *at);
  return Update(options, *book, format_rfc3339(*at).substr(0, 10)).run(comparison);
}

}  // namespace

void add_prices_update(CLI::App& prices, int& exit_code) {
  CLI::App* const command =
      prices.add_subcommand("update",
                            "write what two catalogues agree on as new periods, list the rest for "
                            "a person. Exit 0: same, "
                            "2: updated, 3: something is left for a person");
  const auto options = std::make_shared<UpdateOptions>();
  add_compare_options(*command, options->compare);
  command->add_option("--since", options->since,
                      "first day of the new periods; else the catalogue's date, else today");
  command->add_flag("--dry-run", options->dry_run, "only print what would be written");
  command->callback([options, &exit_code] { exit_code = update(*options); });
}

}  // namespace tokenweir::cli
