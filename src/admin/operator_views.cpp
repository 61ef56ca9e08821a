#include "admin/operator_views.h"

#include <algorithm>
#include <limits>

namespace tokenweir::admin {
namespace {

using budget::Measure;

void append_amounts(JsonText& out, const budget::Amounts& amounts, bool with_concurrent) {
  out.open_object();
  for (const Measure measure : budget::kEveryMeasure) {
    if (measure == Measure::concurrent && !with_concurrent) continue;
    if (measure == Measure::usd) {
      out.member("usd", usd_text(amounts[measure]));
      out.member("usd_picodollars", amounts[measure]);
    } else {
      out.member(name_of(measure), amounts[measure]);
    }
  }
  out.close();
}

void append_remaining(JsonText& out, const budget::AccountView& view) {
  out.open_object();
  for (const Measure measure : budget::kEveryMeasure) {
    const auto& limit = view.limits[static_cast<std::size_t>(measure)];
    if (!limit) continue;
    const std::int64_t left = budget::saturating_subtract(
        budget::saturating_subtract(*limit, view.spent[measure]), view.held[measure]);
    if (measure == Measure::usd) {
      out.member("usd", usd_text(left));
    } else {
      out.member(name_of(measure), left);
    }
  }
  out.close();
}

// Largest share of spent and held over all limits, in thousandths.
std::int64_t used_thousandths(const budget::AccountView& view) {
  std::int64_t most = 0;
  for (const Measure measure : budget::kEveryMeasure) {
    const auto& limit = view.limits[static_cast<std::size_t>(measure)];
    if (!limit) continue;
    const Int128 used = Int128{view.spent[measure]} + view.held[measure];
    const Int128 share = *limit > 0 ? used * 1000 / *limit : (used > 0 ? 1000 : 0);
    const Int128 bounded = std::clamp<Int128>(share, 0, std::numeric_limits<std::int64_t>::max());
    most = std::max(most, static_cast<std::int64_t>(bounded));
  }
  return most;
}

}  // namespace

std::string shown_key(std::string_view key) {
  std::string shown(key);
  std::ranges::replace(shown, '\x1f', '/');
  return shown;
}

std::string usd_text(std::int64_t picodollars) {
  return Money::picodollars(picodollars).to_dollars();
}

std::string target_text(const std::optional<budget::Property>& property, std::string_view value) {
  if (!property) return "everything";
  return std::string(name_of(*property)).append("=").append(value);
}

std::string target_text(std::string_view budget, const std::optional<std::string>& account) {
  std::string text = "budget=";
  text += budget;
  if (account && !account->empty()) text += " account=" + shown_key(*account);
  return text;
}

void append_kill(JsonText& out, const admit::KillSwitch& kill) {
  out.open_object().member("id", kill.id);
  out.member("scope", kill.property ? name_of(*kill.property) : std::string_view("everything"));
  out.member("value", kill.value);
  out.member("reason", kill.reason).member("by", kill.by).member("since", kill.since);
  out.member("until", kill.until).close();
}

void append_limits(JsonText& out, const budget::Limits& limits) {
  out.open_object();
  for (const Measure measure : budget::kEveryMeasure) {
    const auto& limit = limits[static_cast<std::size_t>(measure)];
    if (!limit) continue;
    if (measure == Measure::usd) {
      out.member("usd", usd_text(*limit));
    } else {
      out.member(name_of(measure), *limit);
    }
  }
  out.close();
}

void append_override(JsonText& out, const publish::StoredOverride& value) {
  out.open_object().name("limit");
  append_limits(out, value.limits);
  out.member("every_account", !value.account.has_value());
  out.member("reason", value.reason).member("by", value.actor).member("since", value.since);
  out.member("until", value.until).close();
}

void append_account(JsonText& out, const budget::AccountView& view,
                    const publish::StoredOverride* changed) {
  out.open_object().member("budget", view.name->budget);
  out.member("account", shown_key(view.name->key));
  out.member("kind", view.kind == budget::RuleKind::rate ? "rate" : "budget");
  out.member("window", name_of(view.window));
  const bool bounded = view.period.begin != Time::min();
  out.member("window_begins", bounded ? std::optional(view.period.begin) : std::nullopt);
  out.member("window_ends", bounded ? std::optional(view.period.end) : std::nullopt);
  out.member("enforced", view.enforced).member("unknown", view.unknown);
  out.name("limit");
  append_limits(out, view.limits);
  out.name("spent");
  append_amounts(out, view.spent, false);
  out.name("held");
  append_amounts(out, view.held, true);
  out.name("remaining");
  append_remaining(out, view);
  const std::int64_t used = used_thousandths(view);
  std::string percent;
  publish::append_decimal(percent, used, 1);
  out.name("used_percent").raw(percent);
  out.name("override");
  if (changed != nullptr) {
    append_override(out, *changed);
  } else {
    out.null();
  }
  out.close();
}

void append_run(JsonText& out, const runs::RunView& run,
                const std::optional<admit::KillSwitch>& killed) {
  out.open_object().member("run", run.run).member("workflow", run.workflow);
  out.member("credential", run.credential).member("parent_run", run.parent_run);
  const char* state = run.in_flight > 0 ? "working" : "idle";
  if (!run.ended_by.empty()) state = "stopped";
  if (killed) state = "killed";
  out.member("state", state);
  out.member("stopped_by", run.ended_by).member("evidence", run.evidence);
  out.member("killed_by", killed ? std::optional(killed->id) : std::nullopt);
  out.member("steps", run.steps).member("in_flight", run.in_flight).member("depth", run.depth);
  out.member("own_usd", run.own.to_dollars()).member("usd", dollars_text(run.tree));
  out.member("usd_picodollars", run.tree).member("tokens", run.tokens);
  out.member("started_at", run.started_at).member("seen_at", run.seen_at).close();
}

void append_sums(JsonText& out, const publish::SpendLine& line) {
  out.member("requests", line.requests).member("refused", line.refused);
  out.member("unpriced", line.unpriced).member("input_tokens", line.input_tokens);
  out.member("output_tokens", line.output_tokens);
  out.member("usd", dollars_text(line.picodollars)).member("usd_picodollars", line.picodollars);
}

void append_audit(JsonText& out, const publish::AuditEntry& entry) {
  out.open_object().member("id", entry.id).member("at", entry.at).member("actor", entry.actor);
  out.member("action", entry.action).member("target", entry.target);
  out.name("detail").raw(entry.detail).member("reason", entry.reason).close();
}

}  // namespace tokenweir::admin
