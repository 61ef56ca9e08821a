#include "publish/spend_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tokenweir::publish {
namespace {

// The name operators use and the expression over the view `records`.
constexpr auto kKeys = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"workflow", "workflow"},
     {"run", "run"},
     {"parent_run", "parent_run"},
     {"user", "user"},
     {"customer", "customer"},
     {"team", "team"},
     {"credential", "credential"},
     {"provider", "provider"},
     {"model", "coalesce(price_model, model_served, model_requested)"},
     {"endpoint", "endpoint"},
     {"purpose", "purpose"},
     {"refusal", "refusal"}});

// SQLite steps one question may take: a second or two, some millions of rows.
constexpr int kStepsAtOnce = 1'000'000;
constexpr int kQuestionSteps = 300;

// SQLite's own sum would overflow, so dollars come in two parts: millionths, and what is below.
constexpr std::string_view kSpendSums =
    "count(*), sum(end_state = 'refused'), sum(sent AND cost_picodollars IS NULL), "
    "sum(coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + "
    "coalesce(cache_write_tokens, 0) + coalesce(audio_input_tokens, 0) + "
    "coalesce(image_input_tokens, 0)), "
    "sum(coalesce(output_tokens, 0) + coalesce(reasoning_tokens, 0) + "
    "coalesce(audio_output_tokens, 0) + coalesce(image_output_tokens, 0)), "
    "sum(coalesce(cost_picodollars, 0) / 1000000) AS millionths, "
    "sum(coalesce(cost_picodollars, 0) % 1000000)";

}  // namespace

bool SpendReader::is_key(std::string_view word) {
  return std::ranges::any_of(kKeys, [&](const auto& key) { return key.first == word; });
}

std::string SpendReader::key_names() {
  std::string names;
  for (const auto& [name, column] : kKeys) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

Result<std::vector<SpendLine>, std::string> SpendReader::spend(std::span<const std::string> keys,
                                                               Time since,
                                                               std::optional<Time> until,
                                                               std::size_t most) {
  const std::lock_guard lock(mutex_);
  if (!database_) {
    auto opened = Database::open(path_, Database::Access::read_only);
    if (!opened) return failure("the ledger cannot be read: " + opened.error().message);
    database_.emplace(std::move(*opened));
  }
  std::string columns;
  for (const std::string& word : keys) {
    const auto known = std::ranges::find(kKeys, std::string_view(word),
                                         &std::pair<std::string_view, std::string_view>::first);
    if (known == kKeys.end()) return failure(fmt::format("'{}' is no key of spend", word));
    columns.append(known->second).append(", ");
  }
  std::string sql =
      fmt::format("SELECT {}{} FROM records WHERE started_at >= ?1", columns, kSpendSums);
  if (until) sql += " AND started_at < ?2";
  if (!keys.empty()) {
    sql += " GROUP BY 1";
    for (std::size_t i = 2; i <= keys.size(); ++i) sql += fmt::format(", {}", i);
  }
  sql += fmt::format(" ORDER BY millionths DESC, {} DESC LIMIT {}", keys.size() + 1, most);

  int steps = 0;
  const auto count_steps = [](void* taken) -> int {
    return ++*static_cast<int*>(taken) > kQuestionSteps;
  };
  sqlite3_progress_handler(database_->handle(), kStepsAtOnce, count_steps, &steps);
  const auto read = [&]() -> Result<std::vector<SpendLine>, std::string> {
    auto statement = database_->prepare(sql);
    if (!statement) return failure("the ledger cannot be read: " + statement.error().message);
    const std::string from = format_rfc3339(since);
    const std::string to = until ? format_rfc3339(*until) : std::string();
    statement->bind(1, std::string_view(from));
    if (until) statement->bind(2, std::string_view(to));
    std::vector<SpendLine> lines;
    while (true) {
      const auto row = statement->step();
      if (!row && row.error().code == SQLITE_INTERRUPT) {
        return failure(std::string(
            "too many records for one answer: ask for less time, or use `tokenweir report`"));
      }
      if (!row) return failure("the ledger cannot be read: " + row.error().message);
      if (!*row) return lines;
      SpendLine& line = lines.emplace_back();
      int at = 0;
      for (; at < static_cast<int>(keys.size()); ++at) {
        line.keys.push_back(statement->is_null(at)
                                ? std::nullopt
                                : std::optional<std::string>(statement->text(at)));
      }
      line.requests = statement->integer(at++);
      line.refused = statement->integer(at++);
      line.unpriced = statement->integer(at++);
      line.input_tokens = statement->integer(at++);
      line.output_tokens = statement->integer(at++);
      line.picodollars = Int128{statement->integer(at)} * 1'000'000 + statement->integer(at + 1);
    }
  };
  auto lines = read();
  sqlite3_progress_handler(database_->handle(), 0, nullptr, nullptr);
  return lines;
}

}  // namespace tokenweir::publish
