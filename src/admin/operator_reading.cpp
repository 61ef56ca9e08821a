// What operators ask without changing anything.
#include <algorithm>

#include "admin/operator_views.h"
#include "admin/operators.h"

namespace tokenweir::admin {
namespace {

using budget::Property;

std::optional<admit::KillSwitch> stopping(const admit::KillSwitches& kills,
                                          const runs::RunView& run, Time now) {
  budget::Facts facts;
  facts[Property::run] = run.run;
  facts[Property::workflow] = run.workflow;
  facts[Property::credential] = run.credential;
  facts[Property::parent_run] = run.parent_run;
  return kills.find(facts, now);
}

}  // namespace

Reply Operators::kills() const {
  JsonText out;
  out.open_object().name("kills").open_array();
  const Time at = now();
  for (const admit::KillSwitch& kill : house_.kills.all()) {
    if (!kill.until || at < *kill.until) append_kill(out, kill);
  }
  out.close().close();
  return json_reply(out.take());
}

Reply Operators::budgets(std::string_view budget, const std::optional<AccountChoice>& account,
                         std::size_t most) const {
  const std::lock_guard lock(mutex_);
  const budget::Now at = moment();
  std::vector<budget::AccountView> views;
  if (!budget.empty()) {
    if (auto unknown = unknown_budget(budget)) return *unknown;
  }
  if (account) {
    const auto key = key_of(budget, *account);
    if (!key) return key.error();
    if (auto view = house_.accounts.find(budget, *key, at)) views.push_back(std::move(*view));
  } else {
    views = house_.accounts.view(at, most, budget);
  }
  JsonText out;
  out.open_object().name("budgets").open_array();
  for (const budget::AccountView& view : views) {
    // The account's own override is applied after the one of all accounts.
    const publish::StoredOverride* changed = nullptr;
    for (const publish::StoredOverride& value : overrides_) {
      if (value.budget != view.name->budget || (value.until && at.wall >= *value.until)) continue;
      if (value.account ? *value.account == view.name->key : changed == nullptr) changed = &value;
    }
    append_account(out, view, changed);
  }
  out.close().close();
  return json_reply(out.take());
}

Reply Operators::enforcement() const {
  const std::lock_guard lock(mutex_);
  const bool enforcing = house_.enforcement.enforcing(now());
  JsonText out;
  out.open_object().member("enforcing", enforcing);
  if (!enforcing && off_) {
    out.member("until", off_->until).member("since", off_->since);
    out.member("reason", off_->reason).member("by", off_->actor);
  }
  out.close();
  return json_reply(out.take());
}

Reply Operators::runs(const RunFilter& filter) const {
  constexpr std::size_t kLookedAt = 50'000;
  const bool every =
      filter.workflow.empty() && filter.credential.empty() && filter.run.empty() && !filter.active;
  const Time at = now();
  JsonText out;
  out.open_object().name("runs").open_array();
  std::size_t shown = 0;
  for (const runs::RunView& run : house_.runs.view(every ? filter.most : kLookedAt)) {
    if (shown >= filter.most) break;
    if (!filter.workflow.empty() && run.workflow != filter.workflow) continue;
    if (!filter.credential.empty() && run.credential != filter.credential) continue;
    if (!filter.run.empty() && run.run != filter.run) continue;
    if (filter.active && run.in_flight == 0) continue;
    append_run(out, run, stopping(house_.kills, run, at));
    ++shown;
  }
  out.close().member("known", house_.runs.size()).close();
  return json_reply(out.take());
}

Reply Operators::spend(const std::vector<std::string>& keys, Time since, std::optional<Time> until,
                       std::size_t most) const {
  for (const std::string& key : keys) {
    if (publish::SpendReader::is_key(key)) continue;
    return problem(400, "`by` takes: " + publish::SpendReader::key_names());
  }
  const auto lines = house_.spend.spend(keys, since, until, most);
  if (!lines) return problem(503, lines.error());
  JsonText out;
  out.open_object().member("since", since).member("until", until).name("spend").open_array();
  for (const publish::SpendLine& line : *lines) {
    out.open_object();
    for (std::size_t i = 0; i < keys.size(); ++i) out.member(keys[i], line.keys[i]);
    append_sums(out, line);
    out.close();
  }
  out.close().close();
  return json_reply(out.take());
}

Reply Operators::top(std::chrono::minutes over, std::size_t most) const {
  static const std::vector<std::string> keys = {"workflow", "run", "credential"};
  const Time at = now();
  const auto lines = house_.spend.spend(keys, at - over, {}, most);
  if (!lines) return problem(503, lines.error());
  const auto all = house_.spend.spend({}, at - over, {}, 1);
  if (!all) return problem(503, all.error());
  const bool enforcing = house_.enforcement.enforcing(now());
  const auto rate = [&](const publish::SpendLine& line) {
    return dollars_text(line.picodollars / over.count());
  };
  JsonText out;
  out.open_object().member("at", at).member("minutes", over.count());
  out.member("enforcing", enforcing).member("kills", house_.kills.all().size());
  out.name("total").open_object();
  if (!all->empty()) {
    append_sums(out, all->front());
    out.member("usd_per_minute", rate(all->front()));
  }
  out.close().name("top").open_array();
  for (const publish::SpendLine& line : *lines) {
    out.open_object();
    for (std::size_t i = 0; i < keys.size(); ++i) out.member(keys[i], line.keys[i]);
    append_sums(out, line);
    out.member("usd_per_minute", rate(line));
    const auto run = house_.runs.find(
        {line.keys[2].value_or(""), line.keys[0].value_or(""), line.keys[1].value_or(""), {}});
    out.name("of_run");
    if (run) {
      append_run(out, *run, stopping(house_.kills, *run, at));
    } else {
      out.null();
    }
    out.close();
  }
  out.close().close();
  return json_reply(out.take());
}

Reply Operators::audit(std::size_t most, std::optional<std::int64_t> before) const {
  const auto entries = house_.store.audit(most, before);
  if (!entries) return problem(503, entries.error());
  JsonText out;
  out.open_object().name("audit").open_array();
  for (const publish::AuditEntry& entry : *entries) append_audit(out, entry);
  out.close().close();
  return json_reply(out.take());
}

}  // namespace tokenweir::admin
