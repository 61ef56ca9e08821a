#include "publish/ledger_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/money.h"
#include "core/text.h"
#include "core/time.h"
#include "publish/ledger_schema.h"
#include "publish/text.h"

namespace tokenweir::publish {
namespace {

constexpr auto kJsonColumns =
    std::to_array<std::string_view>({"tags", "edits", "calls", "inferences", "input_parts",
                                     "raw_usage", "token_classes", "cost_by_kind"});
constexpr auto kFilters = std::to_array<std::string_view>(
    {"workflow", "run", "provider", "model_served", "model_requested", "credential", "user",
     "customer", "team", "end_state", "endpoint"});
constexpr std::int64_t kLimitDefault = 100;
constexpr std::int64_t kLimitMax = 1000;

bool is_json(std::string_view column) {
  return std::ranges::find(kJsonColumns, column) != kJsonColumns.end();
}

// A provider's usage is kept as it came and may have been cut: what is no JSON is shown as a
// string.
const std::string& selection() {
  static const std::string text = [] {
    std::string out;
    for (const std::string_view column : kRecordColumns) {
      if (!out.empty()) out += ", ";
      out += is_json(column) ? fmt::format(
                                   "CASE WHEN json_valid({0}) THEN {0} ELSE "
                                   "json_quote({0}) END AS {0}",
                                   column)
                             : std::string(column);
    }
    return out;
  }();
  return text;
}

std::string row_json(const Statement& row) {
  std::string out = "{";
  for (int i = 0; i < row.columns(); ++i) {
    const std::string_view name = row.name(i);
    if (i > 0) out += ',';
    append_json_string(out, name);
    out += ':';
    if (row.is_null(i)) {
      out += "null";
    } else if (row.type(i) == SQLITE_INTEGER) {
      append_integer(out, row.integer(i));
    } else if (is_json(name)) {
      out += row.text(i);
    } else {
      append_json_string(out, row.text(i));
    }
    if (name == "cost_picodollars") {
      out += ",\"cost_usd\":";
      if (row.is_null(i)) {
        out += "null";
      } else {
        append_json_string(out, Money::picodollars(row.integer(i)).to_dollars());
      }
    }
  }
  return out += '}';
}

std::int64_t limit_of(std::string_view text) {
  std::int64_t limit = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), limit).ptr;
  if (text.empty() || end != text.data() + text.size()) return kLimitDefault;
  return std::clamp<std::int64_t>(limit, 1, kLimitMax);
}

}  // namespace

Database* LedgerReader::database() {
  if (!database_) {
    auto opened = Database::open(path_, Database::Access::read_only);
    if (!opened) return nullptr;
    database_.emplace(std::move(*opened));
  }
  return &*database_;
}

std::optional<std::string> LedgerReader::record_json(std::string_view id) {
  const std::lock_guard lock(mutex_);
  Database* const ledger = database();
  if (ledger == nullptr) return std::nullopt;
  auto statement = ledger->prepare(fmt::format("SELECT {} FROM records WHERE id = ?", selection()));
  if (!statement) return std::nullopt;
  statement->bind(1, id);
  const auto row = statement->step();
  if (!row || !*row) return std::nullopt;
  return row_json(*statement);
}

std::string LedgerReader::records_json(
    const std::map<std::string, std::string, std::less<>>& query) {
  const std::lock_guard lock(mutex_);
  Database* const ledger = database();
  if (ledger == nullptr) return "[]";
  std::string sql = fmt::format("SELECT {} FROM records WHERE 1", selection());
  std::vector<std::string> values;
  const auto time_filter = [&](std::string_view key, std::string_view comparison) {
    const auto given = query.find(key);
    if (given == query.end()) return;
    const auto time = parse_rfc3339(given->second);
    if (!time) return;
    values.push_back(format_rfc3339(*time));
    sql += fmt::format(" AND started_at {} ?{}", comparison, values.size());
  };
  time_filter("since", ">=");
  time_filter("before", "<");
  // Column names come from the fixed list above; the values are bound.
  for (const std::string_view column : kFilters) {
    const auto given = query.find(column);
    if (given == query.end()) continue;
    values.push_back(given->second);
    sql += fmt::format(" AND {} = ?{}", column, values.size());
  }
  const auto limit = query.find("limit");
  sql += fmt::format(" ORDER BY started_at DESC LIMIT {}",
                     limit_of(limit == query.end() ? std::string_view{} : limit->second));
  auto statement = ledger->prepare(sql);
  if (!statement) return "[]";
  for (std::size_t i = 0; i < values.size(); ++i) {
    statement->bind(static_cast<int>(i) + 1, std::string_view(values[i]));
  }
  std::string out = "[";
  while (true) {
    const auto row = statement->step();
    if (!row || !*row) break;
    if (out.size() > 1) out += ",\n";
    out += row_json(*statement);
  }
  return out += "]\n";
}

}  // namespace tokenweir::publish
