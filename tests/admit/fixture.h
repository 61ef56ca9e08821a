// Price books and requests for the tests of admission.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "../pricing/books.h"
#include "admit/gate.h"

namespace tokenweir::admit {

inline const std::string kPlain = R"(
models:
- id: plain
  periods:
  - rates: {input: "1", output: "4"}
- id: small
  periods:
  - rates: {input: "0.1", output: "0.4"}
)";

inline Time at(const char* rfc3339) { return parse_rfc3339(rfc3339).value(); }
inline const budget::Now kNow{at("2026-11-01T12:00:00Z"), Instant{} + std::chrono::hours(1'000)};

// One policy, its books, and a request to try on them.
class Admitting : public ::testing::Test {
 protected:
  void use(const config::Config& config) {
    auto policy = Policy::compile(config);
    ASSERT_TRUE(policy) << policy.error();
    policy_ = std::move(*policy);
    accounts_.configure(policy_.book_rules());
    runs_.configure(config.policy.runs);
  }
  [[nodiscard]] Books books() {
    return {policy_, prices_, accounts_, runs_, kills_, rates_, enforcing_};
  }
  [[nodiscard]] Request request() {
    return {attribution_, "test-provider",
            "test",       "api.test",
            endpoint_,    asked_,
            asked_.model, body_bytes_,
            false,        true,
            false,        true,
            false,        counted_input_,
            input_count_, 0,
            output_max_,  false,
            extras_,      {},
            {},           signs_,
            kNow.wall};
  }
  Plan plan() { return prepare(books(), request(), kNow); }
  Admission ask(budget::Patience patience = budget::Patience::may_wait) {
    last_ = plan();
    return decide(books(), request(), last_, patience, kNow);
  }
  static config::Budget budget_of(std::string name, const char* usd) {
    config::Budget budget;
    budget.name = std::move(name);
    budget.limit.usd = Money::from_dollars(usd);
    budget.window = config::Window::total;
    budget.ladder = {{1'000'000, false, true, {}, {}}};
    budget.contact = "#owner";
    return budget;
  }

  void SetUp() override {
    endpoint_.dialect = provider::Dialect::openai_chat;
    endpoint_.name = "chat.completions";
    endpoint_.cappable = endpoint_.metered = true;
    asked_.readable = true;
    asked_.splicable = true;
    asked_.model_value = provider::Splice{9, 7, {}};
    asked_.model = "plain";
    asked_.output_cap = 4'000;
    attribution_.workflow = "w";
    attribution_.credential = "app";
  }

  Policy policy_;
  pricing::PriceBook prices_ = pricing::test::book_of(pricing::test::list(kPlain));
  budget::Book accounts_;
  runs::RunBook runs_;
  KillSwitches kills_;
  RateCache rates_;
  bool enforcing_ = true;
  Attribution attribution_;
  provider::Endpoint endpoint_;
  provider::Asked asked_;
  std::uint64_t body_bytes_ = 2'000;
  std::int64_t output_max_ = 0;
  std::optional<std::int64_t> counted_input_;
  std::optional<std::int64_t> input_count_;
  Extras extras_;
  runs::Signs signs_;
  Plan last_;
};

}  // namespace tokenweir::admit
