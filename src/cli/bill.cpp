#include "cli/bill.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "publish/row_json.h"
#include "publish/sqlite.h"

namespace tokenweir::cli {
namespace {

using publish::Database;
using publish::Statement;

struct Key {
  std::string_view name;
  std::string_view column;  // an expression over the view `records`
};

constexpr auto kKeys = std::to_array<Key>({
    {"workflow", "workflow"},
    {"run", "run"},
    {"model", "coalesce(price_model, model_served, model_requested)"},
    {"model_requested", "model_requested"},
    {"model_served", "model_served"},
    {"provider", "provider"},
    {"user", "user"},
    {"customer", "customer"},
    {"team", "team"},
    {"cost_center", "cost_center"},
    {"environment", "environment"},
    {"credential", "credential"},
    {"purpose", "purpose"},
    {"endpoint", "endpoint"},
    {"dialect", "dialect"},
    {"region", "region"},
    {"service_tier", "service_tier"},
    {"instance", "instance"},
    {"status", "http_status"},
    {"end_state", "end_state"},
    {"refusal", "refusal"},
    {"waste", "waste"},
    {"usage_source", "usage_source"},
    {"pricing", "pricing"},
    {"hour", "started_at"},
    {"day", "started_at"},
    {"month", "started_at"},
});

constexpr std::string_view kTagPrefix = "tag.";

const Key* find_key(std::string_view name) {
  const auto found = std::ranges::find(kKeys, name, &Key::name);
  return found == kKeys.end() ? nullptr : &*found;
}

std::optional<TimeZone::Unit> time_unit(std::string_view key) {
  if (key == "hour") return TimeZone::Unit::hour;
  if (key == "day") return TimeZone::Unit::day;
  if (key == "month") return TimeZone::Unit::month;
  return std::nullopt;
}

// The figures of a row, after its keys.
enum Column : int {
  kCredential,
  kWorkflow,
  kRun,
  kInput,
  kCacheRead,
  kCacheWrite,
  kOutput,
  kReasoning,
  kAudioInput,
  kAudioOutput,
  kImageInput,
  kImageOutput,
  kCost,
  kCostByKind,
  kSent,
};
constexpr std::string_view kColumns =
    "credential, workflow, run, input_tokens, cache_read_tokens, cache_write_tokens, "
    "output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, "
    "image_input_tokens, image_output_tokens, cost_picodollars, cost_by_kind, sent";

std::string selection(const BillQuestion& question) {
  std::string sql = "SELECT ";
  int tags = 2;  // Parameters 1 and 2 are the times.
  for (const std::string& key : question.keys) {
    if (key.starts_with(kTagPrefix)) {
      sql += fmt::format("json_extract(tags, ?{}), ", ++tags);
    } else {
      sql += fmt::format("{}, ", find_key(key)->column);
    }
  }
  sql += fmt::format("{} FROM records WHERE 1", kColumns);
  if (question.since) sql += " AND started_at >= ?1";
  if (question.until) sql += " AND started_at < ?2";
  return sql;
}

void add_row(BillLine& line, const Statement& row, int first, const std::string& run) {
  const auto count = [&](Column column) { return Int128{row.integer(first + column)}; };
  ++line.requests;
  if (!run.empty()) line.runs.insert(run);
  line.input_tokens += count(kInput);
  line.cache_read_tokens += count(kCacheRead);
  line.cache_write_tokens += count(kCacheWrite);
  line.output_tokens += count(kOutput);
  line.reasoning_tokens += count(kReasoning);
  const Int128 media_input = count(kAudioInput) + count(kImageInput);
  line.media_input_tokens += media_input;
  line.media_tokens += media_input + count(kAudioOutput) + count(kImageOutput);
  if (row.is_null(first + kCost)) {
    if (row.integer(first + kSent) != 0) ++line.unpriced;
    return;
  }
  line.cost += count(kCost);
  if (!run.empty()) line.cost_in_runs += count(kCost);
  std::array<std::int64_t, kCostKinds> by_kind{};
  publish::read_cost_by_kind(row.text(first + kCostByKind), by_kind);
  for (std::size_t i = 0; i < kCostKinds; ++i) line.cost_by_kind[i] += by_kind[i];
}

std::string run_identity(const Statement& row, int first) {
  if (row.is_null(first + kRun)) return {};
  return fmt::format("{}\x1F{}\x1F{}", row.text(first + kCredential), row.text(first + kWorkflow),
                     row.text(first + kRun));
}

void fold_after_top(BillSummary& bill, std::size_t top) {
  if (top == 0 || bill.lines.size() <= top) return;
  BillLine others;
  others.keys.resize(bill.lines.front().keys.size());
  others.keys.front() = "(others)";
  for (std::size_t i = top; i < bill.lines.size(); ++i) others.add(bill.lines[i]);
  bill.lines.resize(top);
  bill.lines.push_back(std::move(others));
}

void sort_lines(BillSummary& bill, const BillQuestion& question) {
  const bool by_time = !question.keys.empty() && time_unit(question.keys.front());
  std::ranges::sort(bill.lines, [&](const BillLine& left, const BillLine& right) {
    if (by_time && left.keys[0] != right.keys[0]) return left.keys[0] < right.keys[0];
    if (left.cost != right.cost) return left.cost > right.cost;
    if (left.requests != right.requests) return left.requests > right.requests;
    return left.keys < right.keys;
  });
}

}  // namespace

void BillLine::add(const BillLine& other) {
  requests += other.requests;
  runs.insert(other.runs.begin(), other.runs.end());
  input_tokens += other.input_tokens;
  cache_read_tokens += other.cache_read_tokens;
  cache_write_tokens += other.cache_write_tokens;
  output_tokens += other.output_tokens;
  reasoning_tokens += other.reasoning_tokens;
  media_tokens += other.media_tokens;
  media_input_tokens += other.media_input_tokens;
  cost += other.cost;
  cost_in_runs += other.cost_in_runs;
  for (std::size_t i = 0; i < kCostKinds; ++i) cost_by_kind[i] += other.cost_by_kind[i];
  unpriced += other.unpriced;
}

std::optional<double> BillLine::share(std::initializer_list<CostKind> kinds) const {
  if (cost == 0) return std::nullopt;
  Int128 part = 0;
  for (const CostKind kind : kinds) part += cost_by_kind[static_cast<std::size_t>(kind)];
  return static_cast<double>(part) / static_cast<double>(cost);
}

std::optional<double> BillLine::cached_share() const {
  const Int128 input = input_tokens + cache_read_tokens + cache_write_tokens + media_input_tokens;
  if (input == 0) return std::nullopt;
  return static_cast<double>(cache_read_tokens) / static_cast<double>(input);
}

std::string bill_key_names() {
  std::string out;
  for (const Key& key : kKeys) out.append(key.name).append(" ");
  return out += "tag.<name>";
}

bool is_bill_key(std::string_view key) {
  if (!key.starts_with(kTagPrefix)) return find_key(key) != nullptr;
  // The name becomes a quoted member of a JSON path, which has no escape for a quote.
  return key.size() > kTagPrefix.size() && key.find_first_of("\"\\") == std::string_view::npos;
}

Result<BillSummary, std::string> make_bill(const std::string& path, const BillQuestion& question,
                                           TimeZone& zone) {
  const auto explain = [&](const publish::SqlError& error) {
    return failure(fmt::format("ledger {}: {}", path, error.message));
  };
  auto database = Database::open(path, Database::Access::read_only);
  if (!database) return explain(database.error());
  auto rows = database->prepare(selection(question));
  if (!rows) return explain(rows.error());
  const std::string since = question.since ? format_rfc3339(*question.since) : "";
  const std::string until = question.until ? format_rfc3339(*question.until) : "";
  if (question.since) rows->bind(1, std::string_view(since));
  if (question.until) rows->bind(2, std::string_view(until));
  std::vector<std::string> tag_paths;
  tag_paths.reserve(question.keys.size());
  for (const std::string& key : question.keys) {
    if (!key.starts_with(kTagPrefix)) continue;
    tag_paths.push_back(fmt::format("$.\"{}\"", key.substr(kTagPrefix.size())));
    rows->bind(static_cast<int>(tag_paths.size()) + 2, std::string_view(tag_paths.back()));
  }

  BillSummary bill;
  std::unordered_map<std::string, std::size_t> line_of;
  const int key_count = static_cast<int>(question.keys.size());
  std::string identity;
  while (true) {
    const auto row = rows->step();
    if (!row) return explain(row.error());
    if (!*row) break;
    std::vector<std::optional<std::string>> keys;
    identity.clear();
    for (int i = 0; i < key_count; ++i) {
      std::optional<std::string>& key = keys.emplace_back();
      if (!rows->is_null(i)) {
        const auto unit = time_unit(question.keys[static_cast<std::size_t>(i)]);
        key = unit ? zone.local(rows->text(i), *unit) : std::string(rows->text(i));
      }
      identity += key ? fmt::format("{}:{}", key->size(), *key) : "-";
    }
    const auto [found, made] = line_of.emplace(identity, bill.lines.size());
    if (made) bill.lines.emplace_back().keys = std::move(keys);
    const std::string run = run_identity(*rows, key_count);
    add_row(bill.lines[found->second], *rows, key_count, run);
    add_row(bill.total, *rows, key_count, run);
  }
  sort_lines(bill, question);
  fold_after_top(bill, question.top);
  return bill;
}

}  // namespace tokenweir::cli
