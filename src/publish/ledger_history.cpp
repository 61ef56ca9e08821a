// What the ledger does with rows already written: restoring the counters, expiry.
#include <fmt/format.h>

#include <utility>

#include "publish/ledger.h"
#include "publish/row_json.h"

namespace tokenweir::publish {
namespace {

// The columns the exact counters are made of, in the order `read_row` takes them.
constexpr std::string_view kRestoreColumns =
    "c.workflow, c.provider, c.provider_label, c.price_model, c.model_requested, c.model_served, "
    "c.end_state, c.provider_fault, c.pricing, c.input_source, c.output_source, c.refusal, "
    "c.retry_cause, c.waste, c.dialect, c.method, c.sent, c.usage_anomaly, "
    "e.input_tokens, e.cache_read_tokens, e.cache_write_tokens, e.output_tokens, "
    "e.reasoning_tokens, e.audio_input_tokens, e.audio_output_tokens, e.image_input_tokens, "
    "e.image_output_tokens, e.cost_picodollars, e.cache_savings_picodollars, "
    "e.cache_write_premium_picodollars, e.cost_by_kind, e.request_bytes, e.response_bytes, "
    "e.revision";

template <typename Enumeration>
Enumeration named(std::string_view name, std::size_t count, Enumeration otherwise) {
  for (std::size_t i = 0; i < count; ++i) {
    if (name_of(static_cast<Enumeration>(i)) == name) return static_cast<Enumeration>(i);
  }
  return otherwise;
}

std::optional<Money> money(std::optional<std::int64_t> picodollars) {
  if (!picodollars) return std::nullopt;
  return Money::picodollars(*picodollars);
}

std::uint64_t byte_count(std::int64_t bytes) {
  return bytes < 0 ? 0 : static_cast<std::uint64_t>(bytes);
}

// Returns the revision.
std::int64_t read_row(const Statement& row, Record& record, Figures& figures) {
  int column = 0;
  const auto text = [&] { return std::string(row.text(column++)); };
  record.attribution.workflow = text();
  record.provider = text();
  record.provider_label = text();
  record.bill.canonical_model = text();
  record.model_requested = text();
  record.answer.model_served = text();
  record.answer.end_state = named(text(), 6, EndState::complete);
  record.provider_fault = text();
  record.bill.pricing = named(text(), 3, Pricing::unpriced);
  record.input_source = named(text(), 5, UsageSource::none);
  record.output_source = named(text(), 5, UsageSource::none);
  record.refusal = text();
  record.retry_cause = text();
  record.waste = text();
  record.dialect = text();
  record.method = text();
  record.sent = row.integer(column++) != 0;
  record.answer.usage_anomaly = row.integer(column++) != 0;
  for (const CostKind kind :
       {CostKind::input, CostKind::cache_read, CostKind::cache_write, CostKind::output,
        CostKind::reasoning, CostKind::input_audio, CostKind::output_audio, CostKind::input_image,
        CostKind::output_image}) {
    figures.tokens[static_cast<std::size_t>(kind)] = row.optional_integer(column++);
  }
  record.bill.cost = money(row.optional_integer(column++));
  record.bill.cache_savings = money(row.optional_integer(column++));
  record.bill.cache_write_premium = money(row.optional_integer(column++));
  read_cost_by_kind(row.text(column++), record.bill.by_kind);
  record.request_bytes = byte_count(row.integer(column++));
  record.response_bytes = byte_count(row.integer(column++));
  return row.integer(column);
}

Int128 read_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  Int128 value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return negative ? -value : value;
}

}  // namespace

Result<void, LedgerError> Ledger::restore(
    const std::function<void(const Total&)>& on_total,
    const std::function<void(const Record&, const Figures&)>& on_record,
    const std::function<void(const Record&)>& on_waste) const {
  auto totals = database_.prepare("SELECT family, labels, value FROM total");
  if (!totals) return failure(ledger_error(totals.error()));
  while (true) {
    const auto row = totals->step();
    if (!row) return failure(ledger_error(row.error()));
    if (!*row) break;
    on_total({std::string(totals->text(0)), std::string(totals->text(1)),
              read_integer(totals->text(2))});
  }
  auto rows = database_.prepare(
      fmt::format("SELECT {} FROM exchange e JOIN context c ON c.number = e.context "
                  "WHERE e.sequence > (SELECT sequence FROM total_covers) ORDER BY e.sequence",
                  kRestoreColumns));
  if (!rows) return failure(ledger_error(rows.error()));
  while (true) {
    const auto row = rows->step();
    if (!row) return failure(ledger_error(row.error()));
    if (!*row) return {};
    Record record;
    Figures figures;
    if (read_row(*rows, record, figures) == 0) {
      on_record(record, figures);
    } else {
      on_waste(record);
    }
  }
}

Result<std::int64_t, LedgerError> Ledger::expire(std::optional<Time> raw_usage_before,
                                                 std::optional<Time> records_before,
                                                 std::int64_t rows_max) {
  // Rows the stored counters do not cover yet must stay: a restart would count them again. The
  // newest row stays too, so that a sequence number is never used twice.
  constexpr std::string_view kOldest =
      "(SELECT sequence FROM exchange WHERE started_at < ?1 AND started_at >= ?3 {} "
      "AND sequence <= (SELECT sequence FROM total_covers) "
      "AND sequence < (SELECT max(sequence) FROM exchange) ORDER BY started_at LIMIT ?2)";
  std::int64_t touched = 0;
  const auto run = [&](const std::string& sql, const std::string& from,
                       const std::string& before) -> Result<std::int64_t, SqlError> {
    auto statement = database_.prepare(sql);
    if (!statement) return failure(statement.error());
    statement->bind(1, std::string_view(before));
    statement->bind(2, rows_max);
    statement->bind(3, std::string_view(from));
    const auto done = statement->step();
    if (!done) return failure(done.error());
    touched += database_.changes();
    return database_.changes();
  };
  if (raw_usage_before) {
    const std::string before = format_rfc3339(*raw_usage_before);
    const auto done = run("UPDATE exchange SET raw_usage = NULL WHERE sequence IN " +
                              fmt::format(kOldest, "AND raw_usage IS NOT NULL"),
                          raw_usage_expired_, before);
    if (!done) return failure(roll_back(done.error()));
    // From now on only later rows are looked at, unless some earlier ones had to be left.
    auto uncovered = database_.prepare(
        "SELECT 1 FROM exchange WHERE raw_usage IS NOT NULL AND started_at < ? "
        "AND sequence > (SELECT sequence FROM total_covers) LIMIT 1");
    if (!uncovered) return failure(ledger_error(uncovered.error()));
    uncovered->bind(1, std::string_view(before));
    const auto left = uncovered->step();
    if (!left) return failure(ledger_error(left.error()));
    if (*done < rows_max && !*left) raw_usage_expired_ = before;
  }
  if (records_before) {
    const auto done = run("DELETE FROM exchange WHERE sequence IN " + fmt::format(kOldest, ""), "",
                          format_rfc3339(*records_before));
    if (!done) return failure(roll_back(done.error()));
    const auto links = database_.execute(
        "DELETE FROM correction WHERE superseded < (SELECT min(sequence) FROM exchange)");
    if (!links) return failure(roll_back(links.error()));
  }
  return touched;
}

}  // namespace tokenweir::publish
