#include "publish/ledger_schema.h"

#include <fmt/format.h>

#include <array>

#include "publish/exchange_columns.h"

namespace tokenweir::publish {
namespace {

constexpr std::string_view kRows = R"sql(
CREATE TABLE schema_migration (
  version INTEGER PRIMARY KEY,
  applied_at TEXT NOT NULL
);

CREATE TABLE context (
  number INTEGER PRIMARY KEY,
  instance TEXT, policy_revision TEXT,
  workflow TEXT, team TEXT, cost_center TEXT, environment TEXT, purpose TEXT, credential TEXT,
  provider TEXT, provider_label TEXT, dialect TEXT, endpoint TEXT, method TEXT, region TEXT,
  model_requested TEXT, model_served TEXT, price_model TEXT, service_tier TEXT, speed TEXT,
  http_status INTEGER, end_state TEXT NOT NULL, streaming INTEGER NOT NULL, sent INTEGER NOT NULL,
  edits TEXT, usage_source TEXT, input_source TEXT, output_source TEXT,
  usage_anomaly INTEGER NOT NULL, byok INTEGER NOT NULL, pricing TEXT NOT NULL, price_id TEXT,
  cap_source TEXT, refusal TEXT, would_refuse TEXT, would_clamp TEXT,
  retry_cause TEXT, provider_fault TEXT, waste TEXT
);

CREATE TABLE exchange (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL, revision INTEGER NOT NULL,
  context INTEGER NOT NULL REFERENCES context (number),
  started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
  run TEXT, parent_run TEXT, step INTEGER, user TEXT, customer TEXT, tags TEXT, outcome TEXT,
  path TEXT, provider_request_id TEXT, response_id TEXT, replayable INTEGER, job_id TEXT,
  error_type TEXT,
  input_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER,
  cache_write_1h_tokens INTEGER, output_tokens INTEGER, reasoning_tokens INTEGER,
  audio_input_tokens INTEGER, audio_output_tokens INTEGER, image_input_tokens INTEGER,
  image_output_tokens INTEGER, calls TEXT, token_classes TEXT, inferences TEXT,
  counted_input_tokens INTEGER, counted_output_tokens INTEGER, input_parts TEXT,
  context_repeated_tokens INTEGER,
  cost_picodollars INTEGER, list_cost_picodollars INTEGER, cache_savings_picodollars INTEGER,
  cache_write_premium_picodollars INTEGER, provider_cost_picodollars INTEGER, cost_by_kind TEXT,
  cap_requested INTEGER, cap_applied INTEGER, retry_of TEXT,
  ttft_us INTEGER, duration_us INTEGER NOT NULL, overhead_us INTEGER NOT NULL,
  inter_token_us INTEGER, request_bytes INTEGER NOT NULL, response_bytes INTEGER NOT NULL,
  raw_usage TEXT
);
CREATE UNIQUE INDEX exchange_id ON exchange (id, revision);
CREATE INDEX exchange_started_at ON exchange (started_at);
CREATE INDEX exchange_run ON exchange (run) WHERE run IS NOT NULL;
CREATE INDEX exchange_response ON exchange (response_id) WHERE replayable = 1;
CREATE INDEX context_workflow ON context (workflow);

CREATE TABLE correction (
  superseded INTEGER PRIMARY KEY REFERENCES exchange (sequence),
  replacement INTEGER NOT NULL REFERENCES exchange (sequence),
  corrected_at TEXT NOT NULL,
  reason TEXT NOT NULL
);

CREATE TABLE total (
  family TEXT NOT NULL,
  labels TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (family, labels)
) WITHOUT ROWID;
CREATE TABLE total_covers (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  sequence INTEGER NOT NULL
);
INSERT INTO total_covers VALUES (1, 0);
)sql";

// Times are microseconds since 1970, UTC.
constexpr std::string_view kSums = R"sql(
CREATE TABLE budget_sum (
  budget TEXT NOT NULL, account TEXT NOT NULL, period_begin INTEGER NOT NULL,
  usd INTEGER NOT NULL, requests INTEGER NOT NULL, input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL, total_tokens INTEGER NOT NULL, posted_at INTEGER NOT NULL,
  PRIMARY KEY (budget, account, period_begin)
) WITHOUT ROWID;
CREATE INDEX budget_sum_posted_at ON budget_sum (posted_at);

CREATE TABLE run_sum (
  credential TEXT NOT NULL, workflow TEXT NOT NULL, run TEXT NOT NULL, parent_run TEXT NOT NULL,
  steps INTEGER NOT NULL, picodollars INTEGER NOT NULL, tokens INTEGER NOT NULL,
  started_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,
  PRIMARY KEY (credential, workflow, run)
) WITHOUT ROWID;
CREATE INDEX run_sum_seen_at ON run_sum (seen_at);

CREATE TABLE identity (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  number INTEGER NOT NULL,
  commits INTEGER NOT NULL,
  has_journal INTEGER NOT NULL,
  distrusted_at INTEGER
);
INSERT INTO identity VALUES (1, random(), 0, 0, NULL);
)sql";

// What operators did. REPLACE would delete without asking the delete trigger, hence the third.
constexpr std::string_view kOperators = R"sql(
CREATE TABLE kill_switch (
  id INTEGER PRIMARY KEY,
  property TEXT, value TEXT NOT NULL,
  reason TEXT NOT NULL, actor TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER
);
CREATE TABLE budget_override (
  budget TEXT NOT NULL, every_account INTEGER NOT NULL, account TEXT NOT NULL,
  usd INTEGER, requests INTEGER, input_tokens INTEGER, output_tokens INTEGER,
  total_tokens INTEGER, concurrent INTEGER,
  reason TEXT NOT NULL, actor TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER,
  PRIMARY KEY (budget, every_account, account)
) WITHOUT ROWID;
CREATE TABLE account_confirmed (
  budget TEXT NOT NULL, account TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (budget, account)
) WITHOUT ROWID;
CREATE TABLE enforcement_off (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  reason TEXT NOT NULL, actor TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL
);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
  detail TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_keeps_numbers BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
)sql";

// By what and how well a request was counted.
constexpr std::string_view kCounted = R"sql(
ALTER TABLE context ADD COLUMN counted_tokenizer TEXT;
ALTER TABLE context ADD COLUMN counted_confidence TEXT;
ALTER TABLE exchange ADD COLUMN counted_upper_bound INTEGER;
DROP VIEW IF EXISTS records;
DROP VIEW IF EXISTS corrections;
)sql";

// What the loop guard saw, and which runs it has stopped. A stop is over when its run was resumed
// later; rows that were on their way to the disk meanwhile do not bring it back.
constexpr std::string_view kStops = R"sql(
ALTER TABLE exchange ADD COLUMN evidence TEXT;
DROP VIEW IF EXISTS records;
DROP VIEW IF EXISTS corrections;
CREATE TABLE run_stop (
  credential TEXT NOT NULL, workflow TEXT NOT NULL, run TEXT NOT NULL,
  detector TEXT NOT NULL, seen INTEGER NOT NULL, most INTEGER NOT NULL,
  tool TEXT NOT NULL, hash INTEGER NOT NULL, stopped_at INTEGER NOT NULL,
  PRIMARY KEY (credential, workflow, run)
) WITHOUT ROWID;
CREATE TABLE run_resumed (
  run TEXT PRIMARY KEY, at INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

bool in_exchange(std::string_view column) {
  return std::ranges::find(exchange_columns(), column, &ExchangeColumn::name) !=
         exchange_columns().end();
}

std::string view_columns() {
  std::string out;
  for (const std::string_view column : kRecordColumns) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{}.{} AS {}", in_exchange(column) ? "e" : "c", column, column);
  }
  return out;
}

std::string views() {
  return fmt::format(
      "CREATE VIEW records AS SELECT {0} FROM exchange e JOIN context c ON c.number = e.context "
      "WHERE e.sequence NOT IN (SELECT superseded FROM correction);\n"
      "CREATE VIEW corrections AS SELECT {0}, k.corrected_at AS corrected_at, k.reason AS reason "
      "FROM correction k JOIN exchange e ON e.sequence = k.superseded "
      "JOIN context c ON c.number = e.context;\n",
      view_columns());
}

}  // namespace

std::string column_list(std::span<const std::string_view> columns, std::string_view prefix) {
  std::string out;
  for (const std::string_view column : columns) {
    if (!out.empty()) out += ", ";
    out += prefix;
    out += column;
  }
  return out;
}

Result<void, SqlError> migrate(const Database& database, std::int64_t from, Time now) {
  // One step a version; a file is brought forward from wherever it is.
  const std::array<std::string, kSchemaVersion> steps = {
      std::string(kRows) + views(), std::string(kSums), std::string(kOperators),
      std::string(kCounted) + views(), std::string(kStops) + views()};
  for (std::int64_t version = from + 1; version <= kSchemaVersion; ++version) {
    const std::string step = fmt::format(
        "BEGIN IMMEDIATE;{}INSERT INTO schema_migration VALUES ({}, '{}');"
        "PRAGMA application_id = {};PRAGMA user_version = {};COMMIT;",
        steps[static_cast<std::size_t>(version - 1)], version, format_rfc3339(now), kApplicationId,
        version);
    auto done = database.execute(step);
    if (done) continue;
    if (database.in_transaction()) static_cast<void>(database.execute("ROLLBACK"));
    return done;
  }
  return {};
}

}  // namespace tokenweir::publish
