#include "config/show.h"

#include <fmt/format.h>

#include "config/address.h"
#include "config/config.h"
#include "config/show_flow.h"
#include "config/show_policy.h"
#include "yaml/values.h"

namespace tokenweir::config {
namespace {

constexpr std::string_view kHidden = "***";

std::string_view word(RefusalStyle style) {
  return style == RefusalStyle::native ? "native" : "never_retried";
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
    flow.text("name", credential.name);
    std::string more;
    for (std::size_t i = 0; i < credential.keys.size(); ++i) {
      Flow key;
      Flow& target = i == 0 ? flow : key;
      target.text("key_sha256", credential.keys[i].sha256);
      if (credential.keys[i].expires) {
        target.text("expires", format_rfc3339(*credential.keys[i].expires));
      }
      if (i > 0) more += (more.empty() ? "" : ", ") + key.done();
    }
    if (!more.empty()) flow.raw("more_keys", "[" + more + "]");
    if (credential.revoked) flow.flag("revoked", true);
    if (!keys.empty()) flow.map("provider_keys", keys);
    if (!pins.empty()) flow.map("pins", pins);
    Flow may_name;
    for (const auto& [label, globs] : credential.may_name) may_name.raw(label, flow_list(globs));
    if (!may_name.empty()) flow.map("may_name", may_name);
    add_permissions(flow, "models", {credential.models_allow, credential.models_deny});
    add_permissions(flow, "tools", credential.tools);
    items.push_back(std::move(flow));
  }
  return items;
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
      .raw("request_head", show_duration(timeouts.request_head))
      .raw("request_idle", show_duration(timeouts.request_idle))
      .raw("keep_alive", show_duration(timeouts.keep_alive))
      .raw("connect", show_duration(timeouts.connect))
      .raw("provider_idle", show_duration(timeouts.provider_idle))
      .raw("client_write", show_duration(timeouts.client_write))
      .raw("pool_idle", show_duration(timeouts.pool_idle))
      .raw("pool_age", show_duration(timeouts.pool_age));
}

Flow ledger(const Ledger& ledger) {
  Flow retention;
  if (ledger.raw_usage_retention)
    retention.raw("raw_usage", show_duration(*ledger.raw_usage_retention));
  if (ledger.records_retention) retention.raw("records", show_duration(*ledger.records_retention));
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
  page.list("output_caps", show_output_caps(policy));
  page.list("input_caps", show_input_caps(policy));
  page.list("rates", show_rates(policy));
  page.list("budgets", show_budgets(policy));
  page.line("runs", show_runs(policy.runs));
  page.line("refusals", Flow().raw("style", word(policy.refusal_style)));
  page.line("tokenizers",
            Flow().text("models", config.tokenizer_models).text("folder", config.tokenizer_folder));
  if (!config.price_files.empty()) {
    page.line(
        "prices",
        Flow().list("files", config.price_files).raw("unknown_model", word(config.unknown_model)));
  }
  page.line("ledger", ledger(config.ledger));
  page.line("abort_policy", show_abort_policy(policy.abort_policy));
  page.line("limits", limits(config.limits));
  page.line("timeouts", timeouts(config.timeouts));
  page.line("drain", Flow()
                         .raw("delay", show_duration(config.drain.delay))
                         .raw("timeout", show_duration(config.drain.timeout)));
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
