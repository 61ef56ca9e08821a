#include "cli/suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "budget/amounts.h"
#include "core/money.h"
#include "core/text.h"
#include "publish/sqlite.h"

namespace tokenweir::cli {
namespace {

using budget::saturating_add;
using budget::saturating_multiply;

// A suggestion leaves half as much again as the largest that was seen, but where a few answers were
// far longer than all others it only leaves a quarter beyond the usual ones.
std::int64_t cap_for(const std::vector<std::int64_t>& sorted) {
  const std::int64_t usual = percentile(sorted, 0.999);
  const std::int64_t most = sorted.back();
  const std::int64_t wide = saturating_multiply(most, 3) / 2;
  const std::int64_t narrow = saturating_multiply(usual, 5) / 4;
  return rounded_up(most <= usual ? wide : narrow);
}

std::int64_t above(const std::vector<std::int64_t>& sorted, std::int64_t limit) {
  return sorted.end() - std::ranges::upper_bound(sorted, limit);
}

std::string dollars(std::int64_t picodollars) {
  return json_text(Money::picodollars(picodollars).to_dollars());
}

// Dollars with two digits that count, never less than a cent.
std::int64_t rounded_dollars(std::int64_t picodollars) {
  constexpr std::int64_t kCent = 10'000'000'000;
  const std::int64_t cents = picodollars / kCent + 1;
  return saturating_multiply(rounded_up(cents), kCent);
}

struct Sections {
  std::string output_caps, input_caps, budgets, few;
};

void suggest_workflow(const std::string& name, WorkflowHistory& seen, Sections& sections) {
  std::ranges::sort(seen.inputs);
  std::ranges::sort(seen.outputs);
  const std::string match = fmt::format("match: {{workflow: {}}}", json_text(name));
  if (!seen.outputs.empty()) {
    const std::int64_t cap = cap_for(seen.outputs);
    sections.output_caps += fmt::format(
        "  # {} answers: half up to {}, 99 % up to {}, the longest {} tokens; {} would have been "
        "cut\n  - {{{}, max: {}, on_exceed: clamp}}\n",
        seen.outputs.size(), percentile(seen.outputs, 0.5), percentile(seen.outputs, 0.99),
        seen.outputs.back(), above(seen.outputs, cap), match, cap);
  }
  if (!seen.inputs.empty()) {
    const std::int64_t cap = cap_for(seen.inputs);
    sections.input_caps += fmt::format(
        "  # half up to {}, 99 % up to {}, the largest {} tokens; {} would have been refused\n"
        "  - {{{}, max_input_tokens: {}, on_exceed: reject}}\n",
        percentile(seen.inputs, 0.5), percentile(seen.inputs, 0.99), seen.inputs.back(),
        above(seen.inputs, cap), match, cap);
  }
  std::vector<std::int64_t> days;
  for (const auto& [day, usd] : seen.usd_of_day) days.push_back(usd);
  std::ranges::sort(days);
  if (!days.empty() && days.back() > 0) {
    const std::int64_t limit = rounded_dollars(saturating_multiply(days.back(), 3) / 2);
    sections.budgets += fmt::format(
        "  # {} day(s) of traffic: usually ${}, the dearest ${}\n"
        "  - {{name: {}, {}, limit: {{usd: {}}}, window: day,\n"
        "     ladder: [{{at: 0.8, warn: true}}, {{at: 1, reject: true}}]}}\n",
        days.size(), Money::picodollars(percentile(days, 0.5)).to_dollars(),
        Money::picodollars(days.back()).to_dollars(), json_text(name + "-daily"), match,
        dollars(limit));
  }
}

std::string suggest_runs(const std::map<std::string, RunHistory>& runs) {
  if (runs.empty()) return {};
  std::vector<std::int64_t> steps, usd;
  for (const auto& [key, run] : runs) {
    steps.push_back(run.steps);
    usd.push_back(run.picodollars);
  }
  std::ranges::sort(steps);
  std::ranges::sort(usd);
  const std::int64_t most_steps = cap_for(steps);
  std::string out = fmt::format(
      "# {} run(s): half up to {} steps, 99 % up to {}, the longest {}; {} would have been "
      "stopped\nruns:\n  max_steps: {{limit: {}, mode: stop}}\n",
      runs.size(), percentile(steps, 0.5), percentile(steps, 0.99), steps.back(),
      above(steps, most_steps), most_steps);
  if (usd.back() > 0) {
    const std::int64_t most = rounded_dollars(saturating_multiply(usd.back(), 3) / 2);
    out += fmt::format(
        "  # half up to ${}, 99 % up to ${}, the dearest ${}\n"
        "  max_usd: {{limit: {}, mode: stop}}\n",
        Money::picodollars(percentile(usd, 0.5)).to_dollars(),
        Money::picodollars(percentile(usd, 0.99)).to_dollars(),
        Money::picodollars(usd.back()).to_dollars(), dollars(most));
  }
  return out;
}

}  // namespace

Result<History, std::string> read_history(const std::string& ledger, Time since,
                                          std::optional<Time> until) {
  const auto explain = [&](const publish::SqlError& error) {
    return failure(fmt::format("ledger {}: {}", ledger, error.message));
  };
  auto database = publish::Database::open(ledger, publish::Database::Access::read_only);
  if (!database) return explain(database.error());
  auto rows = database->prepare(
      "SELECT workflow, credential, run, substr(started_at, 1, 10), end_state, cost_picodollars, "
      "coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + "
      "coalesce(cache_write_tokens, 0) + coalesce(audio_input_tokens, 0) + "
      "coalesce(image_input_tokens, 0), "
      "coalesce(output_tokens, 0) + coalesce(reasoning_tokens, 0) "
      "FROM records WHERE sent AND started_at >= ?1 AND started_at < ?2");
  if (!rows) return explain(rows.error());
  const std::string from = format_rfc3339(since);
  const std::string to = until ? format_rfc3339(*until) : std::string("9999");
  rows->bind(1, std::string_view(from));
  rows->bind(2, std::string_view(to));
  History history;
  while (true) {
    const auto row = rows->step();
    if (!row) return explain(row.error());
    if (!*row) return history;
    ++history.requests;
    const std::string workflow(rows->is_null(0) ? "_unset" : rows->text(0));
    const std::int64_t usd = rows->integer(5);
    WorkflowHistory& seen = history.workflows[workflow];
    std::int64_t& day = seen.usd_of_day[std::string(rows->text(3))];
    day = saturating_add(day, usd);
    if (rows->integer(6) > 0) seen.inputs.push_back(rows->integer(6));
    if (rows->integer(7) > 0 && rows->text(4) == "complete") {
      seen.outputs.push_back(rows->integer(7));
    }
    if (rows->is_null(2)) continue;
    RunHistory& run =
        history.runs[fmt::format("{}\x1f{}\x1f{}", rows->text(1), workflow, rows->text(2))];
    ++run.steps;
    run.picodollars = saturating_add(run.picodollars, usd);
    run.workflow = workflow;
  }
}

std::int64_t percentile(const std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  const auto place = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return sorted[std::min(place, sorted.size() - 1)];
}

std::int64_t rounded_up(std::int64_t value) {
  std::int64_t unit = 1;
  while (value / unit >= 100 && unit <= std::numeric_limits<std::int64_t>::max() / 10) unit *= 10;
  const std::int64_t up = value % unit == 0 ? value / unit : value / unit + 1;
  return saturating_multiply(up, unit);
}

std::string suggestion_yaml(History history, std::int64_t requests_min) {
  Sections sections;
  for (auto& [name, seen] : history.workflows) {
    const auto requests = static_cast<std::int64_t>(seen.inputs.size());
    if (requests < requests_min) {
      sections.few += fmt::format("#   {}: {} request(s)\n", json_text(name), requests);
      continue;
    }
    suggest_workflow(name, seen, sections);
  }
  std::string out = fmt::format(
      "# From {} request(s) of {} workflow(s) in the ledger. Leave it to observe first, look at\n"
      "# `tokenweir report --would` after some days, then say enforce.\nenforcement: observe\n",
      history.requests, history.workflows.size());
  const auto section = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) out += fmt::format("\n{}:\n{}", name, text);
  };
  section("output_caps", sections.output_caps);
  section("input_caps", sections.input_caps);
  section("budgets", sections.budgets);
  if (const std::string runs = suggest_runs(history.runs); !runs.empty()) out += "\n" + runs;
  if (!sections.few.empty()) {
    out +=
        fmt::format("\n# Fewer than {} requests say too little:\n{}", requests_min, sections.few);
  }
  return out;
}

}  // namespace tokenweir::cli
