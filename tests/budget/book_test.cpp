#include "budget/book.h"

#include <thread>

#include "fixture.h"

namespace tokenweir::budget {
namespace {

const Now kNoon = moment("2026-05-05T12:00:00Z");

Amounts of_account(Book& book, std::string_view name, Now now, bool held = false) {
  for (const AccountView& view : book.view(now)) {
    if (view.name->budget == name) return held ? view.held : view.spent;
  }
  return {};
}
std::int64_t spent(Book& book, std::string_view name, Now now = kNoon) {
  return of_account(book, name, now)[Measure::usd];
}
std::int64_t held(Book& book, std::string_view name, Now now = kNoon) {
  return of_account(book, name, now, true)[Measure::usd];
}

TEST(Book, HoldsOnEveryAccountOrOnNone) {
  Book book;
  book.configure({usd_rule("large", 100), usd_rule("small", 10)});
  Decision first = book.hold({}, demand_of(8), Patience::may_wait, kNoon);
  ASSERT_EQ(first.verdict, Verdict::admitted);
  const Decision second = book.hold({}, demand_of(20), Patience::may_wait, kNoon);
  EXPECT_EQ(second.verdict, Verdict::refused);
  EXPECT_EQ(second.no->budget, "small");
  EXPECT_EQ(held(book, "large"), 8);
  EXPECT_EQ(held(book, "small"), 8);
  (void)book.settle(std::move(first.hold), usd(3), kNoon);
  EXPECT_EQ(spent(book, "large"), 3);
  EXPECT_EQ(spent(book, "small"), 3);
  EXPECT_EQ(held(book, "large"), 0);
}

TEST(Book, SaysMustWaitOnlyWhenHoldsAloneBlock) {
  Book book;
  book.configure({usd_rule("b", 10)});
  Decision holder = book.hold({}, demand_of(8), Patience::may_wait, kNoon);
  const Decision waiting = book.hold({}, demand_of(5), Patience::may_wait, kNoon);
  EXPECT_EQ(waiting.verdict, Verdict::must_wait);
  EXPECT_TRUE(waiting.no->only_held);
  const Decision last = book.hold({}, demand_of(5), Patience::last_try, kNoon);
  EXPECT_EQ(last.verdict, Verdict::refused);
  EXPECT_TRUE(last.no->only_held);
  EXPECT_EQ(last.no->limit, 10);
  EXPECT_EQ(last.no->held, 8);
  const std::uint64_t before = book.releases();
  (void)book.settle(std::move(holder.hold), usd(6), kNoon);
  EXPECT_GT(book.releases(), before);
  const Decision exhausted = book.hold({}, demand_of(5), Patience::may_wait, kNoon);
  EXPECT_EQ(exhausted.verdict, Verdict::refused);
  EXPECT_FALSE(exhausted.no->only_held);
  EXPECT_EQ(exhausted.no->spent, 6);
}

TEST(Book, ClampsTheOutputToTheMoneyLeft) {
  Book book;
  book.configure({usd_rule("b", 1'000)});
  // 100 of input, 2 a token: 450 tokens fit.
  Decision decision = book.hold({}, demand_of(100, 800, 2, 200), Patience::may_wait, kNoon);
  ASSERT_EQ(decision.verdict, Verdict::admitted);
  EXPECT_EQ(decision.output_cap, 450);
  EXPECT_EQ(decision.clamped_by, "b");
  EXPECT_EQ(decision.usd_remaining, 0);
  EXPECT_EQ(held(book, "b"), 1'000);
  (void)book.release(std::move(decision.hold), kNoon);
  // Not below the least that is useful.
  const Decision refused = book.hold({}, demand_of(100, 2'000, 2, 500), Patience::may_wait, kNoon);
  EXPECT_EQ(refused.verdict, Verdict::refused);
  EXPECT_EQ(refused.no->asked, 1'100);
}

TEST(Book, WaitsForALongerAnswerBeforeItClampsToWhatOthersHold) {
  Book book;
  book.configure({usd_rule("b", 1'000)});
  const Decision other = book.hold({}, demand_of(600), Patience::may_wait, kNoon);
  const Demand demand = demand_of(0, 800, 1, 200);
  EXPECT_EQ(book.hold({}, demand, Patience::may_wait, kNoon).verdict, Verdict::must_wait);
  const Decision last = book.hold({}, demand, Patience::last_try, kNoon);
  EXPECT_EQ(last.verdict, Verdict::admitted);
  EXPECT_EQ(last.output_cap, 400);
}

TEST(Book, CountsEveryChoiceAgainstTheCap) {
  Book book;
  book.configure({usd_rule("b", 1'000)});
  Demand demand = demand_of(0, 800, 1, 100);
  demand.choices = 4;
  const Decision decision = book.hold({}, demand, Patience::may_wait, kNoon);
  EXPECT_EQ(decision.output_cap, 250);
  EXPECT_EQ(decision.hold.amounts()[Measure::usd], 1'000);
  EXPECT_EQ(decision.hold.amounts()[Measure::output_tokens], 1'000);
}

TEST(Book, LimitsTokensAndRequestsLikeMoney) {
  Book book;
  Rule rule = usd_rule("tokens", 0);
  rule.limits[0].reset();
  rule.limits[static_cast<std::size_t>(Measure::total_tokens)] = 1'000;
  rule.limits[static_cast<std::size_t>(Measure::requests)] = 2;
  book.configure({rule});
  Demand demand = demand_of(0, 900, 1, 100);
  demand.fixed[Measure::total_tokens] = 300;
  Decision decision = book.hold({}, demand, Patience::may_wait, kNoon);
  EXPECT_EQ(decision.output_cap, 700);
  Amounts consumed;
  consumed[Measure::requests] = 1;
  consumed[Measure::total_tokens] = 310;
  (void)book.settle(std::move(decision.hold), consumed, kNoon);
  Decision second = book.hold({}, demand, Patience::may_wait, kNoon);
  EXPECT_EQ(second.output_cap, 390);
  (void)book.settle(std::move(second.hold), consumed, kNoon);
  const Decision third = book.hold({}, demand_of(0), Patience::may_wait, kNoon);
  EXPECT_EQ(third.verdict, Verdict::refused);
  EXPECT_EQ(third.no->measure, Measure::requests);
}

TEST(Book, SettlesOnceAndRecordsAnOverrun) {
  Book book;
  book.configure({usd_rule("b", 100)});
  Decision decision = book.hold({}, demand_of(10), Patience::may_wait, kNoon);
  const Settlement first = book.settle(std::move(decision.hold), usd(25), kNoon);
  EXPECT_TRUE(first.first);
  EXPECT_EQ(first.overrun[Measure::usd], 15);
  ASSERT_EQ(first.postings.size(), 1u);
  EXPECT_EQ(first.postings[0].amounts[Measure::usd], 25);
  const Settlement second = book.settle(std::move(decision.hold), usd(25), kNoon);
  EXPECT_FALSE(second.first);
  EXPECT_TRUE(second.postings.empty());
  EXPECT_EQ(spent(book, "b"), 25);
  EXPECT_EQ(book.settled_twice(), 1u);
}

TEST(Book, ChargesAForgottenHoldOnlyWhenSomethingWasSent) {
  Book book;
  book.configure({usd_rule("b", 100)});
  { const Decision dropped = book.hold({}, demand_of(10), Patience::may_wait, kNoon); }
  EXPECT_EQ(spent(book, "b"), 0);
  {
    Decision dropped = book.hold({}, demand_of(10), Patience::may_wait, kNoon);
    dropped.hold.mark_sent();
    const Hold moved = std::move(dropped.hold);
  }
  EXPECT_EQ(spent(book, "b"), 10);
  EXPECT_EQ(held(book, "b"), 0);
  EXPECT_EQ(book.forfeited(), 2u);
}

TEST(Book, GrowsAHoldOnlyIntoFreeMoney) {
  Book book;
  book.configure({usd_rule("b", 100)});
  Demand demand = demand_of(10, 1'000, 1, 10);
  demand.output_first = 20;
  Decision stream = book.hold({}, demand, Patience::may_wait, kNoon);
  EXPECT_EQ(stream.output_cap, 90);
  EXPECT_EQ(held(book, "b"), 30);
  Decision other = book.hold({}, demand_of(50), Patience::may_wait, kNoon);
  ASSERT_EQ(other.verdict, Verdict::admitted);
  EXPECT_EQ(book.grow(stream.hold, usd(20), kNoon).verdict, Verdict::admitted);
  const Decision no = book.grow(stream.hold, usd(20), kNoon);
  EXPECT_EQ(no.verdict, Verdict::refused);
  EXPECT_TRUE(no.no->only_held);
  (void)book.settle(std::move(other.hold), usd(50), kNoon);
  EXPECT_FALSE(book.grow(stream.hold, usd(20), kNoon).no->only_held);
  (void)book.settle(std::move(stream.hold), usd(45), kNoon);
  EXPECT_EQ(spent(book, "b"), 95);
  EXPECT_EQ(held(book, "b"), 0);
}

TEST(Book, SettlesIntoTheWindowOfTheHold) {
  Book book;
  book.configure({usd_rule("daily", 100, WindowKind::day)});
  const Now evening = moment("2026-05-05T23:59:59Z");
  const Now morning = moment("2026-05-06T00:00:01Z");
  Decision old = book.hold({}, demand_of(60), Patience::may_wait, evening);
  Decision fresh = book.hold({}, demand_of(90), Patience::may_wait, morning);
  ASSERT_EQ(fresh.verdict, Verdict::admitted) << "a new day has its own money";
  const Settlement late = book.settle(std::move(old.hold), usd(50), morning);
  EXPECT_EQ(format_rfc3339(late.postings[0].period_begin), "2026-05-05T00:00:00.000Z");
  EXPECT_EQ(spent(book, "daily", morning), 0);
  EXPECT_EQ(held(book, "daily", morning), 90);
  (void)book.settle(std::move(fresh.hold), usd(90), morning);
  EXPECT_EQ(spent(book, "daily", morning), 90);
}

TEST(Book, DoesNotOpenAWindowTwiceWhenTheClockIsPutBack) {
  Book book;
  book.configure({usd_rule("daily", 100, WindowKind::day)});
  const Now today = moment("2026-05-05T23:30:00Z");
  Now jumped = later(today, std::chrono::seconds(1));
  jumped.wall += std::chrono::hours(1);
  const auto spend = [&](Now now, std::int64_t amount) {
    Decision decision = book.hold({}, demand_of(amount), Patience::may_wait, now);
    if (decision.verdict != Verdict::admitted) return false;
    (void)book.settle(std::move(decision.hold), usd(amount), now);
    return true;
  };
  EXPECT_TRUE(spend(today, 80));
  EXPECT_TRUE(spend(jumped, 70));  // tomorrow, says the clock
  const Now back = later(today, std::chrono::minutes(2));
  EXPECT_FALSE(spend(back, 30)) << "today had 20 left";
  EXPECT_TRUE(spend(back, 20));
  const Now tomorrow = moment("2026-05-06T08:00:00Z");
  EXPECT_FALSE(spend(tomorrow, 40)) << "tomorrow had begun already and spent 70";
  EXPECT_TRUE(spend(tomorrow, 30));
}

TEST(Book, RollsAWindowWithTheMonotonicClock) {
  Book book;
  Rule rule = usd_rule("hourly", 100, WindowKind::rolling);
  rule.window.length = std::chrono::hours(1);
  book.configure({rule});
  Decision decision = book.hold({}, demand_of(100), Patience::may_wait, kNoon);
  (void)book.settle(std::move(decision.hold), usd(100), kNoon);
  Now jumped = kNoon;
  jumped.wall += std::chrono::hours(5);
  const Decision no = book.hold({}, demand_of(1), Patience::may_wait, jumped);
  EXPECT_EQ(no.verdict, Verdict::refused) << "setting the clock frees nothing";
  EXPECT_EQ(book.hold({}, demand_of(1), Patience::may_wait, later(kNoon, std::chrono::minutes(59)))
                .verdict,
            Verdict::refused);
  EXPECT_EQ(book.hold({}, demand_of(1), Patience::may_wait, later(kNoon, std::chrono::minutes(62)))
                .verdict,
            Verdict::admitted);
  EXPECT_GE(no.no->retry_after->count(), 3'600 - 1);
  EXPECT_LE(no.no->retry_after->count(), 3'660 + 1);
}

TEST(Book, KeepsARateByTheMinuteAndInFlight) {
  Book book;
  Rule rate;
  rate.name = "rate";
  rate.kind = RuleKind::rate;
  rate.window.kind = WindowKind::rolling;
  rate.window.length = std::chrono::minutes(1);
  rate.limits[static_cast<std::size_t>(Measure::requests)] = 3;
  rate.limits[static_cast<std::size_t>(Measure::concurrent)] = 2;
  book.configure({rate});
  Decision one = book.hold({}, demand_of(0), Patience::may_wait, kNoon);
  Decision two = book.hold({}, demand_of(0), Patience::may_wait, kNoon);
  const Decision crowded = book.hold({}, demand_of(0), Patience::last_try, kNoon);
  EXPECT_EQ(crowded.verdict, Verdict::refused);
  EXPECT_EQ(crowded.no->measure, Measure::concurrent);
  EXPECT_EQ(crowded.no->kind, RuleKind::rate);
  EXPECT_TRUE(book.settle(std::move(one.hold), usd(0), kNoon).postings.empty());
  Decision three = book.hold({}, demand_of(0), Patience::may_wait, kNoon);
  ASSERT_EQ(three.verdict, Verdict::admitted);
  (void)book.settle(std::move(two.hold), usd(0), kNoon);
  (void)book.settle(std::move(three.hold), usd(0), kNoon);
  const Decision full = book.hold({}, demand_of(0), Patience::may_wait, kNoon);
  EXPECT_EQ(full.verdict, Verdict::refused);
  EXPECT_EQ(full.no->measure, Measure::requests);
  ASSERT_TRUE(full.no->retry_after);
  const Now then = later(kNoon, *full.no->retry_after);
  EXPECT_EQ(book.hold({}, demand_of(0), Patience::may_wait, then).verdict, Verdict::admitted);
}

TEST(Book, GivesEveryRunItsOwnAccountAndItsParentsAShare) {
  Book book;
  Rule rule = usd_rule("each-run", 100, WindowKind::run);
  rule.per = per({"run"});
  book.configure({rule});
  const std::vector<Ancestor> ancestors = {{"w", "parent"}};
  Facts child = facts_for("w", "child");
  child.ancestors = ancestors;
  Decision sub = book.hold(child, demand_of(70), Patience::may_wait, kNoon);
  (void)book.settle(std::move(sub.hold), usd(70), kNoon);
  EXPECT_EQ(book.hold(facts_for("w", "parent"), demand_of(40), Patience::may_wait, kNoon).verdict,
            Verdict::refused);
  EXPECT_EQ(book.hold(facts_for("w", "other"), demand_of(40), Patience::may_wait, kNoon).verdict,
            Verdict::admitted);
  EXPECT_EQ(book.hold(facts_for("w"), demand_of(400), Patience::may_wait, kNoon).verdict,
            Verdict::admitted)
      << "a request without a run has no run budget";
}

TEST(Book, OnlyTellsWhatAnObservingBudgetWouldDo) {
  Book book;
  Rule rule = usd_rule("watch", 100);
  rule.enforce = false;
  book.configure({rule});
  Decision clamped = book.hold({}, demand_of(0, 200, 1, 50), Patience::may_wait, kNoon);
  EXPECT_EQ(clamped.verdict, Verdict::admitted);
  EXPECT_EQ(clamped.output_cap, 200);
  EXPECT_EQ(clamped.would_clamp, 100);
  (void)book.settle(std::move(clamped.hold), usd(150), kNoon);
  const Decision over = book.hold({}, demand_of(1), Patience::may_wait, kNoon);
  EXPECT_EQ(over.verdict, Verdict::admitted);
  ASSERT_TRUE(over.would_refuse);
  EXPECT_EQ(over.would_refuse->spent, 150);
}

// What is let through because nothing is enforced is spent, but would not have been.
TEST(Book, PredictsWhatEnforcingWouldRefuseOneAfterTheOther) {
  const std::vector<std::int64_t> costs = {60, 50, 30, 20, 10};
  const auto refused_by = [&](bool enforce) {
    Book book;
    Rule rule = usd_rule("watch", 100);
    rule.enforce = enforce;
    book.configure({rule});
    std::vector<std::int64_t> refused;
    for (const std::int64_t cost : costs) {
      Decision decision = book.hold({}, demand_of(cost), Patience::may_wait, kNoon);
      if (decision.no || decision.would_refuse) refused.push_back(cost);
      if (decision.hold) (void)book.settle(std::move(decision.hold), usd(cost), kNoon);
    }
    if (!enforce) {
      EXPECT_EQ(spent(book, "watch"), 170) << "all of it was spent";
    }
    return refused;
  };
  EXPECT_EQ(refused_by(true), (std::vector<std::int64_t>{50, 20}));
  EXPECT_EQ(refused_by(false), refused_by(true));
}

TEST(Book, TreatsEveryRuleAsObservingWhileEnforcementIsOff) {
  Book book;
  book.configure({usd_rule("hard", 10)});
  const Decision off = book.hold({}, demand_of(50), Patience::may_wait, kNoon, false);
  EXPECT_EQ(off.verdict, Verdict::admitted);
  EXPECT_TRUE(off.would_refuse);
  EXPECT_EQ(book.hold({}, demand_of(50), Patience::may_wait, kNoon, true).verdict,
            Verdict::refused);
}

TEST(Book, RejectsFromTheShareOfTheLadder) {
  Book book;
  Rule early = usd_rule("early", 100);
  early.reject_at = 900'000;
  Rule soft = usd_rule("soft", 10);
  soft.reject_at.reset();
  book.configure({early, soft});
  EXPECT_EQ(book.hold({}, demand_of(91), Patience::may_wait, kNoon).verdict, Verdict::refused);
  Decision fits = book.hold({}, demand_of(90), Patience::may_wait, kNoon);
  EXPECT_EQ(fits.verdict, Verdict::admitted);
  (void)book.settle(std::move(fits.hold), usd(50), kNoon);
  const auto standings = book.standings({}, kNoon);
  ASSERT_EQ(standings.size(), 2u);
  EXPECT_EQ(standings[0].millionths, 500'000);
  EXPECT_EQ(standings[1].millionths, 5'000'000);
}

TEST(Book, ObeysAnOverrideUntilItExpires) {
  Book book;
  book.configure({usd_rule("b", 10)});
  Override more;
  more.limits[0] = 100;
  more.until = kNoon.wall + std::chrono::hours(1);
  EXPECT_FALSE(book.set_override("none", std::nullopt, more));
  ASSERT_TRUE(book.set_override("b", std::nullopt, more));
  EXPECT_EQ(book.hold({}, demand_of(50), Patience::may_wait, kNoon).verdict, Verdict::admitted);
  const Now after = later(kNoon, std::chrono::hours(1));
  EXPECT_EQ(book.hold({}, demand_of(50), Patience::may_wait, after).verdict, Verdict::refused);
}

TEST(Book, RefusesWhileTheSpendIsUnknown) {
  Book book;
  book.configure({usd_rule("total", 100), usd_rule("daily", 100, WindowKind::day)});
  book.distrust(kNoon);
  const Decision unknown = book.hold({}, demand_of(1), Patience::may_wait, kNoon);
  EXPECT_EQ(unknown.verdict, Verdict::refused);
  EXPECT_TRUE(unknown.no->unknown);
  ASSERT_TRUE(book.set_spent("total", "", usd(40), kNoon));
  EXPECT_EQ(book.hold({}, demand_of(1), Patience::may_wait, kNoon).verdict, Verdict::refused);
  const Now tomorrow = later(kNoon, std::chrono::hours(24));
  EXPECT_EQ(book.hold({}, demand_of(1), Patience::may_wait, tomorrow).verdict, Verdict::admitted)
      << "a new day starts from a known nothing";
  EXPECT_EQ(book.hold({}, demand_of(70), Patience::may_wait, tomorrow).verdict, Verdict::refused);
}

TEST(Book, ACorrectionIsAddedToItsPeriodAndMakesTheAccountKnown) {
  Book book;
  book.configure({usd_rule("daily", 100, WindowKind::day)});
  book.charge({}, usd(40), kNoon.wall, kNoon);
  const auto before = book.find("daily", "", kNoon);
  ASSERT_TRUE(before);
  book.distrust(kNoon);
  ASSERT_TRUE(book.correct_spent("daily", "", before->period.begin, usd(-15), kNoon));
  const auto after = book.find("daily", "", kNoon);
  EXPECT_EQ(after->spent[Measure::usd], 25);
  EXPECT_FALSE(after->unknown);
  // Looked at before midnight, corrected after it: the day it is about keeps it.
  const Now tomorrow = later(kNoon, std::chrono::hours(24));
  ASSERT_TRUE(book.correct_spent("daily", "", before->period.begin, usd(-15), tomorrow));
  EXPECT_EQ(book.find("daily", "", tomorrow)->spent[Measure::usd], 0);
  EXPECT_EQ(book.find("daily", "", kNoon)->spent[Measure::usd], 10);
  EXPECT_FALSE(book.correct_spent("other", "", kNoon.wall, {}, kNoon));
  EXPECT_FALSE(book.find("daily", "no such account", kNoon));
  EXPECT_EQ(book.names(), std::vector<std::string>{"daily"});
}

TEST(Book, KeepsSpendAndHoldsThroughAReload) {
  Book book;
  book.configure({usd_rule("b", 100), usd_rule("gone", 100)});
  Decision decision = book.hold({}, demand_of(60), Patience::may_wait, kNoon);
  book.configure({usd_rule("new", 100), usd_rule("b", 50)});
  EXPECT_EQ(held(book, "b"), 60);
  EXPECT_EQ(book.hold({}, demand_of(1), Patience::may_wait, kNoon).verdict, Verdict::must_wait);
  EXPECT_EQ(book.settle(std::move(decision.hold), usd(30), kNoon).postings.size(), 2u)
      << "the ledger keeps what a budget that is gone has spent";
  EXPECT_EQ(spent(book, "b"), 30);
  EXPECT_EQ(book.size(), 2u);
}

TEST(Book, RestoresStoredSums) {
  Book book;
  Rule rolling = usd_rule("rolling", 100, WindowKind::rolling);
  rolling.window.length = std::chrono::hours(1);
  book.configure({usd_rule("daily", 100, WindowKind::day), rolling});
  book.restore("daily", "", at("2026-05-05T00:00:00Z"), usd(40), kNoon);
  book.restore("daily", "", at("2026-05-04T00:00:00Z"), usd(99), kNoon);
  book.restore("rolling", "", kNoon.wall - std::chrono::minutes(30), usd(70), kNoon);
  book.restore("rolling", "", kNoon.wall - std::chrono::minutes(90), usd(70), kNoon);
  EXPECT_EQ(spent(book, "daily"), 40);
  EXPECT_EQ(spent(book, "rolling"), 70);
  const Now later_on = later(kNoon, std::chrono::minutes(33));
  EXPECT_EQ(spent(book, "rolling", later_on), 0);
}

TEST(Book, ChargesWithoutAHoldIntoTheWindowOfItsTime) {
  Book book;
  book.configure({usd_rule("daily", 100, WindowKind::day)});
  const auto yesterday = book.charge({}, usd(5), at("2026-05-04T23:00:00Z"), kNoon);
  const auto today = book.charge({}, usd(7), at("2026-05-05T01:00:00Z"), kNoon);
  EXPECT_EQ(format_rfc3339(yesterday.postings[0].period_begin), "2026-05-04T00:00:00.000Z");
  EXPECT_EQ(spent(book, "daily"), 7);
}

TEST(Book, FailsClosedWhenThereIsNoRoomForAnotherAccount) {
  Book book(2);
  Rule rule = usd_rule("users", 100, WindowKind::day);
  rule.per = per({"user"});
  book.configure({rule});
  Facts facts;
  for (const char* user : {"a", "b"}) {
    facts[Property::user] = user;
    Decision decision = book.hold(facts, demand_of(1), Patience::may_wait, kNoon);
    EXPECT_EQ(decision.verdict, Verdict::admitted);
    (void)book.settle(std::move(decision.hold), user[0] == 'a' ? usd(1) : Amounts{}, kNoon);
  }
  facts[Property::user] = "c";
  const Decision third = book.hold(facts, demand_of(1), Patience::may_wait, kNoon);
  EXPECT_EQ(third.verdict, Verdict::refused);
  EXPECT_TRUE(third.no->crowded);
  EXPECT_EQ(book.sweep(later(kNoon, std::chrono::hours(4)), std::chrono::hours(1)), 1u)
      << "what has spent nothing may be forgotten";
}

TEST(Book, SaturatesInsteadOfWrapping) {
  Book book;
  book.configure({usd_rule("b", INT64_MAX)});
  Demand demand = demand_of(INT64_MAX - 5, INT64_MAX / 2, INT64_MAX / 2, 1);
  demand.choices = 1'000'000;
  EXPECT_EQ(book.hold({}, demand, Patience::may_wait, kNoon).verdict, Verdict::refused);
  EXPECT_EQ(amounts_for(demand, INT64_MAX)[Measure::usd], INT64_MAX);
}

TEST(Book, NeverOverspendsWithManyThreads) {
  Book book;
  Rule each = usd_rule("each", 4'000);
  each.per = per({"workflow"});
  book.configure({usd_rule("all", 10'000), each});
  std::atomic<std::int64_t> admitted{0};
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&, worker] {
      const std::string workflow = "w" + std::to_string(worker);
      for (int i = 0; i < 2'000; ++i) {
        Decision decision = book.hold(facts_for(workflow), demand_of(7), Patience::last_try, kNoon);
        if (decision.verdict != Verdict::admitted) continue;
        admitted += 7;
        (void)book.settle(std::move(decision.hold), usd(7), kNoon);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(spent(book, "all"), admitted.load());
  EXPECT_LE(spent(book, "all"), 10'000);
  EXPECT_GT(spent(book, "all"), 10'000 - 4 * 7);
  EXPECT_EQ(held(book, "all"), 0);
}

}  // namespace
}  // namespace tokenweir::budget
