#include "config/show.h"

#include <fmt/format.h>

#include "config/address.h"
#include "yaml/values.h"

namespace tokenweir::config {
namespace {

constexpr std::string_view kHidden = "***";

// Double quotes keep every text from being read as something else.
std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    // A dollar would be expanded when the text is read again.
    if (c == '$') out += '$';
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
  return out + '"';
}

std::string flow_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quoted_text(text);
  return "[" + out + "]";
}

// Writes a flow map, leaving out what has no value: {a: 1, b: "x"}.
class Flow {
 public:
  Flow& raw(std::string_view key, std::string_view value) {
    out_ += fmt::format("{}{}: {}", out_.empty() ? "" : ", ", key, value);
    return *this;
  }
  Flow& text(std::string_view key, std::string_view value) {
    return value.empty() ? *this : raw(key, quoted_text(value));
  }
  Flow& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  Flow& number(std::string_view key, std::optional<std::int64_t> value) {
    return value ? raw(key, std::to_string(*value)) : *this;
  }
  Flow& money(std::string_view key, std::optional<Money> value) {
    return value ? raw(key, quoted_text(value->to_dollars())) : *this;
  }
  Flow& list(std::string_view key, const std::vector<std::string>& values) {
    return values.empty() ? *this : raw(key, flow_list(values));
  }
  Flow& map(std::string_view key, const Flow& inner) { return raw(key, inner.done()); }
  [[nodiscard]] std::string done() const { return "{" + out_ + "}"; }
  [[nodiscard]] bool empty() const { return out_.empty(); }

 private:
  std::string out_;
};

std::string duration(std::chrono::milliseconds time) { return yaml::format_duration(time); }

std::string_view word(Enforcement e) { return e == Enforcement::enforce ? "enforce" : "observe"; }
std::string_view word(RefusalStyle style) {
  return style == RefusalStyle::native ? "native" : "never_retried";
}
std::string_view word(RunMode mode) {
  constexpr std::string_view kWords[] = {"observe", "slow", "stop"};
  return kWords[static_cast<std::size_t>(mode)];
}
std::string_view word(Window window) {
  constexpr std::string_view kWords[] = {"run",   "minute", "hour",  "day",    "week",
                                         "month", "year",   "total", "rolling"};
  return kWords[static_cast<std::size_t>(window)];
}
std::string_view word(AbortAction action) {
  constexpr std::string_view kWords[] = {"auto", "cancel", "drain"};
  return kWords[static_cast<std::size_t>(action)];
}
std::string_view word(AsyncJobs jobs) {
  constexpr std::string_view kWords[] = {"refuse", "hold", "observe"};
  return kWords[static_cast<std::size_t>(jobs)];
}
std::string_view word(LedgerFailure failure) {
  constexpr std::string_view kWords[] = {"refuse", "refuse_budgeted", "pass"};
  return kWords[static_cast<std::size_t>(failure)];
}
std::string_view word(Trust trust) {
  constexpr std::string_view kWords[] = {"header", "credential", "both"};
  return kWords[static_cast<std::size_t>(trust)];
}
std::string_view word(pricing::UnknownModel unknown) {
  constexpr std::string_view kWords[] = {"estimate", "reject", "allow"};
  return kWords[static_cast<std::size_t>(unknown)];
}

void add_enforcement(Flow& flow, const std::optional<Enforcement>& enforcement) {
  if (enforcement) flow.raw("enforcement", word(*enforcement));
}

Flow match_flow(const Match& match) {
  Flow flow;
  for (const Condition& condition : match) flow.list(quoted_text(condition.key), condition.globs);
  return flow;
}

class Page {
 public:
  void line(std::string_view key, std::string_view value) {
    out_ += fmt::format("{}: {}\n", key, value);
  }
  void line(std::string_view key, const Flow& flow) { line(key, flow.done()); }
  void list(std::string_view key, const std::vector<Flow>& items) {
    if (items.empty()) return;
    out_ += fmt::format("{}:\n", key);
    for (const Flow& item : items) out_ += "  - " + item.done() + "\n";
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::vector<Flow> listeners(const Config& config) {
  std::vector<Flow> items;
  for (const Listener& listener : config.listen) {
    Flow flow;
    flow.text("address", to_text(Address{listener.address, listener.port}));
    if (listener.tls) {
      flow.map(
          "tls",
          Flow().text("certificate", listener.tls->certificate).text("key", listener.tls->key));
    }
    items.push_back(flow.flag("insecure", listener.insecure));
  }
  return items;
}

std::vector<Flow> providers(const Config& config) {
  std::vector<Flow> items;
  for (const Provider& provider : config.providers) {
    Flow flow;
    flow.text("name", provider.name).text("origin", to_text(provider.origin));
    flow.raw("dialect", provider::name_of(provider.dialect)).text("prices", provider.prices);
    Flow match;
    match.text("host", provider.match_host).text("path_prefix", provider.match_path_prefix);
    if (!match.empty()) flow.map("match", match);
    flow.text("ca", provider.ca_file);
    flow.map("edits", Flow()
                          .flag("identity_encoding", provider.edits.identity_encoding)
                          .flag("stream_usage", provider.edits.stream_usage)
                          .flag("hide_null_usage", provider.edits.hide_null_usage));
    if (provider.gpu) {
      flow.map("gpu", Flow()
                          .money("usd_per_hour", provider.gpu->usd_per_hour)
                          .number("count", provider.gpu->count));
    }
    items.push_back(std::move(flow));
  }
  return items;
}

void add_permissions(Flow& flow, std::string_view key, const Permissions& permissions) {
  const Flow inner = Flow().list("allow", permissions.allow).list("deny", permissions.deny);
  if (!inner.empty()) flow.map(key, inner);
}

std::vector<Flow> workflows(const Config& config) {
  std::vector<Flow> items;
  for (const Workflow& workflow : config.workflows) {
    Flow flow;
    flow.text("name", workflow.name).text("team", workflow.team);
    flow.text("cost_center", workflow.cost_center).text("environment", workflow.environment);
    flow.text("contact", workflow.contact);
    if (workflow.refusals) flow.map("refusals", Flow().raw("style", word(*workflow.refusals)));
    add_permissions(flow, "models", workflow.models);
    add_permissions(flow, "tools", workflow.tools);
    items.push_back(std::move(flow));
  }
  return items;
}

std::vector<Flow> credentials(const Config& config) {
  std::vector<Flow> items;
  for (const Credential& credential : config.credentials) {
    Flow keys, pins;
    for (const auto& [provider, secret] : credential.provider_keys) {
      keys.text(quoted_text(provider), kHidden);
    }
    for (const auto& [name, value] : credential.pins) pins.text(name, value);
    Flow flow;
    flow.text("name", credential.name).text("key_sha256", credential.key_sha256);
    if (!keys.empty()) flow.map("provider_keys", keys);
    if (!pins.empty()) flow.map("pins", pins);
    add_permissions(flow, "models", {credential.models_allow, credential.models_deny});
    add_permissions(flow, "tools", credential.tools);
    items.push_back(std::move(flow));
  }
  return items;
}

std::vector<Flow> output_caps(const Policy& policy) {
  std::vector<Flow> items;
  for (const OutputCap& cap : policy.output_caps) {
    Flow flow;
    flow.map("match", match_flow(cap.match)).number("max", cap.most);
    flow.number("default", cap.standard).number("reasoning_floor", cap.reasoning_floor);
    flow.raw("on_exceed", cap.on_exceed == OutputCap::OnExceed::clamp ? "clamp" : "reject");
    add_enforcement(flow, cap.enforcement);
    items.push_back(std::move(flow));
  }
  return items;
}

std::vector<Flow> input_caps(const Policy& policy) {
  std::vector<Flow> items;
  for (const InputCap& cap : policy.input_caps) {
    Flow flow;
    flow.map("match", match_flow(cap.match)).number("max_input_tokens", cap.max_input_tokens);
    flow.raw("on_exceed", "reject");
    add_enforcement(flow, cap.enforcement);
    items.push_back(std::move(flow));
  }
  return items;
}

std::vector<Flow> rates(const Policy& policy) {
  std::vector<Flow> items;
  for (const Rate& rate : policy.rates) {
    Flow flow;
    flow.map("match", match_flow(rate.match)).list("per", rate.per);
    flow.number("requests_per_minute", rate.requests_per_minute);
    flow.number("tokens_per_minute", rate.tokens_per_minute);
    flow.number("concurrent", rate.concurrent);
    add_enforcement(flow, rate.enforcement);
    items.push_back(std::move(flow));
  }
  return items;
}

std::string ladder(const Budget& budget) {
  std::string out;
  for (const LadderStep& step : budget.ladder) {
    Flow flow;
    flow.raw("at", yaml::format_millionths(step.at));
    if (step.warn) flow.flag("warn", true);
    if (step.reject) flow.flag("reject", true);
    Flow models;
    for (const auto& [from, to] : step.downgrade) models.text(quoted_text(from), to);
    if (!models.empty()) flow.map("downgrade", models);
    flow.number("output_cap", step.output_cap);
    out += (out.empty() ? "" : ", ") + flow.done();
  }
  return "[" + out + "]";
}

std::vector<Flow> budgets(const Policy& policy) {
  std::vector<Flow> items;
  for (const Budget& budget : policy.budgets) {
    const BudgetLimit& limit = budget.limit;
    Flow flow;
    flow.text("name", budget.name).map("match", match_flow(budget.match)).list("per", budget.per);
    flow.map("limit", Flow()
                          .money("usd", limit.usd)
                          .number("requests", limit.requests)
                          .number("input_tokens", limit.input_tokens)
                          .number("output_tokens", limit.output_tokens)
                          .number("total_tokens", limit.total_tokens));
    flow.raw("window", word(budget.window));
    if (budget.window == Window::rolling) flow.raw("length", duration(budget.length));
    if (is_calendar(budget.window)) flow.text("timezone", budget.timezone);
    flow.raw("ladder", ladder(budget)).text("contact", budget.contact);
    add_enforcement(flow, budget.enforcement);
    items.push_back(std::move(flow));
  }
  return items;
}

Flow runs(const RunRules& rules) {
  Flow flow;
  flow.raw("remember", duration(rules.remember));
  const auto add = [&](std::string_view key, const auto& rule, auto fill) {
    if (!rule) return;
    Flow inner;
    fill(inner, *rule);
    flow.map(key, inner.raw("mode", word(rule->mode)));
  };
  add("max_steps", rules.max_steps, [](Flow& f, const auto& r) { f.number("limit", r.limit); });
  add("max_usd", rules.max_usd, [](Flow& f, const auto& r) { f.money("limit", r.limit); });
  add("max_tokens", rules.max_tokens, [](Flow& f, const auto& r) { f.number("limit", r.limit); });
  add("max_wall_time", rules.max_wall_time,
      [](Flow& f, const auto& r) { f.raw("limit", duration(r.limit)); });
  add("max_concurrent", rules.max_concurrent,
      [](Flow& f, const auto& r) { f.number("limit", r.limit); });
  add("max_depth", rules.max_depth, [](Flow& f, const auto& r) { f.number("limit", r.limit); });
  add("max_retries", rules.max_retries,
      [](Flow& f, const auto& r) { f.number("per_step", r.per_step); });
  add("repeated_request", rules.repeated_request,
      [](Flow& f, const auto& r) { f.number("times", r.times).raw("within", duration(r.within)); });
  add("near_repeated_request", rules.near_repeated_request,
      [](Flow& f, const auto& r) { f.number("times", r.times); });
  add("repeated_tool_call", rules.repeated_tool_call,
      [](Flow& f, const auto& r) { f.number("times", r.times).flag("any_result", r.any_result); });
  add("error_loop", rules.error_loop, [](Flow& f, const auto& r) { f.number("times", r.times); });
  add("no_progress", rules.no_progress, [](Flow& f, const auto& r) { f.number("steps", r.steps); });
  add("context_growth", rules.context_growth, [](Flow& f, const auto& r) {
    f.number("input_tokens", r.input_tokens).number("factor", r.factor);
  });
  add("cycle", rules.cycle, [](Flow& f, const auto& r) {
    f.number("length_max", r.length_max).number("repeats", r.repeats);
  });
  add("cost_velocity", rules.cost_velocity, [](Flow& f, const auto& r) {
    f.money("usd_per_minute", r.usd_per_minute).raw("sustained", duration(r.sustained));
  });
  return flow;
}

Flow abort_policy(const AbortPolicy& policy) {
  std::string rules;
  for (const AbortRule& rule : policy.rules) {
    Flow flow;
    flow.map("match", match_flow(rule.match));
    if (rule.action == AbortAction::drain) {
      flow.map(
          "drain",
          Flow().number("max_tokens", rule.max_tokens).number("max_seconds", rule.max_seconds));
    } else {
      flow.flag(word(rule.action), true);
    }
    rules += (rules.empty() ? "" : ", ") + flow.done();
  }
  return Flow().raw("default", word(policy.standard)).raw("rules", "[" + rules + "]");
}

Flow attribution(const Config& config) {
  const auto aliases = [&](Meaning meaning) {
    std::vector<std::string> texts;
    for (const AttributionSource& source : config.attribution_headers.sources()) {
      if (source.meaning == meaning && !source.ours) texts.push_back(to_text(source));
    }
    return flow_list(texts);
  };
  return Flow()
      .text("path_prefix", config.workflow_path_prefix)
      .map("aliases", Flow()
                          .raw("workflow", aliases(Meaning::workflow))
                          .raw("run", aliases(Meaning::run))
                          .raw("user", aliases(Meaning::user))
                          .raw("customer", aliases(Meaning::customer)));
}

Flow limits(const SizeLimits& limits) {
  const auto size = [](std::uint64_t bytes) { return yaml::format_size(bytes); };
  const auto count = [](std::size_t value) { return std::to_string(value); };
  return Flow()
      .raw("request_body", size(limits.request_body))
      .raw("request_memory", size(limits.request_memory))
      .raw("spill_total", size(limits.spill_total))
      .raw("client_body_rate", size(limits.client_body_rate))
      .raw("connections", count(limits.connections))
      .raw("pool_idle_per_provider", count(limits.pool_idle_per_provider))
      .raw("workflow_label_values", count(limits.workflow_label_values))
      .raw("model_label_values", count(limits.model_label_values))
      .raw("ledger_queue", count(limits.ledger_queue));
}

Flow timeouts(const Timeouts& timeouts) {
  return Flow()
      .raw("request_head", duration(timeouts.request_head))
      .raw("request_idle", duration(timeouts.request_idle))
      .raw("keep_alive", duration(timeouts.keep_alive))
      .raw("connect", duration(timeouts.connect))
      .raw("provider_idle", duration(timeouts.provider_idle))
      .raw("client_write", duration(timeouts.client_write))
      .raw("pool_idle", duration(timeouts.pool_idle))
      .raw("pool_age", duration(timeouts.pool_age));
}

Flow ledger(const Ledger& ledger) {
  Flow retention;
  if (ledger.raw_usage_retention) retention.raw("raw_usage", duration(*ledger.raw_usage_retention));
  if (ledger.records_retention) retention.raw("records", duration(*ledger.records_retention));
  Flow flow;
  flow.text("path", ledger.path).raw("on_failure", word(ledger.on_failure));
  if (!retention.empty()) flow.map("retention", retention);
  return flow;
}

}  // namespace

std::string show(const Config& config) {
  const Policy& policy = config.policy;
  Page page;
  page.line("schema", "1");
  page.line("enforcement", word(config.enforcement));
  page.list("listen", listeners(config));
  page.line("admin", Flow()
                         .text("address", to_text(Address{config.admin.address, config.admin.port}))
                         .text("token", config.admin.token.empty() ? "" : kHidden));
  page.list("providers", providers(config));
  page.line("raw_endpoints",
            Flow()
                .raw("policy", config.raw_endpoints == RawEndpoints::pass ? "pass" : "refuse")
                .money("hold_usd", policy.raw_hold));
  page.line("async_jobs", Flow().raw("policy", word(policy.async_jobs)));
  page.list("workflows", workflows(config));
  page.list("credentials", credentials(config));
  page.line("require_credential", config.require_credential ? "true" : "false");
  page.line("trust", word(config.trust));
  page.line("require_workflow", config.require_workflow ? "true" : "false");
  page.line("attribution", attribution(config));
  page.list("output_caps", output_caps(policy));
  page.list("input_caps", input_caps(policy));
  page.list("rates", rates(policy));
  page.list("budgets", budgets(policy));
  page.line("runs", runs(policy.runs));
  page.line("refusals", Flow().raw("style", word(policy.refusal_style)));
  if (!config.price_files.empty()) {
    page.line(
        "prices",
        Flow().list("files", config.price_files).raw("unknown_model", word(config.unknown_model)));
  }
  page.line("ledger", ledger(config.ledger));
  page.line("abort_policy", abort_policy(policy.abort_policy));
  page.line("limits", limits(config.limits));
  page.line("timeouts", timeouts(config.timeouts));
  page.line("drain", Flow()
                         .raw("delay", duration(config.drain.delay))
                         .raw("timeout", duration(config.drain.timeout)));
  page.line("metrics", Flow()
                           .list("disable", policy.metrics.disable)
                           .list("drop_labels", policy.metrics.drop_labels));
  page.line("log", Flow().raw("level", config.log_level).text("access", config.access_log));
  page.line("threads", std::to_string(config.threads));
  page.line("spill_directory", quoted_text(config.spill_directory));
  page.line("user_hash_key", quoted_text(kHidden));
  return page.take();
}

}  // namespace tokenweir::config
