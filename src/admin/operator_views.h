// What operators are shown, as JSON objects.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/json_text.h"
#include "admit/kill_switches.h"
#include "budget/book.h"
#include "publish/operator_store.h"
#include "publish/spend_reader.h"
#include "runs/run_book.h"

namespace tokenweir::admin {

// "run=r-7", "everything".
[[nodiscard]] std::string target_text(const std::optional<budget::Property>& property,
                                      std::string_view value);
// "budget=each-user account=app/maria".
[[nodiscard]] std::string target_text(std::string_view budget,
                                      const std::optional<std::string>& account);
// An account's key as it is shown: its values joined by "/".
[[nodiscard]] std::string shown_key(std::string_view key);
[[nodiscard]] std::string usd_text(std::int64_t picodollars);

void append_kill(JsonText& out, const admit::KillSwitch& kill);
// `changed` is the override in force, if any.
void append_account(JsonText& out, const budget::AccountView& view,
                    const publish::StoredOverride* changed);
void append_override(JsonText& out, const publish::StoredOverride& value);
// {"usd":"5","requests":80}: the limits that are set.
void append_limits(JsonText& out, const budget::Limits& limits);
// `killed` is the switch that stops the run, if any.
void append_run(JsonText& out, const runs::RunView& run,
                const std::optional<admit::KillSwitch>& killed);
// The sums of a line, without its keys.
void append_sums(JsonText& out, const publish::SpendLine& line);
void append_audit(JsonText& out, const publish::AuditEntry& entry);

}  // namespace tokenweir::admin
