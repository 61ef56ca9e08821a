// The money as it should be: a plain, slow account of every hold and every posting, written without
// the product's code for periods, sums and decisions. The simulation compares after every event.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "budget/book.h"

namespace tokenweir::simulation {

using budget::Amounts;
using budget::Demand;
using budget::Measure;
using budget::Now;

enum class Per : std::uint8_t { all, workflow, run };
enum class Span : std::uint8_t { total, minute, hour, day, rolling };

// One rule in words a child could check.
struct PlainRule {
  std::string name;
  Per per = Per::all;
  Span span = Span::total;
  std::chrono::seconds length{600};  // of a rolling one
  std::map<Measure, std::int64_t> limits;
  std::int64_t reject_at = 1'000'000;
  bool enforced = true;
  bool rate = false;

  [[nodiscard]] budget::Rule real() const;
  [[nodiscard]] std::int64_t limit_of(Measure measure) const;  // after reject_at
};

struct Asker {
  std::string workflow;
  std::string run;
  std::vector<budget::Ancestor> ancestors;
  [[nodiscard]] budget::Facts facts() const;
};

struct Leg {
  const PlainRule* rule = nullptr;
  std::string key;
  Time begin{};  // of the period
};

struct Expected {
  budget::Verdict verdict = budget::Verdict::admitted;
  std::int64_t cap = 0;
  bool only_held = false;
};

class Model {
 public:
  std::vector<PlainRule> rules;

  [[nodiscard]] std::vector<Leg> legs_of(const Asker& asker, Time wall) const;
  // `rolling_spent` gives what the book says of a rolling account: its bounds are checked apart.
  [[nodiscard]] Expected expect(const std::vector<Leg>& legs, const Demand& demand,
                                budget::Patience patience, const budget::Book& book,
                                const std::vector<budget::AccountView>& views) const;

  void hold(const std::vector<Leg>& legs, const Amounts& amounts, const Amounts& rate_amounts);
  void settle(const std::vector<Leg>& legs, const Amounts& held, const Amounts& rate_held,
              Amounts consumed, Instant held_at);
  // After a hold or its growth: no enforced limit is passed but by what a provider overran.
  [[nodiscard]] std::optional<std::string> check_limits(const std::vector<Leg>& legs,
                                                        const Amounts& added) const;
  [[nodiscard]] std::optional<std::string> check_book(budget::Book& book, Now now,
                                                      bool rolling_known) const;
  [[nodiscard]] bool nothing_held() const;
  // A rate lives in memory alone: a crash begins it anew.
  void forget_rates();

 private:
  struct Sum {
    Amounts spent;
    Amounts held;
    std::vector<std::pair<Instant, Amounts>> posts;  // of a rolling account
  };
  using Key = std::pair<std::string, std::string>;  // rule, key
  [[nodiscard]] const Sum* find(const Leg& leg) const;
  Sum& at(const Leg& leg);

  std::map<Key, std::map<Time, Sum>> sums_;
};

[[nodiscard]] Time period_begin(Span span, Time wall);

}  // namespace tokenweir::simulation
