#include "config/load.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/show.h"
#include "fixture.h"

namespace tokenweir::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::string_view kDigest =
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";  // of "test"

std::string file_text(const std::string& path) {
  std::ifstream file(std::string(TOKENWEIR_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

std::string design_example() {
  return replaced(file_text("tests/config/design.yaml"), "\"…\"",
                  "\"" + std::string(kDigest) + "\"");
}

// Throws, which fails the test, when the text is refused.
Config good(const std::string& text) {
  yaml::Problems problems;
  auto config = load_text(text, "etc/x.yaml", usual_environment(), problems);
  EXPECT_EQ(problems.text(), "");
  return config.value();
}

// The smallest file that is valid, with more lines at its end.
std::string minimal(const std::string& more = "") {
  return "schema: 1\n"
         "listen: [{address: 127.0.0.1:8080}]\n"
         "providers: [{name: openai, origin: https://api.openai.com, dialect: openai}]\n" +
         more;
}

TEST(Load, TheSmallestFileHasTheDocumentedDefaults) {
  const auto config = good(minimal());
  EXPECT_EQ(config.enforcement, Enforcement::enforce);
  EXPECT_EQ(config.admin.address, "127.0.0.1");
  EXPECT_EQ(config.admin.port, 9090);
  EXPECT_EQ(config.providers.at(0).origin.port, 443);
  EXPECT_TRUE(config.providers.at(0).edits.stream_usage);
  EXPECT_EQ(config.limits.request_body, 64u * 1024 * 1024);
  EXPECT_EQ(config.spill_directory, "/var/lib/tokenweir");
  EXPECT_FALSE(config.require_credential);
  EXPECT_TRUE(config.inert.empty());
  EXPECT_EQ(config.warnings.size(), 1u);  // no prices
  EXPECT_GE(config.user_hash_key.size(), 32u);
  EXPECT_EQ(config.user_hash_key, good(minimal()).user_hash_key);
}

TEST(Load, TheRevisionIsTheStartOfTheSha256OfTheText) {
  // printf 'schema: 1\nlisten: ...' | sha256sum
  EXPECT_EQ(good(minimal()).revision.size(), 12u);
  EXPECT_EQ(good(minimal()).revision, good(minimal()).revision);
  EXPECT_NE(good(minimal()).revision, good(minimal("# changed\n")).revision);
}

TEST(Load, TheDesignsExampleIsAcceptedAsWritten) {
  const auto config = good(design_example());
  ASSERT_EQ(config.listen.size(), 2u);
  EXPECT_EQ(config.listen[0].address, "0.0.0.0");
  EXPECT_EQ(config.listen[0].tls->certificate, "etc/cert.pem");
  EXPECT_FALSE(config.listen[1].tls);
  EXPECT_EQ(config.admin.token, "canary-admin-token-0123456789");

  ASSERT_EQ(config.providers.size(), 4u);
  EXPECT_EQ(config.providers[1].dialect, provider::Family::anthropic);
  EXPECT_EQ(config.providers[2].match_path_prefix, "/p/gemini");
  EXPECT_EQ(config.providers[3].match_host, "vllm.internal");
  EXPECT_EQ(config.providers[3].origin.host, "10.0.0.5");
  EXPECT_EQ(config.providers[3].origin.port, 8000);
  EXPECT_EQ(config.providers[3].gpu->usd_per_hour, *Money::from_dollars("2.40"));

  EXPECT_EQ(config.workflows.at(0).cost_center, "4711");
  const Credential& credential = config.credentials.at(0);
  EXPECT_EQ(credential.keys[0].digest[0], 0x9f);
  EXPECT_EQ(credential.keys[0].digest[31], 0x08);
  EXPECT_EQ(credential.provider_keys.at("openai"), "sk-canary-openai");
  EXPECT_EQ(credential.pins.at("team"), "support");
  EXPECT_EQ(credential.models_allow, std::vector<std::string>{"gpt-*"});
  EXPECT_TRUE(config.require_credential);

  const Policy& policy = config.policy;
  EXPECT_EQ(policy.output_caps.at(0).most, 2000);
  EXPECT_EQ(policy.input_caps.at(0).max_input_tokens, 60'000);
  EXPECT_EQ(policy.rates.at(0).per, std::vector<std::string>{"workflow"});
  EXPECT_EQ(policy.rates.at(0).concurrent, 64);
  ASSERT_EQ(policy.budgets.size(), 3u);
  EXPECT_EQ(policy.budgets[0].limit.usd, Money::from_dollars("50"));
  EXPECT_EQ(policy.budgets[0].timezone, "Europe/Berlin");
  ASSERT_EQ(policy.budgets[0].ladder.size(), 3u);
  EXPECT_EQ(policy.budgets[0].ladder[1].at, 900'000);
  EXPECT_EQ(policy.budgets[0].ladder[1].downgrade.at(0).second, "gpt-x-mini");
  EXPECT_EQ(policy.budgets[1].window, Window::run);
  EXPECT_EQ(policy.budgets[1].limit.requests, 80);
  EXPECT_TRUE(policy.budgets[2].ladder.at(0).reject);
  EXPECT_EQ(policy.runs.remember, milliseconds{7 * 86'400'000ll});
  EXPECT_EQ(policy.runs.max_steps->mode, RunMode::stop);
  EXPECT_EQ(policy.runs.repeated_request->within, milliseconds{600'000});
  EXPECT_EQ(policy.runs.cost_velocity->sustained, milliseconds{180'000});
  EXPECT_EQ(config.price_files, std::vector<std::string>{"etc/config/prices"});
  EXPECT_EQ(config.ledger.raw_usage_retention, hours{720});
  EXPECT_EQ(config.ledger.records_retention, hours{9600});
  EXPECT_EQ(config.trust, Trust::header);
}

TEST(Load, NamesTheSectionsItDoesNotActOn) {
  const auto config = good(design_example());
  const std::set<std::string> inert(config.inert.begin(), config.inert.end());
  EXPECT_EQ(inert, std::set<std::string>{"providers.gpu"});
  const auto empty = good(minimal("budgets: []\nruns: {}\nmetrics: {}\nlimits: {}\n"));
  EXPECT_TRUE(empty.inert.empty());
}

TEST(Load, ReadsEveryOtherSetting) {
  const auto config = good(minimal(
      "limits: {request_body: 1MiB, connections: 10}\n"
      "timeouts: {connect: 250ms}\n"
      "drain: {delay: 0s, timeout: 1s}\n"
      "log: {level: warn, access: access.log}\n"
      "require_workflow: true\n"
      "threads: 3\n"
      "spill_directory: spill\n"
      "user_hash_key: 0123456789abcdef\n"
      "ledger: {path: ledger.db, on_failure: pass}\n"
      "refusals: {style: native}\n"
      "raw_endpoints: {policy: refuse, hold_usd: \"0.5\"}\n"
      "async_jobs: {policy: hold}\n"
      "abort_policy: {default: cancel, rules: [{match: {model: \"o*\"}, drain: {max_tokens: 9}}]}\n"
      "metrics: {disable: [tokenweir_x], drop_labels: [model]}\n"
      "attribution: {path_prefix: /w, aliases: {workflow: [x-app, \"json:x-meta:a|b\"], run: []}}\n"
      "workflows: [{name: a, refusals: {style: native}}]\n"));
  EXPECT_EQ(config.limits.request_body, 1'048'576u);
  EXPECT_EQ(config.limits.connections, 10u);
  EXPECT_EQ(config.timeouts.connect, milliseconds{250});
  EXPECT_EQ(config.drain.delay, milliseconds{0});
  EXPECT_EQ(config.log_level, "warn");
  EXPECT_EQ(config.access_log, "etc/access.log");
  EXPECT_TRUE(config.require_workflow);
  EXPECT_EQ(config.threads, 3u);
  EXPECT_EQ(config.spill_directory, "etc/spill");
  EXPECT_EQ(config.user_hash_key, "0123456789abcdef");
  EXPECT_EQ(config.ledger.path, "etc/ledger.db");
  EXPECT_EQ(config.ledger.on_failure, LedgerFailure::pass);
  EXPECT_EQ(config.raw_endpoints, RawEndpoints::refuse);
  EXPECT_EQ(config.policy.raw_hold, *Money::from_dollars("0.5"));
  EXPECT_EQ(config.policy.abort_policy.rules.at(0).max_tokens, 9);
  EXPECT_EQ(config.workflow_path_prefix, "/w");
  EXPECT_EQ(config.workflows.at(0).refusals, RefusalStyle::native);
  std::size_t runs = 0;
  for (const AttributionSource& source : config.attribution_headers.sources()) {
    runs += source.meaning == Meaning::run ? 1 : 0;
  }
  EXPECT_EQ(runs, 1u);  // only our own
}

constexpr std::string_view kMoreRunRules =
    "  max_usd: {limit: \"5\"}\n"
    "  max_tokens: {limit: 1000000, mode: observe}\n"
    "  max_wall_time: {limit: 2h, mode: slow}\n"
    "  max_concurrent: {limit: 20}\n"
    "  max_depth: {limit: 3}\n"
    "  near_repeated_request: {times: 4, mode: stop}\n"
    "  error_loop: {times: 6}\n"
    "  no_progress: {steps: 7}\n"
    "  context_growth: {input_tokens: 100000, factor: 8}\n";

TEST(Load, ReadsEveryRuleOnRuns) {
  const auto config = good(minimal("runs:\n" + std::string(kMoreRunRules) +
                                   "  repeated_tool_call: {times: 3, any_result: true}\n"));
  const RunRules& runs = config.policy.runs;
  EXPECT_EQ(runs.max_usd->limit, Money::from_dollars("5"));
  EXPECT_EQ(runs.max_usd->mode, RunMode::stop);
  EXPECT_EQ(runs.max_tokens->mode, RunMode::observe);
  EXPECT_EQ(runs.max_wall_time->limit, milliseconds{7'200'000});
  EXPECT_EQ(runs.max_concurrent->limit, 20);
  EXPECT_EQ(runs.max_depth->limit, 3);
  EXPECT_EQ(runs.near_repeated_request->times, 4);
  EXPECT_EQ(runs.error_loop->mode, RunMode::observe);
  EXPECT_EQ(runs.no_progress->steps, 7);
  EXPECT_EQ(runs.context_growth->factor, 8);
  EXPECT_TRUE(runs.repeated_tool_call->any_result);
}

TEST(Load, ReadsWindowsThatRollAndLaddersThatShorten) {
  const auto config = good(minimal(
      "budgets: [{name: a, match: {}, limit: {usd: \"1\"}, window: rolling, length: 24h,\n"
      "  ladder: [{at: 0.5, output_cap: 500}]}, {name: b, match: {}, limit: {requests: 9}, window: "
      "minute, timezone: Europe/Berlin}]\n"));
  EXPECT_EQ(config.policy.budgets.at(0).length, milliseconds{86'400'000});
  EXPECT_EQ(config.policy.budgets[0].ladder.at(0).output_cap, 500);
  EXPECT_EQ(config.policy.budgets.at(1).window, Window::minute);
  EXPECT_TRUE(config.policy.budgets[1].timezone_rules.starts_with("TZif"));
}

TEST(Load, ReadsWhatWorkflowsAndCredentialsMayUse) {
  const auto config = good(
      minimal("workflows: [{name: a, models: {deny: [\"o*\"]}, tools: {allow: [web_search]}}]\n"));
  EXPECT_EQ(config.workflows.at(0).models.deny, std::vector<std::string>{"o*"});
  EXPECT_EQ(config.workflows[0].tools.allow, std::vector<std::string>{"web_search"});
}

TEST(Load, SecretsShowAsStars) {
  const std::string shown = show(good(design_example()));
  EXPECT_EQ(shown.find("canary"), std::string::npos) << shown;
  EXPECT_NE(shown.find("token: \"***\""), std::string::npos);
}

TEST(Load, WhatIsShownLoadsAgainAndMeansTheSame) {
  const std::string everything =
      design_example() +
      "spill_directory: spill\nthreads: 2\nuser_hash_key: 0123456789abcdef\n"
      "attribution: {path_prefix: /w, aliases: {workflow: [x-app, \"json:x-meta:a|b\"]}}\n";
  std::string full = replaced(everything, "abort_policy: {default: auto, rules: []}",
                              "abort_policy: {default: auto, rules: [{match: {}, cancel: true}, "
                              "{match: {model: x}, drain: {max_seconds: 3, max_tokens: 5}}]}");
  full = replaced(full, "metrics: {}", "metrics: {disable: [a], drop_labels: [b]}");
  const auto first = good(full);
  const std::string shown =
      replaced(show(first), "user_hash_key: \"***\"", "user_hash_key: \"0123456789abcdef\"");
  yaml::Problems problems;
  FakeEnvironment environment = usual_environment();
  for (auto& [path, text] : std::map(environment.files)) environment.files["etc/" + path] = text;
  const auto second = load_text(shown, "x.yaml", environment, problems);
  ASSERT_TRUE(second) << problems.text() << shown;
  EXPECT_EQ(show(first), show(*second));
}

TEST(Load, WhatIsShownHoldsEveryKeyOfTheSchema) {
  const std::string full =
      replaced(design_example(), "abort_policy: {default: auto, rules: []}",
               "abort_policy: {rules: [{match: {}, cancel: true}, {match: {}, auto: true}, "
               "{match: {model: x}, drain: {max_seconds: 3, max_tokens: 5}}]}");
  std::string all = replaced(full, "metrics: {}", "metrics: {disable: [a], drop_labels: [b]}");
  all = replaced(all, "max: 2000,",
                 "max: 2000, default: 100, reasoning_floor: 9, enforcement: observe,");
  all = replaced(all, "environment: prod,", "environment: prod, refusals: {style: native},");
  all = replaced(
      all, "limit: {usd: \"20000\"}",
      "limit: {usd: \"1\", input_tokens: 1, output_tokens: 1, total_tokens: 1}, contact: c");
  all += "attribution: {path_prefix: /w}\n";
  all =
      replaced(all, "pins: {team: support},",
               "expires: 2027-01-31, revoked: true, pins: {team: support}, more_keys: "
               "[{key_sha256: " +
                   std::string(64, 'a') +
                   ", expires: 2027-02-28}], may_name: {workflow: [a], customer: [b], user: [c]},");
  all = replaced(all, "models: {allow: [\"gpt-*\"]}",
                 "models: {allow: [\"gpt-*\"], deny: [a]}, tools: {allow: [b], deny: [c]}");
  all = replaced(
      all, "environment: prod,",
      "environment: prod, models: {allow: [a], deny: [b]}, tools: {allow: [c], deny: [d]},");
  all = replaced(all, "{at: 0.9, downgrade", "{at: 0.8, output_cap: 9}, {at: 0.9, downgrade");
  all = replaced(all, "window: month}", "window: rolling, length: 24h}");
  all = replaced(all, "max_steps: {limit: 80, mode: stop}",
                 "max_steps: {limit: 80, mode: stop}\n" + std::string(kMoreRunRules));
  all += "tokenizers: {models: models.yaml, folder: vocabularies}\n";
  const auto config = good(all);
  const std::string shown = show(config);
  for (const std::string& path : yaml::key_paths(config_shape())) {
    const std::string key = path.substr(path.rfind('.') + 1);
    EXPECT_NE(shown.find(key + ":"), std::string::npos) << path;
  }
}

TEST(Load, TheSchemaNamesEveryKeyOfTheDesignsExample) {
  const std::vector<std::string> paths = yaml::key_paths(config_shape());
  for (const auto expected :
       {"schema", "listen[].tls.certificate", "providers[].match.path_prefix",
        "budgets[].ladder[].at", "runs.cost_velocity.usd_per_minute", "ledger.retention.raw_usage",
        "prices.unknown_model", "credentials[].models.allow",
        "abort_policy.rules[].drain.max_tokens"}) {
    EXPECT_NE(std::find(paths.begin(), paths.end(), expected), paths.end()) << expected;
  }
}

TEST(Load, ReportsPriceListsThatDoNotExist) {
  const std::string text = replaced(minimal(), "dialect: openai", "dialect: openai, prices: opnai");
  const auto config = good(text);
  yaml::Problems problems;
  validate_prices(config, pricing::PriceBook(), problems);
  EXPECT_EQ(problems.text(),
            "etc/x.yaml:3:85: error: no price file holds a list named \"opnai\"\n");
}

TEST(Load, ListsWhatAReloadCannotChange) {
  const Config before = good(minimal());
  EXPECT_TRUE(needs_restart(before, good(minimal("require_workflow: true\n"))).empty());
  const Config after =
      good(replaced(minimal("threads: 2\nledger: {path: x.db}\nadmin: {address: 127.0.0.1:9}\n"),
                    "8080", "8081"));
  EXPECT_EQ(needs_restart(before, after),
            (std::vector<std::string>{"listen", "admin.address", "ledger.path", "threads"}));
}

TEST(Load, WarnsOfKeysThatEveryoneMayRead) {
  FakeEnvironment environment = usual_environment();
  environment.open_to_all = {"etc/key.pem"};
  yaml::Problems problems;
  const auto config = load_text(design_example(), "etc/x.yaml", environment, problems);
  ASSERT_TRUE(config) << problems.text();
  ASSERT_EQ(config->warnings.size(), 1u);
  EXPECT_NE(config->warnings[0].find("etc/key.pem"), std::string::npos);
}

TEST(Load, AFileThatIsAbsentIsOneProblem) {
  yaml::Problems problems;
  EXPECT_FALSE(load("etc/absent.yaml", usual_environment(), problems));
  EXPECT_EQ(problems.text(),
            "etc/absent.yaml: error: cannot be opened: No such file or directory\n");
}

}  // namespace
}  // namespace tokenweir::config
