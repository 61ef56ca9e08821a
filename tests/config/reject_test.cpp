// Every value the configuration refuses, each with the place and the words of its message.
#include <gtest/gtest.h>

#include "config/load.h"
#include "fixture.h"

namespace tokenweir::config {
namespace {

std::string problems_of(const std::string& text) {
  yaml::Problems problems;
  const auto config = load_text(text, "etc/x.yaml", usual_environment(), problems);
  EXPECT_EQ(config.has_value(), problems.empty());
  return problems.text();
}

struct Rejection {
  std::string what;   // the test's name
  std::string lines;  // the file, where the usual sections are filled in when it lacks them
  std::string error;  // part of the message
};

std::string whole(const std::string& lines) {
  std::string text = lines;
  const auto add = [&](const std::string& key, const std::string& line) {
    if (("\n" + text).find("\n" + key + ":") == std::string::npos) text += line;
  };
  add("schema", "schema: 1\n");
  add("listen", "listen: [{address: 127.0.0.1:8080}]\n");
  add("providers",
      "providers: [{name: openai, origin: https://api.openai.com, dialect: openai}]\n");
  return text;
}

std::string provider(const std::string& rest) {
  return "providers: [{name: p, dialect: openai, " + rest + "}]\n";
}
std::string budget(const std::string& rest) { return "budgets: [{name: b, " + rest + "}]\n"; }

const std::vector<Rejection>& rejections() {
  static const std::string digest(64, 'a');
  static const std::vector<Rejection> list = {
      {"NoSchema", "schema:\n", "\"schema\" has no value"},
      {"OtherSchema", "schema: 2\n", "out of range, allowed is 1 to 1"},
      {"UnknownKey", "lisen: []\n", "1:1: error: unknown key \"lisen\""},
      {"WrongEnforcement", "enforcement: enforced\n", "did you mean \"enforce\"?"},
      {"ListenIsAMap", "listen: {address: 127.0.0.1:1}\n", "expected a list, found a map"},
      {"NoListener", "listen: []\n", "expected at least one listener"},
      {"AddressWithoutPort", "listen: [{address: 127.0.0.1}]\n", "expected a numeric address"},
      {"AddressIsAName", "listen: [{address: localhost:80}]\n", "expected a numeric address"},
      {"PortTooLarge", "listen: [{address: 127.0.0.1:65536}]\n", "expected a numeric address"},
      {"PlainBeyondLoopback", "listen: [{address: 0.0.0.0:80}]\n", "plain HTTP beyond loopback"},
      {"PlainOnAnySix", "listen: [{address: \"[::]:80\"}]\n", "plain HTTP beyond loopback"},
      {"AddressTwice", "listen: [{address: 127.0.0.1:8080}, {address: 127.0.0.1:8080}]\n",
       "this address is listed twice"},
      {"TlsWithoutKey", "listen: [{address: 127.0.0.1:1, tls: {certificate: cert.pem}}]\n",
       "missing key \"key\""},
      {"CertificateAbsent",
       "listen: [{address: 127.0.0.1:1, tls: {certificate: nope.pem, key: key.pem}}]\n",
       "file \"etc/nope.pem\" cannot be opened"},
      {"CertificateIsAKey",
       "listen: [{address: 127.0.0.1:1, tls: {certificate: key.pem, key: key.pem}}]\n",
       "this file holds no PEM certificate"},
      {"KeyIsACertificate",
       "listen: [{address: 127.0.0.1:1, tls: {certificate: cert.pem, key: cert.pem}}]\n",
       "this file holds no PEM private key"},
      {"KeyOfAnother",
       "listen: [{address: 127.0.0.1:1, tls: {certificate: cert.pem, key: other-key.pem}}]\n",
       "this key does not belong to the certificate"},
      {"AdminOpenWithoutToken", "admin: {address: 0.0.0.0:9090}\n",
       "an admin listener beyond loopback needs a token"},
      {"AdminOnAListenersAddress", "admin: {address: 127.0.0.1:8080}\n",
       "clients connect to this address already"},
      {"AdminTokenFileAbsent", "admin: {token: \"${file:nope}\"}\n",
       "file \"nope\" cannot be opened"},

      {"NoProvider", "providers: []\n", "expected at least one provider"},
      {"ProviderWithoutOrigin", "providers: [{name: p, dialect: openai}]\n",
       "missing key \"origin\""},
      {"ProviderNameTwice",
       "providers: [{name: p, origin: https://a, dialect: openai}, "
       "{name: p, origin: https://b, dialect: openai}]\n",
       "the provider \"p\" is listed twice"},
      {"ReservedName", "providers: [{name: _p, origin: https://a, dialect: openai}]\n",
       "does not start with \"_\""},
      {"UnknownDialect", "providers: [{name: p, origin: https://a, dialect: opnai}]\n",
       "did you mean \"openai\"?"},
      {"OriginWithoutScheme", provider("origin: api.openai.com"), "must start with https://"},
      {"OriginOfAnotherScheme", provider("origin: ftp://x"), "must start with https://"},
      {"OriginWithQuery", provider("origin: \"https://x/?a=b\""), "may not hold a query"},
      {"OriginWithUser", provider("origin: https://u:p@x"), "user information"},
      {"OriginWithFragment", provider("origin: \"https://x#y\""), "a fragment"},
      {"OriginWithoutHost", provider("origin: https://"), "a host name"},
      {"OriginPortZero", provider("origin: \"https://x:0\""), "a port from 1 to 65535"},
      {"OriginPortWord", provider("origin: \"https://x:http\""), "a port from 1 to 65535"},
      {"OriginWithDots", provider("origin: https://x/../y"), "plain segments"},
      {"OriginIsOurListener", provider("origin: \"http://localhost:8080\""),
       "one of this proxy's own listeners"},
      {"OriginIsOurAdmin", provider("origin: \"http://127.0.0.1:9090\""),
       "one of this proxy's own listeners"},
      {"EmptyMatch", provider("origin: https://x, match: {}"),
       "expected host, path_prefix or both"},
      {"HostWithPort", provider("origin: https://x, match: {host: \"a:1\"}"),
       "host name without port"},
      {"HostInCapitals", provider("origin: https://x, match: {host: Api.Example}"),
       "lower-case host name"},
      {"PrefixWithoutSlash", provider("origin: https://x, match: {path_prefix: p}"),
       "a path like /p/name"},
      {"PrefixEndsInSlash", provider("origin: https://x, match: {path_prefix: /p/}"),
       "a path like /p/name"},
      {"PrefixIsRoot", provider("origin: https://x, match: {path_prefix: /}"),
       "a path like /p/name"},
      {"PrefixWithEscape", provider("origin: https://x, match: {path_prefix: /p%41}"),
       "a path like /p/name"},
      {"SameMatchTwice",
       "providers: [{name: a, origin: https://a, dialect: openai, match: {path_prefix: /p}}, "
       "{name: b, origin: https://b, dialect: openai, match: {path_prefix: /p}}]\n",
       "provider \"a\" has the same match"},
      {"CaAbsent", provider("origin: https://x, ca: nope.pem"), "cannot be opened"},
      {"CaIsAKey", provider("origin: https://x, ca: key.pem"), "no PEM certificate"},
      {"EditIsAWord", provider("origin: https://x, edits: {stream_usage: yes}"),
       "expected true or false"},
      {"GpuWithoutPrice", provider("origin: https://x, gpu: {count: 2}"), "\"usd_per_hour\""},
      {"GpuCountZero", provider("origin: https://x, gpu: {usd_per_hour: \"1\", count: 0}"),
       "out of range"},

      {"RawPolicy", "raw_endpoints: {policy: block}\n", "expected one of pass, refuse"},
      {"RawHoldNegative", "raw_endpoints: {hold_usd: \"-1\"}\n", "may not be negative"},
      {"JobsPolicy", "async_jobs: {policy: pass}\n", "expected one of refuse, hold, observe"},
      {"WorkflowTwice", "workflows: [{name: a}, {name: a}]\n", "listed twice"},
      {"WorkflowTooLong", "workflows: [{name: " + std::string(129, 'a') + "}]\n", "1 to 128"},

      {"DigestShort", "credentials: [{name: a, key_sha256: \"00\"}]\n", "expected 64 hex digits"},
      {"DigestNoHex", "credentials: [{name: a, key_sha256: " + std::string(64, 'g') + "}]\n",
       "expected 64 hex digits"},
      {"DigestTwice",
       "credentials: [{name: a, key_sha256: " + digest +
           "}, {name: b, key_sha256: " + std::string(64, 'A') + "}]\n",
       "another credential has the same key"},
      {"KeyOfUnknownProvider",
       "credentials: [{name: a, key_sha256: " + digest + ", provider_keys: {opena: k}}]\n",
       "there is no provider \"opena\"; did you mean \"openai\"?"},
      {"KeyWithSpace",
       "credentials: [{name: a, key_sha256: " + digest + ", provider_keys: {openai: \"a b\"}}]\n",
       "printable ASCII without spaces"},
      {"UnsetVariable",
       "credentials: [{name: a, key_sha256: " + digest +
           ", provider_keys: {openai: \"${env:X}\"}}]\n",
       "environment variable X is not set"},
      {"UnknownPin", "credentials: [{name: a, key_sha256: " + digest + ", pins: {teem: x}}]\n",
       "unknown pin \"teem\"; did you mean \"team\"?"},
      {"PinnedBudgetAbsent",
       "credentials: [{name: a, key_sha256: " + digest + ", pins: {budget: x}}]\n",
       "there is no budget \"x\""},
      {"EmptyAllowList",
       "credentials: [{name: a, key_sha256: " + digest + ", models: {allow: []}}]\n",
       "found an empty list"},
      {"TrustWithoutCredentials", "trust: credential\n", "no credentials are listed"},
      {"RequireWithoutCredentials", "require_credential: true\n", "no credentials are listed"},
      {"TrustWord", "trust: none\n", "expected one of header, credential, both"},

      {"UnknownMatchKey", "rates: [{match: {workflw: a}, concurrent: 1}]\n",
       "did you mean \"workflow\"?"},
      {"EmptyTagKey", "rates: [{match: {tag.: a}, concurrent: 1}]\n", "unknown property \"tag.\""},
      {"NoMatch", "rates: [{concurrent: 1}]\n", "missing key \"match\""},
      {"MatchIsAWord", "rates: [{match: all, concurrent: 1}]\n", "expected a map, found \"all\""},
      {"GlobTooLong", "rates: [{match: {model: " + std::string(129, 'x') + "}, concurrent: 1}]\n",
       "1 to 128 printable bytes"},
      {"MatchUnknownProvider", "rates: [{match: {provider: opanai}, concurrent: 1}]\n",
       "there is no provider \"opanai\"; did you mean \"openai\"?"},
      {"MatchUnknownPurpose", "rates: [{match: {purpose: [plan, grde]}, concurrent: 1}]\n",
       "there is no purpose \"grde\"; did you mean \"grade\"?"},
      {"CapWithoutMax", "output_caps: [{match: {}}]\n", "expected max, default or both"},
      {"CapZero", "output_caps: [{match: {}, max: 0}]\n", "out of range"},
      {"CapDefaultAboveMax", "output_caps: [{match: {}, max: 5, default: 6}]\n",
       "the default is larger than max"},
      {"CapOnExceed", "output_caps: [{match: {}, max: 5, on_exceed: refuse}]\n",
       "expected one of clamp, reject"},
      {"InputCapClamp", "input_caps: [{match: {}, max_input_tokens: 5, on_exceed: clamp}]\n",
       "expected reject"},
      {"RateWithoutLimit", "rates: [{match: {}, per: [workflow]}]\n",
       "expected requests_per_minute"},
      {"PerUnknown", "rates: [{match: {}, per: [wrkflow], concurrent: 1}]\n",
       "did you mean \"workflow\"?"},
      {"PerTwice", "rates: [{match: {}, per: [run, run], concurrent: 1}]\n", "listed twice"},
      {"RuleEnforcement", "rates: [{match: {}, concurrent: 1, enforcement: off}]\n",
       "expected one of enforce, observe"},

      {"BudgetWithoutName", "budgets: [{match: {}, limit: {usd: 1}, window: day}]\n",
       "missing key \"name\""},
      {"BudgetTwice",
       "budgets: [{name: b, match: {}, limit: {usd: 1}, window: day}, "
       "{name: b, match: {}, limit: {usd: 1}, window: day}]\n",
       "the budget \"b\" is listed twice"},
      {"BudgetWithoutLimit", budget("match: {}, limit: {}, window: day"), "expected a limit"},
      {"BudgetOfNothing", budget("match: {}, limit: {usd: \"0\"}, window: day"),
       "more than nothing"},
      {"BudgetNegative", budget("match: {}, limit: {usd: \"-5\"}, window: day"),
       "may not be negative"},
      {"BudgetOverflow", budget("match: {}, limit: {usd: \"99999999999\"}, window: day"),
       "expected dollars"},
      {"BudgetLimitWord", budget("match: {}, limit: {dollars: 1}, window: day"), "unknown key"},
      {"BudgetWindow", budget("match: {}, limit: {usd: 1}, window: days"), "did you mean \"day\"?"},
      {"BudgetRunWithoutPer", budget("match: {}, limit: {usd: 1}, window: run"),
       "a window of a run needs"},
      {"TimezoneUnknown", budget("match: {}, limit: {usd: 1}, window: day, timezone: Europe/Berln"),
       "no such time zone"},
      {"TimezoneEscape",
       budget("match: {}, limit: {usd: 1}, window: day, timezone: ../../../etc/passwd"),
       "no such time zone"},
      {"TimezoneOfARun",
       budget("match: {}, per: [run], limit: {usd: 1}, window: run, timezone: Europe/Berlin"),
       "has no meaning for this window"},
      {"LadderAtZero",
       budget("match: {}, limit: {usd: 1}, window: day, ladder: [{at: 0, warn: true}]"),
       "out of range"},
      {"LadderAboveOne",
       budget("match: {}, limit: {usd: 1}, window: day, ladder: [{at: 1.5, warn: true}]"),
       "out of range"},
      {"LadderFalls",
       budget("match: {}, limit: {usd: 1}, window: day, "
              "ladder: [{at: 0.9, warn: true}, {at: 0.5, reject: true}]"),
       "the steps of a ladder rise"},
      {"LadderAfterReject",
       budget("match: {}, limit: {usd: 1}, window: day, "
              "ladder: [{at: 0.9, reject: true}, {at: 1, warn: true}]"),
       "no step can follow"},
      {"RollingWithoutLength", budget("match: {}, limit: {usd: 1}, window: rolling"),
       "a rolling window needs a length"},
      {"LengthOfADay", budget("match: {}, limit: {usd: 1}, window: day, length: 24h"),
       "only a rolling window has a length"},
      {"ModelsOfNothing", "workflows: [{name: a, models: {}}]\n", "expected allow, deny or both"},
      {"LadderWithoutAction",
       budget("match: {}, limit: {usd: 1}, window: day, ladder: [{at: 0.9}]"),
       "expected exactly one of warn"},
      {"LadderTwoActions",
       budget(
           "match: {}, limit: {usd: 1}, window: day, ladder: [{at: 1, warn: true, reject: true}]"),
       "expected exactly one of warn"},

      {"RunsRemember", "runs: {remember: 7}\n", "expected a duration"},
      {"RunsRememberShort", "runs: {remember: 1s}\n", "out of range"},
      {"RunsStepsWithoutLimit", "runs: {max_steps: {mode: stop}}\n", "missing key \"limit\""},
      {"RunsMode", "runs: {cycle: {mode: halt}}\n", "expected one of observe, slow, stop"},
      {"RunsTimesOne", "runs: {repeated_request: {times: 1}}\n", "out of range"},
      {"RunsUnknown", "runs: {cycles: {}}\n", "did you mean \"cycle\"?"},
      {"VelocityWithoutMoney", "runs: {cost_velocity: {sustained: 3m}}\n", "\"usd_per_minute\""},
      {"RefusalStyle", "refusals: {style: nativ}\n", "did you mean \"native\"?"},
      {"AbortDefault", "abort_policy: {default: stop}\n", "expected one of auto, cancel, drain"},
      {"AbortRuleWithoutAction", "abort_policy: {rules: [{match: {}}]}\n",
       "expected exactly one of"},
      {"AbortRuleTwoActions", "abort_policy: {rules: [{match: {}, cancel: true, drain: {}}]}\n",
       "expected exactly one of"},

      {"PricesWithoutFiles", "prices: {unknown_model: allow}\n", "missing key \"files\""},
      {"UnknownModelWord", "prices: {files: p, unknown_model: guess}\n",
       "expected one of estimate, reject, allow"},
      {"LedgerFailureWord", "ledger: {on_failure: ignore}\n", "expected one of refuse"},
      {"RetentionShort", "ledger: {retention: {records: 1h}}\n", "out of range"},
      {"BodyLimitHuge", "limits: {request_body: 4TiB}\n", "out of range"},
      {"BodyLimitText", "limits: {request_body: big}\n", "expected a size"},
      {"ConnectionsZero", "limits: {connections: 0}\n", "out of range"},
      {"TimeoutZero", "timeouts: {connect: 0s}\n", "out of range"},
      {"TimeoutWithoutUnit", "timeouts: {connect: 5}\n", "expected a duration"},
      {"LogLevel", "log: {level: verbose}\n", "expected one of trace"},
      {"MetricName", "metrics: {disable: [\"a b\"]}\n", "lower-case letters"},
      {"ThreadsMany", "threads: 100000\n", "out of range"},
      {"HashKeyShort", "user_hash_key: short\n", "at least 16 characters"},
      {"RequireWorkflowWord", "require_workflow: on\n", "expected true or false"},
      {"AliasMalformed", "attribution: {aliases: {workflow: [\"json:x\"]}}\n", "expected HEADER"},
      {"AliasOurs", "attribution: {aliases: {run: [x-llm-step]}}\n", "fixed meanings"},
      {"AliasUnknownMeaning", "attribution: {aliases: {purpose: [x]}}\n",
       "unknown key \"purpose\""},
      {"WorkflowPrefixRoot", "attribution: {path_prefix: /}\n", "a path like /w"},
      {"WorkflowPrefixTaken",
       provider("origin: https://x, match: {path_prefix: /w/x}") +
           "attribution: {path_prefix: /w}\n",
       "matched by a path under this prefix"},
      {"Anchor", "listen: &x [{address: 127.0.0.1:1}]\n", "anchors and aliases"},
      {"Syntax", "listen: [\n", "not valid YAML"},
      {"ExpansionUnknown", "log: {access: \"${HOME}/log\"}\n", "unknown expansion"},
  };
  return list;
}

class Reject : public testing::TestWithParam<Rejection> {};

TEST_P(Reject, WithThePlaceAndTheReason) {
  const std::string problems = problems_of(whole(GetParam().lines));
  EXPECT_NE(problems.find(GetParam().error), std::string::npos) << problems;
  EXPECT_EQ(problems.rfind("etc/x.yaml:", 0), 0u) << problems;
}

INSTANTIATE_TEST_SUITE_P(EveryValue, Reject, testing::ValuesIn(rejections()),
                         [](const auto& rejection) { return rejection.param.what; });

TEST(Rejected, AllMistakesOfAFileAreReportedInOneRun) {
  EXPECT_EQ(problems_of("listen: [{address: 0.0.0.0:80}]\n"
                        "providers:\n"
                        "  - {name: a, origin: \"ftp://x\", dialect: opnai}\n"
                        "  - {name: a, origin: https://y, dialect: openai, color: red}\n"
                        "timeouts: {conect: 5s}\n"),
            "etc/x.yaml:1:1: error: missing key \"schema\"\n"
            "etc/x.yaml:1:20: error: plain HTTP beyond loopback; add `tls`, or `insecure: true` if "
            "it is meant\n"
            "etc/x.yaml:3:23: error: an origin must start with https:// or http://\n"
            "etc/x.yaml:3:43: error: expected one of openai, azure, anthropic, gemini, vertex, "
            "cohere, ollama, opaque, found \"opnai\"; did you mean \"openai\"?\n"
            "etc/x.yaml:4:12: error: the provider \"a\" is listed twice\n"
            "etc/x.yaml:4:51: error: unknown key \"color\"\n"
            "etc/x.yaml:5:12: error: unknown key \"conect\"; did you mean \"connect\"?\n");
}

TEST(Rejected, NoSecretIsRepeatedInAMessage) {
  FakeEnvironment environment = usual_environment();
  environment.variables["S"] = "canary-secret-value";
  for (const auto* lines :
       {"log: {level: \"${env:S}\"}\n", "threads: \"${env:S}\"\n", "trust: \"${env:S}\"\n",
        "user_hash_key: \"${env:S}${env:NOPE}\"\n", "limits: {request_body: \"${env:S}\"}\n",
        "listen: [{address: \"${env:S}\"}]\n", "drain: {delay: \"${env:S}\"}\n",
        "budgets: [{name: b, match: {provider: \"${env:S}\"}, limit: {usd: \"${env:S}\"}, window: "
        "day, timezone: \"${env:S}\"}]\n",
        "workflows: [{name: \"${env:S}\"}, {name: \"${env:S}\"}]\n",
        "attribution: {aliases: {run: [\"json:${env:S}\"]}}\n"}) {
    yaml::Problems problems;
    EXPECT_FALSE(load_text(whole(lines), "etc/x.yaml", environment, problems)) << lines;
    EXPECT_EQ(problems.text().find("canary"), std::string::npos) << problems.text();
  }
}

}  // namespace
}  // namespace tokenweir::config
