// What it costs to hold money on 1, 4 and 16 accounts, as the exchange does it: find the accounts
// by their facts, decide, hold. Settling is shown beside it. Prints a table and ends with the line
// `figure: ns_1=... ns_4=... ns_16=...`, the median of many batches in nanoseconds of one hold.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "budget/book.h"

namespace {

using namespace tokenweir;
using namespace tokenweir::budget;
using Steady = std::chrono::steady_clock;

constexpr int kBatches = 2'000;
constexpr int kBatch = 256;
constexpr int kWorkflows = 64;
constexpr int kRuns = 1'024;

// What an operator would write: company, team, workflow, run, and then more of each window.
std::vector<Rule> rules_for(int accounts) {
  static constexpr const char* kPer[] = {"", "workflow", "team", "run"};
  static constexpr WindowKind kWindows[] = {WindowKind::month, WindowKind::day, WindowKind::hour,
                                            WindowKind::rolling};
  std::vector<Rule> rules;
  for (int i = 0; i < accounts; ++i) {
    Rule rule;
    rule.name = "budget-" + std::to_string(i);
    rule.limits[0] = INT64_MAX / 4;
    rule.limits[1] = 1'000'000'000;
    rule.window.kind = kWindows[static_cast<std::size_t>(i / 4)];
    rule.window.length = std::chrono::hours(24);
    const std::string per = kPer[static_cast<std::size_t>(i % 4)];
    if (!per.empty()) rule.per = {*Subject::named(per)};
    if (i % 4 == 1) {
      rule.match = Selector({{*Subject::named("workflow"), {Glob("workflow-*")}}});
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

struct Names {
  std::vector<std::string> workflows, teams, runs;
  Names() {
    for (int i = 0; i < kWorkflows; ++i) workflows.push_back("workflow-" + std::to_string(i));
    for (int i = 0; i < 8; ++i) teams.push_back("team-" + std::to_string(i));
    for (int i = 0; i < kRuns; ++i) runs.push_back("3f2a91c0-run-" + std::to_string(i));
  }
  [[nodiscard]] Facts facts(std::size_t i) const {
    Facts facts;
    facts[Property::workflow] = workflows[i % workflows.size()];
    facts[Property::team] = teams[i % teams.size()];
    facts[Property::run] = runs[(i * 7) % runs.size()];
    facts[Property::credential] = "app";
    facts[Property::model] = "gpt-5";
    return facts;
  }
};

struct Cost {
  double hold = 0;
  double settle = 0;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Cost measure(Book& book, const Names& names, int batches) {
  Demand demand;
  demand.fixed[Measure::usd] = 1'000'000;
  demand.fixed[Measure::requests] = 1;
  demand.usd_per_output_token = 10'000'000;
  demand.output_asked = 2'000;
  demand.output_least = 1'024;
  Amounts consumed;
  consumed[Measure::usd] = 5'000'000;
  consumed[Measure::requests] = 1;
  std::vector<double> holding, settling;
  std::vector<Hold> holds(kBatch);
  const Time wall = Time{std::chrono::seconds(1'790'000'000)};
  std::size_t next = 0;
  for (int batch = 0; batch < batches; ++batch) {
    const Now now{wall, Steady::now()};
    const auto begin = Steady::now();
    for (int i = 0; i < kBatch; ++i) {
      Decision decision = book.hold(names.facts(next++), demand, Patience::may_wait, now);
      holds[static_cast<std::size_t>(i)] = std::move(decision.hold);
    }
    const auto middle = Steady::now();
    for (Hold& hold : holds) (void)book.settle(std::move(hold), consumed, now);
    const auto end = Steady::now();
    const auto each = [](auto span) {
      return std::chrono::duration<double, std::nano>(span).count() / kBatch;
    };
    holding.push_back(each(middle - begin));
    settling.push_back(each(end - middle));
  }
  return {median(holding), median(settling)};
}

}  // namespace

int main() {
  const Names names;
  std::array<double, 3> figures{};
  const std::array<int, 3> sizes = {1, 4, 16};
  std::printf("%10s %14s %14s %20s\n", "accounts", "hold ns", "settle ns", "hold ns, 2 threads");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Book book;
    book.configure(rules_for(sizes[i]));
    (void)measure(book, names, kBatches / 10);
    const Cost alone = measure(book, names, kBatches);
    Cost shared;
    std::thread other([&] { (void)measure(book, names, kBatches); });
    shared = measure(book, names, kBatches);
    other.join();
    std::printf("%10d %14.0f %14.0f %20.0f\n", sizes[i], alone.hold, alone.settle, shared.hold);
    figures[i] = alone.hold;
  }
  std::printf("figure: ns_1=%.0f ns_4=%.0f ns_16=%.0f\n", figures[0], figures[1], figures[2]);
  return 0;
}
