#include <gtest/gtest.h>

#include "fixture.h"
#include "identify/identify.h"

namespace tokenweir::identify {
namespace {

struct Outcome {
  std::string provider;
  std::string path;
  std::string target;
  std::string endpoint;
  std::string error;
  int status = 0;
};

Outcome route_of(const Request& request, const config::Config& config = usual_config()) {
  const auto routed = route(request.head(), config, kNow);
  if (!routed) return {"", "", "", "", std::string(routed.error().code), routed.error().status};
  const std::string target = routed->forward_target_storage.empty()
                                 ? std::string(routed->forward_target)
                                 : routed->forward_target_storage;
  return {routed->provider->name,
          routed->normal_path,
          target,
          std::string(routed->endpoint.name),
          "",
          0};
}

TEST(Route, StripsThePrefixAndForwardsTheRawRest) {
  const Outcome outcome = route_of(Request("/p/openai/v1/chat/%63ompletions?a=%20b"));
  EXPECT_EQ(outcome.provider, "openai");
  EXPECT_EQ(outcome.path, "/v1/chat/completions");
  EXPECT_EQ(outcome.target, "/v1/chat/%63ompletions?a=%20b");
}

TEST(Route, APrefixEndsAtASegment) {
  EXPECT_EQ(route_of(Request("/p/openai2/v1/nothing")).error, "unknown_route");
  EXPECT_EQ(route_of(Request("/p/openai")).target, "/");
  EXPECT_EQ(route_of(Request("/p/openai?x=1")).target, "/?x=1");
  EXPECT_EQ(route_of(Request("/p/openai/")).target, "/");
}

TEST(Route, TheLongestPrefixWins) {
  config::Config config = usual_config();
  config.providers.push_back(make_provider("deep", provider::Family::openai, "/p/openai/eu"));
  EXPECT_EQ(route_of(Request("/p/openai/eu/v1/models"), config).provider, "deep");
  EXPECT_EQ(route_of(Request("/p/openai/europe/v1/models"), config).provider, "openai");
}

TEST(Route, AHostBeatsAPrefix) {
  const Request request("/p/openai/v1/chat/completions", {}, "POST", "VLLM.internal:8443");
  EXPECT_EQ(route_of(request).provider, "local-vllm");
  EXPECT_EQ(route_of(request).target, "/p/openai/v1/chat/completions");
}

TEST(Route, AHostMayCarryAPrefixToo) {
  config::Config config = usual_config();
  config.providers.push_back(
      make_provider("both", provider::Family::openai, "/x", "vllm.internal"));
  EXPECT_EQ(route_of(Request("/x/v1/models", {}, "GET", "vllm.internal"), config).provider, "both");
  EXPECT_EQ(route_of(Request("/v1/models", {}, "GET", "vllm.internal"), config).provider,
            "local-vllm");
  EXPECT_EQ(route_of(Request("/x/v1/nothing", {}, "GET", "other"), config).error, "unknown_route");
}

TEST(Route, AWellKnownPathFindsTheFirstProviderOfItsFamily) {
  EXPECT_EQ(route_of(Request("/v1/chat/completions")).provider, "openai");
  EXPECT_EQ(route_of(Request("/v1/messages")).provider, "anthropic");
  EXPECT_EQ(route_of(Request("/v1beta/models/g:generateContent")).provider, "gemini");
  EXPECT_EQ(route_of(Request("/v1/chat/completions")).target, "/v1/chat/completions");
}

TEST(Route, ListingModelsIsToldApartByTheHeaders) {
  EXPECT_EQ(route_of(Request("/v1/models", {}, "GET")).provider, "openai");
  EXPECT_EQ(route_of(Request("/v1/models", {{"anthropic-version", "2023-06-01"}}, "GET")).provider,
            "anthropic");
}

TEST(Route, AnUnknownPathIs404AndAnUnknownHost421) {
  const Outcome outcome = route_of(Request("/frob/nicate"));
  EXPECT_EQ(outcome.status, 404);
  EXPECT_EQ(outcome.error, "unknown_route");
  config::Config config;
  config.providers = {make_provider("vllm", provider::Family::openai, "", "vllm.internal")};
  EXPECT_EQ(route_of(Request("/frob"), config).status, 421);
  EXPECT_EQ(route_of(Request("/frob"), config).error, "unknown_host");
}

std::string dialect_of(const Request& request) {
  const Spoken spoken = spoken_by(request.head(), usual_config());
  return std::string(provider::name_of(spoken.endpoint.dialect)) + "/" +
         std::string(provider::name_of(spoken.family));
}

TEST(Route, ARefusedRequestIsAnsweredInTheDialectItsPathTells) {
  EXPECT_EQ(dialect_of(Request("/p/openai/v1/chat/completions")), "openai_chat/openai");
  EXPECT_EQ(dialect_of(Request("/p/none/v1/messages")), "anthropic_messages/opaque");
  EXPECT_EQ(dialect_of(Request("/p/none/v1beta/models/m:generateContent")), "gemini/opaque");
  EXPECT_EQ(dialect_of(Request("/nowhere")), "opaque/opaque");
  EXPECT_EQ(dialect_of(Request("/p/../v1/messages")), "anthropic_messages/opaque");
  EXPECT_EQ(dialect_of(Request("/p/none/v1/models", {{"anthropic-version", "2023-06-01"}}, "GET")),
            "opaque/anthropic");
}

TEST(Route, AdminPathsAreNotOnTheDataPort) {
  for (const auto path : {"/metrics", "/livez", "/readyz", "/-/reload", "/api/v1/records"}) {
    EXPECT_EQ(route_of(Request(path, {}, "GET")).error, "unknown_route") << path;
  }
}

TEST(Route, BadPathsAreRefused) {
  for (const auto path :
       {"/p/openai/../anthropic/v1/messages", "/p/openai/%2e%2e/x", "/a\\b", "/a%00", "*", ""}) {
    EXPECT_EQ(route_of(Request(path)).error, "bad_path") << path;
    EXPECT_EQ(route_of(Request(path)).status, 400) << path;
  }
}

TEST(Route, AnEscapedPrefixIsThePrefix) {
  EXPECT_EQ(route_of(Request("/%70/openai//v1/models")).target, "//v1/models");
  EXPECT_EQ(route_of(Request("/p%2Fopenai/v1/models")).error, "unknown_route");
}

TEST(Route, TheOriginsOwnPathComesFirst) {
  config::Config config = usual_config();
  config.providers[0].origin.path_prefix = "/openai";
  EXPECT_EQ(route_of(Request("/p/openai/v1/models?x"), config).target, "/openai/v1/models?x");
  EXPECT_EQ(route_of(Request("/p/openai"), config).target, "/openai");
}

TEST(Route, AnUnmeteredPathIsNamedRaw) {
  EXPECT_EQ(route_of(Request("/p/openai/v1/frobnicate")).endpoint, "raw");
}

TEST(Route, AWorkflowInThePathIsTakenOffFirst) {
  config::Config config = usual_config();
  config.workflow_path_prefix = "/w";
  const Request request("/w/my%20flow/p/openai/v1/models");
  const auto routed = route(request.head(), config, kNow);
  ASSERT_TRUE(routed);
  EXPECT_EQ(routed->path_workflow, "my flow");
  EXPECT_EQ(routed->forward_target, "/v1/models");
  EXPECT_EQ(route_of(Request("/w/_unset/v1/models"), config).error, "bad_path");
  EXPECT_EQ(route_of(Request("/w/x/v1/messages"), config).target, "/v1/messages");
  EXPECT_EQ(route_of(Request("/w/x/v1/messages")).error, "unknown_route");
}

class Keys : public testing::Test {
 protected:
  Keys() : config_(usual_config()) {
    config_.credentials = {make_credential("app", "vk-app"), make_credential("other", "vk-other")};
    config_.require_credential = true;
  }

  std::string credential(const Request& request) {
    const auto routed = route(request.head(), config_, kNow);
    if (!routed) return std::string(routed.error().code);
    return routed->credential == nullptr ? "-" : routed->credential->name;
  }

  config::Config config_;
};

TEST_F(Keys, AreFoundWhereverAClientShowsThem) {
  const std::string path = "/v1/chat/completions";
  EXPECT_EQ(credential(Request(path, {{"Authorization", "Bearer vk-app"}})), "app");
  EXPECT_EQ(credential(Request(path, {{"authorization", "bearer  vk-app"}})), "app");
  EXPECT_EQ(credential(Request(path, {{"X-Api-Key", "vk-other"}})), "other");
  EXPECT_EQ(credential(Request(path, {{"api-key", "vk-app"}})), "app");
  EXPECT_EQ(credential(Request(path, {{"x-goog-api-key", "vk-app"}})), "app");
  EXPECT_EQ(credential(Request(path, {{"X-LLM-Key", "vk-app"}})), "app");
  EXPECT_EQ(credential(Request(path + "?key=vk%2dapp")), "app");
}

TEST_F(Keys, ServeBesideEachOtherUntilTheyExpireOrAreRevoked) {
  const std::string path = "/v1/chat/completions";
  config::Credential& app = config_.credentials[0];
  app.keys.push_back(make_credential("", "vk-newer").keys[0]);
  app.keys[0].expires = kNow + std::chrono::seconds(1);
  EXPECT_EQ(credential(Request(path, {{"Authorization", "Bearer vk-app"}})), "app");
  EXPECT_EQ(credential(Request(path, {{"Authorization", "Bearer vk-newer"}})), "app");
  app.keys[0].expires = kNow;
  EXPECT_EQ(credential(Request(path, {{"Authorization", "Bearer vk-app"}})), "invalid_api_key");
  EXPECT_EQ(credential(Request(path, {{"Authorization", "Bearer vk-newer"}})), "app");
  app.revoked = true;
  EXPECT_EQ(credential(Request(path, {{"Authorization", "Bearer vk-newer"}})), "invalid_api_key");
  EXPECT_EQ(credential(Request(path, {{"Authorization", "Bearer vk-other"}})), "other");
}

TEST_F(Keys, UnknownAndMissingOnesAreAnsweredAlike) {
  const Request missing("/v1/chat/completions");
  const Request unknown("/v1/chat/completions", {{"Authorization", "Bearer nope"}});
  const auto first = route(missing.head(), config_, kNow);
  const auto second = route(unknown.head(), config_, kNow);
  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error().status, 401);
  EXPECT_EQ(first.error().reason, "unauthenticated");
  EXPECT_EQ(first.error().code, second.error().code);
  EXPECT_EQ(first.error().message, second.error().message);
  // Not even which paths exist is told to a stranger.
  EXPECT_EQ(credential(Request("/frob")), "invalid_api_key");
}

TEST_F(Keys, AreOptionalWhereTheConfigSaysSo) {
  config_.require_credential = false;
  EXPECT_EQ(credential(Request("/v1/chat/completions", {{"Authorization", "Bearer sk-own"}})), "-");
}

TEST_F(Keys, ThatAreOverNeverPassForTheClientsOwn) {
  config_.require_credential = false;
  config_.credentials[0].revoked = true;
  const std::string path = "/v1/chat/completions";
  EXPECT_EQ(credential(Request(path, {{"Authorization", "Bearer vk-app"}})), "invalid_api_key");
  EXPECT_EQ(credential(Request(path, {{"Authorization", "vk-app"}})), "invalid_api_key");
  EXPECT_EQ(credential(Request(path + "?key=vk-app")), "invalid_api_key");
  // One that the command has made and nobody knows any more.
  EXPECT_EQ(credential(Request(path, {{"x-api-key", "twk_deleted"}})), "invalid_api_key");
  EXPECT_EQ(credential(Request(path, {{"x-api-key", "sk-own"}})), "-");
}

TEST_F(Keys, OfGooglesQueryDoNotGoBesideOurs) {
  config_.credentials[0].provider_keys["gemini"] = "ours";
  const Request request("/p/gemini/v1beta/models/m:generateContent?key=AIza&alt=sse",
                        {{"x-goog-api-key", "vk-app"}});
  EXPECT_EQ(route_of(request, config_).target, "/v1beta/models/m:generateContent?alt=sse");
  config_.credentials[0].provider_keys.clear();
  EXPECT_EQ(route_of(request, config_).target, "/v1beta/models/m:generateContent?key=AIza&alt=sse");
}

TEST_F(Keys, OfTwoCredentialsInOneRequestAreRefused) {
  const Request request("/v1/chat/completions",
                        {{"Authorization", "Bearer vk-app"}, {"x-api-key", "vk-other"}});
  EXPECT_EQ(credential(request), "bad_header");
  const Request same("/v1/chat/completions",
                     {{"Authorization", "Bearer vk-app"}, {"x-api-key", "vk-app"}});
  EXPECT_EQ(credential(same), "app");
}

TEST_F(Keys, NeverReachTheProviderInTheQuery) {
  EXPECT_EQ(route_of(Request("/p/gemini/v1beta/models?key=vk-app"), config_).target,
            "/v1beta/models");
  EXPECT_EQ(route_of(Request("/p/gemini/v1beta/models?alt=sse&key=vk-app&x=%20"), config_).target,
            "/v1beta/models?alt=sse&x=%20");
  EXPECT_EQ(route_of(Request("/v1beta/models?k%65y=vk-app&key=vk-app"), config_).target,
            "/v1beta/models");
}

TEST_F(Keys, AreNamedByEveryFieldThatHeldThem) {
  const Request request("/v1/chat/completions?key=vk-app", {{"X-Api-Key", "vk-app"},
                                                            {"Authorization", "Bearer vk-app"},
                                                            {"api-key", "of the provider"}});
  const auto routed = route(request.head(), config_, kNow);
  ASSERT_TRUE(routed);
  std::vector<std::string_view> names;
  append_key_fields(routed->key_places, names);
  EXPECT_EQ(names, (std::vector<std::string_view>{"authorization", "x-api-key"}));
  EXPECT_EQ(routed->forward_target_storage, "/v1/chat/completions");
}

}  // namespace
}  // namespace tokenweir::identify
