// A house to give orders to: real books and a real ledger file, a clock that is set by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../budget/fixture.h"
#include "../publish/sample.h"
#include "admin/answer.h"
#include "admin/operators.h"
#include "publish/ledger.h"

namespace tokenweir::admin {

inline constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";

class NoActions final : public Actions {
 public:
  bool alive() override { return true; }
  std::vector<std::string> unready_reasons() override { return {}; }
  std::string metrics() override { return "up 1\n"; }
  std::string reload() override { return reload_problems; }
  void drain() override { drained = true; }
  std::optional<std::string> record(std::string_view) override { return std::nullopt; }
  std::string records(const Query&) override { return "[]\n"; }

  std::string reload_problems;
  bool drained = false;
};

// One process' worth of objects over a ledger that may outlive it.
struct Process {
  Process(const std::string& path, const Clock& clock) : spend(path) {
    auto opened = publish::Ledger::open(path, clock.now());
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    ledger = std::move(*opened);
    auto orders = publish::OperatorStore::open(path);
    EXPECT_TRUE(orders.has_value()) << orders.error();
    store = std::move(*orders);
    budget::Rule each_user = budget::usd_rule("each-user", 2 * budget::kDollar);
    each_user.per = budget::per({"user", "customer"});
    each_user.match = budget::Selector({{*budget::Subject::named("user"), {budget::Glob("?*")}}});
    budget::Rule rolling =
        budget::usd_rule("rolling", 30 * budget::kDollar, budget::WindowKind::rolling);
    rolling.window.length = std::chrono::hours(1);
    book.configure({budget::usd_rule("daily", 10 * budget::kDollar, budget::WindowKind::day),
                    each_user, rolling});
    operators.emplace(Operators::House{book, runs, kills, enforcement, *store, spend, calibration,
                                       [this] { return keep(); }, clock});
    const auto restored = operators->restore();
    EXPECT_TRUE(restored.has_value()) << restored.error();
  }

  Result<void, std::string> keep() {
    if (!can_keep) return failure(std::string("the disk is full"));
    kept = calibration.save();
    return {};
  }

  count::Calibration calibration;
  std::string kept;  // what the file beside the ledger holds
  bool can_keep = true;
  std::unique_ptr<publish::Ledger> ledger;
  std::unique_ptr<publish::OperatorStore> store;
  publish::SpendReader spend;
  budget::Book book;
  runs::RunBook runs;
  admit::KillSwitches kills;
  admit::EnforcementSwitch enforcement;
  std::optional<Operators> operators;
};

class House : public ::testing::Test {
 protected:
  House() { restart(); }
  // Ends the process and starts another over the same ledger.
  void restart() {
    process_.reset();
    process_.emplace(folder_.file("ledger.db"), clock_);
  }
  Operators& operators() { return *process_->operators; }
  budget::Now moment() const { return {clock_.now(), clock_.monotonic()}; }
  [[nodiscard]] std::string query(const std::string& sql) const {
    return publish::testing::query(folder_.file("ledger.db"), sql);
  }

  // A request as the command line sends it.
  Reply ask(std::string_view method, std::string_view target, std::string_view body = {}) {
    const std::string authorization = "Bearer " + std::string(kToken);
    Question question;
    question.method = method;
    question.target = target;
    question.authorization = authorization;
    question.host = "127.0.0.1:9090";
    question.content_type = body.empty() ? "" : "application/json";
    question.actor = "maria";
    question.body = body;
    return ask(question);
  }
  Reply ask(const Question& question) {
    config::Admin settings;
    settings.token = kToken;
    return answer(question, settings, actions_, &operators());
  }
  bool killed(budget::Property property, std::string_view value) {
    budget::Facts facts;
    facts[property] = value;
    return process_->kills.find(facts, clock_.now()).has_value();
  }
  bool enforcing() { return process_->enforcement.enforcing(clock_.now()); }
  // Whether `usd` picodollars are free for a request of these facts.
  bool admits(std::int64_t usd, const budget::Facts& facts = {}) {
    const auto decision =
        process_->book.hold(facts, budget::demand_of(usd), budget::Patience::last_try, moment());
    return decision.verdict == budget::Verdict::admitted;
  }

  publish::testing::TemporaryFolder folder_;
  publish::testing::FixedClock clock_;
  NoActions actions_;
  std::optional<Process> process_;
};

}  // namespace tokenweir::admin
