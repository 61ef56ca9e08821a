#include <gtest/gtest.h>

#include "fixture.h"
#include "identify/identify.h"
#include "identify/labels.h"

namespace tokenweir::identify {
namespace {

using Fields = Request::Fields;

class Attribute : public testing::Test {
 protected:
  Result<Attribution, Rejected> attributed(Fields fields,
                                           const std::string& target = "/v1/messages") {
    request_.emplace(target, std::move(fields));
    auto routed = route(request_->head(), config_, kNow);
    if (!routed) return failure(routed.error());
    routed_ = *routed;
    return attribute(request_->head(), routed_, config_);
  }
  Attribution good(Fields fields) {
    auto result = attributed(std::move(fields));
    EXPECT_TRUE(result);
    return result ? *result : Attribution{};
  }
  std::string error(Fields fields) {
    const auto result = attributed(std::move(fields));
    return result ? "" : std::string(result.error().code);
  }

  config::Config config_ = usual_config();
  std::optional<Request> request_;
  Routed routed_;
};

TEST_F(Attribute, TakesOurOwnHeaders) {
  const Attribution found = good({{"X-LLM-Workflow", "support-triage"},
                                  {"x-llm-run", "run-1"},
                                  {"X-LLM-Parent-Run", "run-0"},
                                  {"X-LLM-User", "u1"},
                                  {"X-LLM-Customer", "acme"},
                                  {"X-LLM-Purpose", "plan"},
                                  {"X-LLM-Tags", "template=a%2Cb, variant=2"},
                                  {"X-LLM-Outcome", "useful;value=2.5"}});
  EXPECT_EQ(found.workflow, "support-triage");
  EXPECT_EQ(found.run, "run-1");
  EXPECT_EQ(found.parent_run, "run-0");
  EXPECT_EQ(found.user, "u1");
  EXPECT_EQ(found.customer, "acme");
  EXPECT_EQ(found.purpose, "plan");
  EXPECT_EQ(found.tags, (Tags{{"template", "a,b"}, {"variant", "2"}}));
  EXPECT_EQ(found.outcome, "useful;value=2.5");
}

TEST_F(Attribute, SaysNothingWhereTheRequestSaysNothing) {
  const Attribution found = good({{"Accept", "*/*"}});
  EXPECT_EQ(found.workflow, "");
  EXPECT_EQ(found.run, "");
  EXPECT_TRUE(found.tags.empty());
}

TEST_F(Attribute, RefusesOurOwnHeadersWhenMalformedOrSentTwice) {
  EXPECT_EQ(error({{"X-LLM-Workflow", ""}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Workflow", std::string(129, 'a')}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Workflow", std::string(128, 'a')}}), "");
  EXPECT_EQ(error({{"X-LLM-Workflow", "a\x1b[31m"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Workflow", "a\tb"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Workflow", "\xC3\x28"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Workflow", "_other"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Workflow", "Gr\xC3\xBC\xC3\x9F"}}), "");
  EXPECT_EQ(error({{"X-LLM-Workflow", "a"}, {"x-llm-workflow", "a"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Run", "a"}, {"X-LLM-Run", "b"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Purpose", "poetry"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Outcome", "great"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Tags", "a"}}), "bad_header");
  EXPECT_EQ(error({{"X-LLM-Tags", "a=%zz"}}), "bad_header");
}

TEST_F(Attribute, AcceptsAliasesAndPrefersOurs) {
  EXPECT_EQ(good({{"Helicone-Property-App", "shop"}}).workflow, "shop");
  EXPECT_EQ(good({{"cf-aig-metadata", R"({"app":"shop","team":1})"}}).workflow, "shop");
  EXPECT_EQ(good({{"x-portkey-metadata", R"({"_user":"u9","feature":"f"})"}}).workflow, "f");
  EXPECT_EQ(good({{"x-portkey-metadata", R"({"_user":"u9","feature":"f"})"}}).user, "u9");
  EXPECT_EQ(good({{"x-litellm-tags", "a:b, workflow:mail ,workflow:x"}}).workflow, "mail");
  EXPECT_EQ(good({{"x-litellm-spend-logs-metadata", R"({"workflow":"w"})"}}).workflow, "w");
  EXPECT_EQ(good({{"baggage", "a=b;p=1, workflow=my%20flow;q"}}).workflow, "my flow");
  EXPECT_EQ(good({{"OpenAI-Project", "proj_1"}}).workflow, "proj_1");
  EXPECT_EQ(good({{"Helicone-Session-Id", "s"}}).run, "s");
  EXPECT_EQ(good({{"session_id", "codex-1"}}).run, "codex-1");
  EXPECT_EQ(good({{"x-litellm-end-user-id", "e"}}).user, "e");
  EXPECT_EQ(good({{"Helicone-Property-Workflow", "theirs"}, {"X-LLM-Workflow", "ours"}}).workflow,
            "ours");
  EXPECT_EQ(good({{"X-LLM-Workflow", "ours"}, {"Helicone-Property-Workflow", "theirs"}}).workflow,
            "ours");
  EXPECT_EQ(good({{"OpenAI-Project", "last"}, {"Helicone-Property-App", "first"}}).workflow,
            "first");
}

TEST_F(Attribute, IgnoresMalformedAliases) {
  EXPECT_EQ(good({{"Helicone-Property-App", std::string(200, 'x')}}).workflow, "");
  EXPECT_EQ(good({{"cf-aig-metadata", "{not json"}}).workflow, "");
  EXPECT_EQ(good({{"cf-aig-metadata", R"({"app":7})"}}).workflow, "");
  EXPECT_EQ(good({{"cf-aig-metadata", "[1]"}}).workflow, "");
  EXPECT_EQ(good({{"cf-aig-metadata", R"({"app":"a\u0000b"})"}}).workflow, "");
  EXPECT_EQ(good({{"cf-aig-metadata", std::string(10'000, '[')}}).workflow, "");
  EXPECT_EQ(good({{"baggage", "workflow=%zz"}}).workflow, "");
  EXPECT_EQ(good({{"Helicone-Property-App", "_unset"}}).workflow, "");
}

TEST_F(Attribute, MakesARunOfItsOwnOfASubAgent) {
  const Attribution found =
      good({{"X-Claude-Code-Session-Id", "s1"}, {"x-claude-code-agent-id", "a7"}});
  EXPECT_EQ(found.run, "s1/a7");
  EXPECT_EQ(found.parent_run, "s1");
  EXPECT_EQ(good({{"X-Claude-Code-Session-Id", "s1"}}).run, "s1");
  EXPECT_EQ(good({{"X-LLM-Run", "mine"}, {"x-claude-code-agent-id", "a7"}}).run, "mine");
}

TEST_F(Attribute, NeverMakesARunOfATrace) {
  const Attribution found =
      good({{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  EXPECT_EQ(found.run, "");
  EXPECT_EQ(found.tags, (Tags{{"trace", "0af7651916cd43dd8448eb211c80319c"}}));
  EXPECT_TRUE(good({{"traceparent", "00-zz"}}).tags.empty());
}

TEST_F(Attribute, AConfiguredAliasReplacesTheUsualOnes) {
  config_.attribution_headers.set_aliases(
      config::Meaning::workflow, {*config::parse_source(config::Meaning::workflow, "X-App")});
  EXPECT_EQ(good({{"x-app", "mine"}, {"Helicone-Property-App", "theirs"}}).workflow, "mine");
  EXPECT_EQ(good({{"Helicone-Property-App", "theirs"}}).workflow, "");
  EXPECT_EQ(good({{"X-LLM-Workflow", "ours"}, {"x-app", "mine"}}).workflow, "ours");
}

TEST_F(Attribute, BodyLabelsFillGapsAndUserIdsAreHashed) {
  provider::Asked asked;
  asked.workflow = "from-body";
  asked.user = "jane@example.com";
  asked.session = "cache-key";
  Attribution found = good({{"Accept", "*/*"}});
  merge_body_labels(found, asked, config_);
  EXPECT_EQ(found.workflow, "from-body");
  // printf 'jane@example.com' | openssl dgst -sha256 -hmac 0123456789abcdef | cut -c1-16
  EXPECT_EQ(found.user, "a7a54661c75bce90");
  EXPECT_EQ(found.run, "");
  ASSERT_EQ(found.tags.size(), 1u);
  EXPECT_EQ(found.tags[0].first, "session");
  EXPECT_EQ(found.tags[0].second.size(), 16u);

  Attribution named = good({{"X-LLM-Workflow", "ours"}, {"X-LLM-User", "u"}, {"X-LLM-Run", "r"}});
  merge_body_labels(named, asked, config_);
  EXPECT_EQ(named.workflow, "ours");
  EXPECT_EQ(named.user, "u");
  EXPECT_TRUE(named.tags.empty());

  Attribution hostile = good({{"Accept", "*/*"}});
  asked.workflow = "a\nb";
  merge_body_labels(hostile, asked, config_);
  EXPECT_EQ(hostile.workflow, "");
}

TEST_F(Attribute, CompletesFromTheDeclaredWorkflow) {
  config::Workflow& support = config_.workflows.emplace_back();
  support.name = "support";
  support.team = "team-a";
  support.cost_center = "4711";
  support.environment = "prod";
  support.contact = "#a";
  Attribution found = good({{"X-LLM-Workflow", "support"}});
  EXPECT_FALSE(complete(found, routed_, config_));
  EXPECT_EQ(found.team, "team-a");
  EXPECT_EQ(found.cost_center, "4711");
  EXPECT_EQ(found.environment, "prod");
  Attribution other = good({{"X-LLM-Workflow", "arisen"}});
  EXPECT_FALSE(complete(other, routed_, config_));
  EXPECT_EQ(other.team, "");
}

TEST_F(Attribute, AMissingWorkflowIsVisibleOrRefused) {
  Attribution found = good({{"X-LLM-Workflow", "_unset"}});
  EXPECT_FALSE(complete(found, routed_, config_));
  EXPECT_EQ(found.workflow, "_unset");
  config_.require_workflow = true;
  Attribution again = good({{"X-LLM-Workflow", "_unset"}});
  const auto no = complete(again, routed_, config_);
  ASSERT_TRUE(no);
  EXPECT_EQ(no->code, "no_workflow");
}

class Pinned : public Attribute {
 protected:
  Pinned() {
    config_.credentials = {make_credential("app", "vk-app")};
    config_.credentials[0].pins = {{"workflow", "pinned"}, {"team", "t"}, {"budget", "b"}};
  }
  Fields with_key(Fields fields) {
    fields.emplace_back("Authorization", "Bearer vk-app");
    return fields;
  }
};

TEST_F(Pinned, APinAlwaysWins) {
  Attribution found = good(with_key({{"X-LLM-Workflow", "claimed"}, {"X-LLM-Customer", "c"}}));
  EXPECT_EQ(found.workflow, "pinned");
  EXPECT_EQ(found.customer, "c");
  EXPECT_EQ(found.team, "t");
  EXPECT_EQ(found.credential, "app");
  provider::Asked asked;
  asked.workflow = "body";
  merge_body_labels(found, asked, config_);
  config::Workflow& workflow = config_.workflows.emplace_back();
  workflow.name = "pinned";
  workflow.team = "declared";
  EXPECT_FALSE(complete(found, routed_, config_));
  EXPECT_EQ(found.workflow, "pinned");
  EXPECT_EQ(found.team, "t");
}

TEST_F(Pinned, BothRefusesAContradiction) {
  config_.trust = config::Trust::both;
  EXPECT_EQ(error(with_key({{"X-LLM-Workflow", "claimed"}})), "pin_mismatch");
  EXPECT_EQ(error(with_key({{"X-LLM-Workflow", "pinned"}})), "");
  EXPECT_EQ(error(with_key({})), "");
}

TEST_F(Pinned, CredentialIgnoresNamesInHeaders) {
  config_.trust = config::Trust::credential;
  config_.credentials[0].pins.clear();
  Attribution found =
      good(with_key({{"X-LLM-Workflow", "claimed"}, {"X-LLM-Customer", "c"}, {"X-LLM-Run", "r"}}));
  provider::Asked asked;
  asked.workflow = "body";
  merge_body_labels(found, asked, config_);
  EXPECT_EQ(found.workflow, "");
  EXPECT_EQ(found.customer, "");
  EXPECT_EQ(found.run, "r");
}

// Two owners, one workflow each; whatever a client writes into headers, path or body, its spend
// stays with the owner of its credential.
class Owners : public Attribute {
 protected:
  Owners() {
    config_.credentials = {make_credential("support-app", "vk-app"),
                           make_credential("research-app", "vk-other")};
    config_.credentials[0].pins = {{"team", "support"}};
    config_.credentials[1].pins = {{"team", "research"}};
    config_.workflows.resize(2);
    config_.workflows[0].name = "support-triage";
    config_.workflows[0].team = "support";
    config_.workflows[1].name = "research-index";
    config_.workflows[1].team = "research";
  }
  // The team that pays, or the code of the refusal.
  std::string payer(Fields fields, std::string_view body_workflow = "",
                    std::string_view key = "vk-app") {
    fields.emplace_back("Authorization", "Bearer " + std::string(key));
    if (std::string code = error(fields); !code.empty()) return code;
    Attribution found = good(fields);
    provider::Asked asked;
    asked.workflow = body_workflow;
    merge_body_labels(found, asked, config_);
    if (const auto no = complete(found, routed_, config_)) return std::string(no->code);
    EXPECT_EQ(found.credential, key == "vk-app" ? "support-app" : "research-app");
    return found.team + "/" + found.workflow;
  }
};

TEST_F(Owners, AHeaderNeverMovesSpendToAnotherOwner) {
  for (const config::Trust trust :
       {config::Trust::header, config::Trust::both, config::Trust::credential}) {
    config_.trust = trust;
    const bool heard = trust != config::Trust::credential;
    EXPECT_EQ(payer({}), "support/_unset");
    EXPECT_EQ(payer({{"X-LLM-Workflow", "support-triage"}}),
              heard ? "support/support-triage" : "support/_unset");
    EXPECT_EQ(payer({{"X-LLM-Workflow", "research-index"}}),
              heard ? "pin_mismatch" : "support/_unset");
    EXPECT_EQ(payer({}, "research-index"), heard ? "pin_mismatch" : "support/_unset");
    EXPECT_EQ(payer({{"X-LLM-Workflow", "research-index"}}, "", "vk-other"),
              heard ? "research/research-index" : "research/_unset");
    EXPECT_EQ(payer({{"X-LLM-Tags", "team=research"}}), "support/_unset");
  }
}

TEST_F(Owners, ACredentialMayListTheNamesItsRequestsGiveThemselves) {
  config_.credentials[0].may_name = {
      {"workflow", {"support-*"}}, {"customer", {"c-1", "c-2"}}, {"user", {}}};
  EXPECT_EQ(payer({{"X-LLM-Workflow", "support-other"}}), "support/support-other");
  EXPECT_EQ(payer({{"X-LLM-Workflow", "marketing"}}), "pin_mismatch");
  EXPECT_EQ(payer({}, "marketing"), "pin_mismatch");
  EXPECT_EQ(payer({{"X-LLM-Customer", "c-2"}}), "support/_unset");
  EXPECT_EQ(payer({{"X-LLM-Customer", "c-3"}}), "pin_mismatch");
  EXPECT_EQ(payer({{"X-LLM-User", "anybody"}}), "pin_mismatch");
  EXPECT_EQ(payer({{"X-LLM-Workflow", "marketing"}}, "", "vk-other"), "research/marketing");
}

TEST(Retries, AreCountedAsTheSdkAdmitsThem) {
  const auto count = [](Fields fields) {
    return admitted_retries(Request("/", std::move(fields)).head());
  };
  EXPECT_EQ(count({}), 0u);
  EXPECT_EQ(count({{"X-Stainless-Retry-Count", "2"}}), 2u);
  EXPECT_EQ(count({{"x-stainless-retry-count", "0"}}), 0u);
  EXPECT_EQ(count({{"x-stainless-retry-count", "-1"}}), 0u);
  EXPECT_EQ(count({{"x-stainless-retry-count", "4000000000"}}), 1000u);
  EXPECT_EQ(count({{"x-stainless-retry-count", "99999999999999999999"}}), 0u);
  EXPECT_EQ(count({{"amz-sdk-request", "attempt=3; max=4"}}), 2u);
  EXPECT_EQ(count({{"amz-sdk-request", "attempt=1"}}), 0u);
  EXPECT_EQ(count({{"amz-sdk-request", "max=1"}}), 0u);
}

TEST(Labels, TagsAreDecodedAndBounded) {
  EXPECT_EQ(parse_tags("a=1"), (Tags{{"a", "1"}}));
  EXPECT_EQ(parse_tags("a=,b=x%3Dy=z"), (Tags{{"a", ""}, {"b", "x=y=z"}}));
  EXPECT_EQ(parse_tags("a=%F0%9F%98%80"), (Tags{{"a", "\xF0\x9F\x98\x80"}}));
  EXPECT_FALSE(parse_tags(""));
  EXPECT_FALSE(parse_tags("a=1,"));
  EXPECT_FALSE(parse_tags("=1"));
  EXPECT_FALSE(parse_tags("a=1,a=2"));
  EXPECT_FALSE(parse_tags("a b=1"));
  EXPECT_FALSE(parse_tags("a=%0a"));
  EXPECT_FALSE(parse_tags("a=%ff"));
  EXPECT_FALSE(parse_tags("a=" + std::string(513, 'x')));
  std::string many;
  for (int i = 0; i < 33; ++i) many += (many.empty() ? "k" : ",k") + std::to_string(i) + "=v";
  EXPECT_FALSE(parse_tags(many));
}

TEST(Labels, OutcomesFollowTheirGrammar) {
  EXPECT_EQ(parse_outcome("useful"), "useful");
  EXPECT_EQ(parse_outcome("useless ; value=-3"), "useless;value=-3");
  for (const auto bad :
       {"", "Useful", "useful;", "useful;value=", "useful;value=1e5", "useful;value=1;x",
        "useful;worth=1", "useful;value=.5", "useful;value=-"}) {
    EXPECT_FALSE(parse_outcome(bad)) << bad;
  }
}

}  // namespace
}  // namespace tokenweir::identify
