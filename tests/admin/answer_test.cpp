// Who may ask the operators' listener what.
#include "house.h"

namespace tokenweir::admin {
namespace {

class Listener : public House {
 protected:
  Question order() {
    Question question;
    question.method = "POST";
    question.target = "/api/v1/kill";
    question.authorization = authorization_;
    question.host = "127.0.0.1:9090";
    question.content_type = "application/json";
    question.body = R"({"run":"r","reason":"why"})";
    return question;
  }
  const std::string authorization_ = "Bearer " + std::string(kToken);
};

TEST_F(Listener, OrdersAndQuestionsNeedTheToken) {
  for (const char* target :
       {"/api/v1/kill", "/api/v1/budgets", "/api/v1/runs", "/api/v1/audit", "/api/v1/spend",
        "/api/v1/top", "/api/v1/enforcement", "/api/v1/records"}) {
    Question question = order();
    question.method = "GET";
    question.body = {};
    question.target = target;
    EXPECT_EQ(ask(question).status, 200) << target;
    for (const char* wrong : {"", "Bearer ", "Bearer 0123456789abcdef0123456789abcdeX",
                              "Bearer 0123456789abcdef0123456789abcdef0", "Basic x"}) {
      question.authorization = wrong;
      EXPECT_EQ(ask(question).status, 401) << target << " " << wrong;
    }
  }
  Question question = order();
  question.authorization = {};
  EXPECT_EQ(ask(question).status, 401);
  EXPECT_FALSE(process_->kills.any());
}

TEST_F(Listener, WithoutATokenInTheConfigurationThereAreNoOrders) {
  config::Admin open;
  EXPECT_EQ(answer(order(), open, actions_, &operators()).status, 403);
  Question question = order();
  question.method = "GET";
  EXPECT_EQ(answer(question, open, actions_, &operators()).status, 200);
}

TEST_F(Listener, PagesOfOtherOriginsGiveNoOrders) {
  Question question = order();
  for (const char* foreign : {"https://evil.example", "null", "http://127.0.0.1:8080",
                              "http://localhost:9090", "127.0.0.1:9090"}) {
    question.origin = foreign;
    EXPECT_EQ(ask(question).status, 403) << foreign;
    question.target = "/-/reload";
    EXPECT_EQ(ask(question).status, 403) << foreign;
    question.target = "/api/v1/kill";
  }
  question.origin = "http://127.0.0.1:9090";
  EXPECT_EQ(ask(question).status, 201);
}

TEST_F(Listener, OnlyJsonIsAnOrder) {
  Question question = order();
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"}) {
    question.content_type = type;
    EXPECT_EQ(ask(question).status, 415) << type;
  }
  question.content_type = "application/json; charset=utf-8";
  EXPECT_EQ(ask(question).status, 201);
}

TEST_F(Listener, ARebindingHostIsRefused) {
  Question question = order();
  for (const char* host : {"evil.example", "evil.example:9090", "localhost.evil.example"}) {
    question.host = host;
    EXPECT_EQ(ask(question).status, 421) << host;
  }
}

TEST_F(Listener, TheActorIsAPlainShortName) {
  Question question = order();
  for (const char* bad : {"a\"b", "a\tb", "\xC3\xBC",
                          "0123456789012345678901234567890123456789012345678901234567890123456"}) {
    question.actor = bad;
    EXPECT_EQ(ask(question).status, 400) << bad;
  }
  question.actor = "maria.k+oncall@example.com";
  EXPECT_EQ(ask(question).status, 201);
  question.actor = {};
  EXPECT_EQ(ask(question).status, 201);
  EXPECT_EQ(query("SELECT group_concat(actor) FROM audit"),
            "maria.k+oncall@example.com,admin-token");
}

TEST_F(Listener, MethodsAndPathsThatDoNotExistAreToldApart) {
  EXPECT_EQ(ask("PUT", "/api/v1/kill").status, 405);
  EXPECT_EQ(ask("DELETE", "/api/v1/kill").status, 405);
  EXPECT_EQ(ask("POST", "/api/v1/kill/7").status, 405);
  EXPECT_EQ(ask("POST", "/api/v1/audit").status, 405);
  EXPECT_EQ(ask("POST", "/api/v1/spend").status, 405);
  EXPECT_EQ(ask("POST", "/api/v1/records").status, 405);
  EXPECT_EQ(ask("DELETE", "/api/v1/audit").status, 405);
  EXPECT_EQ(ask("POST", "/livez").status, 405);
  EXPECT_EQ(ask("GET", "/-/reload").status, 405);
  EXPECT_EQ(ask("GET", "/api/v1/killed").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/kill/7/x").status, 404);
  EXPECT_EQ(ask("DELETE", "/api/v1/kill/99999999999999999999").status, 400);
  EXPECT_EQ(ask("DELETE", "/api/v1/kill/7").status, 404);
}

TEST_F(Listener, WithoutOperatorsTheirPathsDoNotExist) {
  config::Admin settings;
  settings.token = kToken;
  Question question = order();
  EXPECT_EQ(answer(question, settings, actions_).status, 405);
  question.method = "GET";
  EXPECT_EQ(answer(question, settings, actions_).status, 404);
}

}  // namespace
}  // namespace tokenweir::admin
