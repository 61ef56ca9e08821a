#include "cli/would.h"

#include <fmt/format.h>

#include "core/text.h"
#include "publish/sqlite.h"

namespace tokenweir::cli {
namespace {

// Each arm: verdict, rule, condition. Rows of one workflow may stand in several arms.
constexpr std::string_view kSelection = R"sql(
WITH chosen AS (
  SELECT coalesce(workflow, '_unset') AS workflow, started_at, refusal, would_refuse, would_clamp,
         cap_requested, cap_applied, cap_source, cost_picodollars,
         coalesce(output_tokens, 0) + coalesce(reasoning_tokens, 0) AS output
  FROM records WHERE started_at >= ?1 AND started_at < ?2
),
verdicts AS (
  SELECT workflow, 'refused' AS verdict, refusal AS rule, started_at, 0 AS cost, 0 AS beyond
  FROM chosen WHERE refusal IS NOT NULL
  UNION ALL
  SELECT workflow, 'would refuse', would_refuse, started_at, coalesce(cost_picodollars, 0), 0
  FROM chosen WHERE would_refuse IS NOT NULL
  UNION ALL
  SELECT workflow, 'clamped', coalesce(cap_source, 'cap'), started_at, 0, 0
  FROM chosen WHERE refusal IS NULL AND cap_applied IS NOT NULL
    AND cap_source IS NOT NULL AND cap_source <> 'client'
  UNION ALL
  SELECT workflow, 'would clamp', 'cap', started_at, 0,
         max(0, output - CAST(would_clamp AS INTEGER))
  FROM chosen WHERE would_clamp IS NOT NULL
)
SELECT workflow, verdict, rule, count(*), sum(cost / 1000000), sum(cost % 1000000), sum(beyond),
       min(started_at), max(started_at),
       (SELECT count(*) FROM chosen WHERE chosen.workflow = verdicts.workflow)
FROM verdicts GROUP BY workflow, verdict, rule ORDER BY workflow, verdict DESC, count(*) DESC
)sql";

std::string share_text(const WouldLine& line) {
  if (line.of_requests == 0) return "0.0";
  return fmt::format(
      "{:.1f}", 100.0 * static_cast<double>(line.requests) / static_cast<double>(line.of_requests));
}

}  // namespace

Result<std::vector<WouldLine>, std::string> would_lines(const std::string& ledger,
                                                        std::optional<Time> since,
                                                        std::optional<Time> until) {
  const auto explain = [&](const publish::SqlError& error) {
    return failure(fmt::format("ledger {}: {}", ledger, error.message));
  };
  auto database = publish::Database::open(ledger, publish::Database::Access::read_only);
  if (!database) return explain(database.error());
  auto rows = database->prepare(kSelection);
  if (!rows) return explain(rows.error());
  const std::string from = since ? format_rfc3339(*since) : std::string("0");
  const std::string to = until ? format_rfc3339(*until) : std::string("9999");
  rows->bind(1, std::string_view(from));
  rows->bind(2, std::string_view(to));
  std::vector<WouldLine> lines;
  while (true) {
    const auto row = rows->step();
    if (!row) return explain(row.error());
    if (!*row) return lines;
    WouldLine& line = lines.emplace_back();
    line.workflow = rows->text(0);
    line.verdict = rows->text(1);
    line.rule = rows->text(2);
    line.requests = rows->integer(3);
    line.picodollars = Int128{rows->integer(4)} * 1'000'000 + rows->integer(5);
    line.output_tokens = rows->integer(6);
    line.first = rows->text(7);
    line.last = rows->text(8);
    line.of_requests = rows->integer(9);
  }
}

Table would_table(const std::vector<WouldLine>& lines) {
  Table table;
  table.columns = {{"workflow"},
                   {"verdict"},
                   {"rule"},
                   {"requests", true},
                   {"%", true},
                   {"cost_usd", true},
                   {"tokens beyond cap", true},
                   {"first"},
                   {"last"}};
  for (const WouldLine& line : lines) {
    table.rows.push_back({{line.workflow},
                          {line.verdict},
                          {line.rule},
                          {std::to_string(line.requests)},
                          {share_text(line)},
                          {dollars_text(line.picodollars), line.verdict == "would refuse"},
                          {std::to_string(line.output_tokens), line.verdict == "would clamp"},
                          {line.first},
                          {line.last}});
  }
  return table;
}

std::string would_json(const std::vector<WouldLine>& lines) {
  std::string out = "[";
  for (const WouldLine& line : lines) {
    if (out.size() > 1) out += ",\n";
    const auto member = [&](std::string_view name, std::string_view text) {
      out += out.ends_with('{') ? "" : ",";
      append_json_string(out, name);
      out += ':';
      append_json_string(out, text);
    };
    out += '{';
    member("workflow", line.workflow);
    member("verdict", line.verdict);
    member("rule", line.rule);
    out += fmt::format(",\"requests\":{},\"of_requests\":{}", line.requests, line.of_requests);
    member("cost_usd", dollars_text(line.picodollars));
    out += fmt::format(",\"output_tokens_beyond_cap\":{}", line.output_tokens);
    member("first", line.first);
    member("last", line.last);
    out += '}';
  }
  return out += "]\n";
}

}  // namespace tokenweir::cli
